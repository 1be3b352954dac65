"""Who we are to AWS, for how long, and where."""

from datetime import datetime, timedelta

from deploy.answers import Answer
from deploy.doctor.finding import OK, PROBLEM, WARNING, Finding, unknown

# A first deployment takes some ten minutes, one with a standby and a replica some thirty.
ENOUGH = timedelta(minutes=40)

# What an AWS Academy Learner Lab allows.
LAB_REGIONS = {"us-east-1", "us-west-2"}
LAB_ROLE = "LabRole"

# Service-linked role: when it is needed. AWS makes each on first use, where the credentials may have it made.
LINKED_ROLES = {
    "AWSServiceRoleForECS": "ECS",
    "AWSServiceRoleForElasticLoadBalancing": "the load balancer",
    "AWSServiceRoleForRDS": "the database",
    "AWSServiceRoleForApplicationAutoScaling_ECSService": "scaling",
}


def is_lab(arn: str) -> bool:
    """Whether these credentials are those of a Learner Lab, whose users assume the role voclabs."""
    return ":assumed-role/voclabs/" in arn


def identity(answer: Answer) -> Finding:
    """GetCallerIdentity: whether the credentials work."""
    if answer.fault:
        return Finding(PROBLEM, answer.fault)
    lab = ", of a Learner Lab" if is_lab(answer.value["Arn"]) else ""
    return Finding(OK, f"account {answer.value['Account']} as {answer.value['Arn']}{lab}")


def time_left(temporary: bool, expiry: datetime | None, now: datetime, lab: bool) -> Finding:
    """How long the credentials are good for; `expiry` is None where nothing says it."""
    if not temporary:
        return Finding(OK, "the credentials have no end")
    if expiry is None:
        usual = "in a Learner Lab 4 hours from Start Lab" if lab else "ask whoever gave them"
        return Finding(WARNING, f"the credentials are temporary, and nothing says until when ({usual})")
    left = expiry - now
    if left <= timedelta(0):
        return Finding(PROBLEM, f"the credentials ended at {expiry:%Y-%m-%d %H:%M %Z}: get new ones")
    text = f"the credentials are good for {_span(left)} more"
    if left < ENOUGH:
        return Finding(WARNING, f"{text}: a first deployment may take longer; get new ones before it")
    return Finding(OK, text)


def _span(left):
    hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def region(name: str, answer: Answer, lab: bool) -> Finding:
    """DescribeRegions with those that are not enabled: whether the account can use this one."""
    if answer.fault:
        return unknown(f"region {name}", answer)
    states = {one["RegionName"]: one["OptInStatus"] for one in answer.value}
    if name not in states:
        return Finding(PROBLEM, f"there is no region {name}: set AWS_REGION, as in us-east-1")
    if states[name] == "not-opted-in":
        return Finding(PROBLEM, f"region {name} is not enabled in this account: enable it under Account, AWS Regions")
    if lab and name not in LAB_REGIONS:
        return Finding(PROBLEM, f"a Learner Lab has no region {name}: set AWS_REGION=us-east-1")
    return Finding(OK, f"region {name}")


def role(parameter: str, name: str, answer: Answer | None, lab: bool) -> Finding:
    """The role that an environment names, or none; `answer` is that of GetRole, its value None if there is no such."""
    if not name:
        if lab:
            return Finding(
                PROBLEM, f"a Learner Lab makes no roles: set {parameter}={LAB_ROLE}, as config/lab.env has it"
            )
        return Finding(OK, f"{parameter} is empty: the stack makes the role")
    if answer.fault:
        return unknown(f"{parameter}={name}", answer)
    if answer.value is None:
        hint = "leave it empty, and the stack makes one" if not lab else "look in the IAM console for the lab's role"
        return Finding(PROBLEM, f"{parameter}={name}: this account has no such role; {hint}")
    return Finding(OK, f"{parameter}={name} is there")


def linked_role(name: str, answer: Answer, lab: bool) -> Finding | None:
    """A service-linked role; nothing to say where AWS will make it by itself."""
    if answer.fault:
        return unknown(f"role {name}", answer)
    if answer.value is None and lab:
        return Finding(
            WARNING,
            f"{name}, for {LINKED_ROLES[name]}, is not there yet: the first deployment may fail; repeat it then",
        )
    return None


def service_role(arn: str) -> Finding | None:
    """CLOUDFORMATION_ROLE, if it is set."""
    if not arn:
        return None
    parts = arn.split(":")
    if len(parts) == 6 and parts[0] == "arn" and parts[2] == "iam" and parts[5].startswith("role/"):
        return Finding(OK, f"CloudFormation works as {arn}")
    return Finding(
        PROBLEM, f"CLOUDFORMATION_ROLE={arn} is not the ARN of a role, as in arn:aws:iam::123456789012:role/x"
    )
