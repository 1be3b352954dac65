"""What changing a parameter does: held against the documentation of the properties, and against real changes."""

import pytest

from review.__main__ import main
from review.effects import report
from review.effects.effects import Kind, effects, most, update
from review.effects.flow import resources
from review.nest import NESTED
from review.update.change import ADD, PERHAPS, REMOVE, REPLACED
from review.update.compare import compare
from tests.nest import OUT, nest, stack

TEMPLATES = {path.name: stack(path.stem) for path in OUT.glob("*.yaml")}
RESOURCES = list(resources(TEMPLATES))
PARAMETERS = stack("root")["Parameters"]

CFN = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-"
TASK = f"{CFN}ecs-taskdefinition.html#cfn-ecs-taskdefinition-"
SERVICE = f"{CFN}ecs-service.html#cfn-ecs-service-"
INSTANCE = f"{CFN}rds-dbinstance.html#cfn-rds-dbinstance-"
SCALING = f"{CFN}applicationautoscaling-"
BALANCER = f"{CFN}elasticloadbalancingv2-loadbalancer.html#cfn-elasticloadbalancingv2-loadbalancer-"
# Of these CloudFormation's page says "some interruptions"; RDS's own, in the column of downtime, that there is none.
SETTINGS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html"
CERTIFICATE = f"{CFN}certificatemanager-certificate.html"
SUBNET = f"{CFN}ec2-subnet.html#cfn-ec2-subnet-cidrblock"
CONDITIONS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html"

IN_PLACE, MADE, INTERRUPTION, REPLACEMENT = Kind.IN_PLACE, Kind.MADE, Kind.INTERRUPTION, Kind.REPLACEMENT

