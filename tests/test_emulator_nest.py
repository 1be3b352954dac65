"""The nest of out/ lives in the embedded AWS in every configuration: it is made, changed and deleted, and what is there
is what the conditions say.

What they say is taken from review/, which resolves the templates without the emulator.
"""

from collections import Counter

import pytest
from botocore.exceptions import ClientError

from rehearsal.server import start
from review import environment
from tests import nest as templates
from tests.account import Account
from tests.emulated import IMAGES, Nest, footprint

pytestmark = pytest.mark.slow

LAB = {
    "ExecutionRoleName": "LabRole",
    "TaskRoleName": "LabRole",
    "EgressMode": "public-addresses",
    "DBInstanceClass": "db.t3.micro",
    "StorageType": "gp2",
}
STANDARD = {
    "AutoScaling": "true",
    "MinCapacity": "2",
    "EnableMonitoring": "true",
    "AccessLogs": "true",
    "FlowLogs": "s3",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0",
}
PRODUCTION = {
    "CustomerManagedKey": "true",
    "EgressMode": "nat-gateway-per-zone",
    "MultiAZ": "true",
    "ReadReplicas": "2",
    "DBInstanceIdentifier": "orders",
    "FlowLogs": "cloud-watch-logs",
    "Firewall": "true",
    "DomainName": "www.example.com",
    "HostedZoneId": "the zone of example.com",
    "EnableExecuteCommand": "true",
    "MonitoringInterval": "60",
    "PerformanceInsights": "true",
    "DBInstanceClass": "db.m7g.large",
    "SpotWeight": "2",
    "EnableMonitoring": "true",
    "AlarmEmail": "ops@example.com",
}
ABSENT = "123456789012.dkr.ecr.us-east-1.amazonaws.com/none:1"
IMAGE = {"AppImage": "registry.example/app:2"}
# Parameters of the creation, some counts of types then, and the updates that follow, each with its own counts.
LIVES = {
    "reference": [
        ({}, {"EC2::NatGateway": 1, "IAM::Role": 2, "RDS::DBInstance": 1, "KMS::Key": 0, "CloudWatch::Dashboard": 0}),
        (IMAGE | {"DBInstanceClass": "db.t4g.small"}, {}),
        ({"EnableMonitoring": "true"}, {"CloudWatch::Dashboard": 1}),
        ({"CustomerManagedKey": "true", "EgressMode": "interface-endpoints"}, {"KMS::Key": 1, "EC2::NatGateway": 0}),
        ({"EnableMonitoring": "false", "DatabaseSubnets": "private"}, {"CloudWatch::Dashboard": 0, "EC2::Subnet": 4}),
    ],
    "lab": [
        (LAB, {"IAM::Role": 0, "EC2::NatGateway": 0, "EC2::VPCEndpoint": 1, "EC2::EIP": 0}),
        (IMAGE | {"DesiredCount": "2", "AlarmRollback": "false"}, {"CloudWatch::Alarm": 0}),
        ({"FlowLogs": "s3", "DBInstanceClass": "db.t3.small"}, {"EC2::FlowLog": 1}),
    ],
    "standard": [
        (STANDARD, {"S3::Bucket": 3, "ApplicationAutoScaling::ScalingPolicy": 2, "CertificateManager::Certificate": 0}),
        (IMAGE | {"MinCapacity": "3", "ReadReplicas": "1"}, {"RDS::DBInstance": 2}),
        ({"AutoScaling": "false", "AccessLogs": "false"}, {"ApplicationAutoScaling::ScalingPolicy": 0}),
        ({"CertificateArn": "", "FlowLogs": "none"}, {"ElasticLoadBalancingV2::Listener": 1, "S3::Bucket": 0}),
    ],
    "production": [
        (PRODUCTION, {"EC2::NatGateway": 2, "RDS::DBInstance": 3, "KMS::Key": 1, "WAFv2::WebACL": 1, "IAM::Role": 4}),
        (IMAGE | {"ReadReplicas": "1", "DeploymentNonce": "1"}, {"RDS::DBInstance": 2}),
        ({"EgressMode": "interface-endpoints", "DBInstanceClass": "db.m7g.xlarge"}, {"EC2::VPCEndpoint": 6}),
        ({"Firewall": "false", "FlowLogs": "s3", "SpotWeight": "0"}, {"WAFv2::WebACL": 0, "S3::Bucket": 1}),
    ],
}
# What a deleted nest may leave behind: its snapshots, the buckets of logs and its key.
KEPT = {"snapshots", "buckets", "keys"}


