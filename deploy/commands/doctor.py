"""Whether a deployment would work from here: asks much, changes nothing, costs nothing."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError

from deploy.answers import Answer, ask
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.doctor import account, capacity, machine, names
from deploy.doctor.finding import PROBLEM, Finding, lines, unknown
from deploy.faults import explain
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.terminal import say
from review import workspace

BINFMT = Path("/proc/sys/fs/binfmt_misc")

# Type in the nest: (what a person calls it, the property that names it).
_NAMED = {
    "AWS::Logs::LogGroup": ("log group", "LogGroupName"),
    "AWS::RDS::DBInstance": ("database", "DBInstanceIdentifier"),
}


def doctor(env: str | None) -> int:
    """Print what was found of machine, account and, if one is named, environment; 1 if there is a problem."""
    wanted, fault = _environment(env)
    sections = {"this machine": list(_machine(wanted))}
    if fault:
        sections["environment"] = [fault]
    try:
        aws = Aws()
    except (BotoCoreError, Problem) as error:
        sections["account"] = [Finding(PROBLEM, str(error) if isinstance(error, Problem) else explain(error))]
    else:
        identity = ask(aws.identity)
        lab = not identity.fault and account.is_lab(identity.value["Arn"])
        sections["account"] = [account.identity(identity)]
        if not identity.fault:
            sections["account"] += _account(aws, lab)
            if wanted:
                sections[f"{env}: roles, names, room"] = list(_of_the_environment(aws, wanted, lab))
    for title, findings in sections.items():
        for line in lines(title, findings):
            say(line)
    problems = sum(finding.level == PROBLEM for findings in sections.values() for finding in findings)
    say(_verdict(problems, env))
    return int(bool(problems))


def _verdict(problems, env):
    if problems:
        return f"{problems} problem{'s' * (problems > 1)}: see above"
    return f"nothing stands in the way of `make deploy ENV={env}`" if env else "nothing stands in the way so far"


def _told(findings):
    return [finding for finding in findings if finding]


def _environment(env) -> tuple[Settings | None, Finding | None]:
    """The environment, or what is wrong in its file."""
    if not env:
        return None, None
    try:
        return load(env)[0], None
    except Problem as problem:
        return None, Finding(PROBLEM, str(problem))


def _machine(wanted) -> Iterator[Finding]:
    yield machine.python(sys.version_info)
    yield machine.git(shutil.which("git") is not None)
    program = os.environ.get("CONTAINER_ENGINE") or shutil.which("docker") or shutil.which("podman")
    yield machine.engine(program, _engine_fault(program))
    emulators = [path.name for path in BINFMT.iterdir()] if BINFMT.is_dir() else []
    if wanted:
        yield machine.emulation(platform.machine(), wanted.architecture, platform.system(), emulators)


def _engine_fault(program):
    """What the engine says instead of answering; None if it answers."""
    if not program:
        return None
    try:
        result = subprocess.run([program, "info"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = result.stderr.strip().splitlines() or [""]
    return said[-1][:200] if result.returncode else None


def _account(aws, lab) -> list[Finding]:
    temporary, expiry = aws.credentials_end()
    role = account.service_role(os.environ.get("CLOUDFORMATION_ROLE", ""))
    return _told(
        [
            account.time_left(temporary, expiry, datetime.now(UTC), lab),
            account.region(aws.region, ask(aws.regions), lab),
            role,
        ]
    )


def _of_the_environment(aws, wanted, lab) -> Iterator[Finding]:
    """What is found of it; a combination of parameters that cannot work ends the looking."""
    try:
        yield from (finding for finding in _environment_findings(aws, wanted, lab) if finding)
    except Problem as problem:
        yield Finding(PROBLEM, str(problem))


def _environment_findings(aws, wanted, lab) -> Iterator[Finding | None]:
    resolved = workspace.load(wanted.env, aws.region)
    values = {name: str(one.get("Default", "")) for name, one in resolved.definitions.items()} | wanted.parameters
    resources = resolved.nest.flat["Resources"]
    stack = ask(aws.stack, wanted.stack)
    yield names.stack(wanted.stack, stack, wanted.tags)
    for parameter in ("ExecutionRoleName", "TaskRoleName"):
        name = values[parameter]
        yield account.role(parameter, name, ask(aws.role, name) if name else None, lab)
    for role in account.LINKED_ROLES:
        if "AutoScaling" not in role or values["AutoScaling"] == "true":
            yield account.linked_role(role, ask(aws.role, role), lab)
    yield from _named_by_the_environment(aws, values)
    if not stack.value and not stack.fault:
        yield from _taken(aws, wanted, resources, values)
        yield from _room(aws, capacity.needed(resources, values))


def _named_by_the_environment(aws, values) -> Iterator[Finding]:
    """What must be there already."""
    if arn := values["CertificateArn"]:
        yield names.certificate(arn, aws.region, ask(aws.certificate, arn))
    if values["DomainName"]:
        zone = values["HostedZoneId"]
        yield names.zone(values["DomainName"], zone, ask(aws.hosted_zone, zone))
    if snapshot := values["DBSnapshotIdentifier"]:
        yield names.snapshot(snapshot, ask(aws.snapshot, snapshot))
    database_class = values["DBInstanceClass"]
    yield names.database_class(database_class, ask(aws.orderable, database_class), values["MultiAZ"] == "true")


def _taken(aws, wanted, resources, values) -> Iterator[Finding | None]:
    """Names that the stack would give, and that must be free."""
    for body in resources.values():
        what, key = _NAMED.get(body["Type"], ("", ""))
        name = body.get("Properties", {}).get(key)
        if isinstance(name, str):
            exists = {"log group": _has_log_group, "database": _has_database}[what]
            yield names.taken(what, name, ask(exists, aws, name))
    if values["DomainName"]:
        record = ask(aws.has_record, values["HostedZoneId"], values["DomainName"])
        yield names.taken("record", values["DomainName"], record)
    bootstrap = ask(aws.stack, wanted.bootstrap_stack)
    if not bootstrap.fault and bootstrap.value is None:
        for repository in (f"{wanted.stack}/app", f"{wanted.stack}/web"):
            yield names.taken("repository", repository, ask(aws.has_repository, repository))


def _has_log_group(aws, name):
    return name in aws.log_groups(name)


def _has_database(aws, name):
    return aws.database(name) is not None


def _room(aws, needed) -> Iterator[Finding | None]:
    """Each quota of which something is needed; those that nobody could look at in one line."""
    hidden: dict[str, list[str]] = {}
    for name, need in needed.items():
        quota = capacity.QUOTAS[name]
        limit, used = ask(aws.quota, quota.service, quota.code), ask(aws.used, name)
        fault = limit.fault or used.fault
        if fault and need:
            hidden.setdefault(fault, []).append(quota.counted)
        elif need:
            yield capacity.quota(name, limit.value, used.value, need)
    for fault, counted in hidden.items():
        yield unknown(f"quotas of {', '.join(counted)}", Answer(fault=fault))
