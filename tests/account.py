"""An account in the embedded AWS, for the tests of rehearsal/emulator: its clients, and small stacks."""

import json
import time

import boto3
from botocore.exceptions import ClientError


class Account:
    """The clients of one server, and stacks made of a few resources."""

    def __init__(self, server):
        self.server, self.names = server, iter(f"stack{number}" for number in range(10_000))

    def __getattr__(self, service):
        client = boto3.client(service, **self.server.client_options())
        setattr(self, service, client)
        return client

    def create(self, resources, name=None, outputs=None, **options):
        """The stack, created to the end; one that cannot be created ends in ROLLBACK_COMPLETE."""
        name = name or next(self.names)
        body = json.dumps({"Resources": resources, "Outputs": outputs or {}, **options.pop("template", {})})
        self.cloudformation.create_stack(StackName=name, TemplateBody=body, **options)
        return self.wait(name)

    def update(self, stack, resources, **options):
        """The stack, updated to the end."""
        template = options.pop("template", {})
        self.cloudformation.update_stack(
            StackName=stack["StackName"], TemplateBody=json.dumps({"Resources": resources, **template}), **options
        )
        return self.wait(stack["StackName"])

    def delete(self, stack):
        """The status after the stack's deletion."""
        self.cloudformation.delete_stack(StackName=stack["StackName"])
        return self.wait(stack["StackId"])["StackStatus"]

    def wait(self, name):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            stack = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.02)
        raise AssertionError(f"{name} is still in {stack['StackStatus']}")

    def summaries(self, stack):
        """What a stack has, as CloudFormation lists it."""
        return self.cloudformation.list_stack_resources(StackName=stack["StackId"])["StackResourceSummaries"]

    def resources(self, stack):
        return {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in self.summaries(stack)}

    def events(self, stack):
        return self.cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]

    def nested(self, resources, **template):
        """A nested stack of these resources, as a resource."""
        bucket, key = "templates", f"{next(self.names)}.json"
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({"Resources": resources, **template}))
        url = f"{self.server.url}/{bucket}/{key}"
        return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}

    def change_set(self, stack_name, resources, kind="UPDATE", **options):
        """A change set as it is described."""
        body = json.dumps({"Resources": resources, **options.pop("template", {})})
        made = self.cloudformation.create_change_set(
            StackName=stack_name, ChangeSetName=next(self.names), ChangeSetType=kind, TemplateBody=body, **options
        )
        return self.cloudformation.describe_change_set(ChangeSetName=made["Id"])


def is_complete(stack):
    return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def does(probe, account):
    """What a probe sees; an order that is refused outright, or gives nothing to look at, is a no."""
    try:
        return probe(account)
    except (ClientError, LookupError):
        return False
