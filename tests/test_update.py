"""What an update does, decided without AWS: each decision a table."""

import pytest

from review.problem import Problem
from review.resolve import Nest
from review.update import guard
from review.update.change import ADD, IN_PLACE, MODIFY, PERHAPS, REMOVE, REPLACED, Change, Difference
from review.update.compare import compare
from review.update.interruption import DBINSTANCE, effects
from review.update.leaves import differences, pair, short
from review.update.lines import markdown, text
from review.update.replacement import is_named, verdict

GROUP = "AWS::EC2::SecurityGroup"
RULE = "AWS::EC2::SecurityGroupIngress"


# Replacement


@pytest.mark.parametrize(
    ("kind", "name", "before", "after", "expected"),
    [
        (DBINSTANCE, "DBName", "shop", "store", REPLACED),
        (DBINSTANCE, "KmsKeyId", None, {"Fn::GetAtt": ["Key", "Arn"]}, REPLACED),
        (DBINSTANCE, "DBInstanceClass", "db.t3.micro", "db.t3.small", IN_PLACE),
        (DBINSTANCE, "MultiAZ", False, True, IN_PLACE),
        (DBINSTANCE, "BackupRetentionPeriod", 1, 7, IN_PLACE),
        (DBINSTANCE, "DBSnapshotIdentifier", None, "old", REPLACED),
        (DBINSTANCE, "DBSnapshotIdentifier", "old", None, PERHAPS),
        (DBINSTANCE, "PerformanceInsightsKMSKeyId", None, "key", IN_PLACE),
        (DBINSTANCE, "PerformanceInsightsKMSKeyId", "key", "other", REPLACED),
        (DBINSTANCE, "PerformanceInsightsKMSKeyId", "key", None, IN_PLACE),
        (DBINSTANCE, "AvailabilityZone", None, "a", PERHAPS),
        (GROUP, "GroupDescription", "a", "b", REPLACED),
        (GROUP, "Tags", [], [1], IN_PLACE),
        ("AWS::ECS::TaskDefinition", "ContainerDefinitions", [], [1], REPLACED),
        (
            "AWS::EC2::VPCEndpoint",
            "DnsOptions",
            {"DnsRecordIpType": "ipv4"},
            {"DnsRecordIpType": "dualstack"},
            IN_PLACE,
        ),
        ("AWS::EC2::VPCEndpoint", "DnsOptions", {"PrivateDnsPreference": "a"}, None, REPLACED),
        ("AWS::EC2::VPCEndpoint", "DnsOptions", {"Ref": "Options"}, None, REPLACED),
        ("AWS::S3::Bucket", "BucketEncryption", {}, {"a": 1}, IN_PLACE),
        ("Custom::Thing", "Anything", 1, 2, PERHAPS),
    ],
)
def test_what_a_property_does_to_its_resource(kind, name, before, after, expected):
    assert verdict(kind, name, before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"DBInstanceIdentifier": "shop"}, {"DBInstanceIdentifier": "shop", "DBName": "x"}, True),
        ({"DBInstanceIdentifier": "shop"}, {"DBInstanceIdentifier": "store"}, False),
        ({}, {}, False),
    ],
)
def test_who_has_a_name_is_refused_by_cloudformation(before, after, expected):
    assert is_named(DBINSTANCE, before, after) is expected


# Comparison


def nest(**resources) -> Nest:
    """Resources of one nested stack: a title and (type, properties)."""
    bodies = {f"Inner{title}": {"Type": kind, "Properties": given} for title, (kind, given) in resources.items()}
    return Nest({}, {"Resources": bodies}, {title: ("inner.yaml", title.removeprefix("Inner")) for title in bodies})


def outcomes(before: Nest, after: Nest) -> dict[str, tuple[str, str]]:
    return {change.path: (change.action, change.verdict) for change in compare(before, after)}


def referring(title: str, **more) -> tuple[str, dict]:
    return RULE, {"GroupId": {"Ref": f"Inner{title}"}, "IpProtocol": "tcp", **more}


