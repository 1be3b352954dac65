"""Edge: the load balancer, HTTPS, the host name, and what protects and records it."""

from troposphere import And, Condition, GetAtt, If, Not, Or, Ref, Sub, Template, certificatemanager, route53
from troposphere import elasticloadbalancingv2 as elb

from templates.access_log import add_access_log_bucket
from templates.containers import HEALTH_PATH, WEB_PORT
from templates.firewall import add_firewall
from templates.parts import (
    accepted,
    add_conditions,
    add_outputs,
    add_parameters,
    chosen,
    given,
    name_tag,
    new_template,
    note,
    only_if,
)

DESCRIPTION = "Edge: public load balancer in two zones, HTTPS, host name, web application firewall, access log"

CHOICES = [
    "CertificateArn",
    "DomainName",
    "HostedZoneId",
    "AccessLogs",
    "LoadBalancerDeletionProtection",
    "Firewall",
    "RateLimit",
    "LogRetentionInDays",
]
WIRING = ["NamePrefix", "VpcId", "PublicSubnetIds", "PublicSecurityGroupId", "KeyArn"]

# The default of a listener made by CloudFormation still speaks TLS 1.0.
SSL_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

# A browser that came by HTTPS once comes by HTTPS for two years.
HSTS = "max-age=63072000"

# Seconds. nginx keeps idle connections longer than the load balancer, so that none is closed under a request.
IDLE_TIMEOUT = 60
DEREGISTRATION_DELAY = 20


def build() -> Template:
    """The edge stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, [*CHOICES, *WIRING])
    add_conditions(
        t,
        {
            "HasCertificateArn": given("CertificateArn"),
            "HasDomainName": And(given("DomainName"), given("HostedZoneId")),
            "HasHttps": Or(Condition("HasCertificateArn"), Condition("HasDomainName")),
            "NeedsCertificate": And(Condition("HasDomainName"), Not(Condition("HasCertificateArn"))),
            "HasAccessLogs": chosen("AccessLogs"),
            "HasFirewall": chosen("Firewall"),
            "HasKey": given("KeyArn"),
        },
    )
    add_access_log_bucket(t)
    add_load_balancer(t)
    add_target_group(t)
    add_certificate(t)
    add_listeners(t)
    add_record(t)
    add_firewall(t)
    add_outputs(
        t,
        {
            "TargetGroupArn": Ref("TargetGroup"),
            "TargetGroupFullName": GetAtt("TargetGroup", "TargetGroupFullName"),
            "LoadBalancerFullName": GetAtt("LoadBalancer", "LoadBalancerFullName"),
            "LoadBalancerDnsName": GetAtt("LoadBalancer", "DNSName"),
            "Url": Sub(
                "${Scheme}://${Host}",
                Scheme=If("HasHttps", "https", "http"),
                Host=If("HasDomainName", Ref("DomainName"), GetAtt("LoadBalancer", "DNSName")),
            ),
        },
    )
    return t


def add_load_balancer(t: Template) -> None:
    """Add the public load balancer. Its log needs the bucket's policy, which the tag with its name waits for."""
    note(t, "LoadBalancer", "The only thing that the internet can reach. It sends requests to healthy tasks.")
    attributes = {
        "idle_timeout.timeout_seconds": str(IDLE_TIMEOUT),
        "deletion_protection.enabled": Ref("LoadBalancerDeletionProtection"),
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.desync_mitigation_mode": "defensive",
        "access_logs.s3.enabled": Ref("AccessLogs"),
    }
    t.add_resource(
        elb.LoadBalancer(
            "LoadBalancer",
            Type="application",
            Scheme="internet-facing",
            Subnets=Ref("PublicSubnetIds"),
            SecurityGroups=[Ref("PublicSecurityGroupId")],
            LoadBalancerAttributes=[
                *(elb.LoadBalancerAttributes(Key=key, Value=value) for key, value in attributes.items()),
                only_if(
                    "HasAccessLogs",
                    elb.LoadBalancerAttributes(Key="access_logs.s3.bucket", Value=Ref("AccessLogBucketPolicy")),
                ),
            ],
            Tags=name_tag("load-balancer"),
        )
    )


