"""What the logs say: metrics counted from them, and queries saved for whoever has to look."""

from troposphere import Ref, Sub, Template, logs

from templates.parts import note

# Metric filter: (log group, pattern, metric, description). The fields are those of docker/gunicorn.conf.py.
METRIC_FILTERS = {
    "ServerErrorMetricFilter": ("AppLogGroupName", "{ $.status >= 500 }", "ServerErrors"),
    "SlowRequestMetricFilter": ("AppLogGroupName", "{ $.ms > 1000 }", "SlowRequests"),
    "RequestMetricFilter": ("AppLogGroupName", "{ $.status > 0 }", "Requests"),
    "MigrationErrorMetricFilter": ("MigrateLogGroupName", '?"migrate: error" ?"flaskcrud: "', "MigrationErrors"),
}

# Saved query: (its name in the console, log groups, query).
QUERIES = {
    "ErrorQueryDefinition": (
        "errors",
        ["AppLogGroupName"],
        "fields @timestamp, status, method, path, ms, @message\n"
        "| filter status >= 500 or @message like /(?i)error|exception/\n"
        "| sort @timestamp desc\n"
        "| limit 200",
    ),
    "SlowRequestQueryDefinition": (
        "slow requests",
        ["AppLogGroupName"],
        "filter ispresent(ms)\n"
        "| stats count(*) as requests, pct(ms, 50) as p50, pct(ms, 99) as p99, max(ms) as slowest by method, path\n"
        "| sort p99 desc\n"
        "| limit 50",
    ),
    "TrafficQueryDefinition": (
        "traffic",
        ["WebLogGroupName"],
        "filter ispresent(status)\n"
        "| stats count(*) as requests, sum(bytes) / 1000000 as megabytes by bin(5m), status\n"
        "| sort @timestamp desc",
    ),
    "MigrationQueryDefinition": (
        "migrations",
        ["MigrateLogGroupName"],
        "fields @timestamp, @message\n| sort @timestamp desc\n| limit 100",
    ),
}


def add_metric_filters(t: Template) -> None:
    """Add the filters that count lines of the logs."""
    note(t, "ServerErrorMetricFilter", "Metrics counted from the logs.")
    for title, (group, pattern, metric) in METRIC_FILTERS.items():
        t.add_resource(
            logs.MetricFilter(
                title,
                LogGroupName=Ref(group),
                FilterPattern=pattern,
                MetricTransformations=[
                    logs.MetricTransformation(
                        MetricNamespace=Ref("NamePrefix"),
                        MetricName=metric,
                        MetricValue="1",
                        DefaultValue=0,
                        Unit="Count",
                    )
                ],
            )
        )


def add_queries(t: Template) -> None:
    """Add the queries, which Logs Insights lists in a folder of the root stack's name."""
    note(t, "ErrorQueryDefinition", "Saved queries, in CloudWatch Logs Insights under the name of the root stack.")
    for title, (name, groups, query) in QUERIES.items():
        t.add_resource(
            logs.QueryDefinition(
                title,
                Name=Sub("${NamePrefix}/" + name),
                LogGroupNames=[Ref(group) for group in groups],
                QueryString=query,
            )
        )
