"""ECR answers as AWS does where a deployment asks: an image that is not there, the registry's address.

The emulator answers with an empty list, and with an address that no machine has.
"""

import json
import os

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecr

from rehearsal.emulator.patch import wrap


def describe_images(original):
    """An image that is asked for and absent is an error."""

    def described(data):
        repository = data.get("repositoryName", "")
        for image in data.get("imageIds") or []:
            if repository in ecr._repositories and ecr._find_image(repository, image) is None:
                digest, tag = image.get("imageDigest", "null"), image.get("imageTag", "null")
                return error_response_json(
                    "ImageNotFoundException",
                    f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the "
                    f"repository with name '{repository}' in the registry with id '{ecr._registry_id()}'",
                    400,
                )
        return original(data)

    return described


def authorization(original):
    """Name the address at which this registry answers."""

    def authorized(data):
        answer = json.loads(original(data)[2])
        for entry in answer["authorizationData"]:
            entry["proxyEndpoint"] = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
        return json_response(answer)

    return authorized


def install() -> None:
    """Mend both calls."""
    wrap(ecr._describe_images, describe_images)
    wrap(ecr._get_authorization_token, authorization)
