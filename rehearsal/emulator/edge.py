"""Load balancer targets are told apart by id and port, so that two tasks can listen on one address; listeners of a
stack have their attributes from the beginning; a target group's full name is that of its metrics.

The emulator ignores a second target of the same id and a listener's attributes until its first update, forgets how
the full name begins, and knows a load balancer by its own names only, not by the alias of a hosted zone.
"""

from ministack import app
from ministack.services import alb, route53
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import wrap


def key_of(target: dict, group: dict) -> tuple[str, int]:
    """What names a target; a target without a port has its group's."""
    return target["Id"], int(target.get("Port") or group.get("Port", 80))


def register(original):
    """Keep targets of one id apart by their ports."""

    def registered(params):
        arn = alb._p(params, "TargetGroupArn")
        group = alb._tgs.get(arn)
        if group is None:
            return original(params)
        held = alb._targets.setdefault(arn, [])
        known = {key_of(target, group) for target in held}
        held += [target for target in alb._parse_targets_param(params) if key_of(target, group) not in known]
        return alb._empty("RegisterTargets")

    return registered


def deregister(original):
    """Take away the target with this port, or every one with the id if none is given."""

    def deregistered(params):
        arn = alb._p(params, "TargetGroupArn")
        group = alb._tgs.get(arn)
        if group is None:
            return original(params)
        named = alb._parse_targets_param(params)
        gone = {key_of(target, group) for target in named if target.get("Port")}
        anywhere = {target["Id"] for target in named if not target.get("Port")}
        alb._targets[arn] = [
            target
            for target in alb._targets.get(arn, [])
            if target["Id"] not in anywhere and key_of(target, group) not in gone
        ]
        return alb._empty("DeregisterTargets")

    return deregistered


def create_listener(original):
    """Keep the attributes, as the API does."""

    def created(logical_id, props, stack_name):
        arn, attributes = original(logical_id, props, stack_name)
        held = alb._listener_attrs.setdefault(arn, [{"Key": "routing.http.response.server.enabled", "Value": "true"}])
        provisioners._elbv2_merge_attributes(held, props.get("ListenerAttributes"))
        return arn, attributes

    return created


def full_name(original):
    """As metrics name it: targetgroup/NAME/ID."""
    return lambda arn: f"targetgroup/{original(arn)}"


def alias_of(host: str) -> str | None:
    """The host name to which an alias record leads, as a resolver would follow it; None if there is no such record."""
    wanted = host.partition(":")[0].lower()
    records = [record for zone in route53._records.values() for record in zone if record.get("AliasTarget")]
    found = (record["AliasTarget"]["DNSName"] for record in records if record["Name"].rstrip(".").lower() == wanted)
    return next((name.rstrip(".").removeprefix("dualstack.") for name in found), None)


def find_load_balancer(original):
    """A load balancer is found by an alias record too."""
    return lambda host: original(host) or original(alias_of(host) or host)


def could_be_for_load_balancer(original):
    """A request to a host of an alias record is one for a load balancer."""
    return lambda host, path: original(host, path) or alias_of(host) is not None


def install() -> None:
    """Mend the calls and the listener's handler."""
    wrap(alb.find_lb_for_host, find_load_balancer)
    wrap(app._is_potential_alb_request, could_be_for_load_balancer)
    wrap(provisioners._elbv2_listener_create, create_listener)
    wrap(alb._target_group_full_name_from_arn, full_name)
    wrap(alb._register_targets, register)
    wrap(alb._deregister_targets, deregister)
