"""The policies of an environment: all that is needed, nothing that is not, and no statement in vain."""

import json
import re
from fnmatch import fnmatchcase
from functools import cache

import botocore
import pytest

from review import workspace
from review.__main__ import main
from review.permissions import needed
from review.permissions.places import BY_TAG
from review.permissions.policy import LIMIT, deploying, operating, reading, size, split
from review.permissions.reference import table
from review.permissions.refresh import reduce
from review.schemas import schema
from tests.nest import ENVIRONMENTS, OUT
from tests.service_models import SERVICES, operations

ACCOUNT = "123456789012"


@cache
def nests(env):
    return [workspace.load(env).nest, workspace.bootstrap(env)]


@cache
def documents(env, account="*"):
    found = deploying(f"flaskcrud-{env}", nests(env), "us-east-1", account)
    return [json.loads(document.to_json()) for document in found]


def statements(env, account="*"):
    return [statement for document in documents(env, account) for statement in document["Statement"]]


def other(policy, env):
    made = {"operate": operating, "read": reading}[policy]
    return json.loads(made(f"flaskcrud-{env}", nests(env), "us-east-1").to_json())["Statement"]


def reader(env):
    return other("read", env)


def permits(found, action, arn="*", **context):
    """Whether one of the statements allows an action on a resource."""
    return any(
        action in statement["Action"]
        and any(fnmatchcase(arn, pattern) for pattern in statement["Resource"])
        and all(
            any(
                fnmatchcase(context.get(key.partition(":")[2].replace("/", "_"), ""), str(value))
                for value in _list(values)
            )
            for tests in statement.get("Condition", {}).values()
            for key, values in tests.items()
        )
        for statement in found
    )


