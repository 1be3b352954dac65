"""S3: the bucket of the packaged templates."""

from contextlib import suppress

from botocore.exceptions import ClientError

from deploy.aws.clients import Clients


class Storage(Clients):
    """Objects of a bucket."""

    def template_url(self, bucket: str, key: str) -> str:
        """The address of an object as CloudFormation takes it, the way `aws cloudformation package` writes it."""
        return f"{self._client('s3').meta.endpoint_url}/{bucket}/{key}"

    def upload_if_absent(self, bucket: str, key: str, text: str) -> bool:
        """Store a text under its key unless there is one; whether it was stored."""
        try:
            self._client("s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            self._client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/yaml")
            return True
        return False

    def empty_bucket(self, bucket: str) -> None:
        """Delete every version of every object of a bucket; one that is gone has none."""
        client = self._client("s3")
        with suppress(client.exceptions.NoSuchBucket):
            for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
                versions = [
                    {"Key": item["Key"], "VersionId": item["VersionId"]}
                    for item in page.get("Versions", []) + page.get("DeleteMarkers", [])
                ]
                if versions:
                    client.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})

    def delete_bucket(self, bucket: str) -> None:
        """Delete a bucket, which must be empty."""
        self._client("s3").delete_bucket(Bucket=bucket)