# Read in the documentation, property by property: (parameter, resource, property, what "Update requires" says, where).
BY_HAND = [
    ("AppImage", "ComputeTaskDefinition", "ContainerDefinitions", REPLACEMENT, f"{TASK}containerdefinitions"),
    ("WebImage", "ComputeTaskDefinition", "ContainerDefinitions", REPLACEMENT, f"{TASK}containerdefinitions"),
    ("CpuArchitecture", "ComputeTaskDefinition", "RuntimePlatform", REPLACEMENT, f"{TASK}runtimeplatform"),
    ("TaskCpu", "ComputeTaskDefinition", "Cpu", REPLACEMENT, f"{TASK}cpu"),
    ("TaskMemory", "ComputeTaskDefinition", "Memory", REPLACEMENT, f"{TASK}memory"),
    ("ExecutionRoleName", "ComputeTaskDefinition", "ExecutionRoleArn", REPLACEMENT, f"{TASK}executionrolearn"),
    ("TaskRoleName", "ComputeTaskDefinition", "TaskRoleArn", REPLACEMENT, f"{TASK}taskrolearn"),
    ("EnableExecuteCommand", "ComputeService", "EnableExecuteCommand", IN_PLACE, f"{SERVICE}enableexecutecommand"),
    ("EnableExecuteCommand", "ComputeTaskDefinition", "ContainerDefinitions", REPLACEMENT,
     f"{TASK}containerdefinitions"),
    ("HealthCheckGracePeriodSeconds", "ComputeService", "HealthCheckGracePeriodSeconds", IN_PLACE,
     f"{SERVICE}healthcheckgraceperiodseconds"),
    ("DesiredCount", "ComputeService", "DesiredCount", IN_PLACE, f"{SERVICE}desiredcount"),
    ("DeploymentNonce", "ComputeService", "ForceNewDeployment", IN_PLACE, f"{SERVICE}forcenewdeployment"),
    ("AlarmRollback", "ComputeService", "DeploymentConfiguration", IN_PLACE, f"{SERVICE}deploymentconfiguration"),
    ("OnDemandBase", "ComputeService", "CapacityProviderStrategy", IN_PLACE, f"{SERVICE}capacityproviderstrategy"),
    ("OnDemandWeight", "ComputeService", "CapacityProviderStrategy", IN_PLACE, f"{SERVICE}capacityproviderstrategy"),
    ("SpotWeight", "ComputeService", "CapacityProviderStrategy", IN_PLACE, f"{SERVICE}capacityproviderstrategy"),
    ("EgressMode", "ComputeService", "NetworkConfiguration", IN_PLACE, f"{SERVICE}networkconfiguration"),
    ("EgressMode", "EgressNatGateway1", "", MADE, CONDITIONS),
    ("MinCapacity", "ComputeScalableTarget", "MinCapacity", IN_PLACE, f"{SCALING}scalabletarget.html"),
    ("MaxCapacity", "ComputeScalableTarget", "MaxCapacity", IN_PLACE, f"{SCALING}scalabletarget.html"),
    ("CpuTargetPercent", "ComputeCpuScalingPolicy", "TargetTrackingScalingPolicyConfiguration", IN_PLACE,
     f"{SCALING}scalingpolicy.html"),
    ("RequestsPerTarget", "ComputeRequestScalingPolicy", "TargetTrackingScalingPolicyConfiguration", IN_PLACE,
     f"{SCALING}scalingpolicy.html"),
    ("AutoScaling", "ComputeScalableTarget", "", MADE, CONDITIONS),
    ("ContainerInsights", "ComputeCluster", "ClusterSettings", IN_PLACE, f"{CFN}ecs-cluster.html"),
    ("VpcCidr", "NetworkVPC", "CidrBlock", REPLACEMENT, f"{CFN}ec2-vpc.html#cfn-ec2-vpc-cidrblock"),
    ("SubnetHostBits", "NetworkPublicSubnet1", "CidrBlock", REPLACEMENT, SUBNET),
    ("FlowLogs", "NetworkBucketFlowLog", "", MADE, CONDITIONS),
    ("DomainName", "EdgeCertificate", "DomainName", REPLACEMENT, CERTIFICATE),
    ("DomainName", "EdgeRecordSet", "Name", REPLACEMENT, f"{CFN}route53-recordset.html#cfn-route53-recordset-name"),
    ("HostedZoneId", "EdgeRecordSet", "HostedZoneId", REPLACEMENT, f"{CFN}route53-recordset.html"),
    ("HostedZoneId", "EdgeCertificate", "DomainValidationOptions", REPLACEMENT, CERTIFICATE),
    ("LoadBalancerDeletionProtection", "EdgeLoadBalancer", "LoadBalancerAttributes", IN_PLACE,
     f"{BALANCER}loadbalancerattributes"),
    ("AccessLogs", "EdgeLoadBalancer", "LoadBalancerAttributes", IN_PLACE, f"{BALANCER}loadbalancerattributes"),
    ("Firewall", "EdgeWebACL", "", MADE, CONDITIONS),
    ("RateLimit", "EdgeWebACL", "Rules", IN_PLACE, f"{CFN}wafv2-webacl.html#cfn-wafv2-webacl-rules"),
    ("DBInstanceClass", "DataDBInstance", "DBInstanceClass", INTERRUPTION, f"{INSTANCE}dbinstanceclass"),
    ("EngineVersion", "DataDBInstance", "EngineVersion", INTERRUPTION, f"{INSTANCE}engineversion"),
    ("AllocatedStorage", "DataDBInstance", "AllocatedStorage", IN_PLACE, f"{INSTANCE}allocatedstorage"),
    ("MaxAllocatedStorage", "DataDBInstance", "MaxAllocatedStorage", IN_PLACE, f"{INSTANCE}maxallocatedstorage"),
    ("StorageType", "DataDBInstance", "StorageType", IN_PLACE, SETTINGS),
    ("MultiAZ", "DataDBInstance", "MultiAZ", IN_PLACE, SETTINGS),
    ("BackupRetentionPeriod", "DataDBInstance", "BackupRetentionPeriod", IN_PLACE, SETTINGS),
    ("DeletionProtection", "DataDBInstance", "DeletionProtection", IN_PLACE, f"{INSTANCE}deletionprotection"),
    ("MonitoringInterval", "DataDBInstance", "MonitoringInterval", IN_PLACE, f"{INSTANCE}monitoringinterval"),
    ("PerformanceInsights", "DataDBInstance", "EnablePerformanceInsights", IN_PLACE,
     f"{INSTANCE}performanceinsightskmskeyid"),
    ("DBInstanceIdentifier", "DataDBInstance", "DBInstanceIdentifier", REPLACEMENT, f"{INSTANCE}dbinstanceidentifier"),
    ("DBInstanceIdentifier", "DataErrorLogGroup", "LogGroupName", REPLACEMENT, f"{CFN}logs-loggroup.html"),
    ("DBSnapshotIdentifier", "DataDBInstance", "DBSnapshotIdentifier", REPLACEMENT, f"{INSTANCE}dbsnapshotidentifier"),
    ("DBName", "DataDBInstance", "DBName", REPLACEMENT, f"{INSTANCE}dbname"),
    ("MasterUsername", "DataDBInstance", "MasterUsername", REPLACEMENT, f"{INSTANCE}masterusername"),
    ("CustomerManagedKey", "DataDBInstance", "KmsKeyId", REPLACEMENT, f"{INSTANCE}kmskeyid"),
    ("CustomerManagedKey", "KeysKey", "", MADE, CONDITIONS),
    ("ReadReplicas", "DataReplicaDBInstance1", "", MADE, CONDITIONS),
    ("LogRetentionInDays", "ComputeAppLogGroup", "RetentionInDays", IN_PLACE, f"{CFN}logs-loggroup.html"),
    ("EnableMonitoring", "MonitoringDashboard", "", MADE, CONDITIONS),
    ("AlarmEmail", "AlertsAlarmSubscription", "Endpoint", REPLACEMENT, f"{CFN}sns-subscription.html"),
]  # fmt: skip


