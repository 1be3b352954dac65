"""Engine versions, parameter groups and what they hold."""

import re

from ._checks import Switch
from ._nest import Reference, Rule, text
from ._rds_login import family
from ._rds_storage import CONTROLS, DB, engine_of, is_copy
from ._rds_watching import GROUP, settings_of

GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
SUPPORT = GUIDE + "extended-support.html"
OFF = "open-source-rds-extended-support-disabled"

# Major versions out of standard support, and the newest one. Source: RDS user guide, supported major versions, 2026-11.
OLD = {"mysql": ("5.6", "5.7", "8.0"), "postgres": ("9", "10", "11", "12", "13")}
NEW = {"mysql": "8.4", "postgres": "17"}

# Parameters that are gone. Source: MySQL 8.4 and 8.0 reference manuals, what has been removed.
GONE_IN_8_0 = {
    "innodb_file_format", "innodb_large_prefix", "innodb_support_xa", "log_warnings", "max_tmp_tables", "old_passwords",
    "query_cache_limit", "query_cache_min_res_unit",
    "query_cache_size", "query_cache_type", "query_cache_wlock_invalidate",
    "secure_auth", "show_compatibility_56", "sync_frm", "tx_isolation", "tx_read_only",
}  # fmt: skip
GONE_IN_8_4 = GONE_IN_8_0 | {
    "avoid_temporal_upgrade", "binlog_transaction_dependency_tracking", "default_authentication_plugin",
    "expire_logs_days", "log_bin_use_v1_row_events", "master_info_repository", "old", "relay_log_info_repository",
    "show_old_temporals",
    "transaction_write_set_extraction",
}  # fmt: skip
GONE = {"mysql8.0": GONE_IN_8_0, "mysql8.4": GONE_IN_8_4}

# Values that RDS takes. Source: RDS, DescribeEngineDefaultParameters (mysql8.4), AllowedValues.
SWITCH = {"0", "1"}
VALUES = {
    "slow_query_log": SWITCH,
    "general_log": SWITCH,
    "log_queries_not_using_indexes": SWITCH,
    "require_secure_transport": SWITCH | {"ON", "OFF"},
    "log_output": {"FILE", "TABLE", "NONE"},
}


def group_of(v):
    """The parameter group of the template that an instance has in these circumstances."""
    group = v["DBParameterGroupName"]
    return group.resource if isinstance(group, Reference) and group.resource.type == GROUP else None


def major(engine: str, version: str) -> str:
    """Of 8.4.11 the 8.4, of PostgreSQL 16.4 the 16."""
    parts = version.split(".")
    return ".".join(parts[: 1 if engine == "postgres" and int(parts[0]) >= 10 else 2])


class FamilyOfGroup(Rule):
    """A parameter group belongs to one family: RDS refuses it for an instance of another major version.

    Source: RDS user guide, parameter groups, family.
    """

    id = "E9450"
    shortdesc = "Parameter group of another engine version"
    source_url = GUIDE + "USER_WorkingWithParamGroups.html"
    types = (DB,)

    def judge(self, r):
        for v in r.variants("Engine", "EngineVersion", "DBParameterGroupName"):
            group, engine, version = group_of(v), engine_of(v), text(v["EngineVersion"])
            if not group or engine not in ("mysql", "mariadb", "postgres"):
                continue
            right = engine + (
                major(engine, version) if version and re.fullmatch(r"\d+(\.\d+)+.*|\d\d", version) else ""
            )
            families = [(text(value.value) or engine).lower() for value in group.values("Family")]
            if families and not any(name.startswith(right) or name == engine for name in families):
                yield v.fault(
                    f"{group.id} has the family {families[0]}, the instance is {right}", "DBParameterGroupName"
                )
                return


