"""The table of alarms: thresholds from AWS's recommended ones (CloudWatch user guide), each with what to do first."""

from typing import NamedTuple

LOAD_BALANCER = {"LoadBalancer": "LoadBalancerFullName"}
TARGETS = LOAD_BALANCER | {"TargetGroup": "TargetGroupFullName"}
SERVICE = {"ClusterName": "ClusterName", "ServiceName": "ServiceName"}
DATABASE = {"DBInstanceIdentifier": "DatabaseInstanceId"}

# The namespace of the metrics that are made from the logs: the root stack's name.
CUSTOM = "log metrics"

HIGH = "GreaterThanThreshold"
LOW = "LessThanThreshold"

MIB = 1024 * 1024
GIB = 1024 * MIB


class Alarm(NamedTuple):
    """One alarm. It goes off when `points` of the last `points` periods of 60 s are beyond `threshold`.

    `missing` says what no data means: counts are not reported without requests, an instance always reports.
    """

    namespace: str
    metric: str
    dimensions: dict[str, str]
    statistic: str
    comparison: str
    threshold: float
    points: int
    todo: str
    missing: str = "missing"
    condition: str | None = None


ALARMS = {
    "LoadBalancerErrorAlarm": Alarm(
        "AWS/ApplicationELB",
        "HTTPCode_ELB_5XX_Count",
        LOAD_BALANCER,
        "Sum",
        HIGH,
        10,
        3,
        "The load balancer itself answers with errors: no healthy task, or tasks that close connections."
        " First: healthy targets, then the stopped tasks of the service",
        "notBreaching",
    ),
    "TargetErrorAlarm": Alarm(
        "AWS/ApplicationELB",
        "HTTPCode_Target_5XX_Count",
        TARGETS,
        "Sum",
        HIGH,
        10,
        3,
        "The application answers with errors. First: saved query `errors`, then the database's alarms",
        "notBreaching",
    ),
    "LatencyAlarm": Alarm(
        "AWS/ApplicationELB",
        "TargetResponseTime",
        TARGETS,
        "p99",
        HIGH,
        2,
        5,
        "One answer in a hundred takes over 2 s. First: saved query `slow requests`, then CPU of tasks and database",
        "notBreaching",
    ),
    "UnhealthyTargetAlarm": Alarm(
        "AWS/ApplicationELB",
        "UnHealthyHostCount",
        TARGETS,
        "Maximum",
        HIGH,
        0,
        5,
        "A task fails its health check. First: the application's log, then the stopped tasks of the service",
        "notBreaching",
    ),
    "NoHealthyTargetAlarm": Alarm(
        "AWS/ApplicationELB",
        "HealthyHostCount",
        TARGETS,
        "Minimum",
        LOW,
        1,
        2,
        "No task can be reached: the application is down. First: events of the service, then the log of `migrate`",
        "breaching",
    ),
    "RejectedConnectionAlarm": Alarm(
        "AWS/ApplicationELB",
        "RejectedConnectionCount",
        LOAD_BALANCER,
        "Sum",
        HIGH,
        0,
        1,
        "The load balancer is full and turns visitors away. First: is it an attack? If so, switch Firewall on",
        "notBreaching",
    ),
    "ServiceCpuAlarm": Alarm(
        "AWS/ECS",
        "CPUUtilization",
        SERVICE,
        "Average",
        HIGH,
        80,
        5,
        "Tasks are busy. First: raise MaxCapacity or DesiredCount; then look for slow requests",
    ),
    "ServiceMemoryAlarm": Alarm(
        "AWS/ECS",
        "MemoryUtilization",
        SERVICE,
        "Average",
        HIGH,
        80,
        5,
        "Tasks are short of memory and will be killed at 100 %. First: raise TaskMemory; then look for a leak",
    ),
    "NoRunningTaskAlarm": Alarm(
        "ECS/ContainerInsights",
        "RunningTaskCount",
        SERVICE,
        "Average",
        "LessThanOrEqualToThreshold",
        0,
        5,
        "No task runs. First: events of the service, then the reasons of its stopped tasks",
        "breaching",
        condition="HasContainerInsights",
    ),
    "DatabaseCpuAlarm": Alarm(
        "AWS/RDS",
        "CPUUtilization",
        DATABASE,
        "Average",
        HIGH,
        90,
        5,
        "The database is busy. First: the slow query log; then a larger DBInstanceClass",
    ),
    "DatabaseConnectionsAlarm": Alarm(
        "AWS/RDS",
        "DatabaseConnections",
        DATABASE,
        "Maximum",
        HIGH,
        50,
        5,
        "The database is near the connections that its smallest class accepts (about 60). First: fewer tasks, or a"
        " larger DBInstanceClass",
    ),
    "DatabaseMemoryAlarm": Alarm(
        "AWS/RDS",
        "FreeableMemory",
        DATABASE,
        "Average",
        LOW,
        64 * MIB,
        15,
        "The database is short of memory. First: a larger DBInstanceClass; then look for large queries",
    ),
    "DatabaseStorageAlarm": Alarm(
        "AWS/RDS",
        "FreeStorageSpace",
        DATABASE,
        "Minimum",
        LOW,
        2 * GIB,
        5,
        "Less than 2 GiB of storage are free; at 0 the database stops. First: raise AllocatedStorage, which takes"
        " effect without interruption",
    ),
    "DatabaseReadLatencyAlarm": Alarm(
        "AWS/RDS",
        "ReadLatency",
        DATABASE,
        "p90",
        HIGH,
        0.02,
        5,
        "Reads from storage take over 20 ms. First: the burst balance; then more memory or storage",
    ),
    "DatabaseWriteLatencyAlarm": Alarm(
        "AWS/RDS",
        "WriteLatency",
        DATABASE,
        "p90",
        HIGH,
        0.02,
        5,
        "Writes to storage take over 20 ms. First: the burst balance; then what is being written",
    ),
    "DatabaseBurstAlarm": Alarm(
        "AWS/RDS",
        "EBSIOBalance%",
        DATABASE,
        "Average",
        LOW,
        10,
        3,
        "The instance has used up its bursts of storage operations. First: a larger DBInstanceClass",
        "notBreaching",
    ),
    "DatabaseThroughputAlarm": Alarm(
        "AWS/RDS",
        "EBSByteBalance%",
        DATABASE,
        "Average",
        LOW,
        10,
        3,
        "The instance has used up its bursts of storage throughput. First: a larger DBInstanceClass",
        "notBreaching",
    ),
    "DatabaseLoadAlarm": Alarm(
        "AWS/RDS",
        "DBLoad",
        DATABASE,
        "Average",
        HIGH,
        2,
        15,
        "More than two sessions wait or work at a time, which is what two vCPUs can do. First: Performance Insights,"
        " which names the statements",
        condition="IsInsightful",
    ),
    "ReplicaLagAlarm1": Alarm(
        "AWS/RDS",
        "ReplicaLag",
        {"DBInstanceIdentifier": "Replica1InstanceId"},
        "Maximum",
        HIGH,
        60,
        10,
        "The first replica is a minute behind: readers see old data. First: its CPU, then long transactions",
        condition="HasReplica1",
    ),
    "ReplicaLagAlarm2": Alarm(
        "AWS/RDS",
        "ReplicaLag",
        {"DBInstanceIdentifier": "Replica2InstanceId"},
        "Maximum",
        HIGH,
        60,
        10,
        "The second replica is a minute behind: readers see old data. First: its CPU, then long transactions",
        condition="HasReplica2",
    ),
    "ApplicationErrorAlarm": Alarm(
        CUSTOM,
        "ServerErrors",
        {},
        "Sum",
        HIGH,
        5,
        3,
        "The application logs errors of its own. First: saved query `errors`",
        "notBreaching",
    ),
    "MigrationErrorAlarm": Alarm(
        CUSTOM,
        "MigrationErrors",
        {},
        "Sum",
        HIGH,
        0,
        1,
        "A migration failed, so the new version does not start; the old one serves on. First: the log of `migrate`",
        "notBreaching",
    ),
}
