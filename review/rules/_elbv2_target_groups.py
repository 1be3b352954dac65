"""Target groups: health checks, names, and whether anything uses them."""

from __future__ import annotations

import re
from typing import ClassVar

from ._checks import Forms, Ranges
from ._elbv2_tables import API, DOCS
from ._nest import Reference, Rule, known, number, text

GROUP, BALANCER = "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ElasticLoadBalancingV2::LoadBalancer"
CREATE = API + "API_CreateTargetGroup.html"
# Source: API reference, CreateTargetGroup: default timeout by protocol.
TIMEOUT = {"HTTP": 6, "HTTPS": 10, "TCP": 10, "TLS": 10}


class HealthCheckTimeout(Rule):
    """The timeout of the health check is shorter than its interval.

    Source: user guide, "Health checks for Application Load Balancer target groups"; the API answers "Health check
    interval must be greater than the timeout".
    """

    id = "E9210"
    shortdesc = "Health check that times out after the next one began"
    source_url = DOCS + "application/target-group-health-checks.html"
    types = (GROUP,)

    def judge(self, r):
        for v in r.variants("HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "Protocol", "TargetType"):
            if v["TargetType"] == "lambda":
                continue
            interval = number(v["HealthCheckIntervalSeconds"], 30)
            timeout = number(v["HealthCheckTimeoutSeconds"], TIMEOUT.get(text(v["Protocol"]) or ""))
            if interval is not None and timeout is not None and interval <= timeout:
                yield v.fault(f"the interval of {interval} s must be longer than the timeout of {timeout} s")


class HealthCheckRange(Ranges):
    """Interval from 5 to 300 s, timeout from 2 to 120 s, thresholds from 2 to 10.

    Source: API reference, CreateTargetGroup.
    """

    id = "E9211"
    shortdesc = "Health check with a number that the API refuses"
    source_url = CREATE
    types = (GROUP,)
    limits = (
        ("HealthCheckIntervalSeconds", 5, 300, " s"),
        ("HealthCheckTimeoutSeconds", 2, 120, " s"),
        ("HealthyThresholdCount", 2, 10, ""),
        ("UnhealthyThresholdCount", 2, 10, ""),
        ("Port", 1, 65535, ""),
    )


class MatcherCodes(Rule):
    """A matcher holds codes and ranges of codes: 200-499 for HTTP, 200-599 for network load balancers, 0-99 for gRPC.

    Source: API reference, Matcher.
    """

    id = "E9212"
    shortdesc = "Codes that a health check cannot match"
    source_url = API + "API_Matcher.html"
    types = (GROUP,)

    def judge(self, r):
        for v in r.variants("Matcher.HttpCode", "Matcher.GrpcCode", "Protocol", "ProtocolVersion"):
            high = 499 if v["Protocol"] in ("HTTP", "HTTPS") else 599
            for name, low, top in (("Matcher.HttpCode", 200, high), ("Matcher.GrpcCode", 0, 99)):
                codes = text(v[name])
                if codes is not None and not matches(codes, low, top):
                    yield v.fault(
                        f"{codes!r} must be codes from {low} to {top}, as in {low},{low + 2} or {low}-{low + 9}", name
                    )
            grpc = v["ProtocolVersion"] == "GRPC"
            if v["Matcher.HttpCode"] is not None and v["Matcher.GrpcCode"] is not None:
                yield v.fault("give HttpCode or GrpcCode, not both", "Matcher.GrpcCode")
            elif v["Matcher.HttpCode"] is not None and grpc:
                yield v.fault("a gRPC target group matches GrpcCode", "Matcher.HttpCode")
            elif (
                v["Matcher.GrpcCode"] is not None
                and not grpc
                and (known(v["ProtocolVersion"]) or v["ProtocolVersion"] is None)
            ):
                yield v.fault("GrpcCode needs ProtocolVersion: GRPC", "Matcher.GrpcCode")


def matches(codes: str, low: int, high: int) -> bool:
    """Are these codes, and ranges of codes, all between low and high?"""
    found = [re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", piece) for piece in codes.split(",")]
    return all(m and low <= int(m[1]) <= int(m[2] or m[1]) <= high for m in found)


class HealthCheckTarget(Forms):
    """The path begins with a slash; the port is a number or traffic-port.

    Source: API reference, CreateTargetGroup: HealthCheckPath (1 to 1024 characters), HealthCheckPort.
    """

    id = "E9213"
    shortdesc = "Health check path or port that the API refuses"
    source_url = CREATE
    types = (GROUP,)
    forms = (
        ("HealthCheckPath", r"/\S{0,1023}", "a path that begins with /"),
        (
            "HealthCheckPort",
            r"traffic-port|0*([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])",
            "traffic-port or a port",
        ),
    )


class HealthCheckProtocol(Rule):
    """HTTP target groups are checked over HTTP or HTTPS; path and matcher are for such checks only.

    Source: API reference, CreateTargetGroup: "The TCP protocol is not supported for health checks if the protocol of
    the target group is HTTP or HTTPS. The GENEVE, TLS, UDP, ... protocols are not supported for health checks".
    """

    id = "E9214"
    shortdesc = "Health check over a protocol that does not fit"
    source_url = CREATE
    types = (GROUP,)

    def judge(self, r):
        for v in r.variants("HealthCheckProtocol", "Protocol", "HealthCheckPath", "Matcher"):
            check, protocol = text(v["HealthCheckProtocol"]), text(v["Protocol"])
            if check is not None and check not in ("HTTP", "HTTPS", "TCP"):
                yield v.fault(f"health checks are HTTP, HTTPS or TCP, not {check}", "HealthCheckProtocol")
            elif check == "TCP" and protocol in ("HTTP", "HTTPS"):
                yield v.fault(f"a target group of {protocol} is not checked over TCP", "HealthCheckProtocol")
            over_tcp = check == "TCP" or (
                v["HealthCheckProtocol"] is None and protocol in ("TCP", "TLS", "UDP", "TCP_UDP")
            )
            for name in ("HealthCheckPath", "Matcher") if over_tcp else ():
                if v[name] is not None:
                    yield v.fault(f"{name} is for health checks over HTTP or HTTPS", name)


class Names(Rule):
    """Names of load balancers and target groups: at most 32 letters, digits and hyphens, no hyphen at either end.

    Source: API reference, CreateLoadBalancer (also not beginning with internal-) and CreateTargetGroup.
    """

    id = "E9215"
    shortdesc = "Name that a load balancer or target group cannot have"
    source_url = API + "API_CreateLoadBalancer.html"
    types = (GROUP, BALANCER)

    def judge(self, r):
        for value in r.values("Name"):
            found = value.value
            parts = found.parts if hasattr(found, "parts") else (found,)
            plain = "".join(part for part in parts if isinstance(part, str))
            if not plain:
                continue
            if re.search(r"[^A-Za-z0-9-]", plain):
                yield value.fault(f"{plain!r}: letters, digits and hyphens only")
            if len(plain) > 32 or (len(plain) == 32 and len(parts) > 1):
                yield value.fault(f"{plain!r} is longer than 32 characters")
            ends = [parts[0], parts[-1]]
            if str(ends[0] if isinstance(ends[0], str) else "").startswith("-") or (
                isinstance(ends[1], str) and ends[1].endswith("-")
            ):
                yield value.fault(f"{plain!r} begins or ends with a hyphen")
            if r.type == BALANCER and isinstance(ends[0], str) and ends[0].startswith("internal-"):
                yield value.fault("the name of a load balancer must not begin with internal-")


class GroupOfNobody(Rule):
    """A target group that no listener or rule of its nest forwards to takes no traffic, and ECS refuses it.

    Source: API of ECS, CreateService: "The target group ... does not have an associated load balancer".
    """

    id = "W9214"
    shortdesc = "Target group that no listener forwards to"
    source_url = DOCS + "application/load-balancer-target-groups.html"
    types = (GROUP,)
    users: ClassVar = ("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule")

    def judge(self, r):
        users = list(r.view.everywhere(*self.users))
        if not users or any(Reference(r) == value for user in users for value in forwarded(user)):
            return
        outputs = r.view.section("Outputs").values()
        if all(known(value) or isinstance(value, Reference) for user in users for value in forwarded(user)) and not any(
            {"Ref": r.id} == output.get("Value") for output in outputs if isinstance(output, dict)
        ):
            yield r.fault("no listener and no rule of these templates forwards to it")


def forwarded(user):
    """What the actions of a listener or a rule forward to."""
    for actions in ("DefaultActions", "Actions"):
        for path in (f"{actions}.*.TargetGroupArn", f"{actions}.*.ForwardConfig.TargetGroups.*.TargetGroupArn"):
            yield from (value.value for value in user.values(path))
