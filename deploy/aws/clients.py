"""The clients of boto3, each made when it is first needed: making one costs tens of milliseconds."""

import os
from functools import cache

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError

CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, s3={"addressing_style": "path"})


class Clients:
    """The account and region that the environment's credentials lead to, or the endpoint in AWS_ENDPOINT_URL."""

    def __init__(self) -> None:
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        if session.region_name is None:
            raise NoRegionError
        self.region = session.region_name
        self._client = cache(lambda service: session.client(service, config=CONFIG))
