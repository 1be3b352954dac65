"""AWS::WAFv2::WebACLAssociation and LoggingConfiguration, which the emulator refuses; limits that are numbers."""

import json

from ministack.services import alb, waf
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import ResourceType, wrap
from rehearsal.emulator.values import typed


def associate(_logical_id, props, _stack_name):
    """Put a firewall before a load balancer; ValueError when either does not exist."""
    if props["ResourceArn"] not in alb._lbs:
        raise ValueError("AWS WAF couldn't perform the operation because your resource doesn't exist.")
    status, _, body = waf._associate_web_acl(props)
    if status >= 400:
        raise ValueError(json.loads(body)["message"])
    return f"{props['ResourceArn']}|{props['WebACLArn']}", {}


def dissociate(_physical_id, props):
    """Take the firewall away."""
    waf._disassociate_web_acl(props)


def log(_logical_id, props, _stack_name):
    """Ref is the Web ACL's ARN; ValueError for a destination whose name AWS WAF does not take."""
    for destination in props["LogDestinationConfigs"]:
        if "aws-waf-logs-" not in destination:
            raise ValueError(f"The ARN isn't valid. Its name must begin with aws-waf-logs-: {destination}")
    return props["ResourceArn"], {}


def log_elsewhere(_physical_id, _old, new, stack_name, logical_id):
    """Change the destination."""
    return log(logical_id, new, stack_name)


def log_no_more(_physical_id, _props):
    """Nothing is left of it."""


def numbers(original):
    """Keep the numbers of the rules as numbers, whether they stand in the template or in a parameter."""
    return lambda *args: original(*(typed(arg) if isinstance(arg, dict) else arg for arg in args))


ADDED = (
    ResourceType(
        "AWS::WAFv2::WebACLAssociation",
        associate,
        dissociate,
        replacing=("ResourceArn", "WebACLArn"),
        tags=False,
    ),
    ResourceType(
        "AWS::WAFv2::LoggingConfiguration",
        log,
        log_no_more,
        log_elsewhere,
        replacing=("ResourceArn",),
        tags=False,
    ),
)


def install() -> None:
    """Register the types, and mend the Web ACL's handlers."""
    for added in ADDED:
        added.register()
    wrap(provisioners._waf_web_acl_create, numbers)
    wrap(provisioners._waf_web_acl_update, numbers)
