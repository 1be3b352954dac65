"""The end of an environment."""

import time
from collections.abc import Callable
from decimal import Decimal

from deploy import images, leftovers, states
from deploy.aws import Aws
from deploy.commands.environment import load
from deploy.commands.pause import wake
from deploy.pausing import is_paused
from deploy.problem import Problem
from deploy.settings import Settings
from deploy.stacks import attach, delete, outputs, require_ours
from deploy.terminal import confirm, require_someone_to_ask, say
from review import workspace
from review.price import bill

# Seconds before each further attempt, where it is known that waiting helps.
PAUSES = (30, 60, 120)

DATABASE = "Data/DBInstance"
DATABASE_TYPE = "AWS::RDS::DBInstance"
LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"


def destroy(env: str, buckets: bool) -> None:
    """Delete both stacks of an environment, with images and templates, after the stack's name was typed.

    `buckets`: the buckets with logs, which the stacks leave, too.
    """
    wanted, templates = load(env)
    require_someone_to_ask()
    aws = Aws()
    stacks = [_settled(aws, wanted, name) for name in (wanted.stack, wanted.bootstrap_stack)]
    main, bootstrap = stacks
    if not any(stacks):
        say(f"{wanted.stack}: there is nothing to destroy")
        return
    nest = _present(aws, main) if main else []
    kept = [entry for entry in nest if entry["Path"] in leftovers.retained(templates)]
    values = outputs(main) if main else {}
    _say_what_is_to_come(stacks, nest, kept, values, buckets, prices(env, aws.region))
    if not confirm(f"Destroy {wanted.stack}?", word=wanted.stack):
        raise Problem("not destroyed; nothing was changed")
    before = _snapshots(aws, nest)
    _wake(aws, nest)
    for stack in filter(None, stacks):
        if stack is bootstrap:
            _empty(aws, outputs(stack))
        _lift_protections(aws, stack, nest if stack is main else [])
        _delete_with_patience(aws, stack)
    _tidy(aws, nest, kept, values, before, buckets)


def prices(env: str, region: str) -> Callable[[str], str]:
    """What a path of the nest goes on costing after the deletion, and by '' what all of it costs now, as words.

    By the list prices of review/prices/; an empty text where those do not know it.
    """
    try:
        nest = workspace.load(env, region).nest
        now, after = bill.monthly(nest, region).month, bill.remaining(nest, region)
    except Problem:
        return lambda _: ""
    return lambda path: _words(after.of(path.replace("/", "")) if path else now)


def _words(usd):
    if not usd:
        return ""
    return f"about ${usd:,.2f} a month" if usd >= Decimal("0.01") else "less than a cent a month"


def _settled(aws, wanted: Settings, name: str) -> dict | None:
    """The stack, once nothing is under way in it that a deletion would have to wait for; Problem if it is not ours."""
    stack = aws.stack(name)
    if stack is None:
        return None
    require_ours(stack, wanted)
    if states.decide_destruction(stack["StackStatus"]).action == states.ATTACH:
        attach(aws, stack)
        stack = aws.stack(name)
    return stack


def _present(aws, stack):
    """What the nest holds; an earlier deletion that failed half-way may have taken a part of it."""
    return [one for one in aws.nest(stack["StackId"]) if states.RESOURCES.get(one["ResourceStatus"]) != states.GONE]


def _say_what_is_to_come(stacks, nest, kept, values, buckets, costs):
    say("to be deleted: " + ", ".join(stack["StackName"] for stack in stacks if stack))
    if nest:
        for line in leftovers.lost(nest, {entry["Path"] for entry in kept}):
            say(f"  {line}")
    if stacks[1]:
        say("  all images and uploaded templates; both can be made again from the checkout")
    if nest:
        say(f"it costs {costs('') or 'an amount that is not known: review/prices/ lacks this region'}")
    if any(entry["Path"] == DATABASE for entry in nest):
        if values.get("FinalSnapshot", "keep") == "keep":
            say(f"the database's final snapshot is {leftovers.fate('snapshot', costs(DATABASE))}")
        else:
            say("the database's final snapshot is deleted too: ALL ITS DATA IS LOST")
    for entry in kept:
        bucket = entry["ResourceType"] == "AWS::S3::Bucket"
        stays = leftovers.fate(entry["ResourceType"], costs(entry["Path"]))
        fate = "deleted too, with all that is in it" if buckets and bucket else stays
        hint = " (BUCKETS=1 deletes it)" if bucket and not buckets else ""
        say(f"{entry['Path']} {entry.get('PhysicalResourceId', '')}: {fate}{hint}")


