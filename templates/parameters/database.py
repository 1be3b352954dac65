"""Parameters of the database."""

from templates.parameters.kinds import (
    DATABASE_WORD_CONSTRAINT,
    DATABASE_WORD_PATTERN,
    choice,
    number,
    switch,
    text,
)

DATABASE = {
    "DBInstanceClass": text(
        "Class of the database instance and its replicas; a change interrupts the database for minutes",
        r"^db\.[a-z0-9]+\.[a-z0-9]+$",
        "must be an RDS instance class, as in db.t4g.micro",
        "db.t4g.micro",
    ),
    "EngineVersion": text(
        "MySQL version, as in 8.4 (RDS takes the newest minor version of it) or 8.4.11",
        r"^8\.4(\.\d+)?$",
        "must be 8.4 or a full version of it, as in 8.4.11",
        "8.4",
    ),
    "AllocatedStorage": number("Storage of the database in GiB; it can grow but never shrink", 20, 20, 16384),
    "MaxAllocatedStorage": number(
        "Up to how many GiB RDS may let the storage grow by itself; 0: it does not. At least a tenth more than"
        " AllocatedStorage",
        0,
        0,
        65536,
    ),
    "StorageType": choice("Storage type; a Learner Lab allows gp2 only", "gp3", ["gp2", "gp3"]),
    "MultiAZ": switch("true keeps a standby in the second zone; doubles the price of the database"),
    "ReadReplicas": choice(
        "How many copies of the database answer reads; each costs what a single instance costs", 0, [0, 1, 2]
    ),
    "BackupRetentionPeriod": number("How many days automatic backups are kept", 7, 1, 35),
    "DBSnapshotIdentifier": text(
        "Snapshot from which the database is made. Once given it must stay; a change REPLACES the instance",
        r"^$|^[\w:-]+$",
        "must be empty, or the name or ARN of a snapshot",
        "",
    ),
    "FinalSnapshot": choice(
        "What becomes of the snapshot that is taken when the stack is deleted: `make destroy` keeps or deletes it."
        " CloudFormation by itself keeps it",
        "keep",
        ["keep", "delete"],
    ),
    "DeletionProtection": switch("true refuses to delete the database until it is set to false"),
    "PerformanceInsights": switch("true records what the database waits for; micro and small classes cannot"),
    "MonitoringInterval": choice(
        "Seconds between records of the database's operating system (enhanced monitoring); 0: none. Needs a role that"
        " the stack makes",
        0,
        [0, 1, 5, 10, 15, 30, 60],
    ),
    "AuditLog": switch(
        "true records who logs in to MySQL and who changes tables or rights; with DBInstanceIdentifier that log and the"
        " general one go to CloudWatch too"
    ),
    "EnableIAMDatabaseAuthentication": switch(
        "true lets operators log in to MySQL by IAM, as users made for that; the application goes on with its password"
    ),
    "DBInstanceIdentifier": text(
        "Name of the instance, unique in account and region. With a name its error and slow logs go to CloudWatch, and"
        " it can never be replaced by accident. Empty: CloudFormation makes one up. A change REPLACES the instance",
        r"^$|^[a-z](-?[a-z0-9])*$",
        "must be empty, or lower case letters, digits and single - after a letter",
        "",
        MaxLength=55,
    ),
    "DBName": text(
        "Name of the database inside MySQL. A change REPLACES the instance",
        DATABASE_WORD_PATTERN,
        DATABASE_WORD_CONSTRAINT,
        "flaskcrud",
        MaxLength=64,
    ),
    "MasterUsername": text(
        "Master user of MySQL, for migrations only; the password is generated. A change REPLACES the instance",
        DATABASE_WORD_PATTERN,
        DATABASE_WORD_CONSTRAINT,
        "flaskcrud",
        MaxLength=16,
    ),
}
