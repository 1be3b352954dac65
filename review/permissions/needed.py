"""The actions that a deployment needs: those that the resource types' handlers name, and those that `deploy/` calls, or
the commands of out/handover.
"""

import re
from functools import cache

from review import workspace
from review.permissions.reference import table
from review.resolve import Nest
from review.schemas import schema

# CloudFormation lists resources only to import them, which nobody does here.
HANDLERS = ("create", "read", "update", "delete")

# What handlers name for uses of a type that are not ours: (pattern of the action, why it is left out).
LEFT_OUT = [
    (r"(amplify|apigateway|apprunner|appsync|bedrock-agentcore|cognito-idp):|ec2:.*VerifiedAccess",
     "the firewall stands before a load balancer"),
    (r"s3tables:|s3:.*Metadata\w*Configuration", "no bucket has tables of metadata"),
    (r"s3:(Put|Delete)\w*(Website|CORS|Cors|Analytics|Inventory|Metrics|IntelligentTiering|Replication|Accelerate"
     r"|Notification|ObjectLock|Abac|Acl)\w*", "no bucket uses it"),
    (r"s3:DeleteObject", "the stack empties no bucket"),
    (r"firehose:", "logs go to CloudWatch Logs and to S3"),
    (r"lambda:|sns:(Get|Put)DataProtectionPolicy|logs:(Get|Put|Delete)DataProtectionPolicy|logs:\w*IndexPolic\w*"
     r"|logs:PutBearerTokenAuthentication", "nothing here uses it"),
    (r"acm-pca:", "certificates are public ones"),
    (r"vpc-lattice:|vpce:", "endpoints are of AWS's services in the region"),
    (r"ec2:(At|De)tachVpnGateway|ec2:(As|Disas)sociateSubnetCidrBlock|ec2:ModifyVpcTenancy|ec2:CreateVpcEncryptionControl"
     r"|ec2:AcceptAddressTransfer|ec2:(Una|A)ssignPrivateNatGatewayAddress|ec2:(As|Disas)sociateNatGatewayAddress",
     "no VPN, no IPv6, no own tenancy, one address a NAT gateway"),
    (r"iam:(At|De)tach(Group|User)Policy", "policies are attached to roles only"),
    (r"iam:\w*PermissionsBoundary", "roles have no boundary of their own"),
    (r"ecs:PutAccountSetting", "settings of the whole account are nobody's business here"),
    (r"autoscaling:", "there are no EC2 instances"),
    (r"secretsmanager:(ReplicateSecretToRegions|RemoveRegionsFromReplication)", "secrets stay in their region"),
    (r"rds:(Start|Stop)DBInstanceAutomatedBackupsReplication|rds:RestoreDBInstanceToPointInTime"
     r"|rds:(AddRoleTo|RemoveRoleFrom)DBInstance|rds:PromoteReadReplica", "the templates ask for none of it"),
]  # fmt: skip

NESTED = "AWS::CloudFormation::Stack"

# What CloudFormation reads with its caller's rights where a template has such a reference.
DYNAMIC = {
    "{{resolve:secretsmanager:": "secretsmanager:GetSecretValue",
    "{{resolve:ssm:": "ssm:GetParameters",
    "{{resolve:ssm-secure:": "ssm:GetParameters",
}

SHELL = "ecs:ExecuteCommand"  # for an operator, where EnableExecuteCommand allows it

# What `deploy/` and the pushing of images call themselves, by IAM's names.
DEPLOY = {
    "acm": ["DescribeCertificate"],
    "application-autoscaling": ["RegisterScalableTarget"],
    "cloudformation": [
        "CancelUpdateStack", "ContinueUpdateRollback", "CreateChangeSet", "CreateStack", "DeleteChangeSet",
        "DeleteStack", "DescribeChangeSet", "DescribeStackDriftDetectionStatus", "DescribeStackEvents",
        "DescribeStackResourceDrifts", "DescribeStacks", "DetectStackDrift", "DetectStackResourceDrift",
        "ExecuteChangeSet", "GetTemplate", "ListChangeSets", "ListStackResources", "RollbackStack", "SetStackPolicy",
        "TagResource", "UpdateStack", "UpdateTerminationProtection",
    ],
    "cloudwatch": ["DescribeAlarms"],
    "ec2": ["DescribeAddresses", "DescribeNatGateways", "DescribeRegions", "DescribeSubnets"],
    "ecr": [
        "BatchCheckLayerAvailability", "BatchDeleteImage", "BatchGetImage", "CompleteLayerUpload", "DescribeImages",
        "DescribeRepositories", "GetAuthorizationToken", "GetDownloadUrlForLayer", "InitiateLayerUpload", "ListImages",
        "PutImage", "UploadLayerPart",
    ],
    "ecs": [
        "DescribeServices", "DescribeTaskDefinition", "DescribeTasks", "ExecuteCommand", "ListTasks", "UpdateService",
    ],
    "elasticloadbalancing": [
        "DescribeLoadBalancerAttributes", "DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTargetHealth",
        "ModifyLoadBalancerAttributes",
    ],
    "iam": ["GetRole"],
    "logs": ["DescribeLogGroups", "FilterLogEvents", "GetLogEvents"],
    "rds": [
        "DeleteDBSnapshot", "DescribeDBInstances", "DescribeDBSnapshots", "DescribeOrderableDBInstanceOptions",
        "ModifyDBInstance", "StartDBInstance", "StopDBInstance",
    ],
    "route53": ["GetHostedZone", "ListResourceRecordSets"],
    "s3": [
        "DeleteBucket", "DeleteObject", "DeleteObjectVersion", "GetObject", "ListBucket", "ListBucketVersions",
        "PutObject",
    ],
    "servicequotas": ["GetAWSDefaultServiceQuota", "GetServiceQuota"],
    "sts": ["GetCallerIdentity"],
}  # fmt: skip

