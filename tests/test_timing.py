"""How long deployments and updates take: held against small nests computed by hand, and against what is aimed at."""

import re
import tomllib
from datetime import date
from functools import cache
from itertools import pairwise

import pytest

from bench import timing as bench_timing
from review import environment, resolve, workspace
from review.__main__ import main
from review.problem import Problem
from review.timing import deployment, report, updates, waits
from review.timing.durations import Durations
from review.timing.path import Step, schedule
from review.timing.rollout import Rollout
from review.timing.table import CASES, LEAST, MOST, PATH, TYPICAL, table
from review.timing.waits import ROOT
from tests.nest import ENVIRONMENTS, OUT, nest, stack

TOPIC, ALARM, ROLE = "AWS::SNS::Topic", "AWS::CloudWatch::Alarm", "AWS::IAM::Role"


def seconds(name, case=TYPICAL):
    return table().times[name].create[case]


BEGINS, ENDS, UNCHANGED = seconds("stack begins"), seconds("stack ends"), seconds("unchanged nested stack")
AROUND = BEGINS + ENDS


def resource(kind, condition=None, after=(), **properties):
    body = {"Type": kind, "Properties": properties}
    return body | ({"Condition": condition} if condition else {}) | ({"DependsOn": list(after)} if after else {})


def nested(file, after=(), **parameters):
    return resource("AWS::CloudFormation::Stack", after=after, TemplateURL=file, Parameters=parameters)


def template(resources, outputs=None, parameters=(), conditions=None):
    return {
        "Parameters": {name: {"Type": "String", "Default": ""} for name in parameters},
        "Conditions": conditions or {},
        "Resources": resources,
        "Outputs": {name: {"Value": value} for name, value in (outputs or {}).items()},
    }


def made(root, **files):
    templates = {ROOT: root} | {f"{name}.yaml": content for name, content in files.items()}
    return resolve.resolve(templates, ROOT, {}, environment.pseudo("us-east-1", "shop"))


@cache
def loaded(env):
    return workspace.load(env)


def ref(name):
    return {"Ref": name}


def output(stack_title, name):
    return {"Fn::GetAtt": [stack_title, f"Outputs.{name}"]}


def names(found):
    return [each.step.name for each in found.chain]


def test_what_does_not_wait_is_done_side_by_side():
    steps = {name: Step(name, took, frozenset(after)) for name, took, after in [
        ("a", 5, ""), ("b", 9, ""), ("c", 7, "a"), ("d", 1, "bc"), ("e", 2, "a"),
    ]}  # fmt: skip
    found = schedule(steps)
    assert found.total == 13
    assert names(found) == ["a", "c", "d"]
    assert {name: placed.begin for name, placed in found.placed.items()} == {"a": 0, "b": 0, "c": 5, "d": 12, "e": 5}
    assert {name: placed.slack for name, placed in found.placed.items()} == {"a": 0, "b": 3, "c": 0, "d": 0, "e": 6}


def test_a_circle_is_named():
    with pytest.raises(Problem, match=r"these wait for each other: .*a.*b"):
        schedule({"a": Step("a", 1, frozenset("b")), "b": Step("b", 1, frozenset("a"))})


def test_a_chain_in_one_stack_and_what_is_beside_it():
    found = deployment.first(
        made(template({
            "Topic": resource(TOPIC),
            "Role": resource(ROLE),
            "Alarm": resource(ALARM, AlarmActions=[ref("Topic")], Threshold=1),
        }))
    )  # fmt: skip
    assert found.total == BEGINS + max(seconds(TOPIC) + seconds(ALARM), seconds(ROLE)) + ENDS
    assert found.placed["Topic"].slack == found.placed["Role"].slack + seconds(ROLE) - seconds(TOPIC) - seconds(ALARM)


def test_depends_on_is_waited_for_like_a_reference():
    body = {"One": resource(TOPIC), "Two": resource(ROLE, after=["One"]), "Three": resource(ALARM, after=["Two"])}
    assert deployment.first(made(template(body))).total == AROUND + seconds(TOPIC) + seconds(ROLE) + seconds(ALARM)


