"""Backups, windows and what happens to the data when the instance goes."""

import re

from ._checks import Switch, impossible
from ._nest import Reference, Rule, known, number, together
from ._rds_storage import API, CONTROLS, DB, engine_of, is_copy

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = 7 * 24 * 60
KEEPING = ("Snapshot", "Retain", "RetainExceptOnCreate")


def replicas(r) -> list:
    """(replica, where) of the nest whose source is this instance."""
    return [
        (other, value.where)
        for other in r.view.everywhere(DB)
        for value in other.values("SourceDBInstanceIdentifier")
        if isinstance(value.value, Reference) and value.value.resource is r
    ]


class ReplicaOfNoBackup(Rule):
    """A read replica is made from a backup: its source must keep some.

    Source: API reference, CreateDBInstance, BackupRetentionPeriod.
    """

    id = "E9410"
    shortdesc = "Read replica of a database without backups"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for replica, where in replicas(r):
            for v in impossible(r, lambda v: number(v["BackupRetentionPeriod"], 1) == 0, "BackupRetentionPeriod"):
                if together(v.where, where, replica.where):
                    yield v.fault(
                        f"{replica.id} is a replica of it; keep backups for 1 day or more", "BackupRetentionPeriod"
                    )


class NoDatabaseBackup(Rule):
    """Without automated backups there is no way back to yesterday.

    Source: AWS Foundational Security Best Practices, RDS.11.
    """

    id = "W9410"
    shortdesc = "Database without automated backups"
    source_url = CONTROLS + "#rds-11"
    types = (DB,)

    def judge(self, r):
        found = [number(v["BackupRetentionPeriod"], 1) for v in r.variants("BackupRetentionPeriod")]
        if found and all(days == 0 for days in found) and not is_copy(r):
            yield r.fault("keep backups for 7 days or more", "BackupRetentionPeriod")


class WindowForm(Rule):
    """The backup window is hh:mm-hh:mm, the maintenance window ddd:hh:mm-ddd:hh:mm, both 30 minutes or longer.

    Source: API reference, CreateDBInstance, PreferredBackupWindow and PreferredMaintenanceWindow.
    """

    id = "E9411"
    shortdesc = "Window of a database in a wrong form"
    source_url = API
    types = (DB, "AWS::RDS::DBCluster")

    def judge(self, r):
        for name, length in (("PreferredBackupWindow", 24 * 60), ("PreferredMaintenanceWindow", WEEK)):
            for value in r.values(name):
                if isinstance(value.value, str) and value.value:
                    span = window(value.value)
                    form = "sun:04:00-sun:05:00" if length == WEEK else "03:00-04:00"
                    if span is None or (length == WEEK) != (":" in value.value[:4] and value.value[:3].isalpha()):
                        yield value.fault(f"{value.value!r} is no window; write it like {form}, in UTC")
                    elif (span[1] - span[0]) % length < 30:
                        yield value.fault(f"{value.value!r} is shorter than 30 minutes")


class WindowsOverlap(Rule):
    """Backup and maintenance exclude each other: the API refuses windows that overlap.

    Source: API reference, CreateDBInstance, PreferredBackupWindow.
    """

    id = "E9412"
    shortdesc = "Backup window overlaps the maintenance window"
    source_url = API
    types = (DB, "AWS::RDS::DBCluster")

    def judge(self, r):
        for v in impossible(r, self.wrong, "PreferredBackupWindow", "PreferredMaintenanceWindow"):
            backup, work = v["PreferredBackupWindow"], v["PreferredMaintenanceWindow"]
            yield v.fault(f"the backup at {backup} overlaps the maintenance at {work}", "PreferredBackupWindow")

    @staticmethod
    def wrong(v) -> bool:
        backup, work = window(v["PreferredBackupWindow"]), window(v["PreferredMaintenanceWindow"])
        if backup is None or work is None:
            return False
        begin, end = work[0], work[0] + (work[1] - work[0]) % WEEK
        length = (backup[1] - backup[0]) % (24 * 60)
        starts = [backup[0] + day * 24 * 60 for day in range(-1, 15)]
        return any(start < end and begin < start + length for start in starts)


def window(value) -> tuple[int, int] | None:
    """Begin and end in minutes of the week, or of the day if no day is given."""
    day = "(?:(" + "|".join(DAYS) + "):)?"
    match = (
        re.fullmatch(rf"{day}([01]\d|2[0-3]):([0-5]\d)-{day}([01]\d|2[0-3]):([0-5]\d)", str(value).lower())
        if known(value)
        else None
    )
    if not match or (match[1] is None) != (match[4] is None):
        return None
    first, last = (DAYS.index(match[n]) * 24 * 60 if match[n] else 0 for n in (1, 4))
    return first + int(match[2]) * 60 + int(match[3]), last + int(match[5]) * 60 + int(match[6])


class DataGoes(Rule):
    """A database that is removed from the template, or replaced, takes its data along unless both policies keep it.

    Source: CloudFormation user guide, DeletionPolicy and UpdateReplacePolicy attributes.
    """

    id = "W9411"
    shortdesc = "Data is lost when the database is deleted or replaced"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatereplacepolicy.html"
    types = (DB,)

    def judge(self, r):
        if is_copy(r):
            return
        for name in ("DeletionPolicy", "UpdateReplacePolicy"):
            policy = r.raw.get(name)
            if policy is None or (isinstance(policy, str) and policy not in KEEPING):
                yield r.fault(f"set {name}: Snapshot (or Retain); it is {policy or 'not set'}")


class Unprotected(Switch):
    """Deletion protection makes RDS refuse to delete the instance.

    Source: AWS Foundational Security Best Practices, RDS.8.
    """

    id = "W9412"
    shortdesc = "Database without deletion protection"
    source_url = CONTROLS + "#rds-8"
    types = (DB,)
    switch = "DeletionProtection"
    default = False
    message = "set DeletionProtection: true, or let a parameter choose"

    def concerned(self, r) -> bool:
        return not is_copy(r) and not any(engine_of(v).startswith("aurora") for v in r.variants("Engine"))


class TagsLost(Switch):
    """Snapshots without the tags of their database belong to nobody.

    Source: AWS Foundational Security Best Practices, RDS.17.
    """

    id = "W9413"
    shortdesc = "Snapshots do not get the tags of the database"
    source_url = CONTROLS + "#rds-17"
    types = (DB,)
    switch = "CopyTagsToSnapshot"
    default = False
    message = "set CopyTagsToSnapshot: true"

    def concerned(self, r) -> bool:
        return not any(engine_of(v).startswith("aurora") for v in r.variants("Engine")) and not is_copy(r)
