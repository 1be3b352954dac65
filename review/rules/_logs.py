"""Log groups, metric filters and saved queries."""

import re

from ._nest import Reference, Rule, Text, known, number, text

GROUP = "AWS::Logs::LogGroup"
FILTER = "AWS::Logs::MetricFilter"
QUERY = "AWS::Logs::QueryDefinition"
GUIDE = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"

# Commands of Logs Insights. Source: CloudWatch Logs user guide, Logs Insights QL query syntax.
COMMANDS = (
    "anomaly dedup diff display fields filter filterindex join limit lookup "
    "parse pattern sort source stats unmask unnest"
)

# A regular expression, a string, a name in back quotes, or a comment: what may have a bar in it.
LITERAL = r"/(?:[^/\\\n]|\\.)*/|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*"


class KeptForEver(Rule):
    """A log group without a retention keeps, and bills, its logs for ever.

    Source: CloudWatch Logs user guide, change log data retention; Security Hub, CloudWatch.16.
    """

    id = "W9601"
    shortdesc = "Logs are kept for ever"
    source_url = GUIDE + "Working-with-log-groups-and-streams.html"
    types = (GROUP,)

    def judge(self, r):
        found = list(r.variants("RetentionInDays", "LogGroupClass"))
        if found and all(v["RetentionInDays"] is None and v["LogGroupClass"] != "DELIVERY" for v in found):
            yield r.fault("set RetentionInDays", "RetentionInDays")


class DeliveryRetention(Rule):
    """A log group of the class DELIVERY keeps its logs for one day: a retention is refused.

    Source: API reference, CreateLogGroup, logGroupClass; PutRetentionPolicy.
    """

    id = "E9601"
    shortdesc = "Retention of a log group that has a fixed one"
    source_url = GUIDE + "CloudWatch_Logs_Log_Classes.html"
    types = (GROUP,)

    def judge(self, r):
        for v in r.variants("LogGroupClass", "RetentionInDays"):
            if v["LogGroupClass"] == "DELIVERY" and number(v["RetentionInDays"]) not in (None, 1):
                yield v.fault("DELIVERY keeps logs for a day; leave RetentionInDays out", "RetentionInDays")


class FilterOfClass(Rule):
    """Metric filters need a log group of the class STANDARD.

    Source: CloudWatch Logs user guide, log classes, supported features.
    """

    id = "E9602"
    shortdesc = "Metric filter on a log group that has none"
    source_url = GUIDE + "CloudWatch_Logs_Log_Classes.html"
    types = (FILTER,)

    def judge(self, r):
        for value in r.values("LogGroupName"):
            group = (
                value.value.resource
                if isinstance(value.value, Reference) and value.value.resource.type == GROUP
                else None
            )
            for kind in group.values("LogGroupClass") if group else ():
                if kind.value in ("INFREQUENT_ACCESS", "DELIVERY"):
                    yield value.fault(f"{group.id} has the class {kind.value}; metric filters need STANDARD")


class FilterPattern(Rule):
    """A filter pattern has its brackets, braces and quotes in pairs; a JSON pattern compares $.fields.

    Source: CloudWatch Logs user guide, filter pattern syntax.
    """

    id = "E9603"
    shortdesc = "Filter pattern that cannot be read"
    source_url = GUIDE + "FilterAndPatternSyntax.html"
    types = (FILTER, "AWS::Logs::SubscriptionFilter")

    def judge(self, r):
        for value in r.values("FilterPattern"):
            if isinstance(value.value, str) and (why := self.wrong(value.value.strip())):
                yield value.fault(why)

    @staticmethod
    def wrong(pattern: str) -> str:
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", re.sub(r"%(?:[^%\\]|\\.)*%", "", pattern))
        if '"' in bare:
            return "a quote is not closed"
        if pattern.startswith("{") != pattern.endswith("}") or pattern.startswith("[") != pattern.endswith("]"):
            return "the pattern begins with a bracket and does not end with it, or the other way round"
        if bare.count("(") != bare.count(")"):
            return "a parenthesis is not closed"
        if pattern.startswith("{") and "$." not in bare and "$[" not in bare:
            return 'a JSON pattern compares a field: { $.level = "ERROR" }'
        if pattern.startswith("{") and not re.search(r"[=<>]|\bIS\b|\bEXISTS\b", bare):
            return "a JSON pattern compares a field with =, !=, <, >, IS or EXISTS"
        if pattern.startswith("{") and re.search(r"==|\b(and|or)\b", bare):
            return "write = and && or ||"
        return ""


class DefaultAndDimensions(Rule):
    """A metric filter with dimensions can have no default value.

    Source: API reference, MetricTransformation, dimensions and defaultValue.
    """

    id = "E9604"
    shortdesc = "Metric with dimensions and a default value"
    source_url = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html"
    types = (FILTER,)

    def judge(self, r):
        for row in r.blocks("MetricTransformations"):
            for v in row.variants("Dimensions", "DefaultValue"):
                if v["Dimensions"] and v["DefaultValue"] is not None:
                    yield v.fault("Dimensions exclude DefaultValue; leave one out", "DefaultValue")


class ReservedNamespace(Rule):
    """Namespaces that begin with AWS/ belong to AWS services.

    Source: CloudWatch user guide, publish custom metrics; API reference, PutMetricData, Namespace.
    """

    id = "E9605"
    shortdesc = "Metric in a namespace of AWS"
    source_url = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"
    types = (FILTER,)

    def judge(self, r):
        for value in r.values("MetricTransformations.*.MetricNamespace"):
            if isinstance(value.value, str) and value.value.startswith("AWS/"):
                yield value.fault(f"{value.value!r} belongs to AWS; choose a namespace without AWS/")


class QueryCommands(Rule):
    """A saved query is a row of Logs Insights commands with bars between them.

    Source: CloudWatch Logs user guide, Logs Insights QL query syntax.
    """

    id = "E9606"
    shortdesc = "Saved query with an unknown command"
    source_url = GUIDE + "CWL_QuerySyntax.html"
    types = (QUERY,)

    def judge(self, r):
        for v in r.variants("QueryString", "QueryLanguage"):
            query = v["QueryString"]
            if not isinstance(query, str) or v["QueryLanguage"] not in (None, "CWLI"):
                continue
            bare = re.sub(LITERAL, lambda match: "" if match[0].startswith("#") else "''", query)
            for command in (part.strip() for part in bare.split("|")):
                word = re.match(r"\w*", command)[0]
                if word.lower() not in COMMANDS.split():
                    yield v.fault(f"{word or command[:20]!r} is no command of Logs Insights", "QueryString")


class GroupByArn(Rule):
    """Filters and queries name log groups; an ARN ends in :* and is refused.

    Source: CloudFormation, AWS::Logs::MetricFilter, LogGroupName; AWS::Logs::LogGroup, return values.
    """

    id = "E9607"
    shortdesc = "ARN of a log group where its name is wanted"
    source_url = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html"
    types = (QUERY, "AWS::ECS::TaskDefinition")
    paths = ("LogGroupNames.*", "ContainerDefinitions.*.LogConfiguration.Options.awslogs-group")

    def judge(self, r):
        for path in self.paths:
            for value in r.values(path):
                found = value.value
                by_arn = isinstance(found, Reference) and found.resource.type == GROUP and found.attribute == "Arn"
                literal = known(found) and text(found).startswith("arn:")
                if by_arn or literal or (isinstance(found, Text) and found.head.startswith("arn:")):
                    yield value.fault("write the name of the log group, with !Ref")
