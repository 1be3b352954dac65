"""Following: its pace, its patience, attaching in the middle, giving up, and the words at the end."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore import exceptions

from deploy import faults, follow
from deploy.follow import Flight, began, is_patient, pause
from deploy.problem import Problem
from deploy.progress.display import Lines
from deploy.recorder import Recorder
from rehearsal.recordings import load, now
from tests.played import OUTPUTS, STACK, STACK_ID, PlayedAws


@pytest.mark.parametrize(
    ("look", "stacks", "failures", "seconds"),
    [
        (0, 8, 0, 0.3),
        (3, 8, 0, 2.0),
        (4, 1, 0, 3.0),
        (4, 8, 0, 4.0),
        (99, 20, 0, 10.0),
        (0, 1, 1, 6.0),
        (9, 8, 2, 12.0),
        (9, 8, 9, 30.0),
    ],
)
def test_pace_is_bounded_by_the_number_of_stacks_and_by_refusals(look, stacks, failures, seconds):
    assert pause(look, stacks, failures) == seconds


def refused(code, status=400):
    return exceptions.ClientError(
        {"Error": {"Code": code, "Message": "told so"}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "DescribeEvents",
    )


@pytest.mark.parametrize(
    ("error", "kind", "patient"),
    [
        (refused("Throttling"), faults.THROTTLED, True),
        (refused("ThrottlingException"), faults.THROTTLED, True),
        (refused("InternalFailure", 500), faults.UNREACHABLE, True),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), faults.UNREACHABLE, True),
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), faults.UNREACHABLE, True),
        (refused("ExpiredToken"), faults.EXPIRED, False),
        (refused("ExpiredTokenException"), faults.EXPIRED, False),
        (refused("RequestExpired"), faults.EXPIRED, False),
        (exceptions.UnauthorizedSSOTokenError(), faults.EXPIRED, False),
        (exceptions.CredentialRetrievalError(provider="x", error_msg="y"), faults.EXPIRED, False),
        (refused("AccessDenied"), faults.DENIED, False),
        (refused("ValidationError"), faults.OTHER, False),
        (exceptions.NoRegionError(), faults.OTHER, False),
    ],
)
def test_patience_is_for_what_passes_by_itself(error, kind, patient):
    assert faults.kind(error) == kind
    assert is_patient(error, 1) is patient
    assert not is_patient(error, follow.PATIENCE + 1)


class Clock:
    """A clock that goes on when somebody waits."""

    def __init__(self):
        self.moment = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)

    def __call__(self):
        return self.moment


class Quick(Lines):
    """Waits by moving the clock."""

    def __init__(self, clock):
        self.said = []
        super().__init__(self.said.append)
        self.clock = clock

    def wait(self, seconds):
        self.clock.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr("deploy.watch.datetime", type("Now", (datetime,), {"now": lambda _zone=None: made()}))
    return made


def fly(name, clock, kind="UPDATE", outputs=OUTPUTS, break_at=lambda _calls: None, **options):
    """A deployment followed from its order on; the Aws that was asked, what was said, how it ended."""
    aws = PlayedAws(load()[name], kind, clock, clock(), **options)
    answer = aws.client._answer

    def answered(operation, request):
        if error := break_at(aws.client.calls):
            aws.client.calls.append("refused")
            raise error
        return answer(operation, request)

    aws.client._answer = answered
    display = Quick(clock)
    flight = Flight(aws, STACK, clock() - timedelta(seconds=1), display, Recorder(), "`make follow ENV=lab`")
    flight.observe_service(clock() - timedelta(seconds=1), outputs)
    with pytest.raises(Problem) as problem:
        flight.run()
    return aws, display.said, str(problem.value)


def test_an_update_is_cancelled_when_three_tasks_agree(clock):
    aws, said, ended = fly("secret-key-missing", clock, breaker=10_000)
    assert aws.client.calls.count("CancelUpdateStack") == 1
    assert any(
        line.startswith("three tasks have stopped for one cause: a secret does not hold the key") for line in said
    )
    assert "the update is cancelled" in " ".join(said)
    assert ended.startswith("flaskcrud-lab ended in UPDATE_ROLLBACK_COMPLETE: a secret does not hold the key")
    assert (clock() - aws.play.began).total_seconds() < 10


def test_a_creation_is_told_early_and_waited_for(clock):
    aws, said, ended = fly("secret-key-missing", clock, "CREATE", {}, breaker=60)
    assert "CancelUpdateStack" not in aws.client.calls
    told = next(number for number, line in enumerate(said) if line.startswith("three tasks have stopped"))
    assert "waiting for the rollback, a creation cannot be cancelled" in said[told]
    assert any("ROLLBACK_IN_PROGRESS" in line for line in said[told:])
    assert ended.startswith("flaskcrud-lab ended in ROLLBACK_COMPLETE: a secret does not hold the key")


def test_a_failure_without_three_agreeing_tasks_is_not_cancelled(clock):
    aws, _, _ = fly("quota", clock)
    assert "CancelUpdateStack" not in aws.client.calls


def test_throttling_is_waited_out(clock):
    aws, said, ended = fly("quota", clock, break_at=lambda calls: refused("Throttling") if len(calls) < 3 else None)
    assert aws.client.calls[:3] == ["refused"] * 3
    assert sum("trying again" in line for line in said) == 3
    assert "a quota of the account is used up" in ended


@pytest.mark.parametrize("number", range(1, 12))
def test_a_refusal_half_way_loses_no_event(clock, number):
    _, said, _ = fly("quota", clock, break_at=lambda calls: refused("Throttling") if len(calls) == number else None)
    assert sum(line.endswith("UPDATE_IN_PROGRESS           flaskcrud-lab") for line in said) == 1
    assert sum("UPDATE_FAILED                Network/VPC" in line for line in said) == 1
    assert sum("UPDATE_ROLLBACK_COMPLETE" in line for line in said) == 1


def test_expired_credentials_end_by_name_and_say_how_to_go_on(clock):
    expired = refused("ExpiredToken", 403)
    _, _, ended = fly("quota", clock, break_at=lambda calls: expired if len(calls) > 3 else None)
    assert ended == (
        "the credentials have expired: get new ones (Learner Lab: AWS Details -> AWS CLI) and try again. flaskcrud-lab"
        " was UPDATE_IN_PROGRESS when it was last seen, and goes on at AWS: then `make follow ENV=lab`"
    )


def test_what_may_not_be_seen_is_noted_once_and_does_not_end_the_deployment(clock, monkeypatch):
    denied = refused("AccessDeniedException")
    monkeypatch.setattr(PlayedAws, "last_lines", lambda *_: (_ for _ in ()).throw(denied))
    _, said, ended = fly("migration-failed", clock)
    assert sum("the containers' logs cannot be seen" in line for line in said) == 1
    assert "a migration of the database failed" in ended


def test_calls_are_few(clock):
    """A minute of waiting: every three seconds two stacks, every five the service."""
    aws, _, _ = fly("role-not-assumable", clock, breaker=60)
    seconds = (clock() - aws.play.began).total_seconds()
    assert aws.client.calls.count("DescribeStackEvents") <= 2 * (seconds / 3 + 5)
    assert aws.client.calls.count("DescribeServices") <= seconds / 5 + 6


def test_attaching_begins_where_the_operation_began():
    moment = now() - timedelta(seconds=5)
    aws = PlayedAws(load()["application-exits"], began=moment, breaker=60)
    assert began(aws, STACK_ID) == moment - timedelta(microseconds=1)
    statuses = [event.status for event in aws.events(STACK_ID, "", began(aws, STACK_ID))]
    assert statuses[-1] == "UPDATE_IN_PROGRESS"