@pytest.fixture(scope="module")
def account():
    with start() as server:
        yield Account(server)


@pytest.fixture(scope="module")
def zone(account):
    made = account.route53.create_hosted_zone(Name="example.com", CallerReference="x")
    return made["HostedZone"]["Id"].rpartition("/")[2]


@pytest.fixture
def nest(account):
    # The bucket of the templates is no part of what a nest makes.
    account.s3.create_bucket(Bucket="nest")
    nest = Nest(account)
    yield nest
    if nest.id:
        account.delete({"StackName": nest.name, "StackId": nest.id})


def existing(parameters, zone):
    """The parameters, with the zone that there is."""
    return parameters | ({"HostedZoneId": zone} if parameters.get("HostedZoneId") else {})


def expected(parameters):
    """Type of everything that the templates make with these parameters, by stack and logical id."""
    return {title: body["Type"] for title, body in templates.flat(**IMAGES | parameters).items()}


def check(nest, parameters, counts):
    """What is there is what the templates say, and so many of some types."""
    found = nest.types()
    assert found == expected(parameters)
    files = {f"{stack.lower()}.yaml" for stack in nest.children()}
    assert {"root.yaml", *files} == set(templates.nest(**IMAGES | parameters).stacks)
    by_type = Counter(kind.removeprefix("AWS::") for kind in found.values())
    assert {kind: by_type[kind] for kind in counts} == counts


@pytest.mark.parametrize("life", LIVES)
def test_a_nest_is_made_changed_and_deleted(account, nest, zone, life):
    before = footprint(account, zone)
    parameters = {}
    for given, counts in LIVES[life]:
        kind = "UPDATE" if nest.id else "CREATE"
        parameters |= existing(given, zone)
        assert nest.deploy(kind, **parameters) == f"{kind}_COMPLETE"
        check(nest, parameters, counts)
    assert account.delete({"StackName": nest.name, "StackId": nest.id}) == "DELETE_COMPLETE"
    after = footprint(account, zone)
    assert {kind for kind in before if after[kind] != before[kind]} <= KEPT
    assert after["snapshots"] > before["snapshots"]


@pytest.mark.parametrize("name", templates.ENVIRONMENTS)
def test_each_environment_can_be_made_and_deleted(account, nest, zone, name):
    parameters = existing(environment.read(name, templates.CONFIG)[1], zone)
    assert nest.deploy("CREATE", **parameters) == "CREATE_COMPLETE"
    check(nest, parameters, {})
    protected = {key for key, value in parameters.items() if key.endswith("DeletionProtection") and value == "true"}
    if protected:
        nest.deploy("UPDATE", **parameters | dict.fromkeys(protected, "false"))
    assert account.delete({"StackName": nest.name, "StackId": nest.id}) == "DELETE_COMPLETE"


def test_a_failed_update_of_everything_goes_back(nest, zone):
    parameters = existing(PRODUCTION, zone)
    nest.deploy("CREATE", **parameters)
    before = nest.inventory()
    switched = {"EgressMode": "nat-gateway", "Firewall": "false", "FlowLogs": "none", "ReadReplicas": "0"}
    switched |= {"AccessLogs": "true", "AutoScaling": "true", "EnableMonitoring": "false", "AppImage": ABSENT}
    assert nest.deploy("UPDATE", **parameters | switched) == "UPDATE_ROLLBACK_COMPLETE"
    assert nest.inventory() == before
    assert nest.deploy("UPDATE", **parameters | {"Firewall": "false"}) == "UPDATE_COMPLETE"


def test_a_database_with_a_name_is_never_replaced(nest, zone):
    parameters = existing(PRODUCTION, zone)
    nest.deploy("CREATE", **parameters)
    (database,) = [entry for entry in nest.databases() if entry["DBInstanceIdentifier"] == "orders"]
    assert nest.deploy("UPDATE", **parameters | {"DBName": "other"}) == "UPDATE_ROLLBACK_COMPLETE"
    assert database in nest.databases()


