"""What alarms and dashboards look at: metrics that exist, dimensions that lead to them."""

import json
import re

from ._alarm_metrics import DIMENSIONS, ECS_KEYS, FORMS, METRICS, ONLY_WITH_TARGET_GROUP, VALUES
from ._nest import Reference, Rule, Text, known, text

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
GUIDE = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/"
NAMES = ("Namespace", "MetricName", "Dimensions")


def metrics(r):
    """Each metric that an alarm looks at, as a variant of Namespace, MetricName and Dimensions."""
    yield from r.variants(*NAMES)
    for block in r.blocks("Metrics.*.MetricStat.Metric"):
        yield from block.variants(*NAMES)


def keys(v) -> set | None:
    """The names of its dimensions; None if one is not known."""
    rows = v["Dimensions"] or []
    names = [row.get("Name") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else [None]
    return None if any(not known(name) for name in names) else {str(name) for name in names}


class UnknownMetric(Rule):
    """A metric that the service does not publish: the alarm never leaves INSUFFICIENT_DATA.

    Source: the services' lists of CloudWatch metrics: Elastic Load Balancing, ECS, RDS.
    """

    id = "W9620"
    shortdesc = "Metric that the service does not publish"
    source_url = GUIDE + "aws-services-cloudwatch-metrics.html"
    types = (ALARM,)

    def judge(self, r):
        engines = {text(v.value) or "" for db in r.view.everywhere("AWS::RDS::DBInstance") for v in db.values("Engine")}
        for v in metrics(r):
            space, name, of = text(v["Namespace"]), text(v["MetricName"]), keys(v) or set()
            if space == "AWS/RDS" and (
                "DBInstanceIdentifier" not in of or any("aurora" in e for e in engines) or not engines
            ):
                continue
            if space in METRICS and name is not None and name not in METRICS[space]:
                yield v.fault(f"{space} has no metric {name}", "MetricName")


class UnknownDimensions(Rule):
    """Metrics are found under certain sets of dimensions only: under another the alarm sees nothing.

    Source: the services' lists of CloudWatch metrics, dimensions.
    """

    id = "W9621"
    shortdesc = "Dimensions under which there is no metric"
    source_url = GUIDE + "cloudwatch_concepts.html#Dimension"
    types = (ALARM,)

    def judge(self, r):
        for v in metrics(r):
            of, space = keys(v), text(v["Namespace"])
            if of is None:
                continue
            if space in DIMENSIONS and of not in DIMENSIONS[space]:
                yield v.fault(f"{space} has nothing under {', '.join(sorted(of)) or 'no dimension'}", self.place(v))
            elif space == "AWS/ECS" and ("ClusterName" not in of or not of <= ECS_KEYS):
                yield v.fault("AWS/ECS needs ClusterName, for a service ServiceName too", self.place(v))
            elif (
                space == "AWS/ApplicationELB"
                and text(v["MetricName"]) in ONLY_WITH_TARGET_GROUP
                and "TargetGroup" not in of
            ):
                yield v.fault(f"{v['MetricName']} is published for target groups: add TargetGroup", "Dimensions")

    @staticmethod
    def place(v) -> str:
        return "Dimensions" if v["Dimensions"] is not None else "Namespace"


class DimensionValue(Rule):
    """A dimension has the value that the service gives: the full name of a load balancer, not its ARN.

    Source: CloudFormation, return values of the resources; the services' lists of CloudWatch metrics, dimensions.
    """

    id = "W9622"
    shortdesc = "Dimension with a value of another kind"
    source_url = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"
    )
    types = (ALARM,)

    def judge(self, r):
        for v in metrics(r):
            for row in v["Dimensions"] if isinstance(v["Dimensions"], list) else ():
                key = (v["Namespace"], row.get("Name")) if isinstance(row, dict) else ()
                if all(map(known, key)) and key in VALUES and (why := self.wrong(key, row.get("Value"))):
                    yield v.fault(why, "Dimensions")

    @staticmethod
    def wrong(key, value) -> str:
        kind, attribute = VALUES[key]
        right = f"!GetAtt X.{attribute}" if attribute else "!Ref X"
        if isinstance(value, Reference) and value.resource.type == "AWS::CloudFormation::Stack":
            return ""
        if isinstance(value, Reference) and (value.resource.type, value.attribute) != (kind, attribute):
            return f"{key[1]} is {right} of an {kind}, not {value.attribute or 'Ref'} of {value.resource.id}"
        if key in FORMS and isinstance(value, str) and not re.fullmatch(FORMS[key][0], value):
            return f"{key[1]} {value!r} must be {FORMS[key][1]}, that is {right}"
        return f"{key[1]} is a name, not an ARN" if isinstance(value, str) and value.startswith("arn:") else ""


