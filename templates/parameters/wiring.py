"""Parameters that no person gives: the root and the earlier stacks of the nest do."""

from templates.parameters.kinds import DATABASE_WORD_CONSTRAINT, DATABASE_WORD_PATTERN, resource, text

ARN_OF_SECRET = r"^arn:[\w-]+:secretsmanager:.+$"  # noqa: S105  (a pattern, not a password)
ARN_CONSTRAINT = "must be the ARN of a secret"
HOSTS_PATTERN = r"^[\w.,-]*$"


def _arn(description, service, default=None):
    return text(description, rf"^arn:[\w-]+:{service}:.+$", f"must be an ARN of {service}", default)


def _name(description):
    return text(description, r"^[\w./-]+$", "must be letters, digits and . / _ - only")


WIRING = {
    "NamePrefix": text(
        "What Name tags begin with: the name of the root stack", r"^[a-zA-Z][a-zA-Z0-9-]*$", "must be a stack name"
    ),
    "VpcId": resource("The VPC", "AWS::EC2::VPC::Id"),
    "PublicSubnetIds": resource("Subnets of the load balancer, one a zone", "List<AWS::EC2::Subnet::Id>"),
    "PrivateSubnetIds": resource("Subnets without a way in, one a zone", "List<AWS::EC2::Subnet::Id>"),
    "TaskSubnetIds": resource("Subnets of the tasks, one a zone", "List<AWS::EC2::Subnet::Id>"),
    "DatabaseSubnetIds": resource("Subnets of the database, one a zone", "List<AWS::EC2::Subnet::Id>"),
    "PublicRouteTableId": text("Route table of the public subnets", r"^rtb-\w+$", "must be the id of a route table"),
    "PrivateRouteTable1Id": text(
        "Route table of the first private subnet", r"^rtb-\w+$", "must be the id of a route table"
    ),
    "PrivateRouteTable2Id": text(
        "Route table of the second private subnet", r"^rtb-\w+$", "must be the id of a route table"
    ),
    "PublicSecurityGroupId": resource("Security group of the load balancer", "AWS::EC2::SecurityGroup::Id"),
    "PrivateSecurityGroupId": resource("Security group of the tasks", "AWS::EC2::SecurityGroup::Id"),
    "RdsSecurityGroupId": resource("Security group of the database", "AWS::EC2::SecurityGroup::Id"),
    "TargetGroupArn": _arn("Target group of the tasks", "elasticloadbalancing"),
    "LoadBalancerFullName": _name("The load balancer, as metrics name it: app/name/id"),
    "TargetGroupFullName": _name("The target group, as metrics name it: targetgroup/name/id"),
    "DatabaseHost": text("Host name of the database", r"^[\w.-]+$", "must be a host name without a port"),
    "DatabasePort": {
        "Description": "TCP port of the database",
        "Type": "Number",
        "MinValue": 1,
        "MaxValue": 65535,
        "ConstraintDescription": "must be a TCP port",
    },
    "DatabaseReaderHosts": text(
        "Host names of the read replicas, comma separated; empty if there are none",
        HOSTS_PATTERN,
        "must be host names with commas between them",
    ),
    "DatabaseName": text("Name of the database inside MySQL", DATABASE_WORD_PATTERN, DATABASE_WORD_CONSTRAINT),
    "MasterCredentialsArn": text(
        "ARN in Secrets Manager of the master user, as JSON with username and password; migrations only",
        ARN_OF_SECRET,
        ARN_CONSTRAINT,
    ),
    "AppCredentialsArn": text(
        "ARN in Secrets Manager of the application's own database user, as JSON with username and password",
        ARN_OF_SECRET,
        ARN_CONSTRAINT,
    ),
    "KeyArn": text(
        "ARN of the key that encrypts what is kept; empty: AWS's own keys",
        r"^$|^arn:[\w-]+:kms:.+$",
        "must be empty or the ARN of a key",
        "",
    ),
    "AlarmTopicArn": _arn("ARN of the topic that every alarm is sent to", "sns"),
    "ClusterName": _name("ECS cluster"),
    "ServiceName": _name("ECS service"),
    "AppLogGroupName": _name("Log group of the application"),
    "WebLogGroupName": _name("Log group of nginx"),
    "MigrateLogGroupName": _name("Log group of the schema migrations"),
    "DatabaseInstanceId": _name("Name of the database instance"),
    "Replica1InstanceId": text("Name of the first replica; empty if there is none", r"^[\w-]*$", "must be a name"),
    "Replica2InstanceId": text("Name of the second replica; empty if there is none", r"^[\w-]*$", "must be a name"),
}
