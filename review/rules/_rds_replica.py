"""Read replicas and instances that are made from a snapshot."""

from ._nest import Reference, Rule
from ._rds_backup import replicas
from ._rds_storage import API, DB, engine_of

DOCS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html"

# What comes from the source, so that it is ignored or refused. Source: CloudFormation, AWS::RDS::DBInstance, each
# property ("If you specify SourceDBInstanceIdentifier or DBSnapshotIdentifier, don't specify this property").
OF_SOURCE = ("DBName", "MasterUsername", "MasterUserPassword", "CharacterSetName")
OF_SNAPSHOT = ("MasterUsername", "CharacterSetName", "StorageEncrypted", "KmsKeyId")


class ReplicaOfSnapshot(Rule):
    """An instance is a replica or comes from a snapshot, not both.

    Source: CloudFormation, AWS::RDS::DBInstance, SourceDBInstanceIdentifier and DBSnapshotIdentifier.
    """

    id = "E9430"
    shortdesc = "Database with two origins"
    source_url = DOCS
    types = (DB,)
    names = ("SourceDBInstanceIdentifier", "DBSnapshotIdentifier")

    def judge(self, r):
        for v in r.variants(*self.names):
            if all(v[name] not in (None, "") for name in self.names):
                yield v.fault(
                    "a replica is made from its source; leave DBSnapshotIdentifier out", "DBSnapshotIdentifier"
                )
                return


class OfItsOrigin(Rule):
    """What a replica or a restored instance has from its origin must not be given again.

    Source: CloudFormation, AWS::RDS::DBInstance, DBName, MasterUsername, StorageEncrypted.
    """

    id = "W9430"
    shortdesc = "Property that comes from the source or the snapshot"
    source_url = DOCS
    types = (DB,)

    def judge(self, r):
        for origin, names in (("SourceDBInstanceIdentifier", OF_SOURCE), ("DBSnapshotIdentifier", OF_SNAPSHOT)):
            for name in names:
                found = [v for v in r.variants(origin, name) if v[origin] not in (None, "")]
                if found and all(v[name] is not None for v in found):
                    yield found[0].fault(f"{name} comes from {origin}; leave it out", name)


class OtherEngine(Rule):
    """A replica has the engine of its source.

    Source: API reference, CreateDBInstanceReadReplica.
    """

    id = "E9431"
    shortdesc = "Replica with another engine than its source"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html"
    types = (DB,)

    def judge(self, r):
        own = {engine_of(v) for v in r.variants("Engine")}
        for replica, _ in replicas(r):
            for v in replica.variants("Engine"):
                if engine_of(v) and "" not in own and engine_of(v) not in own:
                    yield replica.fault(f"{r.id} is {', '.join(sorted(own))}, its replica is {engine_of(v)}", "Engine")


class KeyOfReplica(Rule):
    """A replica of an encrypted database in the same region is encrypted with the same key; it names none.

    Source: RDS user guide, encrypting Amazon RDS resources, limitations.
    """

    id = "W9431"
    shortdesc = "Replica names a key of its own"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for v in r.variants("SourceDBInstanceIdentifier", "KmsKeyId", "SourceRegion"):
            source = v["SourceDBInstanceIdentifier"]
            if isinstance(source, Reference) and v["KmsKeyId"] is not None and v["SourceRegion"] is None:
                yield v.fault(
                    "in the region of its source a replica has the key of its source; leave KmsKeyId out", "KmsKeyId"
                )
                return
