"""RDS: the database's snapshots."""

from deploy.aws.clients import Clients


class Database(Clients):
    """The database behind the application."""

    def snapshots(self, instance: str) -> list[str]:
        """The names of the snapshots of a database that were not taken by its automatic backups."""
        pages = (
            self._client("rds")
            .get_paginator("describe_db_snapshots")
            .paginate(DBInstanceIdentifier=instance, SnapshotType="manual")
        )
        return [item["DBSnapshotIdentifier"] for page in pages for item in page["DBSnapshots"]]

    def delete_snapshot(self, snapshot: str) -> None:
        """Delete a snapshot of a database."""
        self._client("rds").delete_db_snapshot(DBSnapshotIdentifier=snapshot)
