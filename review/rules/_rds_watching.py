"""Monitoring, insights and log exports of a database instance."""

from ._checks import Choices, impossible
from ._nest import Reference, Rule, flag, known, number, text, together
from ._rds_login import family
from ._rds_storage import API, CONTROLS, DB, engine_of, is_copy

GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
GROUP = "AWS::RDS::DBParameterGroup"

# Logs that can be exported. Source: API reference, CreateDBInstance, EnableCloudwatchLogsExports.
LOGS = {
    "mysql": {"audit", "error", "general", "slowquery", "iam-db-auth-error"},
    "mariadb": {"audit", "error", "general", "slowquery", "iam-db-auth-error"},
    "postgres": {"postgresql", "upgrade", "iam-db-auth-error"},
    "oracle": {"alert", "audit", "listener", "trace", "oemagent"},
    "sqlserver": {"agent", "error"},
    "db2": {"diag.log", "notify.log", "iam-db-auth-error"},
}

# Classes without insights, for MySQL and MariaDB. Source: RDS user guide, Performance Insights, supported classes.
NO_INSIGHTS = {f"db.{name}.{size}" for name in ("t2", "t3", "t4g") for size in ("micro", "small")}

# Parameters that make the engine write a log at all. Source: RDS user guide, MySQL database log files.
WRITES = {"slowquery": "slow_query_log", "general": "general_log"}


class MonitoringRole(Rule):
    """Enhanced monitoring needs a role, and a role needs an interval above 0.

    Source: API reference, CreateDBInstance, MonitoringInterval and MonitoringRoleArn.
    """

    id = "E9440"
    shortdesc = "Enhanced monitoring without its role, or a role without it"
    source_url = API
    types = (DB,)
    names = ("MonitoringInterval", "MonitoringRoleArn")

    def judge(self, r):
        for v in impossible(r, self.wrong, *self.names):
            if v["MonitoringRoleArn"] is None:
                yield v.fault("a MonitoringInterval above 0 needs MonitoringRoleArn", "MonitoringInterval")
            else:
                yield v.fault("MonitoringRoleArn needs a MonitoringInterval above 0; set 60", "MonitoringRoleArn")

    @staticmethod
    def wrong(v) -> bool:
        interval, role = number(v["MonitoringInterval"], 0), v["MonitoringRoleArn"]
        return interval is not None and (interval > 0) != (role not in (None, ""))


class MonitoringInterval(Choices):
    """Enhanced monitoring looks every 1, 5, 10, 15, 30 or 60 seconds; 0 turns it off.

    Source: API reference, CreateDBInstance, MonitoringInterval.
    """

    id = "E9441"
    shortdesc = "Interval that enhanced monitoring has not"
    source_url = API
    types = (DB, "AWS::RDS::DBCluster")
    choices = (("MonitoringInterval", ("0", "1", "5", "10", "15", "30", "60")),)


class InsightsOfClass(Rule):
    """On MySQL and MariaDB the smallest burstable classes have no Performance Insights: the API refuses it.

    Source: RDS user guide, Performance Insights, supported DB engines and classes.
    """

    id = "E9442"
    shortdesc = "Performance Insights on a class without it"
    source_url = GUIDE + "USER_PerfInsights.Overview.Engines.html"
    types = (DB,)

    def judge(self, r):
        for v in impossible(
            r, self.wrong, "DBInstanceClass", "EnablePerformanceInsights", "Engine", "DatabaseInsightsMode"
        ):
            yield v.fault(
                f"{v['DBInstanceClass']} has no insights; take db.t4g.medium or larger, or turn them off",
                "DBInstanceClass",
            )

    @staticmethod
    def wrong(v) -> bool:
        asked = flag(v["EnablePerformanceInsights"]) is True or v["DatabaseInsightsMode"] == "advanced"
        return asked and engine_of(v) in ("mysql", "mariadb") and text(v["DBInstanceClass"]) in NO_INSIGHTS