def test_who_refers_to_what_is_replaced_is_replaced_too_and_so_on():
    listener = ("AWS::ECS::Service", {"NetworkConfiguration": {"Groups": [{"Ref": "InnerGroup"}]}})
    before = nest(
        Group=(GROUP, {"GroupDescription": "a"}), Rule=referring("Group"), Other=(GROUP, {}), Service=listener
    )
    after = nest(Group=(GROUP, {"GroupDescription": "b"}), Rule=referring("Group"), Other=(GROUP, {}), Service=listener)
    assert outcomes(before, after) == {
        "Inner/Group": (MODIFY, REPLACED),
        "Inner/Rule": (MODIFY, REPLACED),
        "Inner/Service": (MODIFY, IN_PLACE),
    }
    rule = next(change for change in compare(before, after) if change.path == "Inner/Rule")
    assert [(item.name, item.because) for item in rule.differences] == [("GroupId", "Inner/Group")]


def test_what_is_perhaps_replaced_makes_the_others_perhaps_too():
    before = nest(Thing=("Custom::Thing", {"A": 1}), Rule=referring("Thing"))
    after = nest(Thing=("Custom::Thing", {"A": 2}), Rule=referring("Thing"))
    assert outcomes(before, after) == {"Inner/Thing": (MODIFY, PERHAPS), "Inner/Rule": (MODIFY, PERHAPS)}


def test_a_change_in_place_moves_nobody_who_refers_to_it():
    before = nest(Group=(GROUP, {"Tags": []}), Rule=referring("Group"))
    assert outcomes(before, nest(Group=(GROUP, {"Tags": [1]}), Rule=referring("Group"))) == {
        "Inner/Group": (MODIFY, IN_PLACE)
    }


def test_another_type_another_name_and_a_stack_that_comes_or_goes():
    one = nest(Group=(GROUP, {}))
    assert outcomes(one, nest(Group=(RULE, {}))) == {"Inner/Group": (MODIFY, REPLACED)}
    assert outcomes(one, nest(Renamed=(GROUP, {}))) == {
        "Inner/Renamed": (ADD, IN_PLACE),
        "Inner/Group": (REMOVE, IN_PLACE),
    }
    assert outcomes(one, nest()) == {"Inner": (REMOVE, IN_PLACE), "Inner/Group": (REMOVE, IN_PLACE)}
    assert outcomes(nest(), one) == {"Inner": (ADD, IN_PLACE), "Inner/Group": (ADD, IN_PLACE)}
    assert outcomes(one, one) == {}


# Interruption


def of_database(name, before, after, multi_az=False, **properties) -> Change:
    body = {"Type": DBINSTANCE, "Properties": {"MultiAZ": multi_az, **properties}}
    return Change(
        "Data/DBInstance", DBINSTANCE, MODIFY, IN_PLACE, (Difference(name, IN_PLACE, before, after),), body, body
    )


def of_parameters(before, after) -> Change:
    differences = (Difference("Parameters", IN_PLACE, before, after),)
    return Change("Data/Group", "AWS::RDS::DBParameterGroup", MODIFY, IN_PLACE, differences)


@pytest.mark.parametrize(
    ("change", "words", "interrupts"),
    [
        (of_database("DBInstanceClass", "a", "b"), "it has no standby", True),
        (of_database("DBInstanceClass", "a", "b", multi_az=True), "fails over to the standby", True),
        (of_database("DBInstanceClass", "a", "b", SourceDBInstanceIdentifier="x"), "without this replica", True),
        (of_database("EngineVersion", "a", "b", multi_az=True), "standby or not", True),
        (of_database("AllocatedStorage", "20", "40"), "slower for hours", False),
        (of_database("AllocatedStorage", "40", "20"), "RDS refuses", False),
        (of_database("MultiAZ", False, True), "no interruption", False),
        (of_database("BackupRetentionPeriod", 0, 7), "backups turned on", True),
        (of_parameters({"back_log": "1"}, {"back_log": "2"}), "back_log: read when MySQL starts", False),
        (of_parameters({}, {"some_new_one": "1"}), "some_new_one: may be read only", False),
        (Change("S", "AWS::ECS::Service", MODIFY, IN_PLACE, (Difference("TaskDefinition"),)), "no interruption", False),
        (Change("T", "AWS::ElasticLoadBalancingV2::TargetGroup", MODIFY, REPLACED), "no answer until", True),
        (Change("S", "AWS::ECS::Service", REMOVE), "its tasks stop", True),
        (Change("D", DBINSTANCE, REMOVE, before={"DeletionPolicy": "Snapshot"}), "snapshot of the old one", False),
        (
            Change("D", DBINSTANCE, MODIFY, REPLACED, before={"UpdateReplacePolicy": "Retain"}),
            "stays in the account",
            False,
        ),
    ],
)
def test_what_is_interrupted(change, words, interrupts):
    assert (words, interrupts) in [(words, effect.interrupts) for effect in effects(change) if words in effect.text]


