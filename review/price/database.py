"""Meters of the database and its secrets."""

from collections.abc import Iterator
from decimal import Decimal

from review.price.site import Charge, Site
from review.price.traffic import GB, HOURS
from review.problem import Problem

FREE_INSIGHTS = 7  # days for which what Performance Insights records is kept without a charge


def instance(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """The instance and its standby, storage, backups beyond the free size, enhanced monitoring."""
    source = site.meant(properties.get("SourceDBInstanceIdentifier"))
    standby = bool(properties.get("MultiAZ"))
    storage = allocated(site, title)
    yield _hours(site, title, properties["DBInstanceClass"], standby)
    kind = properties.get("StorageType", "gp2")
    what = f"{kind} storage" + " and the standby's" * standby
    yield site.charge(title, f"rds-{kind}", storage * (1 + standby), what)
    if not source:
        changes = site.traffic.database_change * Decimal(properties.get("BackupRetentionPeriod", 1))
        backups = storage * (site.traffic.database_used + changes)
        beyond = max(Decimal(0), backups - storage)
        yield site.charge(title, "rds-backup", beyond, "backups beyond the size of the database", True)
    interval = Decimal(properties.get("MonitoringInterval", 0))
    if interval:
        records = HOURS * 3600 / interval * site.traffic.monitoring_bytes / GB
        yield site.charge(title, "log-gb", records, f"enhanced monitoring every {interval} s")
    if properties.get("EnablePerformanceInsights"):
        days = int(properties.get("PerformanceInsightsRetentionPeriod", FREE_INSIGHTS))
        if days > FREE_INSIGHTS:
            raise Problem(
                f"{title}: Performance Insights kept for {days} days is not priced; {FREE_INSIGHTS} days are free"
            )


def _hours(site, title, instance_class, standby):
    price = f"rds-{instance_class.replace('.', '-')}"
    if not standby:
        return site.charge(title, price, HOURS, instance_class)
    if f"{price}-standby" in site.table.prices:
        return site.charge(title, f"{price}-standby", HOURS, f"{instance_class} with a standby")
    return site.charge(title, price, 2 * HOURS, f"{instance_class} and its standby")


def allocated(site: Site, title: str) -> Decimal:
    """GB of storage of an instance; a replica has as much as its source."""
    properties = site.properties(title)
    source = site.meant(properties.get("SourceDBInstanceIdentifier"))
    return allocated(site, source) if source else Decimal(str(properties["AllocatedStorage"]))


def snapshot(site: Site, title: str) -> Charge:
    """What a final snapshot costs for as long as it is kept."""
    used = allocated(site, title) * site.traffic.database_used
    return site.charge(title, "rds-backup", used, "final snapshot", True)


def secret(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """A secret; reading it when a task starts costs less than a cent."""
    yield site.charge(title, "secret", 1, "secret")


def key(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """A key in its first year; the first two yearly rotations add its price once more each."""
    yield site.charge(title, "key", 1, "key")


METERS = {
    "AWS::RDS::DBInstance": instance,
    "AWS::SecretsManager::Secret": secret,
    "AWS::KMS::Key": key,
}
