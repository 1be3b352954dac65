"""CloudFormation: what the stacks of a nest hold, and how it differs from what they say."""

from collections.abc import Iterator

from deploy.aws.clients import Clients
from deploy.events import NESTED


class Nest(Clients):
    """Root and nested stacks as one tree."""

    def nest(self, stack: str, path: str = "") -> Iterator[dict]:
        """Every resource of the nest, nested stacks before what they hold.

        Summaries of ListStackResources with `Path`, as in Data/DBInstance, and `StackName`, its own stack's name.
        """
        pages = self._client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        name = stack.split("/")[1] if stack.startswith("arn:") else stack
        for entry in (entry for page in pages for entry in page["StackResourceSummaries"]):
            place = f"{path}/{entry['LogicalResourceId']}".lstrip("/")
            yield entry | {"Path": place, "StackName": name}
            if entry["ResourceType"] == NESTED and entry.get("PhysicalResourceId", "").startswith("arn:"):
                yield from self.nest(entry["PhysicalResourceId"], place)

    def detect_drift(self, stack: str) -> str:
        """Order the detection of drift in one stack, not in those nested in it; its id."""
        return self._client("cloudformation").detect_stack_drift(StackName=stack)["StackDriftDetectionId"]

    def drift_detection(self, detection: str) -> dict:
        """How far the detection is."""
        client = self._client("cloudformation")
        return client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)

    def drifted(self, stack: str) -> list[dict]:
        """The resources of one stack that are not as its template says, with the properties that differ."""
        client, found, page = self._client("cloudformation"), [], {}
        while True:
            answer = client.describe_stack_resource_drifts(
                StackName=stack, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **page
            )
            found += answer["StackResourceDrifts"]
            if not answer.get("NextToken"):
                return found
            page = {"NextToken": answer["NextToken"]}
