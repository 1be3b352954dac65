"""Alarms: their numbers and their statistic."""

import re

from ._checks import Choices, impossible
from ._nest import Rule, flag, number, text

ALARM = "AWS::CloudWatch::Alarm"
API = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/"
GUIDE = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/"
BAND = {"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"}
NUMBER = r"\d+(\.\d+)?"

# Source: API reference, PutMetricAlarm, ExtendedStatistic; CloudWatch user guide, statistics definitions.
STATISTIC = rf"(p|tm|tc|ts|wm)({NUMBER})|IQM|(PR|TC|TM|TS|WM)\(({NUMBER}%?)?:({NUMBER}%?)?\)"


class MoreThanLookedAt(Rule):
    """Of N datapoints at most N can be in alarm.

    Source: API reference, PutMetricAlarm, DatapointsToAlarm and EvaluationPeriods.
    """

    id = "E9610"
    shortdesc = "More datapoints to alarm than are looked at"
    source_url = API + "API_PutMetricAlarm.html"
    types = (ALARM,)

    def judge(self, r):
        for v in impossible(r, self.wrong, "DatapointsToAlarm", "EvaluationPeriods"):
            some, every = v["DatapointsToAlarm"], v["EvaluationPeriods"]
            yield v.fault(f"DatapointsToAlarm {some} is more than EvaluationPeriods {every}", "DatapointsToAlarm")

    @staticmethod
    def wrong(v) -> bool:
        some, every = number(v["DatapointsToAlarm"]), number(v["EvaluationPeriods"])
        return None not in (some, every) and some > every


class LooksTooFarBack(Rule):
    """An alarm looks back one day at most, with periods of an hour or more seven days.

    Source: API reference, PutMetricAlarm, Period.
    """

    id = "E9611"
    shortdesc = "Alarm looks back too far"
    source_url = API + "API_PutMetricAlarm.html"
    types = (ALARM,)

    def judge(self, r):
        for v in impossible(r, self.wrong, "Period", "EvaluationPeriods"):
            limit = 604_800 if number(v["Period"]) >= 3600 else 86_400
            yield v.fault(f"Period x EvaluationPeriods is more than {limit} seconds", "EvaluationPeriods")

    @staticmethod
    def wrong(v) -> bool:
        period, times = number(v["Period"]), number(v["EvaluationPeriods"])
        return None not in (period, times) and period * times > (604_800 if period >= 3600 else 86_400)


class HalfAnAlarm(Rule):
    """An alarm on a metric needs namespace, period, a statistic and a threshold; the operators of a band need a band.

    Source: API reference, PutMetricAlarm, MetricName, Statistic, Threshold, ComparisonOperator, ThresholdMetricId.
    """

    id = "E9612"
    shortdesc = "Alarm that lacks what it needs"
    source_url = API + "API_PutMetricAlarm.html"
    types = (ALARM,)
    names = ("MetricName", "Namespace", "Period", "Statistic", "ExtendedStatistic", "Threshold", "ThresholdMetricId")

    def judge(self, r):
        for v in impossible(r, lambda v: bool(self.lacks(v)), *self.names, "ComparisonOperator", "EvaluationCriteria"):
            yield v.fault(self.lacks(v))

    @staticmethod
    def lacks(v) -> str:
        if v["EvaluationCriteria"] is not None:
            return ""
        if v["MetricName"] is not None:
            for name in ("Namespace", "Period"):
                if v[name] is None:
                    return f"an alarm on a metric needs {name}"
            if v["Statistic"] is None and v["ExtendedStatistic"] is None:
                return "an alarm on a metric needs Statistic or ExtendedStatistic"
        operator = text(v["ComparisonOperator"])
        if operator in BAND and v["ThresholdMetricId"] is None:
            return f"{operator} needs ThresholdMetricId, the id of an anomaly detection band"
        if operator and operator not in BAND and v["Threshold"] is None:
            return f"{operator} needs Threshold"
        return ""


class StatisticForm(Rule):
    """Percentiles are written p99, trimmed means tm90 or TM(10%:90%); other words are refused.

    Source: API reference, PutMetricAlarm, ExtendedStatistic.
    """

    id = "E9613"
    shortdesc = "Statistic that CloudWatch does not know"
    source_url = GUIDE + "Statistics-definitions.html"
    types = (ALARM,)
    simple = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")

    def judge(self, r):
        for path, allowed in (("ExtendedStatistic", ()), ("Metrics.*.MetricStat.Stat", self.simple)):
            for value in r.values(path):
                if isinstance(value.value, str) and value.value not in allowed and not self.right(value.value):
                    yield value.fault(f"{value.value!r} is no statistic; write p99 or {', '.join(self.simple)}")

    @staticmethod
    def right(statistic: str) -> bool:
        match = re.fullmatch(STATISTIC, statistic)
        return match is not None and float(match[2] or 0) <= 100


class PeriodForm(Rule):
    """Periods are 10, 20 or 30 seconds or whole minutes, for each metric of an expression too.

    Source: API reference, PutMetricAlarm, Period; MetricStat, Period.
    """

    id = "E9614"
    shortdesc = "Period that CloudWatch does not take"
    source_url = API + "API_MetricStat.html"
    types = (ALARM,)

    def judge(self, r):
        for path in ("Period", "Metrics.*.MetricStat.Period", "Metrics.*.Period"):
            for value in r.values(path):
                n = number(value.value)
                if n is not None and n not in (10, 20, 30) and (n <= 0 or n % 60):
                    yield value.fault(f"{n} seconds: use 10, 20, 30 or a multiple of 60")


class AlarmWord(Choices):
    """Words that the API takes and the resource schema does not list.

    Source: API reference, PutMetricAlarm, EvaluateLowSampleCountPercentile.
    """

    id = "E9615"
    shortdesc = "Word that an alarm does not know"
    source_url = API + "API_PutMetricAlarm.html"
    types = (ALARM,)
    choices = (("EvaluateLowSampleCountPercentile", ("evaluate", "ignore")),)


class Expression(Rule):
    """Of the metrics of an alarm one is watched, by ReturnData; ids differ; each has a stat or an expression.

    Source: API reference, MetricDataQuery.
    """

    id = "E9616"
    shortdesc = "Alarm on an expression that watches none or two"
    source_url = API + "API_MetricDataQuery.html"
    types = (ALARM,)

    def judge(self, r):
        rows = [
            (block, v)
            for block in r.blocks("Metrics")
            for v in block.variants("Id", "ReturnData", "Expression", "MetricStat")
        ]
        if not rows or any(v.where.facts for _, v in rows):
            return
        ids = [v["Id"] for _, v in rows]
        band = any(True for _ in r.values("ThresholdMetricId"))
        watched = [v for _, v in rows if flag(v["ReturnData"], True) is not False]
        if not band and len(watched) != 1:
            yield r.fault(f"{len(watched)} of the metrics have ReturnData true; exactly one must", "Metrics")
        if len(set(map(repr, ids))) != len(ids):
            yield r.fault("two metrics have the same Id", "Metrics")
        for block, v in rows:
            if (v["Expression"] is None) == (v["MetricStat"] is None):
                yield block.fault("each metric has either an Expression or a MetricStat")
            yield from self.unknown(block, v, set(map(text, ids)))

    @staticmethod
    def unknown(block, v, ids: set):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", v["Expression"]) if isinstance(v["Expression"], str) else ""
        for word in re.findall(r"\b[a-z]\w*\b(?!\s*\()", bare):
            if word not in ids and "SELECT" not in bare:
                yield block.fault(f"the expression names {word!r}, which no metric has as Id", "Expression")
