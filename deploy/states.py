"""What to do with a stack in each of its states."""

from dataclasses import dataclass

CREATE = "create"  # there is none yet, or only an empty shell: change set of type CREATE
UPDATE = "update"
REPLACE_EMPTY = "delete the empty stack, then create"
REFUSE = "refuse"


@dataclass(frozen=True)
class Decision:
    """`action` is one of the constants above; `advice` says what a person should do when it is REFUSE."""

    action: str
    advice: str = ""


_WAIT = Decision(REFUSE, "another operation is under way: wait until it has ended, then run this again")
_DELETE_FAILED = Decision(
    REFUSE, "a deletion failed half-way: look at its events, remove what it names, then run `make destroy`"
)

# Every value of StackStatus in the CloudFormation API (botocore 1.44.5); a test fails when the API grows one.
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
    "CREATE_FAILED": Decision(
        REFUSE, "its creation failed and was not rolled back: run `make destroy`, then this again"
    ),
    "ROLLBACK_FAILED": Decision(REFUSE, "its creation failed and left something: run `make destroy`, then this again"),
    "DELETE_FAILED": _DELETE_FAILED,
    "UPDATE_FAILED": Decision(REFUSE, "its update failed and was not rolled back: `aws cloudformation rollback-stack`"),
    "UPDATE_ROLLBACK_FAILED": Decision(
        REFUSE, "its rollback failed: mend the cause, then `aws cloudformation continue-update-rollback`"
    ),
    "IMPORT_ROLLBACK_FAILED": Decision(
        REFUSE, "its rollback failed: mend the cause, then `aws cloudformation continue-update-rollback`"
    ),
    "CREATE_IN_PROGRESS": _WAIT,
    "ROLLBACK_IN_PROGRESS": _WAIT,
    "DELETE_IN_PROGRESS": _WAIT,
    "UPDATE_IN_PROGRESS": _WAIT,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": _WAIT,
    "UPDATE_ROLLBACK_IN_PROGRESS": _WAIT,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": _WAIT,
    "IMPORT_IN_PROGRESS": _WAIT,
    "IMPORT_ROLLBACK_IN_PROGRESS": _WAIT,
}

# Where an operation that began with a change set has ended well.
SUCCESS = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}


def decide(status: str | None) -> Decision:
    """What a deployment does with a stack in this state; None: there is no such stack."""
    if status is None:
        return Decision(CREATE)
    return DECISIONS.get(status, Decision(REFUSE, "this state is not known here: look at it in the console"))


def is_over(status: str) -> bool:
    """Whether an operation has ended in this state. What is left to clean up after an update does not fail any more."""
    return not status.endswith("_IN_PROGRESS")