@pytest.mark.parametrize(
    "change",
    [
        of_database("BackupRetentionPeriod", 1, 7),
        of_database("DeletionProtection", False, True),
        of_parameters({"long_query_time": "1"}, {"long_query_time": "2", "sql_mode": "ANSI"}),
        Change("S", "AWS::ECS::Service", MODIFY, IN_PLACE, (Difference("DesiredCount"),)),
        Change("D", DBINSTANCE, ADD),
    ],
)
def test_of_what_interrupts_nothing_nothing_is_said(change):
    assert effects(change) == []


def test_a_named_resource_that_would_be_replaced_is_refused():
    body = {"Properties": {"DBInstanceIdentifier": "shop"}}
    change = Change("Data/DBInstance", DBINSTANCE, MODIFY, REPLACED, before=body, after=body)
    assert [effect.text for effect in effects(change) if "CloudFormation refuses" in effect.text]


# Guard

BUCKET = "AWS::S3::Bucket"
REPLACED_DATABASE = Change("Data/DBInstance", DBINSTANCE, MODIFY, REPLACED, (Difference("DBName", REPLACED),))
DANGERS = [
    REPLACED_DATABASE,
    Change("Data/DBInstance", DBINSTANCE, MODIFY, PERHAPS),
    Change("Data/ReplicaDBInstance1", DBINSTANCE, REMOVE),
    Change("Edge/AccessLogBucket", BUCKET, REMOVE),
    Change("Keys/Key", "AWS::KMS::Key", REMOVE),
    Change("AppRepository", "AWS::ECR::Repository", MODIFY, REPLACED),
    Change("Compute/SessionSecret", "AWS::SecretsManager::Secret", MODIFY, REPLACED),
]
HARMLESS = [
    Change("Data/DBInstance", DBINSTANCE, MODIFY, IN_PLACE),
    Change("Data/DBInstance", DBINSTANCE, ADD),
    Change("Network/Group", GROUP, MODIFY, REPLACED),
    Change("Compute/AppLogGroup", "AWS::Logs::LogGroup", REMOVE),
]


@pytest.mark.parametrize("danger", DANGERS, ids=lambda change: f"{change.path} {change.action} {change.verdict}")
def test_the_guard_stops_and_names_it_unless_exactly_that_is_allowed(danger):
    with pytest.raises(guard.Guarded, match=f"ALLOW_REPLACE={danger.path}$") as caught:
        guard.check([*HARMLESS, danger], [])
    assert caught.value.code == 3
    assert guard.HOLDS[danger.kind] in str(caught.value)
    assert guard.check([*HARMLESS, danger], {danger.path}) == [danger]
    assert guard.check([*HARMLESS, danger], {danger.path.rpartition("/")[2]}) == [danger]


def test_the_guard_lets_pass_what_holds_nothing_or_stays():
    assert guard.check(HARMLESS, []) == []


def test_a_database_that_would_have_to_move_to_another_vpc_is_refused_whatever_is_allowed():
    subnets = Change("Data/DBSubnetGroup", guard.SUBNET_GROUP, MODIFY, IN_PLACE, (Difference("SubnetIds"),))
    vpc = Change("Network/VPC", guard.VPC, MODIFY, REPLACED, (Difference("CidrBlock", REPLACED),))
    with pytest.raises(guard.Guarded, match=r"^Data/DBSubnetGroup .* RDS takes no subnets of another VPC"):
        guard.check([*HARMLESS, vpc, subnets], ["Data/DBSubnetGroup"])
    assert guard.check([*HARMLESS, subnets], []) == []
    assert guard.check([*HARMLESS, vpc], []) == []


def test_one_that_is_allowed_does_not_allow_another():
    both = [REPLACED_DATABASE, Change("Keys/Key", "AWS::KMS::Key", REMOVE)]
    with pytest.raises(guard.Guarded, match=r"^Keys/Key .*ALLOW_REPLACE=DBInstance,Keys/Key$"):
        guard.check(both, {"DBInstance"})


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ("Nothing", "neither removes nor replaces"),
        ("Network/Group", "neither removes nor replaces"),
        ("Instance", "neither removes nor replaces"),
        ("Bucket", "could mean A/Bucket or B/Bucket"),
    ],
)
def test_a_name_that_is_left_over_or_ambiguous_is_refused(allowed, words):
    buckets = [Change(path, BUCKET, REMOVE) for path in ("A/Bucket", "B/Bucket")]
    with pytest.raises(Problem, match=words) as caught:
        guard.check([*HARMLESS, REPLACED_DATABASE, *buckets], {allowed})
    assert caught.value.code == 1


