"""Attribute keys of load balancers, target groups and listeners, and the values that they take.

Source: API reference of Elastic Load Balancing v2: LoadBalancerAttribute, TargetGroupAttribute, ListenerAttribute; for
listeners' header values also the user guide, "Header modification for your Application Load Balancer".
"""

import re
from collections.abc import Callable
from typing import NamedTuple

DOCS = "https://docs.aws.amazon.com/elasticloadbalancing/latest/"
API = DOCS + "APIReference/"

ALB, NLB, GWLB = "application", "network", "gateway"
ALL = frozenset((ALB, NLB, GWLB))


class Key(NamedTuple):
    """Which load balancers have the attribute, what it takes in words, and whether a value is right."""

    types: frozenset[str]
    words: str
    takes: Callable[[str], bool]


def words(*choices: str) -> tuple[str, Callable[[str], bool]]:
    return ", ".join(choices[:-1]) + f" or {choices[-1]}", lambda value: value in choices


def numbers(low: int, high: int, *others: str) -> tuple[str, Callable[[str], bool]]:
    said = " or ".join([f"a whole number from {low} to {high}", *others])
    return said, lambda value: value in others or (value.isdecimal() and low <= int(value) <= high)


def form(pattern: str, said: str) -> tuple[str, Callable[[str], bool]]:
    return said, lambda value: bool(re.fullmatch(pattern, value))


