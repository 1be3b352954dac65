"""The tests of the templates can fail: each single fault, made in a copy of out/, is caught by one of them."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.nest import ROOT

pytestmark = pytest.mark.slow

JUDGES = [f"tests/test_{name}.py" for name in ("network", "data", "compute", "bootstrap", "root", "contract")]

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
        "      NatGatewayId: !Ref NatGateway\n",
        "      GatewayId: !Ref InternetGateway\n",
    ),
    "both public subnets in one zone": (
        "network.yaml",
        "      AvailabilityZone: !Select [1, !GetAZs '']\n      CidrBlock: !Select [2,",
        "      AvailabilityZone: !Select [0, !GetAZs '']\n      CidrBlock: !Select [2,",
    ),
    "HTTPS open without a certificate": ("network.yaml", "    Condition: HasCertificate\n", ""),
    "service does not wait for its listener": (
        "compute.yaml",
        "          Value: !If [HasCertificate, !Ref HttpsListener, !Ref HttpListener]\n",
        "          Value: http\n",
    ),
    "application starts although migrations failed": ("compute.yaml", "Condition: SUCCESS", "Condition: COMPLETE"),
    "no circuit breaker": ("compute.yaml", "          Enable: true\n", "          Enable: false\n"),
    "root file system can be written": (
        "compute.yaml",
        "          ReadonlyRootFilesystem: true\n",
        "          ReadonlyRootFilesystem: false\n",
    ),
    "health check on another path": ("compute.yaml", "HealthCheckPath: /healthz", "HealthCheckPath: /health"),
    "role made although LabRole is given": ("compute.yaml", "    Condition: NeedsTaskRole\n", ""),
    "variable that the application does not know": ("compute.yaml", "Name: DATABASE_HOST", "Name: DB_HOST"),
    "database public": ("data.yaml", "PubliclyAccessible: false", "PubliclyAccessible: true"),
    "database not encrypted": ("data.yaml", "StorageEncrypted: true", "StorageEncrypted: false"),
    "database lost when replaced": ("data.yaml", "UpdateReplacePolicy: Snapshot", "UpdateReplacePolicy: Delete"),
    "password in a parameter": (
        "data.yaml",
        "Parameters:\n",
        "Parameters:\n  MasterPassword:\n    Type: String\n    Description: x\n    Default: x\n\n",
    ),
    "tags of images can change": ("bootstrap.yaml", "ImageTagMutability: IMMUTABLE", "ImageTagMutability: MUTABLE"),
    "wrong seam between stacks": (
        "root.yaml",
        "RdsSecurityGroupId: !GetAtt Network.Outputs.RdsSecurityGroupId",
        "RdsSecurityGroupId: !GetAtt Network.Outputs.PrivateSecurityGroupId",
    ),
}


def judge(out) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line", *JUDGES],
        cwd=ROOT,
        env=os.environ | {"MUTATED_OUT": str(out)},
        check=False,
        capture_output=True,
        text=True,
    )


def test_without_a_fault_all_of_them_pass(tmp_path):
    shutil.copytree(ROOT / "out", tmp_path / "out")
    result = judge(tmp_path / "out")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_caught(tmp_path, fault):
    name, text, instead = FAULTS[fault]
    shutil.copytree(ROOT / "out", tmp_path / "out")
    path = tmp_path / "out" / name
    assert text in path.read_text(), "the fault no longer fits the template"
    path.write_text(path.read_text().replace(text, instead, 1))
    result = judge(tmp_path / "out")
    assert result.returncode == 1, result.stdout + result.stderr
