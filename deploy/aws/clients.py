"""The clients of boto3, each made when it is first needed: making one costs tens of milliseconds."""

import os
from functools import cache

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError

from deploy.problem import Problem

CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, s3={"addressing_style": "path"})


def _require_time(credentials):
    """Raise a Problem for credentials of the environment that AWS_CREDENTIAL_EXPIRATION says are over.

    botocore raises a plain RuntimeError for those, from within any call.
    """
    if getattr(credentials, "method", "") == "env":
        try:
            credentials.get_frozen_credentials()
        except RuntimeError:
            raise Problem("the credentials have expired, as AWS_CREDENTIAL_EXPIRATION says: get new ones") from None


class Clients:
    """The account and region that the environment's credentials lead to, or the endpoint in AWS_ENDPOINT_URL."""

    def __init__(self) -> None:
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        if session.region_name is None:
            raise NoRegionError
        _require_time(session.get_credentials())
        self.region = session.region_name
        self._session = session
        self._client = cache(lambda service: session.client(service, config=CONFIG))
