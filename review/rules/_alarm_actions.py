"""What an alarm does, and what it makes of missing data."""

from ._nest import Reference, Rule, text

ALARM = "AWS::CloudWatch::Alarm"
API = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/"


class Silent(Rule):
    """An alarm that tells nobody and stops nothing.

    Source: AWS Foundational Security Best Practices, CloudWatch.15.
    """

    id = "W9610"
    shortdesc = "Alarm without an action"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-15"
    types = (ALARM, "AWS::CloudWatch::CompositeAlarm")

    def judge(self, r):
        found = [v["AlarmActions"] for v in r.variants("AlarmActions")]
        if found and not any(found) and not self.used(r):
            yield r.fault("name an action in AlarmActions", "AlarmActions")

    @staticmethod
    def used(r) -> bool:
        """Does a service's deployment or a composite alarm look at it?"""
        others = r.view.everywhere(
            "AWS::ECS::Service", "AWS::CloudWatch::CompositeAlarm", "AWS::CodeDeploy::DeploymentGroup"
        )
        return any(r.id in other.depends_on for other in others) or f"'{r.id}" in repr(r.view.template.get("Outputs"))


class SilentWhenDown(Rule):
    """Load balancers publish counts and latency only when there are requests: missing data is not a fault.

    Source: Elastic Load Balancing user guide, CloudWatch metrics ("reported if there is a nonzero value").
    """

    id = "W9611"
    shortdesc = "Alarm is in INSUFFICIENT_DATA when there are no requests"
    source_url = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"
    )
    types = (ALARM,)

    def judge(self, r):
        for v in r.variants("Namespace", "MetricName", "TreatMissingData", "ComparisonOperator"):
            name = text(v["MetricName"]) or ""
            counted = name.startswith(
                ("HTTPCode_", "TargetResponseTime", "RejectedConnection", "TargetConnectionError")
            )
            above = "Greater" in (text(v["ComparisonOperator"]) or "")
            if (
                v["Namespace"] == "AWS/ApplicationELB"
                and counted
                and above
                and v["TreatMissingData"] in (None, "missing")
            ):
                yield v.fault(
                    f"{name} is missing without requests; set TreatMissingData: notBreaching", "TreatMissingData"
                )


class ActionKind(Rule):
    """An alarm acts by ARN: the Ref of a topic is one, a name is not.

    Source: API reference, PutMetricAlarm, AlarmActions.
    """

    id = "E9617"
    shortdesc = "Alarm action that is no ARN"
    source_url = API + "API_PutMetricAlarm.html"
    types = (ALARM, "AWS::CloudWatch::CompositeAlarm")

    def judge(self, r):
        for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            for value in r.values(name + ".*"):
                found = value.value
                named = isinstance(found, Reference) and found.attribute == "TopicName"
                if named or (isinstance(found, str) and not found.startswith("arn:")):
                    yield value.fault("an action is an ARN: !Ref and the topic")