def test_what_a_condition_leaves_out_takes_no_time():
    """And what waited for it in the branch that is not taken does not wait."""
    never = {"Never": {"Fn::Equals": ["a", "b"]}}
    action = {"Fn::If": ["Never", ref("Topic"), "arn:aws:sns:us-east-1:123456789012:other"]}
    body = {
        "Topic": resource(TOPIC, "Never"),
        "Alarm": resource(ALARM, after=["Topic"], AlarmActions=[action], Threshold=1),
    }
    found = deployment.first(made(template(body, conditions=never)))
    assert found.total == AROUND + seconds(ALARM)
    assert "Topic" not in found.placed


NESTED = {
    "One": template({"Topic": resource(TOPIC), "Role": resource(ROLE)}, {"Arn": ref("Topic")}),
    "Two": template({"Alarm": resource(ALARM, AlarmActions=[ref("Arn")], Threshold=1)}, parameters=["Arn"]),
    "Three": template({"Alarm": resource(ALARM, Threshold=1)}),
}


def test_a_nested_stack_begins_when_its_inputs_are_there_and_ends_when_all_its_resources_are():
    """The alarm needs the topic only; in the nest it waits for the role beside it too."""
    root = template({
        "One": nested("one.yaml"), "Two": nested("two.yaml", Arn=output("One", "Arn")), "Three": nested("three.yaml"),
    })  # fmt: skip
    parts = made(root, one=NESTED["One"], two=NESTED["Two"], three=NESTED["Three"])
    found = deployment.first(parts)
    one = BEGINS + max(seconds(TOPIC), seconds(ROLE)) + ENDS
    assert found.total == BEGINS + one + AROUND + seconds(ALARM) + ENDS
    assert found.placed["One ends"].end == found.placed["Two begins"].begin == BEGINS + one
    assert found.placed["Three begins"].begin == BEGINS
    assert deployment.forced(parts).total == BEGINS + max(seconds(TOPIC) + seconds(ALARM), seconds(ROLE)) + ENDS


def test_depends_on_between_nested_stacks_costs_only_in_the_nest():
    root = template({"One": nested("one.yaml"), "Three": nested("three.yaml", after=["One"])})
    parts = made(root, one=NESTED["One"], three=NESTED["Three"])
    one = AROUND + max(seconds(TOPIC), seconds(ROLE))
    assert deployment.first(parts).total == BEGINS + one + AROUND + seconds(ALARM) + ENDS
    assert deployment.forced(parts).total == BEGINS + max(seconds(TOPIC), seconds(ROLE), seconds(ALARM)) + ENDS


def test_an_update_works_at_what_differs_and_passes_through_the_rest():
    root = template({"One": nested("one.yaml"), "Two": nested("two.yaml", Arn=output("One", "Arn"))})
    changed = template({"Alarm": resource(ALARM, AlarmActions=[ref("Arn")], Threshold=2)}, parameters=["Arn"])
    before = made(root, one=NESTED["One"], two=NESTED["Two"])
    found = deployment.update(before, made(root, one=NESTED["One"], two=changed))
    alarm = table().times[ALARM].update[TYPICAL]
    assert found.total == BEGINS + UNCHANGED + BEGINS + alarm + ENDS + ENDS
    assert deployment.update(before, before).total == 0


def test_what_is_replaced_is_made_anew_and_deleted_at_the_end():
    gone = table().times["AWS::EC2::NatGateway"].delete[TYPICAL]
    before, after = (
        made(template({"Gateway": resource("AWS::EC2::NatGateway", SubnetId=subnet, AllocationId="eipalloc-1")}))
        for subnet in ("subnet-1", "subnet-2")
    )
    found = deployment.update(before, after)
    clean_up = seconds("clean-up after an update") + gone
    assert gone
    assert found.total == AROUND + seconds("AWS::EC2::NatGateway") + clean_up


def test_a_type_without_a_time_is_an_error_that_says_what_to_do():
    with pytest.raises(Problem, match=r"Queue: review/timing/times.toml has no time for AWS::SQS::Queue: add it there"):
        deployment.first(made(template({"Queue": resource("AWS::SQS::Queue")})))