def add_target_group(t: Template) -> None:
    """Add the target group of the tasks; whoever is healthy there gets requests."""
    attributes = {
        "deregistration_delay.timeout_seconds": str(DEREGISTRATION_DELAY),
        "load_balancing.algorithm.type": "least_outstanding_requests",
    }
    t.add_resource(
        elb.TargetGroup(
            "TargetGroup",
            VpcId=Ref("VpcId"),
            TargetType="ip",
            Protocol="HTTP",
            Port=WEB_PORT,
            HealthCheckPath=HEALTH_PATH,
            HealthCheckProtocol="HTTP",
            HealthCheckIntervalSeconds=10,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=3,
            Matcher=elb.Matcher(HttpCode="200"),
            TargetGroupAttributes=[elb.TargetGroupAttribute(Key=key, Value=value) for key, value in attributes.items()],
            Tags=name_tag("tasks"),
        )
    )


def add_certificate(t: Template) -> None:
    """Add the certificate, validated by a record that CloudFormation makes in the zone, in some minutes."""
    t.add_resource(
        certificatemanager.Certificate(
            "Certificate",
            Condition="NeedsCertificate",
            DomainName=Ref("DomainName"),
            ValidationMethod="DNS",
            DomainValidationOptions=[
                certificatemanager.DomainValidationOption(
                    DomainName=Ref("DomainName"), HostedZoneId=Ref("HostedZoneId")
                )
            ],
            Tags=name_tag("certificate"),
        )
    )


def add_listeners(t: Template) -> None:
    """Add the HTTP listener, and with a certificate the HTTPS one, to which HTTP then redirects."""
    forward = elb.Action(Type="forward", TargetGroupArn=Ref("TargetGroup"))
    redirect = elb.Action(
        Type="redirect", RedirectConfig=elb.RedirectConfig(Protocol="HTTPS", Port="443", StatusCode="HTTP_301")
    )
    t.add_resource(
        elb.Listener(
            "HttpListener",
            Metadata=accepted(
                {
                    "CKV_AWS_2": ("HasHttps", "No certificate and no host name was given: HTTP only"),
                    "CKV_AWS_103": ("HasHttps", "No certificate and no host name was given: HTTP only"),
                }
            ),
            LoadBalancerArn=Ref("LoadBalancer"),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[If("HasHttps", redirect, forward)],
            Tags=name_tag("http"),
        )
    )
    attributes = {
        "routing.http.response.strict_transport_security.header_value": HSTS,
        "routing.http.response.server.enabled": "false",
    }
    t.add_resource(
        elb.Listener(
            "HttpsListener",
            Condition="HasHttps",
            LoadBalancerArn=Ref("LoadBalancer"),
            Port=443,
            Protocol="HTTPS",
            SslPolicy=SSL_POLICY,
            Certificates=[
                elb.Certificate(CertificateArn=If("HasCertificateArn", Ref("CertificateArn"), Ref("Certificate")))
            ],
            DefaultActions=[forward],
            ListenerAttributes=[elb.ListenerAttribute(Key=key, Value=value) for key, value in attributes.items()],
            Tags=name_tag("https"),
        )
    )


def add_record(t: Template) -> None:
    """Add the record that leads the host name to the load balancer."""
    t.add_resource(
        route53.RecordSetType(
            "RecordSet",
            Condition="HasDomainName",
            Name=Ref("DomainName"),
            HostedZoneId=Ref("HostedZoneId"),
            Type="A",
            AliasTarget=route53.AliasTarget(
                DNSName=GetAtt("LoadBalancer", "DNSName"),
                HostedZoneId=GetAtt("LoadBalancer", "CanonicalHostedZoneID"),
                EvaluateTargetHealth=True,
            ),
        )
    )
