"""The dashboard: from the visitor's side down to the database, and what costs money."""

import json

from troposphere import If, Ref, Sub, Template, cloudwatch

from templates.parts import name_tag, note

BALANCER = ["LoadBalancer", "${LoadBalancerFullName}"]
TARGETS = ["TargetGroup", "${TargetGroupFullName}", *BALANCER]
SERVICE = ["ClusterName", "${ClusterName}", "ServiceName", "${ServiceName}"]
DATABASE = ["DBInstanceIdentifier", "${DatabaseInstanceId}"]

ELB, ECS, RDS = "AWS/ApplicationELB", "AWS/ECS", "AWS/RDS"
CUSTOM = "${NamePrefix}"

# Graph: (title, statistic of each line unless it says its own, lines as [namespace, metric, dimensions..., options]).
GRAPHS = [
    ("Requests a minute", "Sum", [[ELB, "RequestCount", *BALANCER]]),
    (
        "Errors a minute",
        "Sum",
        [
            [ELB, "HTTPCode_Target_5XX_Count", *TARGETS, {"label": "application 5xx"}],
            [ELB, "HTTPCode_ELB_5XX_Count", *BALANCER, {"label": "load balancer 5xx"}],
            [ELB, "HTTPCode_Target_4XX_Count", *TARGETS, {"label": "application 4xx"}],
        ],
    ),
    (
        "Time to answer, seconds",
        "p50",
        [[ELB, "TargetResponseTime", *TARGETS, {"stat": stat, "label": stat}] for stat in ("p50", "p95", "p99")],
    ),
    (
        "Tasks",
        "Average",
        [
            [ELB, "HealthyHostCount", *TARGETS, {"label": "healthy"}],
            [ELB, "UnHealthyHostCount", *TARGETS, {"label": "unhealthy"}],
        ],
    ),
    (
        "Use of the tasks, percent",
        "Average",
        [[ECS, metric, *SERVICE] for metric in ("CPUUtilization", "MemoryUtilization")],
    ),
    (
        "Counted from the logs",
        "Sum",
        [[CUSTOM, metric] for metric in ("Requests", "SlowRequests", "ServerErrors", "MigrationErrors")],
    ),
    ("Database: CPU, percent", "Average", [[RDS, "CPUUtilization", *DATABASE]]),
    ("Database: connections", "Maximum", [[RDS, "DatabaseConnections", *DATABASE]]),
    (
        "Database: memory and storage that are free, bytes",
        "Minimum",
        [[RDS, metric, *DATABASE] for metric in ("FreeableMemory", "FreeStorageSpace")],
    ),
    (
        "Database: latency of storage, seconds",
        "p90",
        [[RDS, metric, *DATABASE] for metric in ("ReadLatency", "WriteLatency")],
    ),
    (
        "Replicas: behind by seconds",
        "Maximum",
        [[RDS, "ReplicaLag", "DBInstanceIdentifier", f"${{Replica{number}}}"] for number in (1, 2)],
    ),
    (
        "What costs money: load balancer capacity units, megabytes out",
        "Sum",
        [
            [ELB, "ConsumedLCUs", *BALANCER],
            [ELB, "ProcessedBytes", *BALANCER, {"yAxis": "right"}],
        ],
    ),
]

COLUMNS, WIDTH, HEIGHT = 3, 8, 6


def add_dashboard(t: Template) -> None:
    """Add the dashboard, named like the root stack, because people look it up."""
    note(t, "Dashboard", "From the visitor's side down to the database. A graph of what is not there stays empty.")
    # A dashboard refuses an empty name; the primary, which lags behind nobody, stands for a replica that is not there.
    replicas = {
        f"Replica{number}": If(f"HasReplica{number}", Ref(f"Replica{number}InstanceId"), Ref("DatabaseInstanceId"))
        for number in (1, 2)
    }
    t.add_resource(
        cloudwatch.Dashboard(
            "Dashboard",
            DashboardName=Ref("NamePrefix"),
            DashboardBody=Sub(body(), **replicas),
            Tags=name_tag("dashboard"),
        )
    )


def body() -> str:
    """The dashboard as JSON, one line a graph's line (CloudWatch API reference, dashboard body structure)."""
    return '{"widgets": [\n' + ",\n".join(_widget(place, *graph) for place, graph in enumerate(GRAPHS)) + "\n]}"


def _widget(place, title, statistic, lines):
    frame = {
        "type": "metric",
        "x": place % COLUMNS * WIDTH,
        "y": place // COLUMNS * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
    }
    properties = {
        "title": title,
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "stat": statistic,
        "period": 60,
    }
    start = f'{json.dumps(frame)[:-1]}, "properties": {json.dumps(properties)[:-1]}, "metrics": ['
    return start + "".join(f"\n  {json.dumps(line)}," for line in lines).rstrip(",") + "\n]}}"
