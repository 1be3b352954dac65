"""Topics: who may publish, and with which key."""

from ._checks import Choices
from ._kms import KEY, usable
from ._nest import Reference, Rule, known, text
from ._policies import allows, everybody, principals, statements

TOPIC = "AWS::SNS::Topic"
POLICY = "AWS::SNS::TopicPolicy"
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
GUIDE = "https://docs.aws.amazon.com/sns/latest/dg/"

# Source: API reference, Subscribe, Protocol.
PROTOCOLS = ("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose")
ENDPOINTS = {"https": "https://", "http": "http://", "sqs": "arn:", "lambda": "arn:", "firehose": "arn:"}


class AlarmsCannotPublish(Rule):
    """An alarm publishes as a service: it can use neither the key aws/sns nor one that does not allow CloudWatch.

    Source: CloudWatch user guide, Amazon SNS encryption and alarms; SNS guide, enable compatibility with event sources.
    """

    id = "E9650"
    shortdesc = "Alarms cannot publish to an encrypted topic"
    source_url = GUIDE + "sns-key-management.html"
    types = (TOPIC,)

    def judge(self, r):
        if not any(self.tells(alarm, r) for alarm in r.view.everywhere(*ALARMS)):
            return
        for value in r.values("KmsMasterKeyId"):
            key = value.value.resource if isinstance(value.value, Reference) else None
            if known(value.value) and text(value.value).endswith("alias/aws/sns"):
                yield value.fault("alarms may not use aws/sns; give the topic a key of your own")
            elif key is not None and key.type == KEY and not usable(key, "cloudwatch"):
                yield value.fault(f"let cloudwatch.amazonaws.com use {key.id} (kms:Decrypt, kms:GenerateDataKey*)")

    @staticmethod
    def tells(alarm, topic) -> bool:
        for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            for value in alarm.values(name + ".*"):
                if isinstance(value.value, Reference) and value.value.resource.id == topic.id:
                    return True
        return False


class UnencryptedTopic(Rule):
    """Messages of a topic without a key are stored in clear.

    Source: AWS Foundational Security Best Practices, SNS.1.
    """

    id = "W9650"
    shortdesc = "Topic is not encrypted"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/sns-controls.html#sns-1"
    types = (TOPIC,)

    def judge(self, r):
        found = [v["KmsMasterKeyId"] for v in r.variants("KmsMasterKeyId")]
        if found and all(key is None for key in found):
            yield r.fault("give it a KmsMasterKeyId, at least as a choice", "KmsMasterKeyId")


class OpenTopic(Rule):
    """A topic to which everybody may publish, or subscribe.

    Source: AWS Foundational Security Best Practices, SNS.4.
    """

    id = "W9651"
    shortdesc = "Topic that is open to everybody"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/sns-controls.html#sns-4"
    types = (POLICY,)

    def judge(self, r):
        for statement in statements(r, "PolicyDocument"):
            for value in everybody(statement):
                yield value.fault("name who may publish, or add a Condition on aws:SourceAccount")


class PolicyShutsAlarmsOut(Rule):
    """A topic policy replaces the default one: alarms publish only if it lets cloudwatch.amazonaws.com, or the account.

    Source: CloudWatch user guide, notifying users on alarm changes; SNS guide, access policy.
    """

    id = "E9652"
    shortdesc = "Topic policy without the alarms that publish"
    source_url = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"
    types = (POLICY,)

    def judge(self, r):
        topics = [
            v.value.resource
            for v in r.values("Topics.*")
            if isinstance(v.value, Reference) and v.value.resource.type == TOPIC
        ]
        told = [t for t in topics if any(AlarmsCannotPublish.tells(a, t) for a in r.view.everywhere(*ALARMS))]
        if told and not any(self.lets(statement) for statement in statements(r, "PolicyDocument")):
            yield r.fault(f"let cloudwatch.amazonaws.com publish to {told[0].id}", "PolicyDocument")

    @staticmethod
    def lets(statement) -> bool:
        of = [(kind, value.value) for kind, value in principals(statement)]
        return allows(statement) and any(
            kind in ("AWS", "*") or not known(name) or name == "cloudwatch.amazonaws.com" for kind, name in of
        )


class SubscriptionEndpoint(Choices):
    """A subscription has a protocol that SNS knows, and an endpoint that fits it.

    Source: API reference, Subscribe, Protocol and Endpoint.
    """

    id = "E9653"
    shortdesc = "Subscription with an endpoint that does not fit"
    source_url = "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"
    types = ("AWS::SNS::Subscription",)
    choices = (("Protocol", PROTOCOLS),)

    def judge(self, r):
        yield from super().judge(r)
        for v in r.variants("Protocol", "Endpoint"):
            protocol, endpoint = text(v["Protocol"]), v["Endpoint"]
            if protocol in ENDPOINTS and isinstance(endpoint, str) and not endpoint.startswith(ENDPOINTS[protocol]):
                yield v.fault(f"an endpoint for {protocol} begins with {ENDPOINTS[protocol]}", "Endpoint")
            elif protocol in ("email", "email-json") and isinstance(endpoint, str) and "@" not in endpoint:
                yield v.fault(f"{endpoint!r} is no address", "Endpoint")
