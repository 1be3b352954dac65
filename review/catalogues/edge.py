"""Controls of what the internet meets: load balancer, certificate, host name, firewall."""

from review.catalogues.control import (
    Control,
    Resources,
    attribute,
    between,
    each,
    listed,
    not_used,
    of_type,
    tagged,
    target,
)

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
CLASSIC = "AWS::ElasticLoadBalancing::LoadBalancer"
ACL = "AWS::WAFv2::WebACL"
CERTIFICATE = "AWS::CertificateManager::Certificate"

# Every policy that speaks TLS 1.2 or 1.3 with forward secrecy only (ELB user guide, security policies).
STRONG = ("ELBSecurityPolicy-TLS13-1-2-Res-", "ELBSecurityPolicy-TLS13-1-3-", "ELBSecurityPolicy-FS-1-2-Res-")

INSIDE = (
    "TLS ends at the load balancer. From there requests stay in the VPC, between two security groups that name each"
    " other. Another protocol is another target group, and needs a certificate in each task"
)


def redirects(given: dict) -> bool:
    """Does an HTTP listener do nothing but redirect to HTTPS?"""
    actions = listed(given.get("DefaultActions"))
    return bool(actions) and all(action.get("RedirectConfig", {}).get("Protocol") == "HTTPS" for action in actions)


def is_http(given: dict) -> bool:
    """Is it an HTTP listener?"""
    return given.get("Protocol") == "HTTP"


def is_https(given: dict) -> bool:
    """Is it an HTTPS listener?"""
    return given.get("Protocol") == "HTTPS"


def has_certificate(_title: str, given: dict, resources: Resources) -> bool:
    """Has the listener a certificate that ACM keeps: one of this nest, or one named by its ARN?"""
    arns = [item.get("CertificateArn") for item in listed(given.get("Certificates"))]
    known = of_type(resources, CERTIFICATE)
    return bool(arns) and all(target(arn) in known or ":acm:" in str(arn) for arn in arns)


def has_strong_policy(given: dict) -> bool:
    """Is the listener's TLS policy one that Security Hub takes?"""
    return str(given.get("SslPolicy")).startswith(STRONG)


def has_firewall(title: str, _given: dict, resources: Resources) -> bool:
    """Does a web ACL stand before this load balancer?"""
    return any(
        target(item["ResourceArn"]) == title for item in of_type(resources, "AWS::WAFv2::WebACLAssociation").values()
    )


def is_logged(title: str, _given: dict, resources: Resources) -> bool:
    """Does this web ACL write a log?"""
    logs = of_type(resources, "AWS::WAFv2::LoggingConfiguration").values()
    return any(target(item["ResourceArn"]) == title and item.get("LogDestinationConfigs") for item in logs)


