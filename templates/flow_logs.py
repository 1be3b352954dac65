"""Flow logs: records of every connection in the VPC, in a bucket or in CloudWatch Logs."""

from awacs import logs as logs_actions
from awacs.aws import Allow, ArnLike, Statement
from troposphere import GetAtt, Ref, Sub, Template, ec2, iam, logs

from templates.buckets import add_bucket
from templates.parts import OWN_KEY, accepted, add_conditions, chosen, given, name_tag, note, only_if
from templates.policies import add_policy, delivery, delivery_check, trust

DELIVERY = "delivery.logs.amazonaws.com"

IN_BUCKET = "HasFlowLogBucket"
IN_CLOUDWATCH = "HasFlowLogGroup"


def add_flow_logs(t: Template) -> None:
    """Add the flow log to a bucket and the one to CloudWatch, each under its condition."""
    add_conditions(
        t,
        {
            IN_BUCKET: chosen("FlowLogs", "s3"),
            IN_CLOUDWATCH: chosen("FlowLogs", "cloud-watch-logs"),
            "HasKey": given("KeyArn"),
        },
    )
    note(
        t,
        "FlowLogBucket",
        "Flow logs, if asked for. The bucket stays when the stack goes: logs outlive what they record.",
    )
    add_flow_log_bucket(t)
    add_flow_log(
        t,
        "BucketFlowLog",
        IN_BUCKET,
        DependsOn="FlowLogBucketPolicy",
        LogDestinationType="s3",
        LogDestination=GetAtt("FlowLogBucket", "Arn"),
    )
    add_flow_log_group(t)
    add_flow_log_role(t)
    add_flow_log(
        t,
        "GroupFlowLog",
        IN_CLOUDWATCH,
        LogDestinationType="cloud-watch-logs",
        LogGroupName=Ref("FlowLogGroup"),
        DeliverLogsPermissionArn=GetAtt("FlowLogRole", "Arn"),
    )


def add_flow_log(t: Template, title: str, condition: str, **destination: object) -> None:
    """Add the record of every connection in the VPC."""
    before = {key: destination.pop(key) for key in ("DependsOn",) if key in destination}
    t.add_resource(
        ec2.FlowLog(
            title,
            Condition=condition,
            **before,
            ResourceId=Ref("VPC"),
            ResourceType="VPC",
            TrafficType="ALL",
            **destination,
            Tags=name_tag("flow-logs"),
        )
    )


def add_flow_log_bucket(t: Template) -> None:
    """Add the bucket, into which the service may put records of this account."""
    source = ArnLike({"aws:SourceArn": Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*")})
    add_bucket(
        t,
        "FlowLogBucket",
        "FlowLogBucketPolicy",
        name_tag("flow-logs"),
        [
            delivery("FlowLogBucket", DELIVERY, [source]),
            delivery_check("FlowLogBucket", DELIVERY),
        ],
        expire_after=Ref("LogRetentionInDays"),
        Condition=IN_BUCKET,
        DeletionPolicy="RetainExceptOnCreate",
    )


def add_flow_log_group(t: Template) -> None:
    """Add the log group, for those in CloudWatch."""
    t.add_resource(
        logs.LogGroup(
            "FlowLogGroup",
            Condition=IN_CLOUDWATCH,
            Metadata=accepted({"CKV_AWS_158": ("HasKey", OWN_KEY)}),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            RetentionInDays=Ref("LogRetentionInDays"),
            KmsKeyId=only_if("HasKey", Ref("KeyArn")),
            Tags=name_tag("flow-logs"),
        )
    )


def add_flow_log_role(t: Template) -> None:
    """Add the role with which the service writes into the log group; a bucket needs none."""
    write = [logs_actions.CreateLogStream, logs_actions.DescribeLogStreams, logs_actions.PutLogEvents]
    groups = Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*")
    statements = [
        Statement(Sid="WriteRecords", Effect=Allow, Action=write, Resource=[GetAtt("FlowLogGroup", "Arn")]),
        Statement(Sid="FindGroup", Effect=Allow, Action=[logs_actions.DescribeLogGroups], Resource=[groups]),
    ]
    add_policy(t, "FlowLogManagedPolicy", IN_CLOUDWATCH, "Write flow logs", statements)
    t.add_resource(
        iam.Role(
            "FlowLogRole",
            Condition=IN_CLOUDWATCH,
            Description="Flow logs: writes records into their log group",
            AssumeRolePolicyDocument=trust("vpc-flow-logs.amazonaws.com", "ec2"),
            ManagedPolicyArns=[Ref("FlowLogManagedPolicy")],
            Tags=name_tag("flow-logs"),
        )
    )