@pytest.mark.parametrize(
    ("given", "names"), [("", set()), (" , ", set()), ("DBInstance, Keys/Key", {"DBInstance", "Keys/Key"})]
)
def test_allow_replace_is_a_list(given, names):
    assert guard.parse(given) == names


# Lines


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("a", "b", [("P", "a", "b")]),
        ({"A": 1, "B": 2}, {"A": 1, "B": 3}, [("P.B", 2, 3)]),
        ({"Ref": "A"}, {"Ref": "B"}, [("P", {"Ref": "A"}, {"Ref": "B"})]),
        ([{"Key": "x", "Value": 1}], [{"Key": "y", "Value": 2}], [("P.y", None, 2), ("P.x", 1, None)]),
        (
            [{"Name": "app", "Cpu": 1}],
            [{"Name": "web", "Cpu": 1}, {"Name": "app", "Cpu": 2}],
            [("P.web", None, {"Name": "web", "Cpu": 1}), ("P.app.Cpu", 1, 2)],
        ),
        ([1, 2], [1], [("P", [1, 2], [1])]),
    ],
)
def test_differences_are_told_as_deep_as_they_go(before, after, found):
    assert sorted(differences("P", before, after), key=str) == sorted(found, key=str)


@pytest.mark.parametrize("room", [20, 40, 76])
def test_values_fit_and_still_differ(room):
    before, after = (f"123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:{digit * 64}" for digit in "ab")
    left, _, right = pair(before, after, room).partition(" -> ")
    assert len(f"{left} -> {right}") <= room
    assert left.rstrip(".") != right.rstrip(".")
    assert len(short(before, room)) <= room
    assert pair("db.t3.micro", "db.t3.small", 40) == "db.t3.micro -> db.t3.small"


PORT = Difference("Port", IN_PLACE, 1, 2)
CHANGES = [
    Change("Data", "AWS::CloudFormation::Stack", MODIFY),
    Change("Keys", "AWS::CloudFormation::Stack", REMOVE),
    Change("Keys/Key", "AWS::KMS::Key", REMOVE),
    Change("Edge/AccessLogBucket", BUCKET, ADD),
    Change("Data/DBInstance", DBINSTANCE, MODIFY, REPLACED, (PORT, Difference("DBName", REPLACED, "hush", "b"))),
    Change("Data/Group", GROUP, MODIFY, PERHAPS, (Difference("GroupName", PERHAPS, because="Data/Other"),)),
]


def test_lines_one_a_resource_nested_ones_below_their_stack_secrets_hidden():
    assert text(CHANGES, hidden=["hush"]) == [
        "-  Keys AWS::CloudFormation::Stack",
        "  -  Key AWS::KMS::Key",
        "~  Edge AWS::CloudFormation::Stack",
        "  +  AccessLogBucket AWS::S3::Bucket",
        "~  Data AWS::CloudFormation::Stack",
        "  -+ DBInstance AWS::RDS::DBInstance REPLACED",
        "       DBName: **** -> b",
        "       Port: 1 -> 2",
        "       ! the application goes on with an empty database",
        "  ~  Group AWS::EC2::SecurityGroup perhaps REPLACED",
        "       GroupName: another, with Data/Other",
        "1 replaced, 1 perhaps replaced, 1 removed, 1 added; interrupted: Data/DBInstance",
    ]
    assert text([]) == ["no changes"]
    # A nested stack of which nothing changes, but its template's address, is left out.
    assert text([Change("Data", "AWS::CloudFormation::Stack", MODIFY)]) == ["no changes"]


def test_markdown_is_one_table():
    rows = markdown(CHANGES)
    assert rows[1] == "|---|---|---|---|"
    assert (
        "| ~ | Data/DBInstance<br>AWS::RDS::DBInstance | **replaced**<br>`DBName: hush -> b`<br>`Port: 1 -> 2` |"
        in rows[4]
    )
    assert all(row.count("|") == 5 for row in rows[:-2])