def of(parameter):
    return {change.resource.title: change for change in effects(parameter, RESOURCES)}


@pytest.mark.parametrize(("parameter", "title", "name", "kind", "source"), BY_HAND)
def test_it_is_what_the_documentation_says(parameter, title, name, kind, source):
    change = of(parameter)[title]
    assert change.kind is kind
    assert not name or name in change.properties
    assert source.startswith("https://docs.aws.amazon.com/")


def test_at_least_thirty_parameters_were_checked_by_hand():
    assert len({parameter for parameter, *_ in BY_HAND}) >= 30
    assert {parameter for parameter, *_ in BY_HAND} <= set(PARAMETERS)


def test_some_parameters_replace_and_nothing_else_does():
    """Whoever adds a parameter that replaces something other than a task definition says so here."""
    replacing = {
        name
        for name in PARAMETERS
        if {title for title, change in of(name).items() if change.kind is REPLACEMENT} - {"ComputeTaskDefinition"}
    }
    assert replacing == {
        *("VpcCidr", "SubnetHostBits", "DomainName", "HostedZoneId", "AlarmEmail", "CustomerManagedKey"),
        *("DBInstanceIdentifier", "DBSnapshotIdentifier", "DBName", "MasterUsername"),
    }
    for name in replacing - {"DomainName", "HostedZoneId", "AlarmEmail"}:
        assert "REPLACES" in PARAMETERS[name]["Description"], name


def test_only_the_final_snapshot_touches_no_resource():
    assert [name for name in PARAMETERS if most(effects(name, RESOURCES)) is Kind.NOTHING] == ["FinalSnapshot"]


def test_a_replacement_is_followed_through_the_nest():
    """Another database: its host name reaches the tasks through an output and a parameter, its id the alarms."""
    changes = of("DBName")
    assert changes["DataReplicaDBInstance1"].kind is REPLACEMENT
    assert changes["DataReplicaDBInstance1"].because == "DataDBInstance"
    assert changes["ComputeTaskDefinition"].kind is REPLACEMENT
    assert (changes["ComputeService"].kind, changes["ComputeService"].because) == (IN_PLACE, "ComputeTaskDefinition")
    assert changes["MonitoringDatabaseCpuAlarm"].kind is IN_PLACE
    assert "NetworkVPC" not in changes


# Another value of each parameter, for an environment that it means something in.
OTHER = {
    "AppImage": "r/app:2", "WebImage": "r/web:2", "CpuArchitecture": "X86_64", "VpcCidr": "10.1.0.0/16",
    "SubnetHostBits": "7", "EgressMode": "nat-gateway", "DatabaseSubnets": "private", "FlowLogs": "s3",
    "ServiceEndpoints": "true",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a", "DomainName": "shop.example.com",
    "HostedZoneId": "Z1EXAMPLE", "AccessLogs": "false", "LoadBalancerDeletionProtection": "false", "Firewall": "false",
    "RateLimit": "3000", "TaskCpu": "1024", "TaskMemory": "4096", "HealthCheckGracePeriodSeconds": "60",
    "AlarmRollback": "false", "EnableExecuteCommand": "true", "DeploymentNonce": "2", "DesiredCount": "5",
    "AutoScaling": "false", "MinCapacity": "5", "MaxCapacity": "30", "CpuTargetPercent": "50",
    "RequestsPerTarget": "500", "OnDemandBase": "3", "OnDemandWeight": "2", "SpotWeight": "2",
    "DBInstanceClass": "db.t4g.large", "EngineVersion": "8.4.11", "AllocatedStorage": "200",
    "MaxAllocatedStorage": "600", "StorageType": "gp2", "MultiAZ": "false", "ReadReplicas": "2",
    "BackupRetentionPeriod": "7", "DBSnapshotIdentifier": "before", "FinalSnapshot": "delete",
    "DeletionProtection": "false", "PerformanceInsights": "false", "MonitoringInterval": "0",
    "DBInstanceIdentifier": "other", "DBName": "other", "MasterUsername": "other", "ExecutionRoleName": "Mine",
    "TaskRoleName": "Mine", "LogRetentionInDays": "30", "ContainerInsights": "disabled", "EnableMonitoring": "false",
    "AlarmEmail": "ops@example.com", "CustomerManagedKey": "false", "AuditLog": "false",
    "EnableIAMDatabaseAuthentication": "false",
}  # fmt: skip
# Where one value goes only with another.
WITH = {"TaskCpu": {"TaskMemory": "2048"}, "TaskMemory": {}, "ServiceEndpoints": {"EgressMode": "nat-gateway"}}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_no_real_change_does_more_than_was_said(parameter):
    """Production with one value changed, both resolved and compared: all that differs was foretold."""
    foretold = of(parameter)
    changed = nest("production", **WITH.get(parameter, {}) | {parameter: OTHER[parameter]})
    base = nest("production", **WITH.get(parameter, {}))
    changes = compare(base, changed)
    for change in (change for change in changes if change.kind != NESTED):
        title = change.path.replace("/", "")
        assert title in foretold, title
        if change.action in (ADD, REMOVE):
            assert foretold[title].kind >= MADE, title
        elif change.verdict == REPLACED:
            assert foretold[title].kind is REPLACEMENT, title
        elif change.verdict == PERHAPS:
            assert foretold[title].kind >= Kind.PERHAPS, title
    assert changes or parameter in ("DesiredCount", "FinalSnapshot", "DatabaseSubnets")