def _list(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_action_of_the_handlers_is_there_or_left_out_with_a_reason(env):
    allowed = {action for statement in statements(env) for action in statement["Action"]}
    kinds = needed.kinds(*nests(env))
    assert all(schema(kind).get("handlers") for kind in kinds)
    for action in needed.handled(kinds):
        reason = needed.reason_to_leave_out(action)
        assert reason or needed.spelled(action) in allowed, action
    called = {name for name in needed.listed(needed.DEPLOY) if name != needed.SHELL}
    assert {name for name in called if env == "production" or not name.startswith("route53:")} <= allowed
    extra = allowed - {needed.spelled(action) for action in needed.handled(kinds)} - needed.listed(needed.DEPLOY)
    assert extra - needed.listed(needed.COMMAND_LINE) <= {"secretsmanager:GetSecretValue"}


def test_every_type_of_the_templates_is_compared_with_its_schema():
    """Those too that no environment here has: all their handlers' actions are spelled or left out with a reason."""
    kinds = {body["Type"] for content in workspace.read_templates().values() for body in content["Resources"].values()}
    for kind in kinds:
        handlers = schema(kind)["handlers"]
        assert {"create", "delete"} <= handlers.keys(), kind
        for action in {action for name in needed.HANDLERS for action in handlers.get(name, {}).get("permissions", [])}:
            assert needed.reason_to_leave_out(action) or needed.spelled(action) in table(), action


@pytest.mark.parametrize("env", ENVIRONMENTS)
@pytest.mark.parametrize("policy", ["deploy", "operate", "read"])
def test_dropping_any_statement_is_noticed(env, policy):
    wanted = {
        "deploy": needed.to_deploy(*nests(env)),
        "operate": needed.listed(needed.OPERATE),
        "read": needed.listed(needed.READ),
    }[policy]
    found = statements(env) if policy == "deploy" else other(policy, env)
    assert wanted == {action for statement in found for action in statement["Action"]}
    for dropped in found:
        left = {action for statement in found if statement is not dropped for action in statement["Action"]}
        assert wanted - left, dropped["Sid"]
    titles = [statement["Sid"] for statement in found]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_policy_is_one_that_iam_takes(env):
    found = deploying(f"flaskcrud-{env}", nests(env), "us-east-1")
    assert len(found) <= 10  # managed policies of a role
    others = [made(f"flaskcrud-{env}", nests(env), "us-east-1") for made in (operating, reading)]
    for document in [*found, *others]:
        assert size(document) <= LIMIT
        for statement in json.loads(document.to_json())["Statement"]:
            assert statement["Effect"] == "Allow"
            assert re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"])
            assert all(action in table() for action in statement["Action"])
            assert not any("*" in action for action in statement["Action"])
            assert all(
                arn == "*" or re.fullmatch(r"arn:aws:[\w-]+:[\w-]*:(\*|\d{12})?:.+", arn)
                for arn in statement["Resource"]
            )


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_only_what_cannot_be_narrowed_is_allowed_anywhere(env):
    for statement in statements(env):
        if "*" in statement["Resource"]:
            assert not [action for action in statement["Action"] if table()[action].on_resources]


def test_the_lab_makes_no_role_and_passes_only_its_own():
    found = statements("lab", ACCOUNT)
    giving = {action for statement in found for action in statement["Action"] if action.startswith("iam:")}
    assert giving == {"iam:PassRole", "iam:GetRole", "iam:ListRoles", "iam:CreateServiceLinkedRole"}
    lab_role = f"arn:aws:iam::{ACCOUNT}:role/LabRole"
    assert permits(found, "iam:PassRole", lab_role, PassedToService="ecs-tasks.amazonaws.com")
    assert not permits(found, "iam:PassRole", lab_role, PassedToService="ec2.amazonaws.com")
    assert not permits(
        found, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Admin", PassedToService="ecs-tasks.amazonaws.com"
    )


def test_production_gives_away_no_more_than_its_own_roles():
    found = statements("production", ACCOUNT)
    role = f"arn:aws:iam::{ACCOUNT}:role/flaskcrud-production-Compute-1A-TaskRole-2B"
    assert permits(found, "iam:CreateRole", role)
    assert not permits(found, "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/Admin")
    for service in ("ecs-tasks", "monitoring.rds", "vpc-flow-logs"):
        assert permits(found, "iam:PassRole", role, PassedToService=f"{service}.amazonaws.com")
    assert not permits(found, "iam:PassRole", role, PassedToService="lambda.amazonaws.com")
    own = f"arn:aws:iam::{ACCOUNT}:policy/flaskcrud-production-Compute-1A-ExecutionManagedPolicy-2B"
    assert permits(found, "iam:AttachRolePolicy", role, PolicyARN=own)
    rds = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    assert permits(found, "iam:AttachRolePolicy", role, PolicyARN=rds)
    assert not permits(found, "iam:AttachRolePolicy", role, PolicyARN="arn:aws:iam::aws:policy/AdministratorAccess")


HERE = f"us-east-1:{ACCOUNT}"


@pytest.mark.parametrize(
    ("action", "mine", "of_others"),
    [
        ("rds:DeleteDBInstance", f"arn:aws:rds:{HERE}:db:flaskcrud-production", f"arn:aws:rds:{HERE}:db:payroll"),
        ("rds:CreateDBSnapshot", f"arn:aws:rds:{HERE}:snapshot:flaskcrud-production-data-1a-snapshot-dbinstance-2b",
         f"arn:aws:rds:{HERE}:snapshot:payroll"),
        ("rds:CreateDBInstance", f"arn:aws:rds:{HERE}:og:default:mysql-8-4", f"arn:aws:rds:{HERE}:og:payroll"),
        ("logs:DeleteLogGroup", f"arn:aws:logs:{HERE}:log-group:/aws/rds/instance/flaskcrud-production/error:*",
         f"arn:aws:logs:{HERE}:log-group:/aws/rds/instance/payroll/error:*"),
        ("logs:CreateLogGroup", f"arn:aws:logs:{HERE}:log-group:aws-waf-logs-flaskcrud-production",
         f"arn:aws:logs:{HERE}:log-group:aws-waf-logs-payroll"),
        ("secretsmanager:DeleteSecret", f"arn:aws:secretsmanager:{HERE}:secret:DatabaseSecret-aB3d-1",
         f"arn:aws:secretsmanager:{HERE}:secret:payroll"),
        ("s3:DeleteBucket", "arn:aws:s3:::flaskcrud-production-edge-1a-accesslogbucket-2b", "arn:aws:s3:::payroll"),
        ("s3:PutObject", "arn:aws:s3:::flaskcrud-production-bootstrap-artifactbucket-2b/x", "arn:aws:s3:::payroll/x"),
        ("ecs:DeleteService", f"arn:aws:ecs:{HERE}:service/flaskcrud-production-Compute-1A-Cluster-2B/x",
         f"arn:aws:ecs:{HERE}:service/payroll/x"),
        ("ecr:PutImage", f"arn:aws:ecr:{HERE}:repository/flaskcrud-production/app",
         f"arn:aws:ecr:{HERE}:repository/payroll"),
        ("sns:DeleteTopic", f"arn:aws:sns:{HERE}:flaskcrud-production-Alerts-1A-AlarmTopic-2B",
         f"arn:aws:sns:{HERE}:payroll"),
        ("cloudformation:DeleteStack", f"arn:aws:cloudformation:{HERE}:stack/flaskcrud-production/1a",
         f"arn:aws:cloudformation:{HERE}:stack/payroll/1a"),
        ("cloudformation:DeleteStack", f"arn:aws:cloudformation:{HERE}:stack/flaskcrud-production-Data-1A/2b",
         f"arn:aws:cloudformation:{HERE}:stack/flaskcrud-productions/1a"),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0EXAMPLE",
         "arn:aws:route53:::hostedzone/Z1"),
        ("wafv2:AssociateWebACL", f"arn:aws:elasticloadbalancing:{HERE}:loadbalancer/app/flask-LoadB-1A/2b",
         f"arn:aws:apigateway:{HERE}:/restapis/x/stages/y"),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:flaskcrud-production-Monitoring-1A-Alarm-2B",
         f"arn:aws:cloudwatch:{HERE}:alarm:payroll"),
    ],
)  # fmt: skip
def test_an_action_reaches_the_environment_and_nobody_else(action, mine, of_others):
    found = statements("production", ACCOUNT)
    assert permits(found, action, mine)
    assert not permits(found, action, of_others)


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("ec2:DeleteVpc", f"arn:aws:ec2:{HERE}:vpc/vpc-1"),
        ("ec2:RevokeSecurityGroupIngress", f"arn:aws:ec2:{HERE}:security-group/sg-1"),
        ("ec2:DeleteVpcEndpoints", f"arn:aws:ec2:{HERE}:vpc-endpoint/vpce-1"),
        ("elasticloadbalancing:DeleteLoadBalancer", f"arn:aws:elasticloadbalancing:{HERE}:loadbalancer/app/flask/1"),
        ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{HERE}:key/1"),
    ],
)
def test_what_has_no_name_is_told_by_its_tag(action, arn):
    found = statements("production", ACCOUNT)
    assert permits(found, action, arn, ResourceTag_Name="flaskcrud-production-vpc")
    assert not permits(found, action, arn, ResourceTag_Name="payroll-vpc")
    assert not permits(found, action, arn)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_everything_that_is_told_by_its_tag_has_it(env):
    services = {"EC2": "ec2", "ElasticLoadBalancingV2": "elasticloadbalancing", "KMS": "kms"}
    assert set(services.values()) == BY_TAG
    for title, body in workspace.load(env).nest.flat["Resources"].items():
        if body["Type"].split("::")[1] in services and "Tags" in schema(body["Type"])["properties"]:
            tags = {tag["Key"]: tag["Value"] for tag in body["Properties"].get("Tags", [])}
            assert str(tags.get("Name", "")).startswith(f"flaskcrud-{env}-"), title