def _snapshots(aws, nest):
    database = _physical(nest, DATABASE)
    return set(aws.snapshots(database)) if database else set()


def _physical(nest, path):
    return next((entry.get("PhysicalResourceId", "") for entry in nest if entry["Path"] == path), "")


def _lift_protections(aws, stack, nest):
    """Only now, after the name was typed, and each one said."""
    if stack.get("EnableTerminationProtection"):
        aws.protect_stack(stack["StackName"], False)
        say(f"{stack['StackName']}: termination protection lifted")
    for entry in nest:
        name = entry.get("PhysicalResourceId")
        if name and entry["ResourceType"] == DATABASE_TYPE:
            _lift_from_database(aws, aws.database(name))
        if name and entry["ResourceType"] == LOAD_BALANCER and aws.load_balancer_protected(name):
            aws.protect_load_balancer(name, False)
            say(f"{entry['Path']}: deletion protection lifted")


def _lift_from_database(aws, database):
    if database and database.get("DeletionProtection"):
        aws.protect_database(database["DBInstanceIdentifier"], False)
        say(f"{database['DBInstanceIdentifier']}: deletion protection lifted")


def _wake(aws, nest):
    """A database takes its final snapshot, and is changed, only while it runs.

    CloudFormation would not even say so: it takes RDS's refusal for a deletion that is under way, and waits for hours.
    Source: aws-cloudformation-resource-providers-rds, pull request 193.
    """
    name = _physical(nest, DATABASE)
    if name and is_paused(aws.database(name)):
        say(f"{name}: it is stopped, and has to run to be deleted with a final snapshot")
        wake(aws, name)


def _delete_with_patience(aws, stack):
    """Delete; again, as often as is known to help, when something could not be deleted yet."""
    for seconds in (*PAUSES, None):
        if stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            aws.delete_stack(stack["StackName"])  # a shell without events to follow
            return
        try:
            delete(aws, stack)
            return
        except Problem as problem:
            stuck = states.failed(list(aws.nest(stack["StackId"])))
            remedies = [leftovers.remedy(entry.get("ResourceStatusReason", "")) for entry in stuck]
            if seconds is None or not stuck or None in remedies:
                raise
            say(f"{problem}")
            _help(aws, stack, stuck, remedies, seconds)


def _help(aws, stack, stuck, remedies, seconds):
    if leftovers.EMPTY in remedies:
        _empty(aws, outputs(stack))
    if leftovers.UNPROTECT in remedies:
        _lift_protections(aws, stack, stuck)
    if leftovers.AGAIN in remedies:
        say(f"{stack['StackName']}: that is known to pass; trying again in {seconds} seconds")
        time.sleep(seconds)


def _empty(aws, values):
    if "ArtifactBucketName" in values:
        aws.empty_bucket(values["ArtifactBucketName"])
    for output in (output for _, output in images.TARGETS.values() if output in values):
        aws.empty_repository(values[output].partition("/")[2])


def _tidy(aws, nest, kept, values, before, buckets):
    """Delete what was asked to be, and name what stays with the way to remove it."""
    staying = []
    for snapshot in sorted(_snapshots(aws, nest)):
        if snapshot not in before and values.get("FinalSnapshot", "keep") != "keep":
            aws.delete_snapshot(snapshot)
            say(f"{snapshot}: deleted")
        else:
            staying.append(("snapshot", snapshot))
    for entry in kept:
        kind, name = entry["ResourceType"], entry.get("PhysicalResourceId", "")
        if buckets and kind == "AWS::S3::Bucket":
            aws.empty_bucket(name)
            aws.delete_bucket(name)
            say(f"{name}: deleted")
        else:
            staying.append((kind, name))
    for prefix in _log_prefixes(nest):
        staying += [("log group", group) for group in aws.log_groups(prefix)]
    say("what is left, and how to remove it:" if staying else "what is left: nothing that is known of")
    for kind, name in staying:
        say(f"  {leftovers.staying(kind, name)}")


def _log_prefixes(nest):
    """Log groups that AWS itself makes, with names that hold those of the database and the cluster."""
    database, cluster = _physical(nest, DATABASE), _physical(nest, "Compute/Cluster")
    prefixes = [f"/aws/rds/instance/{database}/"] if database else []
    return prefixes + ([f"/aws/ecs/containerinsights/{cluster}/"] if cluster else [])
