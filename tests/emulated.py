"""The stacks of out/ in the embedded AWS, as one root stack, for the tests that deploy them there."""

import hashlib
import re
from pathlib import Path

OUT = Path(__file__).parent.parent / "out"
IMAGES = {"AppImage": "registry.example/app:1", "WebImage": "registry.example/web:1"}


class Nest:
    """The stacks of out/, as one root stack."""

    def __init__(self, account):
        self.account, self.name, self.id = account, next(account.names), None

    def url(self):
        """Where the root's template lies, its nested ones beside it."""
        self.account.s3.create_bucket(Bucket="nest")
        text = (OUT / "root.yaml").read_text()
        for file in re.findall(r"TemplateURL: (\S+\.yaml)", text):
            text = text.replace(f"TemplateURL: {file}", f"TemplateURL: {self.put((OUT / file).read_text())}")
        return self.put(text)

    def put(self, text):
        key = hashlib.sha256(text.encode()).hexdigest()
        self.account.s3.put_object(Bucket="nest", Key=key, Body=text.encode())
        return f"{self.account.server.url}/nest/{key}"

    def plan(self, kind, **parameters):
        """A change set over the nest, described."""
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in {**IMAGES, **parameters}.items()]
        made = self.account.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=next(self.account.names),
            ChangeSetType=kind,
            TemplateURL=self.url(),
            Parameters=given,
            Capabilities=["CAPABILITY_IAM"],
            IncludeNestedStacks=True,
        )
        self.id = made["StackId"]
        return self.account.cloudformation.describe_change_set(ChangeSetName=made["Id"])

    def deploy(self, kind, **parameters):
        """The status of the root after a change set has been executed."""
        change_set = self.plan(kind, **parameters)
        assert change_set["Status"] == "CREATE_COMPLETE", change_set["StatusReason"]
        self.account.cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        return self.account.wait(self.id)["StackStatus"]

    def children(self):
        return {key: value for key, value in self.account.resources({"StackId": self.id}).items() if ":stack/" in value}

    def inventory(self):
        """Logical id -> physical id, of everything in the nested stacks."""
        found = [self.account.resources({"StackId": arn}) for arn in self.children().values()]
        return {key: value for child in found for key, value in child.items()}

    def types(self):
        """Type of everything in the nested stacks, by stack and logical id: NetworkVPC is VPC of the stack Network."""
        found = {}
        for stack, arn in self.children().items():
            for entry in self.account.summaries({"StackId": arn}):
                found[stack + entry["LogicalResourceId"]] = entry["ResourceType"]
        return found

    def statuses(self):
        return {key: self.account.wait(arn)["StackStatus"] for key, arn in self.children().items()}

    def inner(self, change_set):
        """Logical id -> change, of everything that a change set changes inside the nested stacks."""
        changes = {}
        for entry in change_set["Changes"]:
            nested = entry["ResourceChange"].get("ChangeSetId")
            if not nested:
                continue
            for change in self.account.cloudformation.describe_change_set(ChangeSetName=nested)["Changes"]:
                changes[change["ResourceChange"]["LogicalResourceId"]] = change["ResourceChange"]
        return changes

    def failures(self, stack_id):
        events = self.account.events({"StackId": stack_id})
        return {e["LogicalResourceId"]: e for e in events if e["ResourceStatus"].endswith("_FAILED")}

    def databases(self):
        return self.account.rds.describe_db_instances()["DBInstances"]


def footprint(account, zone):
    """How much of each kind is in the account."""
    logs, rds, ec2 = account.logs, account.rds, account.ec2
    gateways = ec2.describe_nat_gateways(Filter=[{"Name": "state", "Values": ["available"]}])
    return {
        "snapshots": len(rds.describe_db_snapshots()["DBSnapshots"]),
        "buckets": len(account.s3.list_buckets()["Buckets"]),
        "keys": len(account.kms.list_keys()["Keys"]),
        "databases": len(rds.describe_db_instances()["DBInstances"]),
        "parameter groups": len(rds.describe_db_parameter_groups()["DBParameterGroups"]),
        "secrets": len(account.secretsmanager.list_secrets()["SecretList"]),
        "roles": len(account.iam.list_roles()["Roles"]),
        "policies": len(account.iam.list_policies(Scope="Local")["Policies"]),
        "clusters": len(account.ecs.list_clusters()["clusterArns"]),
        "load balancers": len(account.elbv2.describe_load_balancers()["LoadBalancers"]),
        "target groups": len(account.elbv2.describe_target_groups()["TargetGroups"]),
        "certificates": len(account.acm.list_certificates()["CertificateSummaryList"]),
        "records": len(account.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]),
        "firewalls": len(account.wafv2.list_web_acls(Scope="REGIONAL")["WebACLs"]),
        "alarms": len(account.cloudwatch.describe_alarms()["MetricAlarms"]),
        "dashboards": len(account.cloudwatch.list_dashboards()["DashboardEntries"]),
        "topics": len(account.sns.list_topics()["Topics"]),
        "log groups": len(logs.describe_log_groups()["logGroups"]),
        "metric filters": len(logs.describe_metric_filters()["metricFilters"]),
        "networks": len(ec2.describe_vpcs()["Vpcs"]),
        "endpoints": len(ec2.describe_vpc_endpoints()["VpcEndpoints"]),
        "flow logs": len(ec2.describe_flow_logs()["FlowLogs"]),
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "gateways": len(gateways["NatGateways"]),
        "security groups": len(ec2.describe_security_groups()["SecurityGroups"]),
    }
