"""Storage, zones and encryption of a database instance."""

from ._checks import Switch, impossible
from ._nest import Rule, flag, known, number

DB = "AWS::RDS::DBInstance"
API = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"
STORAGE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html"
CONTROLS = "https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html"
SMALL = ("mysql", "mariadb", "postgres")

# GiB that an instance can have. Source: API reference, CreateDBInstance, AllocatedStorage (MySQL, MariaDB, PostgreSQL).
# For gp2 it says 20 to 65536, but instances of 5 GiB are made by public templates: that is not judged.
SIZES = {"gp2": (5, 65536), "gp3": (20, 65536), "io1": (100, 65536), "io2": (100, 65536), "standard": (5, 3072)}


def is_copy(r) -> bool:
    """Is it always a replica, or a member of a cluster, which has these properties from elsewhere?"""
    found = list(r.variants("SourceDBInstanceIdentifier", "SourceDBClusterIdentifier", "DBClusterIdentifier"))
    return all(any(value is not None for value in v.values.values()) for v in found)


def engine_of(v) -> str:
    """The engine in lower case, as the API reads it; empty if it is not known."""
    return v["Engine"].lower() if isinstance(v["Engine"], str) else ""


class ZoneOfMultiAZ(Rule):
    """RDS chooses the zones of a Multi-AZ instance: the API refuses AvailabilityZone with it.

    Source: API reference, CreateDBInstance, AvailabilityZone and MultiAZ.
    """

    id = "E9401"
    shortdesc = "Zone of a Multi-AZ database"
    source_url = API
    types = (DB,)

    def judge(self, r):
        def both(v):
            return flag(v["MultiAZ"]) is True and v["AvailabilityZone"] is not None

        for v in impossible(r, both, "MultiAZ", "AvailabilityZone"):
            yield v.fault("leave AvailabilityZone out with MultiAZ", "AvailabilityZone")


class FixedSpeed(Rule):
    """Below 400 GiB gp3 has a fixed speed: RDS refuses Iops and StorageThroughput. Only gp3 has a throughput at all.

    Source: RDS user guide, gp3 storage; API reference, CreateDBInstance, StorageThroughput.
    """

    id = "E9402"
    shortdesc = "Speed of a storage that has a fixed one"
    source_url = STORAGE
    types = (DB,)
    names = ("StorageType", "AllocatedStorage", "Iops", "StorageThroughput", "Engine")

    def judge(self, r):
        for v in impossible(r, lambda v: bool(self.wrong(v)), *self.names):
            yield v.fault(self.wrong(v), "Iops" if v["Iops"] is not None else "StorageThroughput")

    @staticmethod
    def wrong(v) -> str:
        kind, size = v["StorageType"], number(v["AllocatedStorage"])
        given = [name for name in ("Iops", "StorageThroughput") if v[name] is not None]
        if kind == "gp3" and given and size is not None and size < 400 and engine_of(v) in SMALL:
            return f"gp3 of {size} GiB has a fixed speed; leave out {' and '.join(given)} below 400 GiB"
        if kind in ("gp2", "standard") and given:
            return f"{kind} has no {' or '.join(given)}; leave it out or take gp3"
        if kind in ("io1", "io2") and v["StorageThroughput"] is not None:
            return f"{kind} has no StorageThroughput; leave it out or take gp3"
        return ""


class ProvisionedSpeed(Rule):
    """Provisioned IOPS storage needs Iops, for io1 between 0.5 and 50 for each GiB.

    Source: API reference, CreateDBInstance, StorageType and Iops.
    """

    id = "E9403"
    shortdesc = "Provisioned IOPS storage without a fitting Iops"
    source_url = API
    types = (DB,)

    def judge(self, r):
        if not is_copy(r):
            for v in impossible(r, lambda v: bool(self.wrong(v)), "StorageType", "AllocatedStorage", "Iops"):
                yield v.fault(self.wrong(v), "StorageType")

    @staticmethod
    def wrong(v) -> str:
        kind, size, speed = v["StorageType"], number(v["AllocatedStorage"]), number(v["Iops"])
        if kind in ("io1", "io2") and v["Iops"] is None:
            return f"{kind} needs Iops"
        if kind == "io1" and size and speed is not None and not 0.5 <= speed / size <= 50:
            return f"io1 of {size} GiB takes {size // 2} to {size * 50} Iops, not {speed}"
        return ""


class DatabaseStorageSize(Rule):
    """Each type of storage has a smallest and a largest size.

    Source: API reference, CreateDBInstance, AllocatedStorage.
    """

    id = "E9404"
    shortdesc = "Storage too small or too large for its type"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for v in impossible(r, self.wrong, "Engine", "StorageType", "AllocatedStorage"):
            low, high = SIZES[v["StorageType"]]
            size = number(v["AllocatedStorage"])
            yield v.fault(f"{v['StorageType']} has {low} to {high} GiB, not {size}", "AllocatedStorage")

    @staticmethod
    def wrong(v) -> bool:
        size, limits = number(v["AllocatedStorage"]), SIZES.get(v["StorageType"] if known(v["StorageType"]) else "")
        return engine_of(v) in SMALL and None not in (size, limits) and not limits[0] <= size <= limits[1]


class GrowsDown(Rule):
    """Storage autoscaling grows to MaxAllocatedStorage: a smaller one than the beginning is refused.

    Source: API reference, CreateDBInstance, MaxAllocatedStorage.
    """

    id = "E9405"
    shortdesc = "Storage would have to shrink"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for v in impossible(r, self.wrong, "AllocatedStorage", "MaxAllocatedStorage"):
            size, most = number(v["AllocatedStorage"]), number(v["MaxAllocatedStorage"])
            yield v.fault(f"MaxAllocatedStorage {most} is less than AllocatedStorage {size}", "MaxAllocatedStorage")

    @staticmethod
    def wrong(v) -> bool:
        size, most = number(v["AllocatedStorage"]), number(v["MaxAllocatedStorage"])
        return None not in (size, most) and most < size


class UnencryptedDatabase(Switch):
    """Storage is encrypted only if asked, and cannot be encrypted later without a copy.

    Source: AWS Foundational Security Best Practices, RDS.3.
    """

    id = "W9401"
    shortdesc = "Database storage is not encrypted"
    source_url = CONTROLS + "#rds-3"
    types = (DB,)
    switch = "StorageEncrypted"
    default = False
    message = "set StorageEncrypted: true; it cannot be changed later"

    def concerned(self, r) -> bool:
        engines = [engine_of(v) for v in r.variants("Engine")]
        return not is_copy(r) and not any(e.startswith(("aurora", "custom")) for e in engines)


class PublicDatabase(Switch):
    """A database with a public address is one rule away from the internet.

    Source: AWS Foundational Security Best Practices, RDS.2.
    """

    id = "W9402"
    shortdesc = "Database is publicly accessible"
    source_url = CONTROLS + "#rds-2"
    types = (DB,)
    switch = "PubliclyAccessible"
    wanted = False
    message = "set PubliclyAccessible: false"
