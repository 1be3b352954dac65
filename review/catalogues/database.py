"""Controls of RDS."""

from review.catalogues.control import Control, Resources, between, each, listed, of_type, tagged, target
from review.catalogues.network import SUBNET

INSTANCE = "AWS::RDS::DBInstance"
EVENTS = "AWS::RDS::EventSubscription"

# What an engine calls its administrator if nobody chooses a name (Security Hub, RDS.25), and its port (RDS.23).
DEFAULT_NAMES = {"admin", "postgres", "root", "mysql"}
DEFAULT_PORT = "3306"
LOGS = {"audit", "error", "general", "slowquery"}
REPLICA = "*ReplicaDBInstance*"


def is_source(given: dict) -> bool:
    """Is it an instance of its own, not a replica of another?"""
    return "SourceDBInstanceIdentifier" not in given


def inherits(title: str, name: str, resources: Resources) -> object:
    """A property of an instance; of a replica, what it has from its source."""
    given = of_type(resources, INSTANCE)[title]
    source = target(given.get("SourceDBInstanceIdentifier"))
    return given.get(name, inherits(source, name, resources) if source else None)


def is_encrypted(title: str, _given: dict, resources: Resources) -> bool:
    """Is its storage encrypted, as its source's is?"""
    return inherits(title, "StorageEncrypted", resources) is True


def refuses_clear_text(_title: str, given: dict, resources: Resources) -> bool:
    """Does the instance's parameter group want TLS?"""
    group = of_type(resources, "AWS::RDS::DBParameterGroup").get(target(given.get("DBParameterGroupName")) or "", {})
    return str(group.get("Parameters", {}).get("require_secure_transport")) in ("1", "ON")


def default_routes(resources: Resources) -> dict[str | None, list[dict]]:
    """Routes to everywhere, by logical id of their route table."""
    routes = of_type(resources, "AWS::EC2::Route").values()
    found: dict[str | None, list[dict]] = {}
    for route in routes:
        if route.get("DestinationCidrBlock") == "0.0.0.0/0" or route.get("DestinationIpv6CidrBlock") == "::/0":
            found.setdefault(target(route["RouteTableId"]), []).append(route)
    return found


def routes_out(subnet: str, resources: Resources) -> list[dict]:
    """The routes to everywhere of a subnet."""
    associations = of_type(resources, "AWS::EC2::SubnetRouteTableAssociation").values()
    tables = [target(item["RouteTableId"]) for item in associations if target(item["SubnetId"]) == subnet]
    return [route for table in tables for route in default_routes(resources).get(table, [])]


def subnets_of(title: str, resources: Resources) -> list[str]:
    """The subnets that an instance may be in, by logical id."""
    group = of_type(resources, "AWS::RDS::DBSubnetGroup").get(
        target(inherits(title, "DBSubnetGroupName", resources)) or ""
    )
    return [target(item) or "" for item in listed((group or {}).get("SubnetIds"))]


def is_off_the_internet(title: str, _given: dict, resources: Resources) -> bool:
    """Has none of its subnets a route to an internet gateway?"""
    subnets = subnets_of(title, resources)
    known = of_type(resources, SUBNET)
    return bool(subnets) and all(
        subnet in known and not any("GatewayId" in route for route in routes_out(subnet, resources))
        for subnet in subnets
    )


def tells(source: str, *categories: str):
    """A subscription to events of this kind of source tells of these categories; there is one at least."""

    def check(resources: Resources) -> list[str]:
        found = {
            title: given for title, given in of_type(resources, EVENTS).items() if given.get("SourceType") == source
        }
        wanting = [
            title
            for title, given in found.items()
            if given.get("Enabled") is False or not set(categories) <= set(given.get("EventCategories") or categories)
        ]
        return wanting if found else [EVENTS]

    return check


def is_in_a_plan(_title: str, _given: dict, resources: Resources) -> bool:
    """Is there a selection of AWS Backup at all?"""
    return bool(of_type(resources, "AWS::Backup::BackupSelection"))


