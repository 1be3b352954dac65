"""Controls of clusters, proxies and engines that this architecture does not have: should they come, they are judged."""

from review.catalogues.control import Control, each, not_used
from review.catalogues.database import INSTANCE

CLUSTER = "AWS::RDS::DBCluster"

CONTROLS = [
    Control(
        "Backup.1", "FSBP NIST", "Recovery points of AWS Backup are encrypted", not_used("AWS::Backup::BackupVault")
    ),
    *(
        Control(id_, standards, title, not_used(*kinds))
        for id_, standards, title, kinds in [
            ("RDS.7", "FSBP NIST", "Clusters cannot be deleted by mistake", [CLUSTER]),
            ("RDS.12", "FSBP NIST", "Clusters take logins by IAM", [CLUSTER]),
            ("RDS.14", "FSBP NIST", "Aurora can be set back in time", [CLUSTER]),
            ("RDS.15", "FSBP NIST CIS", "Clusters are in several zones", [CLUSTER]),
            ("RDS.16", "FSBP NIST", "Snapshots of Aurora have its tags", [CLUSTER]),
            ("RDS.24", "FSBP NIST PCI", "Administrators of clusters have names of their own", [CLUSTER]),
            ("RDS.27", "FSBP NIST", "Clusters are encrypted", [CLUSTER]),
            ("RDS.34", "FSBP NIST PCI", "Aurora MySQL sends its audit log to CloudWatch", [CLUSTER]),
            ("RDS.35", "FSBP NIST PCI", "Minor versions of clusters come by themselves", [CLUSTER]),
            ("RDS.37", "FSBP PCI", "Aurora PostgreSQL sends its logs to CloudWatch", [CLUSTER]),
            ("RDS.43", "FSBP", "Proxies of databases want TLS", ["AWS::RDS::DBProxy"]),
            ("RDS.45", "FSBP", "Aurora MySQL keeps an audit log", [CLUSTER]),
            ("RDS.47", "FSBP", "Snapshots of PostgreSQL clusters have their tags", [CLUSTER]),
            ("RDS.48", "FSBP", "Snapshots of MySQL clusters have their tags", [CLUSTER]),
            ("RDS.50", "FSBP", "Clusters are backed up, for a week at least", [CLUSTER]),
        ]
    ),
    Control("RDS.19", "FSBP NIST", "Events of clusters are told", not_used(CLUSTER)),
    *(
        Control(
            id_,
            standards,
            title,
            each(INSTANCE, lambda given: False, lambda given, of=of: of in str(given.get("Engine"))),
        )
        for id_, standards, title, of in [
            ("RDS.36", "FSBP PCI", "PostgreSQL sends its logs to CloudWatch", "postgres"),
            ("RDS.38", "FSBP", "PostgreSQL takes no connection in clear text", "postgres"),
            ("RDS.40", "FSBP NIST", "SQL Server sends its logs to CloudWatch", "sqlserver"),
            ("RDS.41", "FSBP", "SQL Server takes no connection in clear text", "sqlserver"),
            ("RDS.42", "FSBP NIST", "MariaDB sends its logs to CloudWatch", "mariadb"),
            ("RDS.44", "FSBP", "MariaDB takes no connection in clear text", "mariadb"),
        ]
    ),
]
