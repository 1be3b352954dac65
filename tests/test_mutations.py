"""The tests of the templates can fail: each single fault, made in a copy of out/, is caught by one of them."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.nest import ROOT

pytestmark = pytest.mark.slow

# Which tests judge a template.
JUDGES = {
    "bootstrap.yaml": ["bootstrap"],
    "network.yaml": ["network"],
    "egress.yaml": ["network"],
    "edge.yaml": ["edge", "contract"],
    "data.yaml": ["data"],
    "compute.yaml": ["compute", "contract"],
    "alerts.yaml": ["monitoring"],
    "monitoring.yaml": ["monitoring", "contract"],
    "root.yaml": ["root", "network", "compute"],
}

MYSQL_FROM_TASKS = """\
      Description: MySQL from the tasks
      IpProtocol: tcp
      FromPort: 3306
      ToPort: 3306
      SourceSecurityGroupId: !Ref PrivateSecurityGroup
"""

# Fault: (file, text, what takes its place).
FAULTS = {
    "database open to the world": (
        "network.yaml",
        MYSQL_FROM_TASKS,
        MYSQL_FROM_TASKS.replace("SourceSecurityGroupId: !Ref PrivateSecurityGroup", "CidrIp: 0.0.0.0/0"),
    ),
    "tasks reached from anywhere": (
        "network.yaml",
        "      SourceSecurityGroupId: !Ref PublicSecurityGroup\n",
        "      CidrIp: 0.0.0.0/0\n",
    ),
    "internet route before the gateway is attached": ("network.yaml", "    DependsOn: VPCGatewayAttachment\n", ""),
    "private subnet routed to the internet gateway": (
        "network.yaml",
        "      RouteTableId: !Ref PrivateRouteTable2\n",
        "      RouteTableId: !Ref PublicRouteTable\n",
    ),
    "database subnet with a way out": (
        "network.yaml",
        "      RouteTableId: !Ref DatabaseRouteTable\n",
        "      RouteTableId: !Ref PublicRouteTable\n",
    ),
    "both NAT gateways in one zone": (
        "egress.yaml",
        "SubnetId: !Select [1, !Ref PublicSubnetIds]",
        "SubnetId: !Select [0, !Ref PublicSubnetIds]",
    ),
    "S3 not reached from the second zone": (
        "egress.yaml",
        ", !Ref PrivateRouteTable2Id]",
        "]",
    ),
    "HTTPS open without a certificate": ("network.yaml", "    Condition: HasHttps\n", ""),
    "service does not wait for its listener": (
        "root.yaml",
        "TargetGroupArn: !GetAtt Edge.Outputs.TargetGroupArn",
        "TargetGroupArn: !Ref AWS::StackName",
    ),
    "database waits for the NAT gateway": (
        "root.yaml",
        "    Type: AWS::CloudFormation::Stack\n    DeletionPolicy: Delete\n    UpdateReplacePolicy: Delete\n"
        "    Properties:\n      TemplateURL: data.yaml",
        "    Type: AWS::CloudFormation::Stack\n    DependsOn: Egress\n    DeletionPolicy: Delete\n"
        "    UpdateReplacePolicy: Delete\n    Properties:\n      TemplateURL: data.yaml",
    ),
    "old TLS": ("edge.yaml", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "ELBSecurityPolicy-2016-08"),
    "HTTP forwarded although there is HTTPS": ("edge.yaml", "Type: redirect", "Type: forward"),
    "firewall that only watches": ("edge.yaml", "None: {}", "Count: {}"),
    "application starts although migrations failed": ("compute.yaml", "Condition: SUCCESS", "Condition: COMPLETE"),
    "application with the master's password": (
        "compute.yaml",
        "            - Name: DATABASE_PASSWORD\n              ValueFrom: !Sub '${AppCredentialsArn}:password::'",
        "            - Name: DATABASE_PASSWORD\n              ValueFrom: !Sub '${MasterCredentialsArn}:password::'",
    ),
    "no circuit breaker": ("compute.yaml", "          Enable: true\n", "          Enable: false\n"),
    "root file system can be written": (
        "compute.yaml",
        "          ReadonlyRootFilesystem: !If [IsExecutable, false, true]\n",
        "          ReadonlyRootFilesystem: false\n",
    ),
    "scaling reset by each deployment": (
        "compute.yaml",
        "!If [IsScaled, !Ref AWS::NoValue, !Ref DesiredCount]",
        "!Ref DesiredCount",
    ),
    "health check on another path": ("edge.yaml", "HealthCheckPath: /healthz", "HealthCheckPath: /health"),
    "role made although LabRole is given": ("compute.yaml", "    Condition: NeedsTaskRole\n", ""),
    "role trusted to other accounts": ("compute.yaml", "aws:SourceAccount", "aws:SourceVpc"),
    "variable that the application does not know": ("compute.yaml", "Name: DATABASE_HOST", "Name: DB_HOST"),
    "database public": ("data.yaml", "PubliclyAccessible: false", "PubliclyAccessible: true"),
    "database not encrypted": (
        "data.yaml",
        "StorageEncrypted: !If [HasSnapshot, !Ref AWS::NoValue, true]",
        "StorageEncrypted: !If [HasSnapshot, !Ref AWS::NoValue, false]",
    ),
    "database lost when replaced": ("data.yaml", "UpdateReplacePolicy: Snapshot", "UpdateReplacePolicy: Delete"),
    "database renamed, and so replaced": ("data.yaml", "  DBInstance:\n", "  Database:\n"),
    "clear-text connections to the database": (
        "data.yaml",
        "require_secure_transport: '1'",
        "require_secure_transport: '0'",
    ),
    "password in a parameter": (
        "data.yaml",
        "Parameters:\n",
        "Parameters:\n  MasterPassword:\n    Type: String\n    Description: x\n    Default: x\n\n",
    ),
    "tags of images can change": ("bootstrap.yaml", "ImageTagMutability: IMMUTABLE", "ImageTagMutability: MUTABLE"),
    "alarm that nobody hears": ("monitoring.yaml", "      AlarmActions: [!Ref AlarmTopicArn]\n", ""),
    "metric filter on a field that is not logged": ("monitoring.yaml", "$.status >= 500", "$.code >= 500"),
    "wrong seam between stacks": (
        "root.yaml",
        "RdsSecurityGroupId: !GetAtt Network.Outputs.RdsSecurityGroupId",
        "RdsSecurityGroupId: !GetAtt Network.Outputs.PrivateSecurityGroupId",
    ),
}


def judge(out, names) -> subprocess.CompletedProcess:
    files = [f"tests/test_{name}.py" for name in names]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line", *files],
        cwd=ROOT,
        env=os.environ | {"MUTATED_OUT": str(out)},
        check=False,
        capture_output=True,
        text=True,
    )


def test_without_a_fault_all_of_them_pass(tmp_path):
    shutil.copytree(ROOT / "out", tmp_path / "out")
    result = judge(tmp_path / "out", sorted({name for names in JUDGES.values() for name in names}))
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_caught(tmp_path, fault):
    name, text, instead = FAULTS[fault]
    shutil.copytree(ROOT / "out", tmp_path / "out")
    path = tmp_path / "out" / name
    assert text in path.read_text(), "the fault no longer fits the template"
    path.write_text(instead.join(path.read_text().split(text)))
    result = judge(tmp_path / "out", JUDGES[name])
    assert result.returncode == 1, result.stdout + result.stderr