def test_every_type_of_every_template_has_a_time():
    """Those under conditions that no environment has, too."""
    rows = {name.partition(": ")[0] for name in table().times}
    for path in OUT.glob("*.yaml"):
        for title, body in stack(path.stem)["Resources"].items():
            assert body["Type"] in rows | {"AWS::CloudFormation::Stack"}, f"{path.name}: {title}"


def test_every_time_says_where_it_comes_from():
    data = tomllib.loads(PATH.read_text())
    used = {source for sources in data["rules"].values() for source in sources}
    for name, time in table().times.items():
        used |= set(time.sources)
        assert time.sources or time.estimated, name
        for least_to_most in (time.create, time.update, time.delete):
            typical, least, most = (least_to_most[case] for case in (TYPICAL, LEAST, MOST))
            assert 0 <= least <= typical <= most, name
    assert used == set(data["sources"])
    for name, source in data["sources"].items():
        assert re.match(r"https://\S+$", source.get("url", "https://x")), name
        assert source.get("url") or source["text"], name
        assert source["how"], name
        assert re.match(r"20\d\d", source["date"]), name
        assert source["date"] <= data["read"] <= date.today().isoformat(), name


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_no_two_stacks_wait_by_outputs_alone_that_are_known_beforehand(env):
    """review/timing/waits.py does not see those; CloudFormation does."""
    root = nest(env).stacks[ROOT]["Resources"]
    for title in root:
        written = stack("root")["Resources"][title]
        wanted = set(re.findall(r"'Fn::GetAtt': \['(\w+)', 'Outputs\.", str(written))) | set(
            written.get("DependsOn", [])
        )
        begun = deployment.first(nest(env)).placed[deployment.begin(title)].step.after
        assert {deployment.end(other) for other in wanted & set(root)} == begun - {deployment.begin("")}, title


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_first_deployment_is_close_to_what_aws_forces(env):
    made_in_nest, flat = deployment.first(nest(env)), deployment.forced(nest(env))
    assert flat.total < made_in_nest.total <= report.AIM * flat.total
    chain = " ".join(report.resources(flat))
    assert re.search(r"Data/DBInstance.* Compute/Service", chain)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_each_link_begins_when_the_one_before_it_ends(env):
    for found in (deployment.first(nest(env)), report.image_update(loaded(env), "us-east-1")):
        assert found.chain[0].begin == 0
        assert found.chain[-1].end == found.total
        assert all(link.end == following.begin for link, following in pairwise(found.chain))
        assert all(link.slack == pytest.approx(0) for link in found.chain)
        for placed in found.placed.values():
            assert all(found.placed[name].end <= placed.begin for name in placed.step.after if name in found.placed)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_an_image_costs_little_more_than_the_services_own_rollout(env):
    """Where alarms are watched, 15 %. Without them the rollout is so short that CloudFormation's own steps show."""
    found = report.image_update(loaded(env), "us-east-1")
    own = report.rollout(found)
    watched = any(step.endswith("alarms are watched") for step in found.placed)
    assert own < found.total <= (report.AIM * own if watched else own + 40)
    worked = {placed.step.stack for placed in found.placed.values() if placed.step.kind and placed.step.seconds}
    assert worked == {"Compute"}


def test_a_service_needs_what_nothing_in_it_names():
    """A listener before its target group, and the way by which its images come."""
    needed = waits.in_flat(nest("reference"))["ComputeService"]
    assert {"EdgeHttpListener", "EgressPrivateRoute1", "EgressS3VPCEndpoint", "NetworkPublicRoute"} <= needed


