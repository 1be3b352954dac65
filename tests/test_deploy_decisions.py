"""The decisions of a deployment, each a table: changes, events, faults, image names."""

import inspect
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import botocore.session
import pytest
from botocore import exceptions

from deploy import changes, events, images
from deploy.command_line import VERBS, function
from deploy.commands.prepare import has_registry
from deploy.faults import explain
from deploy.guard import policies
from deploy.plan import change_set
from deploy.problem import Problem
from review.update.change import ADD, IN_PLACE, MODIFY, PERHAPS, REMOVE, REPLACED, Change, Difference
from tests.nest import ROOT

CLOUDFORMATION = botocore.session.Session().get_service_model("cloudformation")


# Changes

DATABASE = "AWS::RDS::DBInstance"
GROUP = "AWS::EC2::SecurityGroup"


def change(action, title, kind=GROUP, **more):
    return {"ResourceChange": {"Action": action, "LogicalResourceId": title, "ResourceType": kind, **more}}


def detail(name, recreation="Never", evaluation="Static", source="DirectModification", **values):
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation, **values}
    return {"Target": target, "Evaluation": evaluation, "ChangeSource": source}


def modified(kind, *details, replacement="Conditional"):
    return change("Modify", "Thing", kind, Replacement=replacement, Details=list(details))["ResourceChange"]


def nothing(_):
    return []


NOTHING_NESTED = changes.Nesting(nothing, nothing)
MAYBE = {"recreation": "Conditionally"}
REPEAT = {"recreation": "Always", "evaluation": "Dynamic", "source": "ParameterReference"}
LOOKED_AT = {}  # the two nests were compared, and this resource does not differ


def differing(kind, name, verdict, before=1, after=2):
    found = Difference(name, verdict, before, after)
    return {"Thing": Change("Thing", kind, MODIFY, verdict, (found,))}


@pytest.mark.parametrize(
    ("entry", "known", "verdict"),
    [
        # CloudFormation is sure.
        (modified(DATABASE, detail("DBName", "Always"), replacement="True"), None, REPLACED),
        (modified(DATABASE, detail("DBInstanceClass"), replacement="False"), None, IN_PLACE),
        (modified(DATABASE, detail("DBInstanceClass", "Always")), LOOKED_AT, REPLACED),
        (modified(GROUP, replacement="True"), LOOKED_AT, REPLACED),
        # It is not, and the type's description is.
        (modified(DATABASE, detail("DBName", **MAYBE)), None, REPLACED),
        (modified(DATABASE, detail("DBInstanceClass", **MAYBE)), None, IN_PLACE),
        (modified(DATABASE, detail("MultiAZ", **MAYBE)), None, IN_PLACE),
        (modified(DATABASE, detail("AvailabilityZone", **MAYBE)), None, PERHAPS),
        (modified("Custom::Thing", detail("Any", **MAYBE)), None, PERHAPS),
        (modified(GROUP), None, PERHAPS),
        # They differ: what holds data is not made more hopeful.
        (modified(DATABASE, detail("DBName"), replacement="False"), None, PERHAPS),
        (modified(DATABASE, detail("DBName"), replacement="False"), differing(DATABASE, "DBName", REPLACED), PERHAPS),
        (modified(DATABASE, replacement="False"), differing(DATABASE, "DBName", REPLACED), PERHAPS),
        # The nests know what it cannot know: a value of another stack.
        (modified(DATABASE, detail("KmsKeyId", **REPEAT)), None, PERHAPS),
        (modified(DATABASE, detail("KmsKeyId", **REPEAT)), LOOKED_AT, IN_PLACE),
        (modified(DATABASE, detail("KmsKeyId", **REPEAT)), differing(DATABASE, "KmsKeyId", REPLACED), REPLACED),
        (modified(DATABASE, detail("DBName", **MAYBE)), LOOKED_AT, REPLACED),
        (change("Dynamic", "Thing", DATABASE)["ResourceChange"], LOOKED_AT, PERHAPS),
        (change("SomethingNew", "Thing", DATABASE)["ResourceChange"], LOOKED_AT, PERHAPS),
    ],
)
def test_a_change_is_judged_by_all_who_know_of_it(entry, known, verdict):
    judged = changes.judge(entry, "Thing", known)
    assert judged.verdict == verdict


