"""What the logs say: metrics counted from them, and queries saved for whoever has to look."""

from troposphere import Ref, Sub, Template, logs

from templates.parts import note

# Metric filter: (log group, pattern, metric). The fields are those of app/request_log.py: tests/test_contract.py
# matches each pattern with lines that the application really writes.
METRIC_FILTERS = {
    "ServerErrorMetricFilter": ("AppLogGroupName", '{ $.event = "request" && $.status >= 500 }', "ServerErrors"),
    "SlowRequestMetricFilter": ("AppLogGroupName", '{ $.event = "request" && $.ms > 1000 }', "SlowRequests"),
    "RequestMetricFilter": ("AppLogGroupName", '{ $.event = "request" }', "Requests"),
    "MigrationErrorMetricFilter": ("MigrateLogGroupName", '?"migrate: error" ?"flaskcrud: "', "MigrationErrors"),
}

# Saved query: (its name in the console, log groups, query).
QUERIES = {
    "ErrorQueryDefinition": (
        "errors",
        ["AppLogGroupName"],
        "fields @timestamp, level, status, method, route, ms, message, request_id, release\n"
        '| filter status >= 500 or level in ["warning", "error", "critical"]\n'
        "| sort @timestamp desc\n"
        "| limit 200",
    ),
    "SlowRequestQueryDefinition": (
        "slow requests",
        ["AppLogGroupName"],
        'filter event = "request"\n'
        "| stats count(*) as requests, pct(ms, 50) as p50, pct(ms, 99) as p99, max(ms) as slowest,"
        " avg(db_ms) as database, avg(db_queries) as queries by method, route\n"
        "| sort p99 desc\n"
        "| limit 50",
    ),
    "SlowQueryQueryDefinition": (
        "slow queries",
        ["AppLogGroupName"],
        'filter event = "slow_query"\n'
        "| stats count(*) as times, max(query_ms) as slowest by route, statement\n"
        "| sort slowest desc\n"
        "| limit 50",
    ),
    "ReleaseQueryDefinition": (
        "releases",
        ["AppLogGroupName"],
        'filter event = "request"\n'
        "| stats count(*) as requests, sum(status >= 500) as errors, pct(ms, 99) as p99 by bin(5m), release\n"
        "| sort @timestamp desc",
    ),
    "RequestQueryDefinition": (
        "one request in all tiers",
        ["AppLogGroupName", "WebLogGroupName"],
        "fields @timestamp, event, status, method, path, route, ms, seconds, message\n"
        "| filter request_id = 'the id in X-Request-Id'\n"
        "| sort @timestamp",
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