def test_a_simpler_environment_needs_less():
    actions = {env: needed.to_deploy(*nests(env)) for env in ENVIRONMENTS}
    assert actions["lab"] < actions["reference"] < actions["standard"]
    without_nat = {"NatGateway", "Address"}
    assert actions["lab"] < actions["production"]
    assert all(any(word in name for word in without_nat) for name in actions["standard"] - actions["production"])
    assert "wafv2:CreateWebACL" not in actions["standard"]
    assert "kms:CreateKey" not in actions["standard"]
    assert "ec2:CreateNatGateway" not in actions["lab"]
    shell = workspace.load("lab", changes={"EnableExecuteCommand": "true"}).nest
    assert needed.to_deploy(shell, workspace.bootstrap("lab")) - actions["lab"] == {needed.SHELL}


def test_no_reason_is_there_in_vain():
    every = needed.every_name()
    assert {name for name in every if not needed.spelled(name)} == {
        *("bedrock-agentcore:GatewayAssociateWebACL", "bedrock-agentcore:GatewayDisassociateWebACL"),
        *("bedrock-agentcore:GatewayGetWebACLForResource", "iam:DescribeOrganization", "payments:GetConnectedAccount"),
        *("s3:DeleteBucketAnalyticsConfiguration", "s3:DeleteBucketCors", "s3:DeleteBucketEncryption"),
        *("s3:DeleteBucketLifecycle", "s3:DeleteBucketMetricsConfiguration", "s3:DeleteBucketReplication"),
        *("s3:PutBucketReplication", "s3:PutObjectLockConfiguration", "s3:REST.PUT.OBJECT"),
        *("s3:UpdateBucketMetadataAnnotationTableConfiguration",),
        "vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation",
    }, "of others, actions.json knows nothing yet: review/permissions/refresh.py writes it anew"
    for pattern, reason in needed.LEFT_OUT:
        assert any(re.match(pattern, name) for name in every), reason


