"""The load balancer and what the world sees of it."""

import pytest

from tests.nest import ENVIRONMENTS, flat, of_type

CERTIFICATE = {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}
DOMAIN = {"DomainName": "shop.test", "HostedZoneId": "Z0123456789"}


def attributes(properties: dict, kind: str) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in properties[kind]}


def url(**parameters) -> str:
    from tests.nest import nest

    return str(nest(None, **parameters).flat["Outputs"]["Url"]["Value"])


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_public_load_balancer_in_two_zones(env):
    (balancer,) = of_type(flat(env), "AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    assert balancer["Scheme"] == "internet-facing"
    assert [item["Ref"] for item in balancer["Subnets"]] == ["NetworkPublicSubnet1", "NetworkPublicSubnet2"]
    assert balancer["SecurityGroups"] == [{"Ref": "NetworkPublicSecurityGroup"}]
    given = attributes(balancer, "LoadBalancerAttributes")
    assert given["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_without_a_certificate_http_is_forwarded():
    (listener,) = of_type(flat(), "AWS::ElasticLoadBalancingV2::Listener").values()
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert listener["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": {"Ref": "EdgeTargetGroup"}}]
    assert "http://" in url()


@pytest.mark.parametrize("parameters", [CERTIFICATE, DOMAIN, CERTIFICATE | DOMAIN])
def test_with_a_certificate_http_redirects_and_tls_is_of_2025(parameters):
    resources = flat(**parameters)
    listeners = of_type(resources, "AWS::ElasticLoadBalancingV2::Listener")
    (redirect,) = listeners["EdgeHttpListener"]["DefaultActions"]
    assert (redirect["Type"], redirect["RedirectConfig"]["Protocol"]) == ("redirect", "HTTPS")
    https = listeners["EdgeHttpsListener"]
    assert (https["Port"], https["Protocol"]) == (443, "HTTPS")
    assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert https["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": {"Ref": "EdgeTargetGroup"}}]
    hsts = attributes(https, "ListenerAttributes")["routing.http.response.strict_transport_security.header_value"]
    assert int(hsts.removeprefix("max-age=")) >= 31_536_000
    assert "https://" in url(**parameters)


def test_a_host_name_gets_certificate_and_record():
    resources = flat(**DOMAIN)
    (certificate,) = of_type(resources, "AWS::CertificateManager::Certificate").values()
    assert certificate["ValidationMethod"] == "DNS"
    assert certificate["DomainValidationOptions"] == [{"DomainName": "shop.test", "HostedZoneId": "Z0123456789"}]
    (record,) = of_type(resources, "AWS::Route53::RecordSet").values()
    assert (record["Name"], record["Type"], record["HostedZoneId"]) == ("shop.test", "A", "Z0123456789")
    assert record["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["EdgeLoadBalancer", "DNSName"]}
    assert url(**DOMAIN) == "https://shop.test"


def test_a_given_certificate_is_taken_and_none_made():
    resources = flat(**CERTIFICATE, **DOMAIN)
    assert of_type(resources, "AWS::CertificateManager::Certificate") == {}
    https = of_type(resources, "AWS::ElasticLoadBalancingV2::Listener")["EdgeHttpsListener"]
    assert https["Certificates"] == [CERTIFICATE]


def test_access_log_goes_to_a_bucket_whose_policy_is_there_first():
    resources = flat(AccessLogs="true")
    balancer = of_type(resources, "AWS::ElasticLoadBalancingV2::LoadBalancer")["EdgeLoadBalancer"]
    given = attributes(balancer, "LoadBalancerAttributes")
    assert given["access_logs.s3.enabled"] == "true"
    # The policy's Ref is the bucket's name, and makes the load balancer wait for it.
    assert given["access_logs.s3.bucket"] == {"Ref": "EdgeAccessLogBucketPolicy"}
    policy = of_type(resources, "AWS::S3::BucketPolicy")["EdgeAccessLogBucketPolicy"]["PolicyDocument"]
    (delivery,) = [item for item in policy["Statement"] if item["Effect"] == "Allow"]
    assert delivery["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert delivery["Action"] == ["s3:PutObject"]
    off = of_type(flat(AccessLogs="false"), "AWS::ElasticLoadBalancingV2::LoadBalancer")["EdgeLoadBalancer"]
    assert attributes(off, "LoadBalancerAttributes")["access_logs.s3.enabled"] == "false"


@pytest.mark.parametrize("choice", ["true", "false"])
def test_deletion_protection_is_written_out(choice):
    """To lift it, the attribute must be written as false, not left out."""
    balancer = of_type(flat(LoadBalancerDeletionProtection=choice), "AWS::ElasticLoadBalancingV2::LoadBalancer")
    given = attributes(balancer["EdgeLoadBalancer"], "LoadBalancerAttributes")
    assert given["deletion_protection.enabled"] == choice


def test_target_group_asks_nginx_and_takes_answers_of_the_application_only():
    (group,) = of_type(flat(), "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    assert (group["TargetType"], group["Protocol"], group["Port"]) == ("ip", "HTTP", 80)
    assert group["HealthCheckTimeoutSeconds"] < group["HealthCheckIntervalSeconds"]
    assert group["Matcher"] == {"HttpCode": "200"}


def test_firewall_stands_before_the_load_balancer_and_writes_a_log():
    resources = flat(Firewall="true", RateLimit="500")
    (acl,) = of_type(resources, "AWS::WAFv2::WebACL").values()
    limit, *managed = acl["Rules"]
    assert limit["Action"] == {"Block": {}}
    assert limit["Statement"]["RateBasedStatement"]["Limit"] == 500
    names = [rule["Statement"]["ManagedRuleGroupStatement"]["Name"] for rule in managed]
    assert {"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"} <= set(names)
    assert all(rule["OverrideAction"] == {"None": {}} for rule in managed), "Count would only watch"
    assert len({rule["Priority"] for rule in acl["Rules"]}) == len(acl["Rules"])
    (association,) = of_type(resources, "AWS::WAFv2::WebACLAssociation").values()
    assert association["ResourceArn"] == {"Ref": "EdgeLoadBalancer"}
    assert association["WebACLArn"] == {"Fn::GetAtt": ["EdgeWebACL", "Arn"]}
    assert len(of_type(resources, "AWS::WAFv2::LoggingConfiguration")) == 1
    assert of_type(flat(), "AWS::WAFv2::WebACL") == {}


def test_who_reads_the_access_log_is_logged_in_a_bucket_of_its_own():
    resources = flat(AccessLogs="true")
    logging = of_type(resources, "AWS::S3::Bucket")["EdgeAccessLogBucket"]["LoggingConfiguration"]
    # The policy's Ref is the bucket's name: S3 refuses a target that it may not write to.
    assert logging["DestinationBucketName"] == {"Ref": "EdgeServerAccessLogBucketPolicy"}
    policy = of_type(resources, "AWS::S3::BucketPolicy")["EdgeServerAccessLogBucketPolicy"]
    assert policy["Bucket"] == {"Ref": "EdgeServerAccessLogBucket"}
    (delivery,) = [item for item in policy["PolicyDocument"]["Statement"] if item["Effect"] == "Allow"]
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    (where,) = delivery["Resource"]
    assert where["Fn::Sub"].endswith("/" + logging["LogFilePrefix"]["Fn::Sub"] + "*")
