"""RDS: the database's snapshots."""

from deploy.aws.clients import Clients


class Database(Clients):
    """The database behind the application."""

    def database(self, instance: str) -> dict | None:
        """The instance as RDS describes it; None if there is none."""
        client = self._client("rds")
        try:
            return client.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]
        except client.exceptions.DBInstanceNotFoundFault:
            return None

    def stop_database(self, instance: str) -> None:
        """Order the instance to stop; AWS starts it again after seven days."""
        self._client("rds").stop_db_instance(DBInstanceIdentifier=instance)

    def start_database(self, instance: str) -> None:
        """Order a stopped instance to start."""
        self._client("rds").start_db_instance(DBInstanceIdentifier=instance)

    def protect_database(self, instance: str, protected: bool) -> None:
        """Set the instance's protection against deletion, which holds at once."""
        self._client("rds").modify_db_instance(
            DBInstanceIdentifier=instance, DeletionProtection=protected, ApplyImmediately=True
        )

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