# Commands whose action has another name, or that do several calls.
COMMANDS = {
    "cloudformation package": {"s3:GetObject", "s3:PutObject"},
    "ecr get-login-password": {"ecr:GetAuthorizationToken"},
    "s3api list-object-versions": {"s3:ListBucketVersions"},
    "s3api delete-objects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "s3 cp": {"s3:PutObject"},
    "rds restore-db-instance-to-point-in-time": {"rds:RestoreDBInstanceToPointInTime", "rds:AddTagsToResource"},
    "cloudformation wait change-set-create-complete": {"cloudformation:DescribeChangeSet"},
    "rds wait db-snapshot-available": {"rds:DescribeDBSnapshots"},
    "rds wait db-instance-available": {"rds:DescribeDBInstances"},
}


@cache
def commands_of(*documents):
    """The actions of every `aws` command in documents of the hand-over."""
    found = set()
    for name in documents:
        text = (OUT / "handover" / name).read_text()
        for words in re.findall(r"\baws ((?:[a-z0-9-]+ wait [a-z-]+)|(?:[a-z0-9-]+ [a-z0-9-]+))", text):
            service, verb = words.split()[0], words.split()[-1]
            if words in COMMANDS:
                found |= COMMANDS[words]
            elif words.startswith("cloudformation wait stack-"):
                found.add("cloudformation:DescribeStacks")
            else:
                named = {botocore.xform_name(each, "-"): each for each in operations(service)}
                found.add(f"{SERVICES.get(service, service)}:{named[verb]}")
    return found


