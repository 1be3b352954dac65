"""Meters of logs, metrics, alarms and the buckets that logs are kept in."""

from collections.abc import Iterator
from decimal import Decimal

from review.price.site import Charge, Site
from review.price.traffic import HOURS
from review.problem import Problem

DAYS = Decimal("30.42")  # of a month
FILES_AN_HOUR = 2 * 12  # of an access log: each of two nodes writes one every five minutes
LITTLE_GB = Decimal("0.01")  # templates, or a log of who reads a log


def task_log_gb(site: Site) -> Decimal:
    """GB a month that tasks log."""
    return site.traffic.gb(site.traffic.task_log_bytes) if any(_task_groups(site)) else Decimal(0)


def _task_groups(site):
    """Log groups of the containers that serve, not of those that end before."""
    for _, definition in site.of_type("AWS::ECS::TaskDefinition"):
        for container in definition["ContainerDefinitions"]:
            options = container.get("LogConfiguration", {}).get("Options", {})
            if container.get("Essential", True) and "awslogs-group" in options:
                yield site.meant(options["awslogs-group"])


def _written(site, title, properties):
    """(GB a month that a log group takes in, price of it)."""
    groups = list(_task_groups(site))
    if title in groups:
        return task_log_gb(site) * groups.count(title) / len(groups), "log-gb"
    for _, log in site.of_type("AWS::EC2::FlowLog"):
        if site.meant(log.get("LogGroupName")) == title:
            return site.traffic.gb(site.traffic.flow_log_bytes), "vended-log-gb"
    for _, log in site.of_type("AWS::WAFv2::LoggingConfiguration"):
        if site.meant(log["LogDestinationConfigs"]) == title:
            return site.traffic.gb(site.traffic.firewall_log_bytes), "vended-log-gb"
    if str(properties.get("LogGroupName", "")).startswith("/aws/rds/instance/"):
        there = [
            body.get("LogGroupName")
            for _, body in site.of_type("AWS::Logs::LogGroup")
            if str(body.get("LogGroupName", "")).startswith("/aws/rds/instance/")
        ]
        return site.traffic.database_log_gb / len(there), "log-gb"
    return Decimal(0), "log-gb"


def log_group(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """What it takes in, and what it keeps, as if nothing were compressed."""
    written, price = _written(site, title, properties)
    yield site.charge(title, price, written, "logs taken in", True)
    days = properties.get("RetentionInDays")
    if days is None:
        raise Problem(f"{title}: logs that are kept for ever have no price a month: give it RetentionInDays")
    kept = written * Decimal(days) / DAYS
    yield site.charge(title, "log-storage", kept, f"logs kept for {days} days", True)


def bucket(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """The logs that are kept in it."""
    rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
    days = sum(Decimal(rule.get("ExpirationInDays", 0)) for rule in rules)
    days += sum(Decimal(rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0)) for rule in rules)
    written = Decimal(0)
    for _, log in site.of_type("AWS::EC2::FlowLog"):
        if site.meant(log.get("LogDestination")) == title:
            written = site.traffic.gb(site.traffic.flow_log_bytes)
            yield site.charge(title, "vended-log-to-s3-gb", written, "flow logs delivered", True)
    if title in _access_log_buckets(site):
        written = site.traffic.gb(site.traffic.access_log_bytes)
        yield site.charge(title, "bucket-put", FILES_AN_HOUR * HOURS, "files of the access log")
    kept = written * days / DAYS if written else LITTLE_GB
    yield site.charge(
        title, "bucket-storage", kept, f"logs kept for {days} days" if written else "a few small files", True
    )


def _access_log_buckets(site):
    for _, balancer in site.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        for attribute in balancer.get("LoadBalancerAttributes", []):
            if attribute["Key"] == "access_logs.s3.bucket":
                title = site.meant(attribute["Value"])
                yield site.meant(site.properties(title).get("Bucket")) or title


def metric_filter(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """The metrics that it counts; with a default value they are there in every hour."""
    yield site.charge(title, "metric", len(properties["MetricTransformations"]), "metric")


def alarm(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """An alarm costs for each metric that it looks at."""
    watched = [query["MetricStat"] for query in properties.get("Metrics", []) if "MetricStat" in query] or [properties]
    for metric in watched:
        fast = int(metric.get("Period", 60)) < 60
        yield site.charge(title, "alarm-high-resolution" if fast else "alarm", 1, "alarm")


def dashboard(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """A dashboard."""
    yield site.charge(title, "dashboard", 1, "dashboard")


METERS = {
    "AWS::Logs::LogGroup": log_group,
    "AWS::S3::Bucket": bucket,
    "AWS::Logs::MetricFilter": metric_filter,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": dashboard,
}
