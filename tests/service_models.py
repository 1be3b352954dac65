"""What each service of AWS can do, as botocore knows it."""

from functools import cache

import botocore.session

# What a client is called by, where IAM has another name.
SERVICES = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}


@cache
def operations(service: str) -> list[str]:
    """The names of all operations of the service; the largest model takes a quarter of a second."""
    return botocore.session.get_session().get_service_model(service).operation_names
