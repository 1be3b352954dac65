"""Monitoring: alarms that say what to do first, dashboard, metrics from the logs, queries."""

from troposphere import Not, Ref, Template

from templates.alarms import add_alarms
from templates.dashboard import add_dashboard
from templates.log_insights import add_metric_filters, add_queries
from templates.parts import add_conditions, add_outputs, add_parameters, chosen, given, new_template

DESCRIPTION = "Monitoring: dashboard, alarms with what to do first, log metrics and saved queries"

WIRING = [
    "NamePrefix",
    "LoadBalancerFullName",
    "TargetGroupFullName",
    "ClusterName",
    "ServiceName",
    "DatabaseInstanceId",
    "Replica1InstanceId",
    "Replica2InstanceId",
    "AppLogGroupName",
    "WebLogGroupName",
    "MigrateLogGroupName",
    "AlarmTopicArn",
]
CHOICES = ["ContainerInsights", "PerformanceInsights"]


def build() -> Template:
    """The monitoring stack."""
    t = new_template(DESCRIPTION)
    add_parameters(t, [*CHOICES, *WIRING])
    add_conditions(
        t,
        {
            "HasReplica1": given("Replica1InstanceId"),
            "HasReplica2": given("Replica2InstanceId"),
            "HasContainerInsights": Not(chosen("ContainerInsights", "disabled")),
            "IsInsightful": chosen("PerformanceInsights"),
        },
    )
    add_metric_filters(t)
    add_alarms(t)
    add_queries(t)
    add_dashboard(t)
    add_outputs(t, {"DashboardName": Ref("Dashboard")})
    return t