def test_who_deploys_may_run_every_command_of_the_readme():
    asked = commands_of("README.md", "INVENTORY.md")
    assert {"cloudformation:ExecuteChangeSet", "ecr:BatchDeleteImage", "sts:GetCallerIdentity"} <= asked
    kept = {"kms:ScheduleKeyDeletion", "rds:DeleteOptionGroup", "logs:DeleteLogGroup"}  # what production alone has
    assert asked <= needed.to_deploy(*nests("production"))
    assert asked - kept <= needed.to_deploy(*nests("lab"))


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_who_operates_may_run_every_command_and_no_more(env):
    asked = commands_of("OPERATIONS.md", "RUNBOOK.md")
    assert {
        "rds:RebootDBInstance",
        "secretsmanager:PutSecretValue",
        "elasticloadbalancing:DescribeTargetHealth",
    } <= asked
    allowed = {action for statement in other("operate", env) for action in statement["Action"]}
    assert asked <= allowed
    assert allowed - asked <= {"cloudformation:DeleteChangeSet", "cloudformation:GetTemplate", "sts:GetCallerIdentity"}
    restored = f"arn:aws:rds:{HERE}:db:flaskcrud-{env}-restored"
    assert permits(other("operate", env), "rds:RestoreDBInstanceToPointInTime", restored)
    assert permits(
        other("operate", env), "secretsmanager:PutSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:AppUserSecret-1"
    )
    assert not permits(other("operate", env), "rds:DeleteDBInstance", f"arn:aws:rds:{HERE}:db:payroll")


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_who_only_looks_changes_nothing(env):
    found = reader(env)
    actions = {action for statement in found for action in statement["Action"]}
    assert actions == needed.listed(needed.READ)
    assert {table()[action].level for action in actions} <= {"Read", "List"}
    assert not any(action.startswith(("secretsmanager:", "s3:", "iam:", "kms:")) for action in actions)
    assert permits(
        found, "logs:FilterLogEvents", f"arn:aws:logs:{HERE}:log-group:flaskcrud-{env}-Compute-1A-AppLogGroup-2B:*"
    )
    assert not permits(found, "logs:FilterLogEvents", f"arn:aws:logs:{HERE}:log-group:payroll")


def test_the_reference_is_reduced_as_it_says():
    tag, none = {"condition_keys": ["aws:ResourceTag/${TagKey}"]}, {"condition_keys": []}
    whole = {
        "ec2": {
            "privileges": {
                "DeleteVpc": {"access_level": "Write", "resource_types": {"vpc": tag}},
                "DescribeVpcs": {"access_level": "List", "resource_types": {"": none}},
                "CreateVpc": {"access_level": "Write", "resource_types": {"vpc*": none, "x": none}},
                "ModifyVpc": {"access_level": "Write", "resource_types": {"vpc*": none, "": none}},
            },
            "resources": {"vpc": tag, "x": none},
        }
    }
    names = {"ec2:deletevpc", "ec2:DescribeVpcs", "ec2:CreateVpc", "ec2:ModifyVpc", "ec2:Nothing", "none:Nothing"}
    assert reduce(whole, names) == {
        "ec2:DeleteVpc": ["Write", True, True],
        "ec2:DescribeVpcs": ["List", False, False],
        "ec2:CreateVpc": ["Write", True, False],
        "ec2:ModifyVpc": ["Write", True, True],
    }


def test_a_long_list_is_split():
    first, *_ = deploying("flaskcrud-lab", nests("lab"), "us-east-1")
    found = first.properties["Statement"]
    assert [len(document.properties["Statement"]) for document in split(found[:3])] == [3]
    halves = split([*found, *found])
    assert len(halves) == 2
    assert [statement for half in halves for statement in half.properties["Statement"]] == [*found, *found]


def test_the_command_writes_them(tmp_path, capsys):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "deploy-9.json").write_text("left by an earlier run")
    assert main(["permissions", "lab", "--out", str(tmp_path), "--account", ACCOUNT]) == 0
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "lab").iterdir()}
    count = len(documents("lab"))
    assert set(written) == {*(f"deploy-{number}.json" for number in range(1, count + 1)), "operate.json", "read.json"}
    assert [written[f"deploy-{number}.json"] for number in range(1, count + 1)] == documents("lab", ACCOUNT)
    shown = capsys.readouterr().out
    assert shown.startswith(f"lab: {len(needed.to_deploy(*nests('lab')))} actions to create, update and delete it, ")
    assert "left out:" in shown
    assert main(["permissions", "nowhere"]) == 1
