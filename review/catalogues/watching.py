"""Controls of CloudWatch, its logs, and CloudFormation."""

from review.catalogues.control import Control, each

ALARM = "AWS::CloudWatch::Alarm"
GROUP = "AWS::Logs::LogGroup"

ROLLBACK = (
    "ECS itself watches it while a deployment runs, and takes the deployment back. People hear of the same metrics by"
    " the alarms of the monitoring stack"
)


CONTROLS = [
    Control(
        "CloudWatch.15",
        "NIST",
        "Alarms tell somebody",
        each(ALARM, lambda given: bool(given.get("AlarmActions"))),
        {"*RollbackAlarm": ROLLBACK},
    ),
    Control(
        "CloudWatch.16",
        "NIST",
        "Logs are kept for a year",
        each(GROUP, lambda given: given.get("RetentionInDays", 0) >= 365),
    ),
    Control(
        "CloudWatch.17",
        "NIST",
        "Actions of alarms are on",
        each(ALARM, lambda given: given.get("ActionsEnabled", True) is True),
    ),
    Control(
        "cloudwatch-log-group-encrypted",
        "NIST CONFIG",
        "Logs are encrypted with a key of the account",
        each(GROUP, lambda given: bool(given.get("KmsKeyId"))),
    ),
    Control(
        "CloudFormation.2",
        "tags",
        "Stacks have a tag",
        account="`make deploy` tags the root stack, whose tags its nested stacks and all resources take over",
    ),
    Control(
        "CloudFormation.3",
        "FSBP",
        "Stacks cannot be deleted by mistake",
        account="aws cloudformation update-termination-protection --enable-termination-protection --stack-name NAME;"
        " the database and the load balancer refuse by themselves, and so does the stack while they do",
    ),
    Control(
        "CloudFormation.4",
        "FSBP",
        "Stacks have a role of their own",
        account="A role that may make all of this is made and kept by whoever owns the account, and given with"
        " `aws cloudformation deploy --role-arn`",
    ),
]
