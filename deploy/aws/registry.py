"""ECR: the images of the application."""

import base64
from contextlib import suppress

from deploy.aws.clients import Clients


class Registry(Clients):
    """Images of a repository."""

    def image_digest(self, repository: str, tag: str) -> str | None:
        """The digest of the image that the repository (its name) holds under the tag; None if it holds none."""
        try:
            answer = self._client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
        except self._client("ecr").exceptions.ImageNotFoundException:
            return None
        return answer["imageDetails"][0]["imageDigest"]

    def image_tags(self, repository: str, digest: str) -> list[str] | None:
        """The tags of an image; None if the repository does not hold it any more."""
        client = self._client("ecr")
        try:
            answer = client.describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])
        except (client.exceptions.ImageNotFoundException, client.exceptions.RepositoryNotFoundException):
            return None
        return answer["imageDetails"][0].get("imageTags", [])

    def empty_repository(self, repository: str) -> None:
        """Delete every image of a repository; one that is gone has none."""
        client = self._client("ecr")
        with suppress(client.exceptions.RepositoryNotFoundException):
            for page in client.get_paginator("list_images").paginate(repositoryName=repository):
                if page["imageIds"]:
                    client.batch_delete_image(repositoryName=repository, imageIds=page["imageIds"])

    def registry_password(self) -> str:
        """A password for the user AWS at the account's registry, good for twelve hours."""
        token = self._client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().partition(":")[2]
