"""What an account of the embedded AWS holds: what may be there once only, and what must never go."""

import re

import boto3

from drills.parts.processes import wait_until

# What holds data: it may not be deleted, nor made anew.
DATA = ("databases", "buckets", "objects", "repositories", "images", "secrets", "keys")


# The emulator's own tables: this one has the time at which it was filled; the others are there once they are needed.
DATED = "ministack.services.iam._aws_managed_policies"
TABLE = re.compile(r"ministack\..*\._?[A-Z][A-Z0-9_]*")


class Account:
    """The account behind a running embedded AWS."""

    def __init__(self, server):
        self.server, self.first = server, server.state()

    def renew(self) -> None:
        """Make it an account in which nobody has ever done anything."""
        shell = "REVIEW_IN_PROGRESS"  # nothing is done to it
        wait_until(
            lambda: not any("IN_PROGRESS" in status and status != shell for status in self.roots().values()),
            what="the stacks' end",
        )
        self.server.reset()
        now = self.server.state()
        left = [name for name, digest in now.items() if self.first.get(name) != digest]
        left = [name for name in left if name != DATED and (name in self.first or not TABLE.fullmatch(name))]
        if left:
            raise AssertionError(f"the account is not as new: {', '.join(left)}")

    def ask(self, service: str, question: str, key: str, **given) -> list:
        """One list of an answer."""
        return getattr(boto3.client(service, **self.server.client_options()), question)(**given)[key]

    def holdings(self) -> dict[str, set]:
        """Everything of the kinds below, by what tells one from another."""
        buckets = {one["Name"] for one in self.ask("s3", "list_buckets", "Buckets")}
        repositories = {one["repositoryName"] for one in self.ask("ecr", "describe_repositories", "repositories")}
        return {
            "databases": {
                (one["DBInstanceIdentifier"], str(one["InstanceCreateTime"]))
                for one in self.ask("rds", "describe_db_instances", "DBInstances")
            },
            "buckets": buckets,
            "objects": {(bucket, key) for bucket in buckets for key in self.objects(bucket)},
            "repositories": repositories,
            "images": {(name, digest) for name in repositories for digest in self.images(name)},
            "secrets": {one["ARN"] for one in self.ask("secretsmanager", "list_secrets", "SecretList")},
            "keys": {one["KeyId"] for one in self.ask("kms", "list_keys", "Keys")},
            "stacks": {one["StackId"] for one in self.stacks()},
            "networks": {one["VpcId"] for one in self.ask("ec2", "describe_vpcs", "Vpcs")},
            "security groups": {
                one["GroupId"] for one in self.ask("ec2", "describe_security_groups", "SecurityGroups")
            },
            "load balancers": {
                one["LoadBalancerArn"] for one in self.ask("elbv2", "describe_load_balancers", "LoadBalancers")
            },
            "target groups": {
                one["TargetGroupArn"] for one in self.ask("elbv2", "describe_target_groups", "TargetGroups")
            },
            "clusters": set(self.ask("ecs", "list_clusters", "clusterArns")),
            "services": {
                arn for name in self.ask("ecs", "list_clusters", "clusterArns") for arn in self.services(name)
            },
            "log groups": {one["logGroupName"] for one in self.ask("logs", "describe_log_groups", "logGroups")},
            "snapshots": {
                one["DBSnapshotIdentifier"] for one in self.ask("rds", "describe_db_snapshots", "DBSnapshots")
            },
        }

    def objects(self, bucket: str) -> list[str]:
        client = boto3.client("s3", **self.server.client_options())
        return [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def images(self, repository: str) -> list[str]:
        found = self.ask("ecr", "list_images", "imageIds", repositoryName=repository)
        return [one["imageDigest"] for one in found]

    def services(self, cluster: str) -> list[str]:
        return self.ask("ecs", "list_services", "serviceArns", cluster=cluster)

    def stacks(self) -> list[dict]:
        pages = (
            boto3.client("cloudformation", **self.server.client_options()).get_paginator("describe_stacks").paginate()
        )
        return [stack for page in pages for stack in page["Stacks"] if stack["StackStatus"] != "DELETE_COMPLETE"]

    def roots(self) -> dict[str, str]:
        """The status of each stack that is not nested."""
        return {one["StackName"]: one["StackStatus"] for one in self.stacks() if "ParentId" not in one}

    def change_sets(self) -> list[str]:
        """The change sets that somebody could still execute, or that only lie about."""
        question = ("cloudformation", "list_change_sets", "Summaries")
        listed = {name: self.ask(*question, StackName=name) for name in self.roots()}
        return [
            f"{name}/{one['ChangeSetName']}: {one['Status']} {one.get('ExecutionStatus')}"
            for name, summaries in listed.items()
            for one in summaries
            if one.get("ExecutionStatus") != "EXECUTE_COMPLETE"
        ]


def counted(holdings: dict[str, set]) -> dict[str, int]:
    return {kind: len(found) for kind, found in holdings.items()}
