"""Every parameter of every stack, once.

A parameter has one name and one meaning in the whole nest: the root asks for it, or an earlier stack has an output of
the same name. So the definitions live here, and a stack module names those it takes.
"""

# Labels of the console's form, in the order in which a person meets them.
GROUPS = {
    "Images": ["AppImage", "WebImage", "CpuArchitecture"],
    "Network": ["VpcCidr", "SubnetHostBits", "CertificateArn"],
    "Service": ["DesiredCount", "TaskCpu", "TaskMemory", "HealthCheckGracePeriodSeconds", "LogRetentionInDays"],
    "Roles": ["ExecutionRoleName", "TaskRoleName"],
    "Database": [
        "DBInstanceClass",
        "EngineVersion",
        "AllocatedStorage",
        "StorageType",
        "MultiAZ",
        "BackupRetentionPeriod",
        "DeletionProtection",
        "DBName",
        "MasterUsername",
    ],
    "Bootstrap": ["RepositoryNamespace"],
    "From the other stacks of the nest": [
        "NamePrefix",
        "VpcId",
        "PublicSubnetIds",
        "PrivateSubnetIds",
        "PublicSecurityGroupId",
        "PrivateSecurityGroupId",
        "RdsSecurityGroupId",
        "DatabaseHost",
        "DatabasePort",
        "DatabaseName",
        "DatabaseCredentialsArn",
    ],
}

# Days that CloudWatch Logs accepts (API reference, PutRetentionPolicy).
RETENTION_DAYS = [
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
]

IMAGE_PATTERN = r"^[a-z0-9][a-zA-Z0-9.:/_-]*(:[\w.-]+|@sha256:[0-9a-f]{64})$"
ROLE_NAME_PATTERN = r"^([\w+=,.@-]+/)*[\w+=,.@-]*$"
IDENTIFIER_PATTERN = r"^[a-zA-Z][a-zA-Z0-9_]*$"


def _text(description, default=None, pattern=None, constraint=None, **more):
    return _parameter("String", description, default, AllowedPattern=pattern, ConstraintDescription=constraint, **more)


def _number(description, default, low, high):
    return _parameter(
        "Number",
        description,
        default,
        MinValue=low,
        MaxValue=high,
        ConstraintDescription=f"must be a whole number from {low} to {high}",
    )


def _choice(description, default, values, kind="String"):
    return _parameter(
        kind,
        description,
        default,
        AllowedValues=values,
        ConstraintDescription="must be one of " + ", ".join(str(value) for value in values),
    )


def _parameter(kind, description, default=None, **more):
    fields = {"Description": description, "Type": kind, "Default": default, **more}
    return {name: value for name, value in fields.items() if value is not None}


_IMAGES = {
    "AppImage": _text(
        "Image of the application (Flask and Gunicorn) with an immutable tag or a digest,"
        " as in 123456789012.dkr.ecr.us-east-1.amazonaws.com/flaskcrud/app:1f0c9a",
        pattern=IMAGE_PATTERN,
        constraint="must be an image with a tag or a digest (@sha256:...)",
    ),
    "WebImage": _text(
        "Image of the front tier (nginx) with an immutable tag or a digest",
        pattern=IMAGE_PATTERN,
        constraint="must be an image with a tag or a digest (@sha256:...)",
    ),
    "CpuArchitecture": _choice(
        "Processor that both images were built for; ARM64 costs a fifth less", "X86_64", ["X86_64", "ARM64"]
    ),
}

_NETWORK = {
    "VpcCidr": _text(
        "Address block of the VPC; subnets are cut from it (10.0.0.0/16 gives 10.0.1.0/24 to 10.0.4.0/24)."
        " A change replaces the whole network",
        "10.0.0.0/16",
        r"^(\d{1,3}\.){3}\d{1,3}/(1[6-9]|2[0-5])$",
        "must be an IPv4 block from /16 to /25, as in 10.0.0.0/16",
    ),
    "SubnetHostBits": _number(
        "Size of each subnet as a number of host bits: 8 is a /24 of 256 addresses, 4 is a /28 of 16."
        " The VPC must have room for five such blocks. A change replaces the subnets",
        8,
        4,
        12,
    ),
    "CertificateArn": _text(
        "ARN of an ACM certificate in this region; turns HTTPS on and redirects HTTP to it. Empty: HTTP only",
        "",
        r"^$|^arn:[\w-]+:acm:[\w-]+:\d{12}:certificate/[\w-]+$",
        "must be empty or the ARN of an ACM certificate",
    ),
}

_SERVICE = {
    "DesiredCount": _number("How many tasks run; each has its own nginx and Gunicorn", 1, 0, 100),
    "TaskCpu": _choice("CPU units of a task; 1024 is one vCPU", 256, [256, 512, 1024, 2048, 4096], "Number"),
    "TaskMemory": _choice(
        "Memory of a task in MiB; Fargate pairs 256 CPU units with 512 to 2048, 512 with 1024 to 4096,"
        " 1024 with 2048 to 8192",
        512,
        [512, 1024, 2048, 3072, 4096, 5120, 6144, 7168, 8192, 16384],
        "Number",
    ),
    "HealthCheckGracePeriodSeconds": _number(
        "How long after its start a task may fail the load balancer's health check; migrations run in this time",
        180,
        0,
        3600,
    ),
    "LogRetentionInDays": _choice("How many days the logs are kept", 30, RETENTION_DAYS, "Number"),
}