def test_a_rollout_by_hand():
    """The lab's service: a quarter of a vCPU, one task, no alarms."""
    resources = nest("lab").flat["Resources"]
    rollout = Rollout(resources, "ComputeService", table(), TYPICAL)
    start = seconds("task: a container starts, seconds of one vCPU") / 0.25
    machine, notice = seconds("task: machine and network interface"), seconds("service: ECS and CloudFormation notice")
    pulled = seconds("task: images, each 100 MB compressed") * 1.1
    # migrate ends; app begins and is found healthy at its first check after 10 s; then web; then one check of 10 s.
    serving = machine + pulled + (start + 10 + start) + 10
    assert sum(part.seconds for part in rollout.first()) == pytest.approx(serving + notice)
    stop = seconds("service: containers stop")
    assert sum(part.seconds for part in rollout.replaced()) == pytest.approx(serving + 20 + stop + notice)
    assert sum(part.seconds for part in rollout.scaled()) == pytest.approx(serving + notice)


def test_a_rollout_watches_its_alarms_and_obeys_its_percentages():
    resources = {title: dict(body) for title, body in nest("reference").flat["Resources"].items()}
    rollout = Rollout(resources, "ComputeService", table(), TYPICAL)
    (watched,) = rollout.bake()
    assert watched.seconds == 3 * 60
    service = resources["ComputeService"]["Properties"]
    slow = service["DeploymentConfiguration"] | {"MinimumHealthyPercent": 100, "MaximumPercent": 125}
    resources["ComputeService"]["Properties"] = service | {"DesiredCount": 8, "DeploymentConfiguration": slow}
    four = Rollout(resources, "ComputeService", table(), TYPICAL)
    once = sum(part.seconds for part in four.tasks())
    assert sum(part.seconds for part in four.replaced()) == pytest.approx(
        4 * once + 20 + seconds("service: containers stop") + 180 + seconds("service: ECS and CloudFormation notice")
    )


def test_a_database_with_a_standby_takes_longer_and_a_copy_waits_for_it():
    alone, both = (Durations(nest(env).flat["Resources"], table(), TYPICAL) for env in ("lab", "production"))
    assert [part.what for part in alone.made("DataDBInstance")] == ["made and backed up"]
    assert [part.what for part in both.made("DataDBInstance")] == ["made and backed up", "standby", "monitoring"]
    placed = deployment.first(nest("production")).placed
    assert placed["DataReplicaDBInstance1"].begin >= placed["DataDBInstance"].end


@pytest.mark.parametrize(
    ("env", "name", "working"),
    [
        ("lab", "next larger database class", "another class"),
        ("production", "next larger database class", "another class with a standby"),
        ("reference", "standby added", "standby"),
        ("lab", "more storage", "more storage"),
    ],
)
def test_what_a_database_is_changed_to_decides_how_long_it_takes(env, name, working):
    ((_, found),) = updates.schedules(loaded(env), [kind for kind in updates.KINDS if kind.name == name])
    placed = found.placed["DataDBInstance"]
    assert placed.end - placed.begin == seconds(f"AWS::RDS::DBInstance: {working}")
    assert found.total > seconds(f"AWS::RDS::DBInstance: {working}")


def test_the_largest_class_that_is_known_has_no_next_one():
    largest = workspace.load("production", changes={"DBInstanceClass": "db.r7g.xlarge"})
    assert not [name for name, _ in updates.schedules(largest, updates.KINDS) if "class" in name.name]


def test_updates_that_an_environment_cannot_have_are_left_out_or_say_why():
    kinds = {kind.name: found for kind, found in updates.schedules(loaded("production"), updates.KINDS)}
    assert not {"standby added", "certificate added", "host name added", "firewall added"} & set(kinds)
    assert all(isinstance(found, str) or found.total for found in kinds.values())


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_it_is_shown(env, capsys):
    assert main(["timing", env]) == 0
    shown = capsys.readouterr().out
    totals = [deployment.first(nest(env), case).total for case in CASES]
    assert shown.startswith(f"{env}: first deployment {' ('.join(map(report.clock, totals[:2]))} to ")
    assert "Compute/Service noticed" in shown
    assert "The longest chain that AWS forces: " in shown
    for kind in updates.KINDS[:3]:
        assert kind.name in shown


def test_the_benchmark_has_both_times_of_each_environment():
    rows = bench_timing.rows()
    assert len(rows) == 2 * len(ENVIRONMENTS)
    assert all(row.ours >= row.against > 0 for row in rows)