@pytest.mark.parametrize(
    ("kind", "name", "is_value", "expected"),
    [
        ("AWS::RDS::DBInstance", "PerformanceInsightsKMSKeyId", True, REPLACEMENT),
        ("AWS::RDS::DBInstance", "PerformanceInsightsKMSKeyId", False, IN_PLACE),
        ("AWS::RDS::DBInstance", "Engine", True, Kind.PERHAPS),
        ("AWS::SecretsManager::Secret", "GenerateSecretString", True, INTERRUPTION),
        ("AWS::Custom::Thing", "Anything", True, Kind.PERHAPS),
    ],
)
def test_what_an_update_of_a_property_takes(kind, name, is_value, expected):
    assert update(kind, name, is_value) is expected


SMALL_NEST = {
    "root.yaml": {
        "Parameters": {"Choice": {"Type": "String"}, "Unused": {"Type": "String"}},
        "Conditions": {"IsA": {"Fn::Equals": [{"Ref": "Choice"}, "a"]}, "IsNotA": {"Fn::Not": [{"Condition": "IsA"}]}},
        "Resources": {
            "In": {
                "Type": "AWS::CloudFormation::Stack",
                "Condition": "IsNotA",
                "Properties": {"TemplateURL": "./in.yaml", "Parameters": {"Text": {"Fn::Sub": ["${T}", {"T": "x"}]}}},
            },
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"TopicName": {"Fn::GetAtt": ["In", "Outputs.Name"]}, "DisplayName": {"Ref": "In"}},
            },
        },
    },
    "in.yaml": {
        "Parameters": {"Text": {"Type": "String"}, "Free": {"Type": "String", "Default": ""}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${Text}-${Free}"}}},
        },
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": "Queue.QueueName"}}},
    },
}


def test_what_flows_through_a_nest():
    queue, topic = resources(SMALL_NEST)
    assert (queue.title, topic.title) == ("InQueue", "Topic")
    assert queue.gate == {("parameter", "Choice")}
    assert queue.properties["QueueName"].origins == frozenset()
    assert topic.properties["TopicName"].origins == {("resource", "InQueue")}
    assert topic.properties["DisplayName"].origins == frozenset()
    assert [(change.resource.title, change.kind) for change in effects("Choice", [queue, topic])] == [("InQueue", MADE)]
    assert effects("Unused", [queue, topic]) == []


def test_the_command_shows_each_parameter(capsys):
    assert main(["parameters"]) == 0
    shown = capsys.readouterr().out
    for name, definition in PARAMETERS.items():
        assert f"\n{name} = " in f"\n{shown}"
        assert " ".join(definition["Description"].split()) in shown
    assert "DBName = flaskcrud\n" in shown
    assert "Allowed: X86_64, ARM64\n" in shown
    assert "Chosen: lab gp2\n" in shown
    assert "replaces DataDBInstance (a snapshot is taken of the old one)" in shown


def test_long_lists_are_counted():
    text = report.summary(effects("VpcCidr", RESOURCES))
    assert text.startswith("refused where it is deployed: RDS takes no subnets of another VPC; ")
    assert "; replaces NetworkVPC, " in text
    assert "refused" not in report.summary(effects("SubnetHostBits", RESOURCES))
    assert " more; changes in place " in text
