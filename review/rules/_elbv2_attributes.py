"""Attributes of load balancers, target groups and listeners: key and value pairs that cfn-lint does not look into."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

from ._checks import named, twice
from ._elbv2_tables import ALB, ALL, API, DOCS, GWLB, LISTENER, LOAD_BALANCER, NLB, TARGET_GROUP, Key
from ._nest import Resource, Rule, Variant, covered, flag, known, number, text, together

BALANCER, GROUP = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"
LISTENERS = "AWS::ElasticLoadBalancingV2::Listener"


class Kind(NamedTuple):
    """The property that holds the attributes of a type, the keys that there are, and how many may be given."""

    name: str
    keys: dict[str, Key]


KINDS = {
    BALANCER: Kind("LoadBalancerAttributes", LOAD_BALANCER),
    GROUP: Kind("TargetGroupAttributes", TARGET_GROUP),
    LISTENERS: Kind("ListenerAttributes", LISTENER),
}


def attributes(r: Resource) -> Iterator[Variant]:
    """Each attribute with a known key."""
    for block in r.blocks(KINDS[r.type].name):
        for v in block.variants("Key", "Value"):
            if isinstance(v["Key"], str):
                yield v


def balancer_types(r: Resource) -> frozenset[str]:
    """Which types of load balancer this can be, or belong to."""
    if r.type == BALANCER:
        return (
            frozenset(text(v["Type"]) or "" if v["Type"] is not None else ALB for v in r.variants("Type")) & ALL or ALL
        )
    found = {text(value.value) for value in r.values("Protocol")}
    if not found or None in found:
        return ALL
    return frozenset(GWLB if word == "GENEVE" else ALB if word in ("HTTP", "HTTPS") else NLB for word in found)


def settings(r: Resource, *keys: str) -> list[tuple[str, Any, Variant]]:
    """(key, value, variant) for each attribute with one of these keys."""
    return [(v["Key"], v["Value"], v) for v in attributes(r) if v["Key"] in keys]


class UnknownKey(Rule):
    """An attribute key must be one that the API knows for this type of load balancer.

    Source: API reference, LoadBalancerAttribute, TargetGroupAttribute, ListenerAttribute.
    """

    id = "E9201"
    shortdesc = "Attribute that load balancers, target groups or listeners have not"
    source_url = API + "API_LoadBalancerAttribute.html"
    types = tuple(KINDS)

    def judge(self, r):
        keys = KINDS[r.type].keys
        for v in attributes(r):
            if v["Key"] not in keys:
                close = difflib.get_close_matches(v["Key"], keys, 1)
                yield v.fault(f"there is no attribute {v['Key']!r}" + (f"; {close[0]}?" if close else ""), "Key")
            elif not keys[v["Key"]].types & balancer_types(r):
                yield v.fault(
                    f"{v['Key']} is for {' and '.join(sorted(keys[v['Key']].types))} load balancers only", "Key"
                )


class AttributeValue(Rule):
    """The value of an attribute must be one that the API takes.

    Source: API reference, LoadBalancerAttribute, TargetGroupAttribute, ListenerAttribute.
    """

    id = "E9202"
    shortdesc = "Attribute of a load balancer, target group or listener with a value that it does not take"
    source_url = API + "API_TargetGroupAttribute.html"
    types = tuple(KINDS)

    def judge(self, r):
        for v in attributes(r):
            key = KINDS[r.type].keys.get(v["Key"])
            if (
                key
                and known(v["Value"])
                and not (v["Value"] == "" and v["Key"].endswith(("prefix", "header_value", "header_name")))
            ):
                value = text(v["Value"]) or ""
                if not key.takes(value):
                    yield v.fault(f"{v['Key']} is {key.words}, not {value!r}", "Value")


class AttributeTwice(Rule):
    """An attribute is given once.

    Source: API reference, ModifyLoadBalancerAttributes; the API answers InvalidConfigurationRequest.
    """

    id = "E9203"
    shortdesc = "Attribute given twice"
    source_url = API + "API_ModifyLoadBalancerAttributes.html"
    types = tuple(KINDS)

    def judge(self, r):
        for key, value, _ in twice([row for row in named(r, KINDS[r.type].name, "Key") if known(row[0])]):
            yield value.fault(f"{key} is given twice")


class LogsWithoutBucket(Rule):
    """Access, connection and health check logs that are enabled need the name of a bucket.

    Source: API reference, LoadBalancerAttribute: "This attribute is required if access logs are enabled".
    """

    id = "E9204"
    shortdesc = "Logs of a load balancer without a bucket"
    source_url = API + "API_LoadBalancerAttribute.html"
    types = (BALANCER,)

    def judge(self, r):
        for kind in ("access_logs", "connection_logs", "health_check_logs"):
            buckets = settings(r, f"{kind}.s3.bucket")
            for _, value, v in settings(r, f"{kind}.s3.enabled"):
                if flag(value) and not covered(v.where, [b.where for _, bucket, b in buckets if bucket != ""]):
                    yield v.fault(f"{kind}.s3.enabled needs {kind}.s3.bucket", "Value")


class AlgorithmAndSlowStart(Rule):
    """Slow start goes with round_robin only, and anomaly mitigation with weighted_random only.

    Source: user guide, "Edit target group attributes": slow start with least outstanding requests or weighted random is
    refused; API reference, load_balancing.algorithm.anomaly_mitigation.
    """

    id = "E9205"
    shortdesc = "Attributes of a target group that exclude each other"
    source_url = DOCS + "application/edit-target-group-attributes.html"
    types = (GROUP,)

    def judge(self, r):
        algorithms = settings(r, "load_balancing.algorithm.type")
        for _, value, v in settings(r, "slow_start.duration_seconds"):
            for _, algorithm, a in algorithms if number(value) else ():
                if algorithm in ("least_outstanding_requests", "weighted_random") and together(v.where, a.where):
                    yield v.fault(f"slow start does not go with {algorithm}", "Value")
        for _, value, v in settings(r, "load_balancing.algorithm.anomaly_mitigation"):
            fits = [a for _, algorithm, a in algorithms if algorithm == "weighted_random" or not known(algorithm)]
            if value == "on" and not any(together(v.where, a.where) for a in fits):
                yield v.fault("anomaly mitigation needs load_balancing.algorithm.type weighted_random", "Value")


class Stickiness(Rule):
    """The type of stickiness fits the protocol, and a cookie of the application has a name.

    Source: API reference, TargetGroupAttribute: stickiness.type, stickiness.app_cookie.cookie_name.
    """

    id = "E9206"
    shortdesc = "Stickiness that does not fit the target group"
    source_url = DOCS + "application/edit-target-group-attributes.html#sticky-sessions"
    types = (GROUP,)

    def judge(self, r):
        kinds = balancer_types(r)
        of_type = {"lb_cookie": ALB, "app_cookie": ALB, "source_ip": NLB}
        names = settings(r, "stickiness.app_cookie.cookie_name")
        for _, value, v in settings(r, "stickiness.type"):
            if isinstance(value, str) and of_type.get(value, GWLB) not in kinds:
                yield v.fault(f"{value} is for target groups of {of_type.get(value, GWLB)} load balancers", "Value")
            enabled = any(flag(on) and together(v.where, o.where) for _, on, o in settings(r, "stickiness.enabled"))
            if value == "app_cookie" and enabled and not any(together(v.where, n.where) for _, _, n in names):
                yield v.fault("app_cookie needs stickiness.app_cookie.cookie_name", "Value")


class LambdaAttributes(Rule):
    """A target group of a Lambda function has no deregistration delay, no slow start and no algorithm.

    Source: API reference, TargetGroupAttribute: what is supported for instance and IP targets only.
    """

    id = "E9207"
    shortdesc = "Attribute that does not fit the type of target"
    source_url = API + "API_TargetGroupAttribute.html"
    types = (GROUP,)
    not_for_lambda = ("deregistration_delay.", "slow_start.", "load_balancing.algorithm.")

    def judge(self, r):
        for kind in r.values("TargetType"):
            for v in attributes(r):
                if together(kind.where, v.where) is None or not known(kind.value):
                    continue
                if kind.value == "lambda" and v["Key"].startswith(self.not_for_lambda):
                    yield v.fault(f"a target group of Lambda takes no {v['Key']}", "Key")
                if kind.value != "lambda" and v["Key"].startswith("lambda."):
                    yield v.fault(f"{v['Key']} is for target groups of Lambda", "Key")


class InvalidHeaders(Rule):
    """An application load balancer drops headers with invalid names, against request smuggling.

    Source: Security Hub, ELB.4 "Application Load Balancer should be configured to drop invalid http headers".
    """

    id = "W9201"
    shortdesc = "Load balancer that passes on invalid headers"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-4"
    types = (BALANCER,)
    key = "routing.http.drop_invalid_header_fields.enabled"

    def judge(self, r):
        if ALB in balancer_types(r) and not any(
            flag(value) or not known(value) for _, value, _ in settings(r, self.key)
        ):
            yield r.fault(f"set {self.key} to true", KINDS[BALANCER].name)


class Desync(Rule):
    """Desync mitigation is defensive or strictest.

    Source: Security Hub, ELB.12 "configured with defensive or strictest desync mitigation mode".
    """

    id = "W9202"
    shortdesc = "Load balancer that only watches desync attacks"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-12"
    types = (BALANCER,)

    def judge(self, r):
        for _, value, v in settings(r, "routing.http.desync_mitigation_mode"):
            if value == "monitor":
                yield v.fault("monitor lets requests through that split; use defensive or strictest", "Value")
