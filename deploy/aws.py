"""The only module that talks to AWS: each method is one question or one order, without a decision in it."""

import base64
import os
from collections.abc import Iterator
from datetime import datetime

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from deploy.events import Event, from_api


class Aws:
    """The account and region that the environment's credentials lead to, or the endpoint in AWS_ENDPOINT_URL."""

    def __init__(self) -> None:
        region = os.environ.get("AWS_REGION") or None
        config = Config(retries={"mode": "standard", "max_attempts": 5}, s3={"addressing_style": "path"})
        session = boto3.Session(region_name=region)
        self._cloudformation = session.client("cloudformation", config=config)
        self._s3 = session.client("s3", config=config)
        self._ecr = session.client("ecr", config=config)
        self._rds = session.client("rds", config=config)
        self._sts = session.client("sts", config=config)
        self.region = session.region_name

    def account(self) -> str:
        """The account's number; fails when credentials are missing, wrong or expired."""
        return self._sts.get_caller_identity()["Account"]

    # Stacks

    def stack(self, name: str) -> dict | None:
        """The stack as DescribeStacks gives it, or None if there is none."""
        try:
            return self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise

    def create_change_set(self, stack: str, name: str, kind: str, url: str, parameters: dict, tags: dict) -> str:
        """Order a change set of type CREATE or UPDATE over the whole nest; its id."""
        return self._cloudformation.create_change_set(
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateURL=url,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            Capabilities=["CAPABILITY_IAM"],
            IncludeNestedStacks=True,
        )["Id"]

    def create_stack(self, stack: str, body: str, parameters: dict, tags: dict) -> None:
        """Order a stack from a template's text (51,200 bytes at most)."""
        self._cloudformation.create_stack(StackName=stack, **self._plain_order(body, parameters, tags))

    def update_stack(self, stack: str, body: str, parameters: dict, tags: dict) -> bool:
        """Order an update from a template's text; False if there is nothing to change."""
        try:
            self._cloudformation.update_stack(StackName=stack, **self._plain_order(body, parameters, tags))
        except ClientError as error:
            if "No updates are to be performed" in error.response["Error"].get("Message", ""):
                return False
            raise
        return True

    @staticmethod
    def _plain_order(body, parameters, tags):
        return {
            "TemplateBody": body,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }

    def change_set(self, change_set_id: str, stack: str | None = None) -> dict:
        """A change set with all its pages of changes."""
        owner = {"StackName": stack} if stack else {}
        pages = self._cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=change_set_id, **owner)
        first, *rest = pages
        for page in rest:
            first["Changes"] += page["Changes"]
        return first

    def execute_change_set(self, change_set_id: str, stack: str) -> None:
        """Order what the change set says."""
        self._cloudformation.execute_change_set(ChangeSetName=change_set_id, StackName=stack)

    def delete_change_set(self, change_set_id: str, stack: str) -> None:
        """Forget a change set; the stack stays as it is."""
        self._cloudformation.delete_change_set(ChangeSetName=change_set_id, StackName=stack)

    def delete_stack(self, stack: str) -> None:
        """Order the deletion of a stack."""
        self._cloudformation.delete_stack(StackName=stack)

    def events(self, stack_id: str, path: str, after: datetime | None) -> Iterator[Event]:
        """The events of one stack, newest first, back to and without the moment `after`."""
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for raw in (raw for page in pages for raw in page["StackEvents"]):
            if after and raw["Timestamp"] <= after:
                return
            yield from_api(raw, path)

    # The database's last snapshot

    def snapshots(self, instance: str) -> list[str]:
        """The names of the snapshots of a database that were not taken by its automatic backups."""
        pages = self._rds.get_paginator("describe_db_snapshots").paginate(
            DBInstanceIdentifier=instance, SnapshotType="manual"
        )
        return [item["DBSnapshotIdentifier"] for page in pages for item in page["DBSnapshots"]]

    def delete_snapshot(self, snapshot: str) -> None:
        """Delete a snapshot of a database."""
        self._rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot)

    # Templates and images

    def template_url(self, bucket: str, key: str) -> str:
        """The address of an object as CloudFormation takes it, the way `aws cloudformation package` writes it."""
        return f"{self._s3.meta.endpoint_url}/{bucket}/{key}"

    def upload_if_absent(self, bucket: str, key: str, text: str) -> bool:
        """Store a text under its key unless there is one; whether it was stored."""
        try:
            self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            self._s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/yaml")
            return True
        return False

    def empty_bucket(self, bucket: str) -> None:
        """Delete every version of every object of a bucket."""
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            versions = [
                {"Key": item["Key"], "VersionId": item["VersionId"]}
                for item in page.get("Versions", []) + page.get("DeleteMarkers", [])
            ]
            if versions:
                self._s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})

    def image_digest(self, repository: str, tag: str) -> str | None:
        """The digest of the image that the repository (its name) holds under the tag; None if it holds none."""
        try:
            answer = self._ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
        except self._ecr.exceptions.ImageNotFoundException:
            return None
        return answer["imageDetails"][0]["imageDigest"]

    def empty_repository(self, repository: str) -> None:
        """Delete every image of a repository."""
        for page in self._ecr.get_paginator("list_images").paginate(repositoryName=repository):
            if page["imageIds"]:
                self._ecr.batch_delete_image(repositoryName=repository, imageIds=page["imageIds"])

    def registry_password(self) -> str:
        """A password for the user AWS at the account's registry, good for twelve hours."""
        token = self._ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().partition(":")[2]
