"""AWS::RDS::DBInstance as a read replica, from a snapshot, and with all that DescribeDBInstances shows.

The emulator makes an empty PostgreSQL database of a replica or a snapshot, takes a name twice, and drops the log
exports, the certificate authority and the properties of Performance Insights.
"""

from ministack.services import rds
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import wrap

INSTANCE = "AWS::RDS::DBInstance"
# What a replica has from its source and a restored database from its snapshot: property -> field of the record.
INHERITED = {
    "AllocatedStorage": "AllocatedStorage",
    "DBName": "DBName",
    "Engine": "Engine",
    "EngineVersion": "EngineVersion",
    "KmsKeyId": "KmsKeyId",
    "MasterUserPassword": "_MasterUserPassword",
    "MasterUsername": "MasterUsername",
    "StorageEncrypted": "StorageEncrypted",
    "StorageType": "StorageType",
}
# Property -> field of the record and its default.
FIELDS = {
    "CACertificateIdentifier": ("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
    "EnableCloudwatchLogsExports": ("EnabledCloudwatchLogsExports", []),
    "PerformanceInsightsKMSKeyId": ("PerformanceInsightsKMSKeyId", ""),
    "PerformanceInsightsRetentionPeriod": ("PerformanceInsightsRetentionPeriod", 7),
}


def name_in(identifier: str) -> str:
    """The name in an identifier that may be an ARN: arn:aws:rds:...:snapshot:NAME."""
    return identifier.rpartition(":")[2]


def origin_of(props: dict) -> dict:
    """The record that a new instance begins with, or an empty one; ValueError when it does not exist."""
    for key, kind, records in (
        ("SourceDBInstanceIdentifier", "DBInstance", rds._instances),
        ("DBSnapshotIdentifier", "DBSnapshot", rds._snapshots),
    ):
        if props.get(key):
            record = records.get(name_in(props[key]))
            if record is None:
                raise ValueError(f"{kind} not found: {props[key]}")
            return record
    return {}


def with_inherited(props: dict) -> dict:
    """The properties, completed with what the instance has from its origin; ValueError when there is none."""
    origin = origin_of(props)
    given = {key: origin[field] for key, field in INHERITED.items() if origin.get(field)}
    if props.get("SourceDBInstanceIdentifier"):
        given["DBSubnetGroupName"] = origin["DBSubnetGroup"]["DBSubnetGroupName"]
    return given | props


def complete(name: str, props: dict) -> None:
    """Give the record what its handler leaves out, and make a replica known to its source."""
    record = rds._instances[name]
    record |= {field: props.get(key, default) for key, (field, default) in FIELDS.items()}
    source = name_in(props.get("SourceDBInstanceIdentifier", ""))
    record["ReadReplicaSourceDBInstanceIdentifier"] = source
    if source in rds._instances:
        replicas = rds._instances[source].setdefault("ReadReplicaDBInstanceIdentifiers", [])
        if name not in replicas:
            replicas.append(name)


def create(original):
    """Begin with the origin; ValueError when there is none, or the name is taken."""

    def created(logical_id, props, stack_name):
        if props.get("DBInstanceIdentifier") in rds._instances:
            raise ValueError("DB instance already exists")
        name, attributes = original(logical_id, with_inherited(props), stack_name)
        complete(name, props)
        return name, attributes

    return created


def update(original):
    """Change what the emulator does not know of, too."""

    def updated(physical_id, old, new, *rest):
        name, attributes = original(physical_id, old, new, *rest)
        complete(name, new)
        return name, attributes

    return updated


def delete(original):
    """Neither its source nor its replicas know a deleted instance any more."""

    def deleted(physical_id, props):
        original(physical_id, props)
        for record in rds._instances.values():
            if record.get("ReadReplicaSourceDBInstanceIdentifier") == physical_id:
                record["ReadReplicaSourceDBInstanceIdentifier"] = ""
            replicas = record.get("ReadReplicaDBInstanceIdentifiers", [])
            record["ReadReplicaDBInstanceIdentifiers"] = [name for name in replicas if name != physical_id]

    return deleted


def described(original):
    """Show which logs go to CloudWatch, and the key of Performance Insights."""

    def text(record):
        logs = "".join(f"<member>{name}</member>" for name in record.get("EnabledCloudwatchLogsExports") or [])
        key = record.get("PerformanceInsightsKMSKeyId") or ""
        shown = f"<EnabledCloudwatchLogsExports>{logs}</EnabledCloudwatchLogsExports>"
        shown += f"<PerformanceInsightsKMSKeyId>{key}</PerformanceInsightsKMSKeyId>"
        return original(record).replace("<EnabledCloudwatchLogsExports/>", shown)

    return text


def install() -> None:
    """Mend the type's handlers and the description; another origin makes another database."""
    provisioners._REPLACING_PROPERTIES[INSTANCE] += ("DBSnapshotIdentifier", "SourceDBInstanceIdentifier")
    wrap(provisioners._rds_db_instance_create, create)
    wrap(provisioners._rds_db_instance_update, update)
    wrap(provisioners._rds_db_instance_delete, delete)
    wrap(rds._instance_xml, described)
