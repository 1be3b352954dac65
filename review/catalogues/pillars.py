"""Points of the Well-Architected framework, security and reliability, that a template can satisfy."""

from review.catalogues import containers, database, edge, identity, network, secrets, storage, watching
from review.catalogues.control import (
    Check,
    Control,
    Resources,
    between,
    each,
    listed,
    not_used,
    of_type,
    required,
    target,
    together,
)

# Actions that know no resource (service authorization reference): a policy can only name them for all.
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken", "logs:DescribeLogGroups"}
WITHOUT_RESOURCE |= {f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")}


def names_its_resources(given: dict) -> bool:
    """Does the policy name what it is about, where its actions know resources?"""
    broad = [item for item in identity.allowing(given) if identity.is_on_everything(item)]
    return all(set(identity.actions(item)) <= WITHOUT_RESOURCE for item in broad)


def password_is_referred_to(given: dict) -> bool:
    """Is the master's password a reference to a secret, or RDS's own affair?"""
    return "{{resolve:secretsmanager:" in str(given.get("MasterUserPassword")) or bool(
        given.get("ManageMasterUserPassword")
    )


def has_no_way_out(title: str, _given: dict, resources: Resources) -> bool:
    """Has no subnet of the database a route to everywhere?"""
    subnets = database.subnets_of(title, resources)
    return bool(subnets) and not any(database.routes_out(subnet, resources) for subnet in subnets)


def task_subnets_are_private(_title: str, given: dict, resources: Resources) -> bool:
    """Does no subnet of the service have a route to an internet gateway?"""
    subnets = given.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {}).get("Subnets")
    routes = [route for subnet in listed(subnets) for route in database.routes_out(target(subnet) or "", resources)]
    return bool(listed(subnets)) and not any("GatewayId" in route for route in routes)