class AdvancedInsights(Rule):
    """Database Insights in the mode advanced needs Performance Insights kept for 465 days or more.

    Source: RDS user guide, turning on the Advanced mode of Database Insights.
    """

    id = "E9443"
    shortdesc = "Advanced insights that are not kept long enough"
    source_url = GUIDE + "USER_DatabaseInsights.TurningOnAdvanced.html"
    types = (DB,)
    days = "PerformanceInsightsRetentionPeriod"

    def judge(self, r):
        for v in impossible(r, self.wrong, "DatabaseInsightsMode", "EnablePerformanceInsights", self.days):
            yield v.fault(
                f"advanced needs EnablePerformanceInsights: true and {self.days} 465 or more", "DatabaseInsightsMode"
            )

    def wrong(self, v) -> bool:
        on, days = flag(v["EnablePerformanceInsights"], False), number(v[self.days], 7)
        return v["DatabaseInsightsMode"] == "advanced" and (on is False or (days is not None and days < 465))


class RetentionWithoutInsights(Rule):
    """Retention or key of Performance Insights, which are off: the API refuses them.

    Source: API reference, CreateDBInstance, PerformanceInsightsRetentionPeriod.
    """

    id = "E9444"
    shortdesc = "Retention of insights that are off"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for name in ("PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId"):

            def useless(v, name=name):
                return flag(v["EnablePerformanceInsights"], False) is False and v[name] is not None

            for v in impossible(r, useless, "EnablePerformanceInsights", name):
                yield v.fault("set EnablePerformanceInsights: true or leave it out", name)


class LogsOfEngine(Rule):
    """Each engine has its own logs; the API refuses others.

    Source: API reference, CreateDBInstance, EnableCloudwatchLogsExports.
    """

    id = "E9445"
    shortdesc = "Log export that the engine has not"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for v in r.variants("Engine", "EnableCloudwatchLogsExports"):
            engine, logs = family(engine_of(v)), v["EnableCloudwatchLogsExports"]
            for log in logs if isinstance(logs, list) and engine in LOGS else ():
                if known(log) and log not in LOGS[engine]:
                    message = f"{engine} has no log {log!r}, only {', '.join(sorted(LOGS[engine]))}"
                    yield v.fault(message, "EnableCloudwatchLogsExports")


class LogNotWritten(Rule):
    """MySQL writes the slow-query and general logs only if told, and to a file only with log_output FILE.

    Source: RDS user guide, accessing MySQL database log files; publishing MySQL logs to CloudWatch.
    """

    id = "W9445"
    shortdesc = "Exports a log that the engine does not write"
    source_url = GUIDE + "USER_LogAccess.MySQLDB.PublishtoCloudWatchLogs.html"
    types = (DB,)

    def judge(self, r):
        if {engine_of(v) for v in r.variants("Engine")} - {"mysql", "mariadb"}:
            return
        for value in r.values("EnableCloudwatchLogsExports.*"):
            parameter = WRITES.get(value.value) if known(value.value) else None
            for group in self.groups(r, value.where) if parameter else ():
                settings = settings_of(group)
                if settings.get(parameter, {"0"}) == {"0"} or settings.get("log_output", {"TABLE"}) == {"TABLE"}:
                    yield value.fault(f"set {parameter}: '1' and log_output: FILE in the parameter group")

    @staticmethod
    def groups(r, where):
        """The parameter groups that it can have; None for the default one. Others are not known."""
        for v in r.variants("DBParameterGroupName"):
            group = v["DBParameterGroupName"]
            is_own = isinstance(group, Reference) and group.resource.type == GROUP
            if (group is None or is_own) and together(v.where, where):
                yield group.resource if group else None


def settings_of(group) -> dict:
    """Parameter: the values that it can have in a parameter group of the template."""
    found: dict = {}
    names = {name for block in group.blocks("Parameters") for name in block.node} if group else ()
    for name in names:
        found[name] = {text(value.value) for value in group.values(f"Parameters.{name}")}
    return found


class NoLogExport(Rule):
    """Logs that stay in the database instance are gone with it.

    Source: AWS Foundational Security Best Practices, RDS.9.
    """

    id = "W9446"
    shortdesc = "Database exports no log"
    source_url = CONTROLS + "#rds-9"
    types = (DB,)

    def judge(self, r):
        found = [v["EnableCloudwatchLogsExports"] for v in r.variants("EnableCloudwatchLogsExports")]
        engines = [engine_of(v) for v in r.variants("Engine")]
        if found and not any(found) and not is_copy(r) and not any(e.startswith(("aurora", "custom")) for e in engines):
            yield r.fault("set EnableCloudwatchLogsExports", "EnableCloudwatchLogsExports")