def test_what_only_repeats_is_told_apart():
    """A database of which one value comes from a stack that changes; and one that is changed beside that."""
    repeated = detail("KmsKeyId", **REPEAT)
    assert changes.is_repeat(changes.judge(modified(DATABASE, repeated), "Thing", LOOKED_AT))
    both = changes.judge(modified(DATABASE, repeated, detail("DBInstanceClass")), "Thing", LOOKED_AT)
    assert not changes.is_repeat(both)
    assert [difference.name for difference in both.differences] == ["DBInstanceClass"]
    assert not changes.is_repeat(changes.judge(change("Add", "Thing")["ResourceChange"], "Thing", LOOKED_AT))


def test_before_and_after_come_from_the_nests_or_from_cloudformation():
    entry = modified(DATABASE, detail("DBInstanceClass", BeforeValue="a", AfterValue="b"))
    entry |= {"BeforeContext": '{"Properties": {"MultiAZ": true}}', "AfterContext": "truncat"}
    judged = changes.judge(entry, "Thing", None)
    assert [(item.before, item.after) for item in judged.differences] == [("a", "b")]
    assert judged.before == {"Properties": {"MultiAZ": True}}
    assert judged.after is None
    judged = changes.judge(entry, "Thing", differing(DATABASE, "DBInstanceClass", IN_PLACE, "x", "y"))
    assert [(item.before, item.after) for item in judged.differences] == [("x", "y")]


def test_nested_stacks_are_looked_into_and_one_that_goes_takes_all_with_it():
    inner = {"inner": [change("Modify", "DBInstance", DATABASE, Details=[detail("DBInstanceClass")])]}
    gone = {
        "arn:old": [
            {"Path": "Deep", "ResourceType": events.NESTED},
            {"Path": "Deep/Key", "ResourceType": "AWS::KMS::Key"},
        ]
    }
    outer = [
        change("Add", "Network", events.NESTED),
        change("Modify", "Data", events.NESTED, ChangeSetId="inner"),
        change("Remove", "Keys", events.NESTED, PhysicalResourceId="arn:old"),
        change("SyncWithActual", "Same"),
        change("SomethingNew", "Other"),
    ]
    found = changes.read(outer, changes.Nesting(inner.get, gone.get), None)
    assert [(item.path, item.action) for item in found] == [
        ("Network", ADD),
        ("Data", MODIFY),
        ("Data/DBInstance", MODIFY),
        ("Keys", REMOVE),
        ("Keys/Deep", REMOVE),
        ("Keys/Deep/Key", REMOVE),
        ("Other", MODIFY),
    ]


def test_every_action_of_the_api_is_known():
    assert set(changes.ACTIONS) == set(CLOUDFORMATION.shape_for("ChangeAction").enum)


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


# Stack policies


NEST = [
    {"Path": "Data", "ResourceType": events.NESTED},
    {"Path": "Data/DBInstance", "ResourceType": DATABASE},
    {"Path": "Data/ReplicaDBInstance1", "ResourceType": DATABASE},
    {"Path": "Data/DBSubnetGroup", "ResourceType": "AWS::RDS::DBSubnetGroup"},
    {"Path": "Network/VPC", "ResourceType": "AWS::EC2::VPC"},
    {"Path": "Outer/Keys/Key", "ResourceType": "AWS::KMS::Key"},
]