class ExtendedSupport(Rule):
    """Left alone, an instance is enrolled in Extended Support, which costs more than the instance itself one day.

    Source: RDS user guide, Amazon RDS Extended Support, charges.
    """

    id = "W9450"
    shortdesc = "Database is enrolled in Extended Support"
    source_url = SUPPORT
    types = (DB,)

    def judge(self, r):
        engines = {engine_of(v) for v in r.variants("Engine")}
        chosen = [v["EngineLifecycleSupport"] for v in r.variants("EngineLifecycleSupport")]
        if (
            engines <= set(OLD)
            and not is_copy(r)
            and all(value in (None, OFF.removesuffix("-disabled")) for value in chosen)
        ):
            yield r.fault(f"set EngineLifecycleSupport: {OFF}", "EngineLifecycleSupport")


class OldVersion(Rule):
    """A major version out of standard support gets no fixes, or only against Extended Support's charge.

    Source: RDS user guide, supported major versions of MySQL and PostgreSQL.
    """

    id = "W9451"
    shortdesc = "Engine version out of standard support"
    source_url = SUPPORT
    types = (DB,)

    def judge(self, r):
        for v in r.variants("Engine", "EngineVersion"):
            engine, version = engine_of(v), text(v["EngineVersion"]) or ""
            if any(version == old or version.startswith(old + ".") for old in OLD.get(engine, ())):
                yield v.fault(f"{engine} {version} is out of standard support; take {NEW[engine]}", "EngineVersion")
                return


class NoMinorUpgrade(Switch):
    """Minor versions bring security fixes; AutoMinorVersionUpgrade lets RDS install them.

    Source: AWS Foundational Security Best Practices, RDS.13.
    """

    id = "W9452"
    shortdesc = "Minor versions are not installed"
    source_url = CONTROLS + "#rds-13"
    types = (DB,)
    switch = "AutoMinorVersionUpgrade"
    default = True
    message = "set AutoMinorVersionUpgrade: true"


class ParameterGone(Rule):
    """A parameter that the version no longer has: RDS cannot find it and the stack fails.

    Source: MySQL reference manual, what is new in MySQL 8.0 and 8.4, removed variables.
    """

    id = "E9451"
    shortdesc = "Parameter that this MySQL version has not"
    source_url = "https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html"
    types = (GROUP,)

    def judge(self, r):
        families = {(text(value.value) or "").lower() for value in r.values("Family")}
        for name in settings_of(r):
            if families and all(name in GONE.get(item, ()) for item in families):
                yield r.fault(f"{', '.join(sorted(families))} has no {name}; leave it out", f"Parameters.{name}")


class ParameterValue(Rule):
    """Switches of MySQL are 0 and 1 on RDS, log_output is FILE, TABLE or NONE.

    Source: API, DescribeEngineDefaultParameters, AllowedValues.
    """

    id = "E9452"
    shortdesc = "Parameter value that RDS refuses"
    source_url = GUIDE + "USER_WorkingWithParamGroups.html"
    types = (GROUP,)

    def judge(self, r):
        families = [(text(value.value) or "").lower() for value in r.values("Family")]
        for name, allowed in VALUES.items() if all(f.startswith("mysql") for f in families) else ():
            for value in r.values(f"Parameters.{name}"):
                if text(value.value) is not None and text(value.value) not in allowed:
                    yield value.fault(f"{name} is one of {', '.join(sorted(allowed))}, not {value.value!r}")


class ClearText(Rule):
    """MySQL on RDS takes connections without TLS unless require_secure_transport is 1.

    Source: RDS user guide, requiring SSL/TLS for all connections to a MySQL DB instance.
    """

    id = "W9453"
    shortdesc = "Database takes connections without TLS"
    source_url = GUIDE + "mysql-ssl-connections.require-ssl.html"
    types = (DB,)

    def judge(self, r):
        found = list(r.variants("Engine", "DBParameterGroupName"))
        if not found or any(family(engine_of(v)) != "mysql" for v in found) or is_copy(r):
            return
        if all(self.clear(v) for v in found):
            yield r.fault("give it a parameter group with require_secure_transport: '1'", "DBParameterGroupName")

    @staticmethod
    def clear(v) -> bool:
        if v["DBParameterGroupName"] is None:
            return True
        group = group_of(v)
        return group is not None and settings_of(group).get("require_secure_transport", {"0"}) <= {"0", "OFF"}
