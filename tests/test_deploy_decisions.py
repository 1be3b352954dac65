"""The decisions of a deployment, each a table: changes, events, faults, image names."""

from datetime import UTC, datetime, timedelta

import botocore.session
import pytest
from botocore import exceptions

from deploy import changes, events, images
from deploy.faults import explain

CLOUDFORMATION = botocore.session.Session().get_service_model("cloudformation")


# Changes


def change(action, title, kind="AWS::EC2::VPC", **more):
    return {"ResourceChange": {"Action": action, "LogicalResourceId": title, "ResourceType": kind, **more}}


def test_one_line_a_resource_nested_ones_indented():
    details = [{"Target": {"Attribute": "Properties", "Name": "DBInstanceClass"}}, {"Target": {"Attribute": "Tags"}}]
    inner = [change("Modify", "DBInstance", "AWS::RDS::DBInstance", Replacement="Conditional", Details=details)]
    outer = [
        change("Add", "Network", events.NESTED),
        change("Modify", "Data", events.NESTED, ChangeSetId="inner", Replacement="False"),
        change("Remove", "Old", Replacement="True"),
    ]
    assert changes.lines(outer, {"inner": inner}.get) == [
        "+ Network AWS::CloudFormation::Stack",
        "~ Data AWS::CloudFormation::Stack",
        "  ~ DBInstance AWS::RDS::DBInstance (DBInstanceClass, Tags) perhaps REPLACED",
        "- Old AWS::EC2::VPC REPLACED",
    ]


def test_every_action_of_the_api_has_a_sign():
    assert set(CLOUDFORMATION.shape_for("ChangeAction").enum) - set(changes.SIGNS) == {"SyncWithActual"}


@pytest.mark.parametrize(
    ("status", "reason", "empty"),
    [
        ("FAILED", "The submitted information didn't contain changes. Submit different information to create.", True),
        ("FAILED", "No updates are to be performed.", True),
        ("FAILED", "Template format error", False),
        ("CREATE_COMPLETE", "", False),
    ],
)
def test_nothing_to_change_is_told_from_a_failure(status, reason, empty):
    assert changes.is_empty({"Status": status, "StatusReason": reason}) is empty


# Events

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def event(second, path, status, reason="", kind="AWS::EC2::VPC", **more):
    fields = {"physical_id": "", "own": False, **more}
    return events.Event(
        f"{second}{path}{status}", START + timedelta(seconds=second), path, kind, status, reason, **fields
    )


def test_path_leads_from_the_root_and_a_stack_speaks_of_itself():
    raw = {
        "EventId": "1",
        "StackId": "arn:nested",
        "Timestamp": START,
        "LogicalResourceId": "Service",
        "PhysicalResourceId": "arn:service",
        "ResourceType": "AWS::ECS::Service",
        "ResourceStatus": "CREATE_FAILED",
        "ResourceStatusReason": "no\n  luck",
    }
    found = events.from_api(raw, "Compute")
    assert (found.path, found.own, found.failed) == ("Compute/Service", False, True)
    assert events.line(found, "flaskcrud-lab") == "12:00:00 CREATE_FAILED                Compute/Service - no luck"
    own = events.from_api(raw | {"PhysicalResourceId": "arn:nested"}, "Compute")
    assert (own.path, own.own) == ("Compute", True)
    root = events.from_api(raw | {"PhysicalResourceId": "arn:nested", "ResourceStatus": "CREATE_COMPLETE"}, "")
    assert events.line(root, "flaskcrud-lab") == "12:00:00 CREATE_COMPLETE              flaskcrud-lab"


@pytest.mark.parametrize(
    ("reason", "follows"),
    [
        ("Resource creation cancelled", True),
        ("The following resource(s) failed to delete: [Network]", True),
        ("Embedded stack arn:x was not successfully created", True),
        ("Nested change set arn:x was not successfully created: Currently in FAILED.", True),
        ("Resource handler returned message: no luck", False),
        ("", False),
    ],
)
def test_what_follows_from_another_failure_is_told_from_a_cause(reason, follows):
    assert events.is_consequence(reason) is follows


def test_nested_stacks_are_found_once_they_have_an_id():
    told = [
        event(1, "Network", "CREATE_IN_PROGRESS", kind=events.NESTED),
        event(2, "Network", "CREATE_IN_PROGRESS", kind=events.NESTED, physical_id="arn:network"),
        event(3, "", "CREATE_IN_PROGRESS", kind=events.NESTED, physical_id="arn:root", own=True),
    ]
    assert events.nested_stacks(told) == {"arn:network": "Network"}


# Faults


def refused(code, message="told so"):
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "CreateChangeSet")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (exceptions.NoCredentialsError(), "no AWS credentials"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "incomplete"),
        (exceptions.NoRegionError(), "set AWS_REGION"),
        (exceptions.ProfileNotFound(profile="me"), "aws configure list-profiles"),
        (exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "http://127.0.0.1:1"),
        (refused("ExpiredToken"), "have expired"),
        (refused("ExpiredTokenException"), "have expired"),
        (refused("RequestExpired"), "have expired"),
        (refused("InvalidClientTokenId"), "does not know these credentials"),
        (refused("SignatureDoesNotMatch"), "secret key does not fit"),
        (refused("AccessDenied", "not\nallowed"), "AWS denies CreateChangeSet to these credentials: not allowed"),
        (refused("ValidationError", "bad\n value"), "AWS refused CreateChangeSet: bad value (ValidationError)"),
    ],
)
def test_each_error_is_one_line_that_says_what_to_do(error, words):
    line = explain(error)
    assert words in line
    assert "\n" not in line


# Images


@pytest.fixture
def sources(tmp_path):
    for name in ("app/a.py", "docker/Dockerfile", "requirements/app.txt", "app/__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_tag_is_the_contents_own_name(sources):
    tag = images.content_tag(sources, "X86_64")
    assert tag.endswith("-x86_64")
    assert images.content_tag(sources, "ARM64") != tag
    (sources / "app/__pycache__/a.pyc").write_text("compiled anew")
    (sources / "README.md").write_text("not in the image")
    assert images.content_tag(sources, "X86_64") == tag


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: (root / "app/a.py").write_text("edited"),
        lambda root: (root / "app/a.py").rename(root / "app/b.py"),
        lambda root: (root / "docker/Dockerfile").chmod(0o755),
        lambda root: (root / "requirements/app.txt").write_text("pin"),
        lambda root: (root / "app/new.py").write_text(""),
    ],
)
def test_every_change_of_the_content_changes_the_tag(sources, edit):
    before = images.content_tag(sources, "X86_64")
    edit(sources)
    assert images.content_tag(sources, "X86_64") != before


def test_references_by_target():
    outputs = {"AppRepositoryUri": "127.0.0.1:5000/x/app", "WebRepositoryUri": "r.com/web", "ArtifactBucketName": "b"}
    references = images.references(outputs, "t")
    assert references == {"app": "127.0.0.1:5000/x/app:t", "web": "r.com/web:t"}
    assert [images.split(reference) for reference in references.values()] == [("x/app", "t"), ("web", "t")]
