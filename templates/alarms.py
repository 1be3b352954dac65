"""The alarms, made from their table."""

from troposphere import Ref, Template, cloudwatch

from templates.alarm_table import ALARMS, CUSTOM
from templates.parts import name_tag, note


def add_alarms(t: Template) -> None:
    """Add every alarm of the table, sent to the topic when it begins and when it is over."""
    note(t, next(iter(ALARMS)), "Alarms. Each description says what to do first.")
    for title, alarm in ALARMS.items():
        statistic = "ExtendedStatistic" if alarm.statistic.startswith("p") else "Statistic"
        under = {"Condition": alarm.condition} if alarm.condition else {}
        t.add_resource(
            cloudwatch.Alarm(
                title,
                **under,
                AlarmDescription=alarm.todo,
                Namespace=Ref("NamePrefix") if alarm.namespace == CUSTOM else alarm.namespace,
                MetricName=alarm.metric,
                Dimensions=[
                    cloudwatch.MetricDimension(Name=name, Value=Ref(parameter))
                    for name, parameter in alarm.dimensions.items()
                ],
                **{statistic: alarm.statistic},
                Period=60,
                EvaluationPeriods=alarm.points,
                DatapointsToAlarm=alarm.points,
                Threshold=alarm.threshold,
                ComparisonOperator=alarm.comparison,
                TreatMissingData=alarm.missing,
                AlarmActions=[Ref("AlarmTopicArn")],
                OKActions=[Ref("AlarmTopicArn")],
                Tags=name_tag("alarm"),
            )
        )