@pytest.mark.parametrize(
    ("opened", "denied"),
    [
        (
            (),
            {"": "Data Outer", "Data": "DBInstance ReplicaDBInstance1", "Outer": "Keys", "Outer/Keys": "Key"},
        ),
        (("Data/DBInstance",), {"": "Outer", "Data": "ReplicaDBInstance1", "Outer": "Keys", "Outer/Keys": "Key"}),
        (("Outer/Keys/Key",), {"": "Data", "Data": "DBInstance ReplicaDBInstance1", "Outer": "", "Outer/Keys": ""}),
    ],
)
def test_each_stack_that_holds_data_denies_its_end(opened, denied):
    found = policies(NEST, opened)
    assert set(found) == set(denied)
    for place, titles in denied.items():
        first, *others = json.loads(found[place])["Statement"]
        assert first == {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
        assert [(each["Effect"], each["Action"], each["Principal"]) for each in others] == [
            ("Deny", ["Update:Replace", "Update:Delete"], "*")
        ] * bool(titles)
        resources = [name for each in others for name in each["Resource"]]
        assert resources == [f"LogicalResourceId/{title}" for title in titles.split()]
        assert len(found[place]) < 16 * 1024


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
        (refused("ValidationError", "S3 error: Access Denied"), "(ValidationError); who deploys needs s3:"),
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


# A change set that is refused

INNER = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/deploy-x-Data/1f"
OUTER = f"Nested change set {INNER} was not successfully created: Currently in FAILED."
DENIED = "User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: iam:PassRole on resource: y"


def refusal(capsys, **reasons):
    """What is printed, and the problem, when the change set named outer fails for its reason."""
    reasons = {INNER: reasons.pop("inner", ""), **reasons}
    deleted = []
    aws = SimpleNamespace(
        stack=lambda _: {"StackStatus": "CREATE_COMPLETE"},
        change_set=lambda id_, _=None: {"ChangeSetId": id_, "Status": "FAILED", "StatusReason": reasons[id_]},
        delete_change_set=lambda name, _: deleted.append(name),
    )
    with (
        pytest.raises(Problem) as problem,
        change_set(aws, SimpleNamespace(stack="shop"), lambda _: "outer"),
    ):
        pass
    assert deleted
    return capsys.readouterr().out.splitlines(), str(problem.value)


def test_a_refused_change_set_names_its_cause_from_within_the_nest(capsys):
    (cause, evidence, following), problem = refusal(capsys, outer=OUTER, inner=DENIED)
    name = cause.removeprefix("cause     ")
    assert problem == f"shop: CloudFormation refuses the change: {name}"
    assert evidence.endswith(DENIED)
    assert following.startswith("next      ")


@pytest.mark.parametrize("reason", ["Something that nobody has seen before", OUTER.replace(INNER, "of some name")])
def test_a_refusal_of_unknown_cause_is_told_as_it_is(capsys, reason):
    assert refusal(capsys, outer=reason) == ([], f"shop: CloudFormation refuses the change: {reason}")


@pytest.mark.parametrize(
    ("stack", "there"),
    [(None, False), ({"StackStatus": "ROLLBACK_COMPLETE"}, False), ({"Outputs": []}, False)],
)
def test_a_registry_that_failed_to_come_to_be_is_none(stack, there):
    assert has_registry(stack) == there


def test_a_registry_is_there_when_both_repositories_are():
    keys = [{"OutputKey": output, "OutputValue": "x"} for _, output in images.TARGETS.values()]
    assert has_registry({"Outputs": keys})
    assert not has_registry({"Outputs": keys[1:]})


# Verbs


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_a_function_that_takes_its_options(verb):
    parameters = set(inspect.signature(function(verb)).parameters)
    assert parameters == {"env", *VERBS[verb][2:]}


@pytest.mark.parametrize("verb", ["preflight", "up"])
def test_a_step_of_deploy_sh_loads_no_other_verbs(verb):
    """Loading is most of what a deployment without changes takes."""
    code = f"from deploy.command_line import function; function('{verb}'); import sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {f"deploy.commands.{other}" for other in ("doctor", "status", "remove", "rollback")} & {
        *found.stdout.split()
    }