class CompositeRule(Rule):
    """The rule of a composite alarm: functions of alarms, with AND, OR, NOT between them.

    Source: API reference, PutCompositeAlarm, AlarmRule.
    """

    id = "E9623"
    shortdesc = "Rule of a composite alarm that cannot be read"
    source_url = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html"
    types = (COMPOSITE,)

    def judge(self, r):
        for value in r.values("AlarmRule"):
            parts = value.value.parts if isinstance(value.value, Text) else (value.value,)
            if any(not isinstance(part, str | Reference) for part in parts):
                continue
            wrong = self.wrong("".join(part if isinstance(part, str) else "X" for part in parts))
            if wrong:
                yield value.fault(wrong)
            for part in parts:
                if isinstance(part, Reference) and part.resource.type not in (
                    ALARM,
                    COMPOSITE,
                    "AWS::CloudFormation::Stack",
                ):
                    yield value.fault(f"{part.resource.id} is no alarm")

    @staticmethod
    def wrong(rule: str) -> str:
        state = r"(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(\"[^\"]+\"|'[^']+'|[^()\"'\s][^()\"']*)\s*\)|\bTRUE\b|\bFALSE\b"
        bare = re.sub(state, " S ", re.sub(r"\bAT_LEAST\s*\(.*", " S ", rule, flags=re.DOTALL)).replace("NOT", " ")
        while bare != (less := re.sub(r"\(\s*S\s*\)|\bS\s+(AND|OR)\s+S\b", " S ", bare)):
            bare = less
        return "" if bare.strip() == "S" else 'write ALARM("name"), OK("name"), with AND, OR, NOT between them'


class CompositeKnows(Rule):
    """A suppressor needs its two periods, and the periods a suppressor.

    Source: API reference, PutCompositeAlarm, ActionsSuppressor.
    """

    id = "E9624"
    shortdesc = "Suppressor of actions without its periods"
    source_url = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html"
    types = (COMPOSITE,)
    names = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")

    def judge(self, r):
        for v in r.variants(*self.names):
            if len({v[name] is None for name in self.names}) > 1:
                yield v.fault(f"{', '.join(self.names)} need each other")


class DashboardBody(Rule):
    """The body of a dashboard is JSON with widgets, each of a known type and inside 24 columns.

    Source: CloudWatch API reference, dashboard body structure and syntax.
    """

    id = "E9625"
    shortdesc = "Dashboard that cannot be drawn"
    source_url = (
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"
    )
    types = ("AWS::CloudWatch::Dashboard",)
    kinds = ("metric", "text", "log", "alarm", "explorer", "custom", "trace", "table")

    def judge(self, r):
        for value in r.values("DashboardBody"):
            parts = value.value.parts if isinstance(value.value, Text) else (value.value,)
            if all(isinstance(part, str) for part in parts) or isinstance(value.value, Text):
                whole = "".join(part if isinstance(part, str) else "1" for part in parts)
                yield from (value.fault(why) for why in self.wrong(whole))

    def wrong(self, body: str):
        try:
            widgets = json.loads(body)["widgets"]
        except (ValueError, KeyError, TypeError) as problem:
            yield f"it is no JSON with widgets ({problem})"
            return
        for number, widget in enumerate(widgets if isinstance(widgets, list) else [], 1):
            if not isinstance(widget, dict):
                yield f"widget {number} is no object"
                continue
            kind, properties = widget.get("type"), widget.get("properties") or {}
            x, width, height = widget.get("x", 0), widget.get("width", 6), widget.get("height", 6)
            if kind not in self.kinds:
                yield f"widget {number} has the type {kind!r}, which does not exist"
            numbers = all(isinstance(size, int) for size in (x, width, height))
            if not numbers or not 1 <= width <= 24 or not 1 <= height <= 1000 or x + width > 24:
                yield f"widget {number} is wider than the 24 columns, or has no size"
            if kind == "text" and "markdown" not in properties:
                yield f"widget {number} is a text without markdown"
            if kind in ("metric", "log") and not {"region", "annotations"} & set(properties):
                yield f"widget {number} ({kind}) has no region"