_ROLES = {
    "ExecutionRoleName": _text(
        "Name of an existing role with which ECS pulls images, reads secrets and writes logs"
        " (LabRole in an AWS Academy Learner Lab). Empty: the stack makes one that may do just that",
        "",
        ROLE_NAME_PATTERN,
        "must be empty or the name of an IAM role, with its path if it has one",
    ),
    "TaskRoleName": _text(
        "Name of an existing role that the application's own AWS calls run under"
        " (LabRole in an AWS Academy Learner Lab). Empty: the stack makes one that may do nothing",
        "",
        ROLE_NAME_PATTERN,
        "must be empty or the name of an IAM role, with its path if it has one",
    ),
}

_DATABASE = {
    "DBInstanceClass": _text(
        "Class of the database instance; a change interrupts the database for minutes",
        "db.t4g.micro",
        r"^db\.[a-z0-9]+\.[a-z0-9]+$",
        "must be an RDS instance class, as in db.t4g.micro",
    ),
    "EngineVersion": _text(
        "MySQL version, as in 8.4 (RDS takes the newest minor version of it) or 8.4.11",
        "8.4",
        r"^8\.4(\.\d+)?$",
        "must be 8.4 or a full version of it, as in 8.4.11",
    ),
    "AllocatedStorage": _number("Storage of the database in GiB; it can grow but never shrink", 20, 20, 16384),
    "StorageType": _choice("Storage type; a Learner Lab allows gp2 only", "gp3", ["gp2", "gp3"]),
    "MultiAZ": _choice("true keeps a standby in the second zone; doubles the price", "false", ["true", "false"]),
    "BackupRetentionPeriod": _number("How many days automatic backups are kept", 7, 1, 35),
    "DeletionProtection": _choice(
        "true refuses to delete the database until it is set to false", "false", ["true", "false"]
    ),
    "DBName": _text(
        "Name of the database inside MySQL. A change REPLACES the instance",
        "flaskcrud",
        IDENTIFIER_PATTERN,
        "must begin with a letter and hold letters, digits and _ only",
        MaxLength=64,
    ),
    "MasterUsername": _text(
        "Master user of MySQL; the password is generated. A change REPLACES the instance",
        "flaskcrud",
        IDENTIFIER_PATTERN,
        "must begin with a letter and hold letters, digits and _ only",
        MaxLength=16,
    ),
}

_BOOTSTRAP = {
    "RepositoryNamespace": _text(
        "What the names of the image repositories begin with, as in flaskcrud-lab for flaskcrud-lab/app",
        "flaskcrud",
        r"^[a-z0-9]+([._-][a-z0-9]+)*$",
        "must be lower case letters and digits, with single . _ - between them",
        MaxLength=128,
    ),
}

_WIRING = {
    "NamePrefix": _text(
        "What Name tags begin with: the name of the root stack",
        pattern=r"^[a-zA-Z][a-zA-Z0-9-]*$",
        constraint="must be a stack name",
    ),
    "VpcId": _parameter("AWS::EC2::VPC::Id", "The VPC"),
    "PublicSubnetIds": _parameter("List<AWS::EC2::Subnet::Id>", "Subnets of the load balancer, one a zone"),
    "PrivateSubnetIds": _parameter("List<AWS::EC2::Subnet::Id>", "Subnets of tasks and database, one a zone"),
    "PublicSecurityGroupId": _parameter("AWS::EC2::SecurityGroup::Id", "Security group of the load balancer"),
    "PrivateSecurityGroupId": _parameter("AWS::EC2::SecurityGroup::Id", "Security group of the tasks"),
    "RdsSecurityGroupId": _parameter("AWS::EC2::SecurityGroup::Id", "Security group of the database"),
    "DatabaseHost": _text(
        "Host name of the database", pattern=r"^[\w.-]+$", constraint="must be a host name without a port"
    ),
    "DatabasePort": _parameter(
        "Number",
        "TCP port of the database",
        MinValue=1,
        MaxValue=65535,
        ConstraintDescription="must be a TCP port",
    ),
    "DatabaseName": _text(
        "Name of the database inside MySQL",
        pattern=IDENTIFIER_PATTERN,
        constraint="must begin with a letter and hold letters, digits and _ only",
    ),
    "DatabaseCredentialsArn": _text(
        "ARN in Secrets Manager of the database user, as JSON with username and password",
        pattern=r"^arn:[\w-]+:secretsmanager:.+$",
        constraint="must be the ARN of a secret",
    ),
}

PARAMETERS = _IMAGES | _NETWORK | _SERVICE | _ROLES | _DATABASE | _BOOTSTRAP | _WIRING