BOOLEAN = words("true", "false")
ANYTHING = form(r"(?s).+", "not empty")
BUCKET = form(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket, not its ARN")
PREFIX = form(r"(?!.*AWSLogs)(?!/).*(?<!/)", "a prefix without AWSLogs and without a slash at either end")


def rows(types: frozenset[str] | set[str], table: dict) -> dict[str, Key]:
    return {key: Key(frozenset(types), *takes) for key, takes in table.items()}


LOAD_BALANCER = (
    rows(ALL, {"deletion_protection.enabled": BOOLEAN, "load_balancing.cross_zone.enabled": BOOLEAN})
    | rows(
        {ALB, NLB},
        {
            "access_logs.s3.enabled": BOOLEAN,
            "access_logs.s3.bucket": BUCKET,
            "access_logs.s3.prefix": PREFIX,
            "ipv6.deny_all_igw_traffic": BOOLEAN,
            "zonal_shift.config.enabled": BOOLEAN,
        },
    )
    | rows(
        {ALB},
        {
            "idle_timeout.timeout_seconds": numbers(1, 4000),
            "client_keep_alive.seconds": numbers(60, 604800),
            "connection_logs.s3.enabled": BOOLEAN,
            "connection_logs.s3.bucket": BUCKET,
            "connection_logs.s3.prefix": PREFIX,
            "health_check_logs.s3.enabled": BOOLEAN,
            "health_check_logs.s3.bucket": BUCKET,
            "health_check_logs.s3.prefix": PREFIX,
            "routing.http.desync_mitigation_mode": words("monitor", "defensive", "strictest"),
            "routing.http.drop_invalid_header_fields.enabled": BOOLEAN,
            "routing.http.preserve_host_header.enabled": BOOLEAN,
            "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": BOOLEAN,
            "routing.http.xff_client_port.enabled": BOOLEAN,
            "routing.http.xff_header_processing.mode": words("append", "preserve", "remove"),
            "routing.http2.enabled": BOOLEAN,
            "waf.fail_open.enabled": BOOLEAN,
        },
    )
    | rows(
        {NLB},
        {
            "dns_record.client_routing_policy": words(
                "availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone"
            ),
            "secondary_ips.auto_assigned.per_subnet": numbers(0, 7),
        },
    )
)

HEALTH = "target_group_health."
TARGET_GROUP = (
    rows(
        ALL,
        {
            "deregistration_delay.timeout_seconds": numbers(0, 3600),
            "stickiness.enabled": BOOLEAN,
            "stickiness.type": words(
                "lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto"
            ),
        },
    )
    | rows(
        {ALB, NLB},
        {
            "load_balancing.cross_zone.enabled": words("true", "false", "use_load_balancer_configuration"),
            HEALTH + "dns_failover.minimum_healthy_targets.count": numbers(1, 10**6, "off"),
            HEALTH + "dns_failover.minimum_healthy_targets.percentage": numbers(1, 100, "off"),
            HEALTH + "unhealthy_state_routing.minimum_healthy_targets.count": numbers(1, 10**6),
            HEALTH + "unhealthy_state_routing.minimum_healthy_targets.percentage": numbers(1, 100, "off"),
        },
    )
    | rows(
        {ALB},
        {
            "load_balancing.algorithm.type": words("round_robin", "least_outstanding_requests", "weighted_random"),
            "load_balancing.algorithm.anomaly_mitigation": words("on", "off"),
            "slow_start.duration_seconds": numbers(30, 900, "0"),
            "stickiness.app_cookie.cookie_name": form(r"(?!AWSALB).+", "a name that does not begin with AWSALB"),
            "stickiness.app_cookie.duration_seconds": numbers(1, 604800),
            "stickiness.lb_cookie.duration_seconds": numbers(1, 604800),
            "lambda.multi_value_headers.enabled": BOOLEAN,
        },
    )
    | rows(
        {NLB},
        {
            "deregistration_delay.connection_termination.enabled": BOOLEAN,
            "preserve_client_ip.enabled": BOOLEAN,
            "proxy_protocol_v2.enabled": BOOLEAN,
            "target_health_state.unhealthy.connection_termination.enabled": BOOLEAN,
            "target_health_state.unhealthy.draining_interval_seconds": numbers(0, 360000),
        },
    )
    | rows(
        {GWLB},
        {
            "target_failover.on_deregistration": words("rebalance", "no_rebalance"),
            "target_failover.on_unhealthy": words("rebalance", "no_rebalance"),
            "send_tcp_reset.on_unhealthy.enabled": BOOLEAN,
            "send_tcp_reset.on_deregistration.enabled": BOOLEAN,
        },
    )
)

REQUEST, RESPONSE = "routing.http.request.", "routing.http.response."
LISTENER = (
    rows({NLB, GWLB}, {"tcp.idle_timeout.seconds": numbers(60, 6000)})
    | rows(
        {ALB},
        {
            f"{REQUEST}x_amzn_{name}.header_name": form(
                r"[A-Za-z0-9_-]{1,40}", "a header name of at most 40 characters"
            )
            for name in (
                "mtls_clientcert_serial_number",
                "mtls_clientcert_issuer",
                "mtls_clientcert_subject",
                "mtls_clientcert_validity",
                "mtls_clientcert_leaf",
                "mtls_clientcert",
                "tls_version",
                "tls_cipher_suite",
            )
        },
    )
    | rows(
        {ALB},
        {
            RESPONSE + "server.enabled": BOOLEAN,
            RESPONSE + "strict_transport_security.header_value": form(
                r"\s*max-age=\d+(\s*;\s*(includeSubDomains|preload))*\s*;?\s*",
                "as in max-age=31536000; includeSubDomains",
            ),
            RESPONSE + "access_control_allow_credentials.header_value": words("true", "false"),
            RESPONSE + "access_control_allow_origin.header_value": ANYTHING,
            RESPONSE + "access_control_allow_methods.header_value": ANYTHING,
            RESPONSE + "access_control_allow_headers.header_value": ANYTHING,
            RESPONSE + "access_control_expose_headers.header_value": ANYTHING,
            RESPONSE + "access_control_max_age.header_value": form(
                r"-1|\d{1,5}", "a number of seconds from -1 to 86400"
            ),
            RESPONSE + "content_security_policy.header_value": ANYTHING,
            RESPONSE + "x_content_type_options.header_value": form(r"nosniff", "nosniff"),
            RESPONSE + "x_frame_options.header_value": form(
                r"DENY|SAMEORIGIN|ALLOW-FROM \S+", "DENY, SAMEORIGIN or ALLOW-FROM and an address"
            ),
        },
    )
)