CONTROLS = [
    Control(
        "RDS.2",
        "FSBP NIST PCI CIS",
        "No database is public",
        each(INSTANCE, lambda given: given.get("PubliclyAccessible") is False),
    ),
    Control("RDS.3", "FSBP NIST CIS", "Databases are encrypted", between(INSTANCE, is_encrypted)),
    Control(
        "RDS.5",
        "FSBP NIST CIS",
        "Databases have a standby in another zone",
        each(INSTANCE, lambda given: given.get("MultiAZ") is True),
        {
            REPLICA: "A replica is a further copy itself: when it is lost, no data is, and RDS makes another."
            " A standby of it would cost what it costs"
        },
    ),
    Control(
        "RDS.6",
        "FSBP NIST",
        "Databases have enhanced monitoring",
        each(INSTANCE, lambda given: given.get("MonitoringInterval", 0) > 0),
    ),
    Control(
        "RDS.8",
        "FSBP NIST",
        "Databases cannot be deleted by mistake",
        each(INSTANCE, lambda given: given.get("DeletionProtection") is True),
        {
            REPLICA: "A replica holds nothing of its own. Protected, it could not be taken away by ReadReplicas: the"
            " stack would forget it, and it would go on costing"
        },
    ),
    Control(
        "RDS.9",
        "FSBP NIST PCI",
        "Databases send their logs to CloudWatch",
        each(INSTANCE, lambda given: set(listed(given.get("EnableCloudwatchLogsExports"))) >= LOGS),
        {
            REPLICA: "A replica's name is AWS's, so its groups cannot be made before it, and RDS would make groups"
            " without an end. Writes, logins for them and errors are in its source's logs"
        },
    ),
    Control(
        "RDS.10",
        "FSBP NIST",
        "Databases take logins by IAM",
        each(INSTANCE, lambda given: given.get("EnableIAMDatabaseAuthentication") is True),
    ),
    Control(
        "RDS.11",
        "FSBP NIST",
        "Databases are backed up, for a week at least",
        each(INSTANCE, lambda given: given.get("BackupRetentionPeriod", 1) >= 7, is_source),
    ),
    Control(
        "RDS.13",
        "FSBP NIST PCI CIS",
        "Minor versions come by themselves",
        each(INSTANCE, lambda given: given.get("AutoMinorVersionUpgrade", True) is True),
    ),
    Control(
        "RDS.17",
        "FSBP NIST",
        "Snapshots have the tags of their database",
        each(INSTANCE, lambda given: given.get("CopyTagsToSnapshot") is True),
    ),
    Control(
        "RDS.20",
        "FSBP NIST PCI",
        "Events of databases are told",
        tells("db-instance", "maintenance", "configuration change", "failure"),
    ),
    Control(
        "RDS.21",
        "FSBP NIST PCI",
        "Changes of parameter groups are told",
        tells("db-parameter-group", "configuration change"),
    ),
    Control(
        "RDS.22",
        "FSBP NIST PCI",
        "Events of security groups are told",
        tells("db-security-group", "configuration change", "failure"),
    ),
    Control(
        "RDS.23",
        "FSBP NIST",
        "Databases do not listen on their engine's usual port",
        each(INSTANCE, lambda given: str(given.get("Port", DEFAULT_PORT)) != DEFAULT_PORT),
        {
            "*": "Only the tasks reach the port, by security group and subnet; another number would hide nothing, and"
            " every tool that an operator uses would have to be told"
        },
    ),
    Control(
        "RDS.25",
        "FSBP NIST PCI",
        "Administrators have names of their own",
        each(INSTANCE, lambda given: str(given.get("MasterUsername")).lower() not in DEFAULT_NAMES, is_source),
    ),
    Control(
        "RDS.26",
        "NIST",
        "Databases are in a plan of AWS Backup",
        between(INSTANCE, is_in_a_plan),
        {
            "*": "RDS keeps its own backups of every five minutes for 35 days, and a snapshot when the stack goes. A"
            " plan of AWS Backup belongs to an account, where its vault outlives what it keeps"
        },
    ),
    Control("RDS.30", "tags", "Instance has a tag", tagged(INSTANCE)),
    Control("RDS.33", "tags", "Subnet group has a tag", tagged("AWS::RDS::DBSubnetGroup")),
    Control("RDS.39", "FSBP", "MySQL takes no connection in clear text", between(INSTANCE, refuses_clear_text)),
    Control(
        "RDS.46",
        "FSBP",
        "Databases are in no subnet that leads to the internet",
        between(INSTANCE, is_off_the_internet),
    ),
    Control(
        "RDS.1",
        "FSBP NIST",
        "Snapshots are private",
        account="RDS makes them private. `aws rds describe-db-snapshots --snapshot-type public` shows others",
    ),
    Control(
        "RDS.4", "FSBP NIST", "Snapshots are encrypted", account="A snapshot is encrypted as its database is (RDS.3)"
    ),
]