def counts(given: dict) -> bool:
    """Do the ACL and each rule of it report metrics?"""
    configs = [given["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in listed(given.get("Rules")))]
    return all(config["CloudWatchMetricsEnabled"] is True for config in configs)


def setting(name: str, *values: str):
    """A load balancer has an attribute of one of these values."""
    return each(BALANCER, lambda given: attribute(given, name) in values)


def spans_zones(given: dict) -> bool:
    """Is the load balancer in two subnets, which are in two zones?"""
    return len(listed(given.get("Subnets")) or listed(given.get("SubnetMappings"))) >= 2


CONTROLS = [
    Control("ELB.1", "FSBP NIST", "HTTP is redirected to HTTPS", each(LISTENER, redirects, is_http)),
    Control(
        "ELB.4",
        "FSBP NIST PCI",
        "Invalid headers are dropped",
        setting("routing.http.drop_invalid_header_fields.enabled", "true"),
    ),
    Control("ELB.5", "FSBP NIST", "Requests are logged", setting("access_logs.s3.enabled", "true")),
    Control(
        "ELB.6",
        "FSBP NIST",
        "The load balancer cannot be deleted by mistake",
        setting("deletion_protection.enabled", "true"),
    ),
    Control(
        "ELB.12",
        "FSBP NIST PCI",
        "Requests that desynchronise are refused",
        setting("routing.http.desync_mitigation_mode", "defensive", "strictest"),
    ),
    Control("ELB.13", "FSBP NIST", "The load balancer spans zones", each(BALANCER, spans_zones)),
    Control("ELB.16", "NIST", "A web ACL stands before the load balancer", between(BALANCER, has_firewall)),
    Control("ELB.17", "FSBP NIST", "TLS policies are recommended ones", each(LISTENER, has_strong_policy, is_https)),
    Control(
        "ELB.18",
        "FSBP",
        "Listeners encrypt",
        each(LISTENER, is_https),
        {"*HttpListener": "It only redirects to HTTPS (ELB.1). Without it, who types the name alone finds nothing"},
    ),
    Control(
        "ELB.21",
        "FSBP",
        "Health checks are encrypted",
        each(GROUP, lambda given: given.get("HealthCheckProtocol") == "HTTPS"),
        {"*": INSIDE},
    ),
    Control(
        "ELB.22",
        "FSBP",
        "Requests to targets are encrypted",
        each(GROUP, lambda given: given.get("Protocol") == "HTTPS"),
        {"*": INSIDE},
    ),
    Control(
        "elbv2-acm-certificate-required",
        "NIST CONFIG",
        "HTTPS has a certificate of ACM",
        between(LISTENER, has_certificate, is_https),
    ),
    Control(
        "ACM.1",
        "FSBP NIST PCI",
        "Certificates are renewed in time",
        each(CERTIFICATE, lambda given: given.get("ValidationMethod") == "DNS"),
    ),
    Control(
        "ACM.2",
        "FSBP PCI",
        "RSA keys have 2,048 bits or more",
        each(CERTIFICATE, lambda given: given.get("KeyAlgorithm", "RSA_2048") != "RSA_1024"),
    ),
    Control("ACM.3", "tags", "Certificate has a tag", tagged(CERTIFICATE)),
    Control("Route53.1", "tags", "Health checks have a tag", not_used("AWS::Route53::HealthCheck")),
    Control(
        "Route53.2",
        "FSBP NIST PCI",
        "Public zones log their queries",
        account="The zone is the account's, made before: `aws route53 create-query-logging-config`",
    ),
    Control("WAF.10", "FSBP NIST", "Web ACLs have rules", each(ACL, lambda given: bool(given.get("Rules")))),
    Control("WAF.11", "NIST PCI", "Web ACLs are logged", between(ACL, is_logged)),
    Control("WAF.12", "FSBP NIST", "Rules of web ACLs report metrics", each(ACL, counts)),
    *(
        Control(id_, standards, title, not_used(CLASSIC))
        for id_, standards, title in [
            ("ELB.2", "FSBP NIST", "Classic balancers have certificates of ACM"),
            ("ELB.3", "FSBP NIST PCI", "Classic balancers end TLS"),
            ("ELB.7", "FSBP NIST", "Classic balancers drain connections"),
            ("ELB.8", "FSBP NIST PCI", "Classic balancers have a strong TLS policy"),
            ("ELB.9", "FSBP NIST", "Classic balancers balance across zones"),
            ("ELB.10", "FSBP NIST", "Classic balancers span zones"),
            ("ELB.14", "FSBP NIST PCI", "Classic balancers refuse desynchronised requests"),
        ]
    ),
    *(
        Control(id_, "FSBP NIST", title, not_used(*(f"AWS::WAF{scope}::{kind}" for scope in ("", "Regional"))))
        for id_, title, kind in [
            ("WAF.1", "Web ACLs of WAF Classic are logged", "WebACL"),
            ("WAF.2", "Rules of WAF Classic have conditions", "Rule"),
            ("WAF.3", "Rule groups of WAF Classic have rules", "RuleGroup"),
            ("WAF.4", "Web ACLs of WAF Classic have rules", "WebACL"),
            ("WAF.6", "Global rules of WAF Classic have conditions", "Rule"),
            ("WAF.7", "Global rule groups of WAF Classic have rules", "RuleGroup"),
            ("WAF.8", "Global web ACLs of WAF Classic have rules", "WebACL"),
        ]
    ),
]