def is_narrow(given: dict) -> bool:
    """Is the rule about one port, and its peer a group, a prefix list, or HTTP(S)?"""
    ports = network.open_ports(given)
    web = ports[0] in network.AUTHORISED
    peer = any(key in given for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId", "SourcePrefixListId"))
    return len(ports) == 1 and (peer or web) and bool(given.get("Description"))


def is_hardened(container: dict) -> bool:
    """Neither root, nor able to write its root file system, nor holding a capability."""
    dropped = container.get("LinuxParameters", {}).get("Capabilities", {}).get("Drop")
    return (
        containers.is_unprivileged(container) and bool(container.get("ReadonlyRootFilesystem")) and dropped == ["ALL"]
    )


def topic_wants_tls(title: str, _given: dict, resources: Resources) -> bool:
    """Does the topic refuse messages that come without TLS?"""
    return any(
        storage.is_tls_only(item) for item in storage.policies_of(title, "AWS::SNS::TopicPolicy", "Topics", resources)
    )


def has_nat_of_its_own(resources: Resources) -> list[str] | None:
    """Subnets behind a NAT gateway that another zone's subnet shares."""
    gateways = [
        (title, target(route["NatGatewayId"]))
        for title, route in of_type(resources, "AWS::EC2::Route").items()
        if "NatGatewayId" in route
    ]
    used = [gateway for _, gateway in gateways]
    return [title for title, gateway in gateways if used.count(gateway) > 1] if gateways else None


def zones(resources: Resources) -> list[str]:
    """Whether subnets are in fewer than two zones."""
    found = {str(given.get("AvailabilityZone")) for given in of_type(resources, network.SUBNET).values()}
    return [] if len(found) >= 2 else [network.SUBNET]


def is_rolled_back(given: dict) -> bool:
    """Is a bad deployment taken back, by failures and by alarms?"""
    how = given.get("DeploymentConfiguration", {})
    return all(how.get(key, {}).get("Rollback") is True for key in ("DeploymentCircuitBreaker", "Alarms"))


def by_digest(container: dict) -> bool:
    """Is the image named by what it is, not by a tag that could move?"""
    return "@sha256:" in str(container.get("Image"))


def scales(title: str, _given: dict, resources: Resources) -> bool:
    """Has the service a scalable target of two tasks or more, and a policy?"""
    targets = of_type(resources, "AWS::ApplicationAutoScaling::ScalableTarget")
    policies = of_type(resources, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    mine = [name for name, item in targets.items() if title in str(item["ResourceId"]) and item["MinCapacity"] >= 2]
    return any(target(policy.get("ScalingTargetId")) in mine for policy in policies)


def checked(given: dict) -> bool:
    """Does the target group ask a path of the application, often enough?"""
    return bool(given.get("HealthCheckPath")) and given.get("HealthCheckIntervalSeconds", 30) <= 30


LOGGED: list[Check] = [
    between(network.VPC, network.has_flow_log),
    edge.setting("access_logs.s3.enabled", "true"),
    between(edge.ACL, edge.is_logged),
    containers.every(lambda one: bool(one.get("LogConfiguration"))),
    each(database.INSTANCE, lambda given: bool(given.get("EnableCloudwatchLogsExports")), database.is_source),
]

CONTROLS = [
    Control("SEC02-BP02", "WA", "Nobody has lasting credentials", not_used("AWS::IAM::User", "AWS::IAM::AccessKey")),
    Control(
        "SEC02-BP03",
        "WA",
        "Secrets are generated and referred to, never written",
        together(
            each(database.INSTANCE, password_is_referred_to, database.is_source),
            containers.every(containers.keeps_no_secret),
        ),
    ),
    Control("SEC03-BP02", "WA", "Policies name their resources", each(identity.MANAGED, names_its_resources)),
    Control(
        "SEC03-BP07",
        "WA",
        "Services take roles for this account only",
        each(identity.ROLE, identity.trusts_no_stranger),
    ),
    Control(
        "SEC04-BP01", "WA", "Network, load balancer, firewall, containers and database write logs", together(*LOGGED)
    ),
    Control(
        "SEC05-BP01",
        "WA",
        "Each tier has subnets of its own; the database has no way out",
        together(between(database.INSTANCE, has_no_way_out), between(containers.SERVICE, task_subnets_are_private)),
    ),
    Control(
        "SEC05-BP02",
        "WA",
        "Each rule of a security group is about one port and one peer, and says why",
        together(each("AWS::EC2::SecurityGroupIngress", is_narrow), each("AWS::EC2::SecurityGroupEgress", is_narrow)),
    ),
    Control(
        "SEC05-BP03",
        "WA",
        "Requests are inspected before they reach the load balancer",
        between(edge.BALANCER, edge.has_firewall),
    ),
    Control("SEC06-BP02", "WA", "Containers have no rights that they do not need", containers.every(is_hardened)),
    Control(
        "SEC08-BP01",
        "WA",
        "There is a key of the account, and it rotates",
        required(storage.KEY, each(storage.KEY, lambda given: given.get("EnableKeyRotation") is True)),
    ),
    Control(
        "SEC08-BP02",
        "WA",
        "All that is kept is encrypted",
        together(
            between(database.INSTANCE, database.is_encrypted),
            each(secrets.SECRET, lambda given: bool(given.get("KmsKeyId"))),
            each(watching.GROUP, lambda given: bool(given.get("KmsKeyId"))),
            each(storage.BUCKET, lambda given: bool(storage.algorithms(given))),
        ),
    ),
    Control(
        "SEC09-BP01",
        "WA",
        "Certificates are kept and renewed by ACM",
        between(edge.LISTENER, edge.has_certificate, edge.is_https),
    ),
    Control(
        "SEC09-BP02",
        "WA",
        "Visitors, database, buckets and topics are reached over TLS",
        together(
            each(edge.LISTENER, edge.redirects, edge.is_http),
            each(edge.LISTENER, edge.has_strong_policy, edge.is_https),
            between(database.INSTANCE, database.refuses_clear_text),
            between(storage.BUCKET, storage.wants_tls),
            between(storage.TOPIC, topic_wants_tls),
        ),
    ),
    Control(
        "REL06-BP03",
        "WA",
        "Alarms tell somebody",
        required(watching.ALARM, each(watching.ALARM, lambda given: bool(given.get("AlarmActions")))),
        {"*RollbackAlarm": watching.ROLLBACK},
    ),
    Control("REL07-BP01", "WA", "The service scales by itself, from two tasks on", between(containers.SERVICE, scales)),
    Control("REL08-BP04", "WA", "What runs is named by its digest", containers.every(by_digest)),
    Control("REL08-BP05", "WA", "A bad deployment is taken back by itself", each(containers.SERVICE, is_rolled_back)),
    Control(
        "REL09-BP03",
        "WA",
        "Backups are made by themselves",
        each(database.INSTANCE, lambda given: given.get("BackupRetentionPeriod", 1) >= 7, database.is_source),
    ),
    Control(
        "REL10-BP01",
        "WA",
        "Everything is in two zones",
        together(
            zones,
            has_nat_of_its_own,
            each(edge.BALANCER, edge.spans_zones),
            each(database.INSTANCE, lambda given: given.get("MultiAZ") is True, database.is_source),
        ),
    ),
    Control("REL11-BP01", "WA", "What is broken gets no requests", each(edge.GROUP, checked)),
    Control(
        "REL11-BP02",
        "WA",
        "Tasks are balanced over the zones again after a loss",
        each(containers.SERVICE, lambda given: given.get("AvailabilityZoneRebalancing") == "ENABLED"),
    ),
]