def service_of(account, nest):
    outputs = {out["OutputKey"]: out["OutputValue"] for out in account.wait(nest.id)["Outputs"]}
    found = account.ecs.describe_services(cluster=outputs["ClusterName"], services=[outputs["ServiceName"]])
    return found["services"][0]


def test_scaling_holds_the_number_of_tasks(account, nest):
    nest.deploy("CREATE", AutoScaling="true", MinCapacity="2")
    assert service_of(account, nest)["runningCount"] == 2
    # What scaling has decided is not taken back by a deployment.
    service = service_of(account, nest)
    account.ecs.update_service(cluster=service["clusterArn"], service=service["serviceName"], desiredCount=4)
    nest.deploy("UPDATE", AutoScaling="true", MinCapacity="2", **IMAGE)
    assert service_of(account, nest)["runningCount"] == 4
    nest.deploy("UPDATE", DesiredCount="1", **IMAGE)
    assert service_of(account, nest)["runningCount"] == 1


def test_the_application_reads_from_the_replicas(account, nest):
    nest.deploy("CREATE", ReadReplicas="2")
    definition = service_of(account, nest)["taskDefinition"]
    containers = account.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    (app,) = [one for one in containers["containerDefinitions"] if one["name"] == "app"]
    variables = {variable["name"]: variable["value"] for variable in app["environment"]}
    sources = {
        entry["Endpoint"]["Address"]: entry["ReadReplicaSourceDBInstanceIdentifier"] for entry in nest.databases()
    }
    assert set(variables["DATABASE_READER_HOST"].split(",")) == {host for host, source in sources.items() if source}
    assert sources[variables["DATABASE_HOST"]] == ""


def test_a_database_is_made_from_a_snapshot(account, nest):
    nest.deploy("CREATE", DBName="kept")
    source = nest.databases()[0]["DBInstanceIdentifier"]
    account.rds.create_db_snapshot(DBSnapshotIdentifier="before", DBInstanceIdentifier=source)
    change = nest.inner(nest.plan("UPDATE", DBName="kept", DBSnapshotIdentifier="before"))["DBInstance"]
    assert (change["Replacement"], change["PolicyAction"]) == ("True", "ReplaceAndSnapshot")
    assert nest.deploy("UPDATE", DBName="kept", DBSnapshotIdentifier="before") == "UPDATE_COMPLETE"
    (database,) = nest.databases()
    assert (database["DBName"], database["DBInstanceIdentifier"] == source) == ("kept", False)


@pytest.mark.parametrize(
    ("switch", "outer", "inner"),
    [
        # Who takes an output of a stack that changes is looked at, too.
        ({"AlarmEmail": "ops@example.com"}, "Modify", {"AlarmSubscription": "Add"}),
        ({"EnableMonitoring": "false"}, "Remove", {}),
    ],
)
def test_a_plan_shows_what_a_switch_does_and_nothing_else(nest, switch, outer, inner):
    nest.deploy("CREATE", EnableMonitoring="true")
    planned = nest.plan("UPDATE", **{"EnableMonitoring": "true"} | switch)
    changes = [entry["ResourceChange"] for entry in planned["Changes"]]
    assert {change["LogicalResourceId"]: change["Action"] for change in changes} == {
        "Alerts": outer,
        "Monitoring": outer,
    }
    assert {key: change["Action"] for key, change in nest.inner(planned).items()} == inner


def test_a_plan_foresees_what_only_the_run_will_tell(nest):
    nest.deploy("CREATE", EnableMonitoring="true")
    changes = nest.inner(nest.plan("UPDATE", EnableMonitoring="true", CustomerManagedKey="true"))
    assert (changes["DBInstance"]["Replacement"], changes["DBInstance"]["PolicyAction"]) == (
        "True",
        "ReplaceAndSnapshot",
    )
    assert "ReplicaLagAlarm1" in nest.inner(nest.plan("UPDATE", EnableMonitoring="true", ReadReplicas="1"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"TaskCpu": "256", "TaskMemory": "4096"}, "TaskCpu 256 goes with"),
        ({"DomainName": "www.example.com"}, "DomainName needs HostedZoneId"),
        ({"ExecutionRoleName": "LabRole"}, "A Learner Lab"),
    ],
)
def test_a_broken_rule_is_refused(nest, given, reason):
    with pytest.raises(ClientError, match=reason):
        nest.plan("CREATE", **given)
