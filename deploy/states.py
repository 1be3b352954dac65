"""What to do in each state of a stack, of a resource in it, and of a change set.

The tables hold every value of the enumerations of the CloudFormation API (botocore 1.44.5); a test fails when the API
grows one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.problem import Problem

CREATE = "create"  # there is none yet, or only an empty shell: change set of type CREATE
UPDATE = "update"
ATTACH = "follow what is under way, then decide anew"
REPLACE_EMPTY = "delete the empty stack, then create"
REPLACE_REMAINS = "ask, delete what a failed creation left, then create"
ROLL_BACK = "ask, roll back what failed and was left as it was, then decide anew"
CONTINUE_ROLLBACK = "ask, continue the rollback, then decide anew"
DELETE = "delete"
REFUSE = "refuse"


@dataclass(frozen=True)
class Decision:
    """`action` is one of the constants above; `advice` says what a person should do when it is REFUSE."""

    action: str
    advice: str = ""


_DELETE_FAILED = Decision(REFUSE, "its deletion failed half-way: run `make destroy` with its ENV, then this again")
_IMPORT_FAILED = Decision(
    REFUSE, "an import, which no verb here makes, could not be undone: look at its events in the console"
)

# StackStatus: what a deployment does.
DECISIONS = {
    "REVIEW_IN_PROGRESS": Decision(CREATE),
    "CREATE_COMPLETE": Decision(UPDATE),
    "UPDATE_COMPLETE": Decision(UPDATE),
    "UPDATE_ROLLBACK_COMPLETE": Decision(UPDATE),
    "IMPORT_COMPLETE": Decision(UPDATE),
    "IMPORT_ROLLBACK_COMPLETE": Decision(UPDATE),
    # It never came to be: nothing of it is left that could hold data, and it can only be deleted.
    "ROLLBACK_COMPLETE": Decision(REPLACE_EMPTY),
    "DELETE_COMPLETE": Decision(CREATE),
    # Somebody deployed it with DisableRollback. RollbackStack takes both states, and neither other.
    "CREATE_FAILED": Decision(ROLL_BACK),
    "UPDATE_FAILED": Decision(ROLL_BACK),
    "ROLLBACK_FAILED": Decision(REPLACE_REMAINS),
    "DELETE_FAILED": _DELETE_FAILED,
    "UPDATE_ROLLBACK_FAILED": Decision(CONTINUE_ROLLBACK),
    "IMPORT_ROLLBACK_FAILED": _IMPORT_FAILED,
    "CREATE_IN_PROGRESS": Decision(ATTACH),
    "ROLLBACK_IN_PROGRESS": Decision(ATTACH),
    "DELETE_IN_PROGRESS": Decision(ATTACH),
    "UPDATE_IN_PROGRESS": Decision(ATTACH),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Decision(ATTACH),
    "UPDATE_ROLLBACK_IN_PROGRESS": Decision(ATTACH),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Decision(ATTACH),
    "IMPORT_IN_PROGRESS": Decision(ATTACH),
    "IMPORT_ROLLBACK_IN_PROGRESS": Decision(ATTACH),
}

# StackStatus: what destroying does where it is not plain deletion. A creation may be cut short, an update may not.
_DESTRUCTION = {
    status: Decision(ATTACH)
    for status, decision in DECISIONS.items()
    if decision.action == ATTACH and status != "CREATE_IN_PROGRESS"
}

# Where an operation that began with a change set has ended well.
SUCCESS = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}

SETTLED = "settled"
UNDER_WAY = "under way"
FAILED = "failed"
GONE = "gone"
KEPT = "kept, though its stack is not"

# ResourceStatus of a resource, or of a nested stack as its parent lists it: what it comes down to.
RESOURCES = {
    "CREATE_IN_PROGRESS": UNDER_WAY,
    "CREATE_FAILED": FAILED,
    "CREATE_COMPLETE": SETTLED,
    "DELETE_IN_PROGRESS": UNDER_WAY,
    "DELETE_FAILED": FAILED,
    "DELETE_COMPLETE": GONE,
    "DELETE_SKIPPED": KEPT,
    "UPDATE_IN_PROGRESS": UNDER_WAY,
    "UPDATE_FAILED": FAILED,
    "UPDATE_COMPLETE": SETTLED,
    "UPDATE_ROLLBACK_IN_PROGRESS": UNDER_WAY,
    "UPDATE_ROLLBACK_COMPLETE": SETTLED,
    "UPDATE_ROLLBACK_FAILED": FAILED,
    "ROLLBACK_IN_PROGRESS": UNDER_WAY,
    "ROLLBACK_COMPLETE": SETTLED,
    "ROLLBACK_FAILED": FAILED,
    "IMPORT_IN_PROGRESS": UNDER_WAY,
    "IMPORT_FAILED": FAILED,
    "IMPORT_COMPLETE": SETTLED,
    "IMPORT_ROLLBACK_IN_PROGRESS": UNDER_WAY,
    "IMPORT_ROLLBACK_FAILED": FAILED,
    "IMPORT_ROLLBACK_COMPLETE": SETTLED,
    "EXPORT_IN_PROGRESS": UNDER_WAY,
    "EXPORT_FAILED": FAILED,
    "EXPORT_COMPLETE": GONE,
    "EXPORT_ROLLBACK_IN_PROGRESS": UNDER_WAY,
    "EXPORT_ROLLBACK_FAILED": FAILED,
    "EXPORT_ROLLBACK_COMPLETE": SETTLED,
}

LEAVE = "leave it: it is being made, executed or deleted, or it is history"
REMOVE = "remove it: it can be executed no more"
REMOVE_WHEN_OLD = "remove it after a day: until then somebody may be looking at it"

# ChangeSetStatus of a change set that an earlier run left.
CHANGE_SETS = {
    "CREATE_PENDING": LEAVE,
    "CREATE_IN_PROGRESS": LEAVE,
    "CREATE_COMPLETE": REMOVE_WHEN_OLD,
    "DELETE_PENDING": LEAVE,
    "DELETE_IN_PROGRESS": LEAVE,
    "DELETE_COMPLETE": LEAVE,
    "DELETE_FAILED": REMOVE,
    "FAILED": REMOVE,
}

# ExecutionStatus, where it says more than the other one.
EXECUTIONS = {
    "UNAVAILABLE": None,
    "AVAILABLE": None,
    "EXECUTE_IN_PROGRESS": LEAVE,
    "EXECUTE_COMPLETE": LEAVE,
    "EXECUTE_FAILED": REMOVE,
    "OBSOLETE": REMOVE,
}

PATIENCE = timedelta(days=1)

# What the names of the change sets of a deployment begin with.
CHANGE_SET_PREFIX = "deploy-"


def decide(status: str | None) -> Decision:
    """What a deployment does with a stack in this state; None: there is no such stack."""
    if status is None:
        return Decision(CREATE)
    return DECISIONS.get(status, Decision(REFUSE, "this state is not known here: look at it in the console"))


def decide_destruction(status: str) -> Decision:
    """What destroying does with a stack in this state."""
    return _DESTRUCTION.get(status, Decision(DELETE))


def failed(resources: list[dict]) -> list[dict]:
    """The resources in a failed state, without the nested stacks that failed only because something in them did."""
    found = [entry for entry in resources if RESOURCES.get(entry["ResourceStatus"], FAILED) == FAILED]
    return [entry for entry in found if not any(other["Path"].startswith(f"{entry['Path']}/") for other in found)]


def is_over(status: str) -> bool:
    """Whether an operation has ended in this state. What is left to clean up after an update does not fail any more."""
    return not status.endswith("_IN_PROGRESS")


def is_left_over(change_set: dict, now: datetime) -> bool:
    """Whether a change set, as ListChangeSets sums it up, is one of ours that nobody will execute any more."""
    if not change_set["ChangeSetName"].startswith(CHANGE_SET_PREFIX):
        return False
    verdict = EXECUTIONS.get(change_set.get("ExecutionStatus")) or CHANGE_SETS.get(change_set["Status"], LEAVE)
    return verdict == REMOVE or (verdict == REMOVE_WHEN_OLD and now - change_set["CreationTime"] > PATIENCE)


def resources_to_skip(paths: list[str], failed_ones: list[dict]) -> list[str]:
    """What ContinueUpdateRollback calls the resources at these paths, as in Data/DBInstance.

    `failed_ones` as deploy.aws lists the nest: summaries with `Path` and `StackName`. Problem: a path that is none of
    those whose rollback failed; CloudFormation skips no other.
    """
    known = {entry["Path"]: entry for entry in failed_ones if entry["ResourceStatus"] == "UPDATE_FAILED"}
    for path in paths:
        if path not in known:
            those = ", ".join(sorted(known)) or "none"
            raise Problem(f"SKIP: the rollback of {path} did not fail; those that can be skipped: {those}")
    return [_name_to_skip(known[path]) for path in paths]


def _name_to_skip(entry):
    """A resource of a nested stack goes by that stack's name, not by its logical id."""
    return f"{entry['StackName']}.{entry['LogicalResourceId']}" if "/" in entry["Path"] else entry["LogicalResourceId"]
