"""CloudFormation: stacks, change sets, events."""

import os
from collections.abc import Iterator
from datetime import datetime

from botocore.exceptions import ClientError

from deploy.aws.clients import Clients
from deploy.events import Event, from_api


class Stacks(Clients):
    """Stacks, their change sets and their events."""

    @staticmethod
    def _service_role():
        """The role under which CloudFormation works, where CLOUDFORMATION_ROLE names one; else the caller's rights."""
        role = os.environ.get("CLOUDFORMATION_ROLE")
        return {"RoleARN": role} if role else {}

    def stack(self, name: str) -> dict | None:
        """The stack as DescribeStacks gives it, or None if there is none."""
        try:
            return self._client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise

    def create_change_set(self, stack: str, name: str, kind: str, url: str, parameters: dict, tags: dict) -> str:
        """Order a change set of type CREATE or UPDATE over the whole nest; its id."""
        return self._client("cloudformation").create_change_set(
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateURL=url,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=["CAPABILITY_IAM"],
            IncludeNestedStacks=True,
            **self._service_role(),
        )["Id"]

    def create_parameter_change_set(
        self, stack: str, name: str, parameters: dict[str, str], kept: set[str], tags: dict[str, str]
    ) -> str:
        """Order a change set over the nest as it was deployed, with other values of some parameters; its id."""
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        return self._client("cloudformation").create_change_set(
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType="UPDATE",
            UsePreviousTemplate=True,
            Parameters=given + [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=["CAPABILITY_IAM"],
            IncludeNestedStacks=True,
            **self._service_role(),
        )["Id"]

    def create_stack(self, stack: str, body: str, parameters: dict, tags: dict) -> None:
        """Order a stack from a template's text (51,200 bytes at most)."""
        self._client("cloudformation").create_stack(StackName=stack, **self._plain_order(body, parameters, tags))

    def update_stack(self, stack: str, body: str, parameters: dict, tags: dict) -> bool:
        """Order an update from a template's text; False if there is nothing to change."""
        try:
            self._client("cloudformation").update_stack(StackName=stack, **self._plain_order(body, parameters, tags))
        except ClientError as error:
            if "No updates are to be performed" in error.response["Error"].get("Message", ""):
                return False
            raise
        return True

    def _plain_order(self, body, parameters, tags):
        return self._service_role() | {
            "TemplateBody": body,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }

    def change_set(self, change_set_id: str, stack: str | None = None) -> dict:
        """A change set with all its pages of changes."""
        owner = {"StackName": stack} if stack else {}
        pages = (
            self._client("cloudformation")
            .get_paginator("describe_change_set")
            .paginate(ChangeSetName=change_set_id, IncludePropertyValues=True, **owner)
        )
        first, *rest = pages
        for page in rest:
            first["Changes"] += page["Changes"]
        return first

    def execute_change_set(self, change_set_id: str, stack: str) -> None:
        """Order what the change set says."""
        self._client("cloudformation").execute_change_set(ChangeSetName=change_set_id, StackName=stack)

    def delete_change_set(self, change_set_id: str, stack: str) -> None:
        """Forget a change set; the stack stays as it is."""
        self._client("cloudformation").delete_change_set(ChangeSetName=change_set_id, StackName=stack)

    def delete_stack(self, stack: str) -> None:
        """Order the deletion of a stack."""
        self._client("cloudformation").delete_stack(StackName=stack, **self._service_role())

    def continue_rollback(self, stack: str, skip: list[str]) -> None:
        """Order that a failed rollback goes on, without these resources: LogicalId, or NestedStackName.LogicalId."""
        skipped = {"ResourcesToSkip": skip} if skip else {}
        self._client("cloudformation").continue_update_rollback(StackName=stack, **skipped, **self._service_role())

    def roll_back(self, stack: str) -> None:
        """Order that what failed and was left as it was is undone."""
        self._client("cloudformation").rollback_stack(StackName=stack, **self._service_role())

    def protect_stack(self, stack: str, protected: bool) -> None:
        """Set the stack's termination protection."""
        self._client("cloudformation").update_termination_protection(
            StackName=stack, EnableTerminationProtection=protected
        )

    def set_stack_policy(self, stack: str, body: str) -> None:
        """Say what updates may do to the resources of one stack; it holds until another one is set."""
        self._client("cloudformation").set_stack_policy(StackName=stack, StackPolicyBody=body)

    def template(self, stack: str) -> str | dict:
        """The template of a stack as it was sent: text, or data where it was JSON."""
        answer = self._client("cloudformation").get_template(StackName=stack, TemplateStage="Original")
        return answer["TemplateBody"]

    def change_sets(self, stack: str) -> list[dict]:
        """What ListChangeSets says of each change set of a stack."""
        pages = self._client("cloudformation").get_paginator("list_change_sets").paginate(StackName=stack)
        return [summary for page in pages for summary in page["Summaries"]]

    def cancel_update(self, stack: str) -> bool:
        """Order an update to be taken back; False if it is over, or no update."""
        try:
            self._client("cloudformation").cancel_update_stack(StackName=stack)
        except ClientError as error:
            if "cannot be called from current stack status" in error.response["Error"].get("Message", ""):
                return False
            raise
        return True

    def events(self, stack_id: str, path: str, after: datetime | None) -> Iterator[Event]:
        """The events of one stack, newest first, back to and without the moment `after`."""
        pages = self._client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for raw in (raw for page in pages for raw in page["StackEvents"]):
            if after and raw["Timestamp"] <= after:
                return
            yield from_api(raw, path)