# What the commands of out/handover/README.md call beside: a deployment with the AWS command line only, or the console.
COMMAND_LINE = {
    "cloudformation": [
        "DescribeStackResource", "DescribeStackResources", "GetTemplateSummary", "ListStacks", "ValidateTemplate",
    ],
}  # fmt: skip

# What the commands of OPERATIONS.md and RUNBOOK.md call. What a change set then does is done with the rights to deploy.
OPERATE = {
    "cloudformation": [
        "CancelUpdateStack", "ContinueUpdateRollback", "CreateChangeSet", "DeleteChangeSet", "DeleteStack",
        "DescribeChangeSet", "DescribeStackEvents", "DescribeStackResource", "DescribeStackResources", "DescribeStacks",
        "ExecuteChangeSet", "GetTemplate", "SetStackPolicy",
    ],
    "cloudwatch": ["DescribeAlarms"],
    "ecr": ["DescribeImages"],
    "ecs": ["DescribeServices", "DescribeTasks", "ListTasks"],
    "elasticloadbalancing": ["DescribeTargetHealth"],
    "logs": ["FilterLogEvents"],
    "rds": [
        "AddTagsToResource", "CreateDBSnapshot", "DeleteDBInstance", "DeleteDBSnapshot", "DescribeDBInstances",
        "DescribeDBSnapshots", "DescribeEvents", "ModifyDBInstance", "RebootDBInstance",
        "RestoreDBInstanceToPointInTime", "StartDBInstance", "StopDBInstance",
    ],
    "secretsmanager": ["GetRandomPassword", "PutSecretValue"],
    "sts": ["GetCallerIdentity"],
}  # fmt: skip

# What somebody calls who only looks: the stack, its tasks, database, alarms and logs.
READ = {
    "cloudformation": [
        "DescribeStackEvents", "DescribeStackResources", "DescribeStacks", "GetTemplate", "ListStackResources",
    ],
    "ecr": ["DescribeImages"],
    "ecs": ["DescribeClusters", "DescribeServices", "DescribeTaskDefinition", "DescribeTasks", "ListTasks"],
    "elasticloadbalancing": ["DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTargetHealth"],
    "rds": ["DescribeDBInstances", "DescribeDBSnapshots", "DescribeEvents"],
    "cloudwatch": ["DescribeAlarmHistory", "DescribeAlarms", "GetDashboard", "GetMetricData", "ListMetrics"],
    "logs": [
        "DescribeLogGroups", "DescribeLogStreams", "DescribeQueryDefinitions", "FilterLogEvents", "GetLogEvents",
        "GetQueryResults", "StartQuery", "StopQuery",
    ],
}  # fmt: skip


def handled(kinds: set[str]) -> set[str]:
    """Every action that the handlers of these types name."""
    found = set()
    for kind in kinds:
        handlers = schema(kind).get("handlers", {})
        found.update(*(handlers.get(name, {}).get("permissions", []) for name in HANDLERS))
    return found


def reason_to_leave_out(action: str) -> str:
    """Why a handler's action is in no policy; empty: it is in one."""
    for pattern, reason in LEFT_OUT:
        if re.match(pattern, action):
            return reason
    return "" if spelled(action) else "IAM has no action of this name"


def spelled(action: str) -> str | None:
    """The action as IAM spells it; None: it has none."""
    return _by_lower_case().get(action.lower())


@cache
def _by_lower_case():
    return {name.lower(): name for name in table()}


def kinds(*nests: Nest) -> set[str]:
    """The resource types of resolved nests, and that of nested stacks, which their flat view has no more."""
    return {body["Type"] for nest in nests for body in nest.flat["Resources"].values()} | {NESTED}


def to_deploy(*nests: Nest) -> set[str]:
    """What whoever deploys and destroys these nests needs, as IAM spells it."""
    own = {name for name in handled(kinds(*nests)) if not reason_to_leave_out(name)}
    texts = str([nest.flat["Resources"] for nest in nests])
    looked_up = {action for mark, action in DYNAMIC.items() if mark in texts}
    return {spelled(name) for name in own} | looked_up | _called(kinds(*nests), texts)


def _called(used, texts):
    """What `deploy/` and the command line call, without what needs a host name or a shell where there is none."""
    zones = any(kind.startswith("AWS::Route53::") for kind in used)
    names = listed({service: names for service, names in DEPLOY.items() if zones or service != "route53"})
    return names - (set() if "'EnableExecuteCommand': True" in texts else {SHELL}) | listed(COMMAND_LINE)


def listed(services: dict[str, list[str]]) -> set[str]:
    """ecs:ListTasks and others of a table by service."""
    return {f"{service}:{name}" for service, names in services.items() for name in names}


def every_name() -> set[str]:
    """Every action that any policy here can want, of all types in the templates."""
    used = {body["Type"] for content in workspace.read_templates().values() for body in content["Resources"].values()}
    called = set().union(*map(listed, (DEPLOY, COMMAND_LINE, OPERATE, READ)))
    return handled(used) | set(DYNAMIC.values()) | called
