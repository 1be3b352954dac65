"""Load balancer targets are told apart by id and port, so that two tasks can listen on one address.

The emulator ignores a second target of the same id.
"""

from ministack.services import alb

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


def install() -> None:
    """Mend both calls."""
    wrap(alb._register_targets, register)
    wrap(alb._deregister_targets, deregister)
