"""KMS keys: rotation, who administers them, and how soon they are gone."""

from ._checks import Switch
from ._nest import Reference, Rule, Text, known, number, text
from ._policies import actions, allows, everybody, principals, resources, statements

KEY = "AWS::KMS::Key"
GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide/"


class NoRotation(Switch):
    """A symmetric key that is never rotated.

    Source: AWS Foundational Security Best Practices, KMS.4.
    """

    id = "W9550"
    shortdesc = "Key is not rotated"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-4"
    types = (KEY,)
    switch = "EnableKeyRotation"
    default = False
    message = "set EnableKeyRotation: true"

    def concerned(self, r) -> bool:
        found = list(r.variants("KeySpec", "Origin", "MultiRegionConfiguration"))
        return all(v["KeySpec"] in (None, "SYMMETRIC_DEFAULT") and v["Origin"] in (None, "AWS_KMS") for v in found)


class RotationOfOtherKey(Rule):
    """Only symmetric encryption keys made by KMS rotate by themselves.

    Source: API reference, EnableKeyRotation.
    """

    id = "E9550"
    shortdesc = "Rotation of a key that cannot be rotated"
    source_url = GUIDE + "rotate-keys.html"
    types = (KEY,)

    def judge(self, r):
        for v in r.variants("EnableKeyRotation", "KeySpec", "Origin"):
            other = v["KeySpec"] not in (None, "SYMMETRIC_DEFAULT") and known(v["KeySpec"])
            if text(v["EnableKeyRotation"]) == "true" and other:
                yield v.fault(f"{v['KeySpec']} does not rotate; leave EnableKeyRotation out", "EnableKeyRotation")


class NoAdministrator(Rule):
    """A key policy must let somebody change it: else the API refuses it, or nobody can ever change the key.

    Source: API reference, CreateKey, Policy (BypassPolicyLockoutSafetyCheck); KMS guide, default key policy.
    """

    id = "E9551"
    shortdesc = "Key that nobody can administer"
    source_url = GUIDE + "key-policy-default.html"
    types = (KEY,)
    needed = ("kms:*", "*", "kms:put*", "kms:putkeypolicy")

    def judge(self, r):
        found = list(statements(r, "KeyPolicy"))
        if found and not any(self.administers(statement) for statement in found):
            yield r.fault("allow kms:* to the root of the account, or kms:PutKeyPolicy to a role", "KeyPolicy")

    def administers(self, statement) -> bool:
        of = [(kind, value.value) for kind, value in principals(statement)]
        people = any(kind in ("AWS", "*") or not known(name) for kind, name in of)
        return (
            allows(statement)
            and people
            and any(not known(value.value) or text(value.value).lower() in self.needed for value in actions(statement))
        )


class KeyResource(Rule):
    """In a key policy the resource is the key itself, '*'.

    Source: KMS guide, elements in a key policy, Resource.
    """

    id = "W9551"
    shortdesc = "Key policy about another resource"
    source_url = GUIDE + "key-policy-overview.html"
    types = (KEY,)

    def judge(self, r):
        for statement in statements(r, "KeyPolicy"):
            for value in resources(statement):
                if isinstance(value.value, str | Reference | Text) and value.value != "*":
                    yield value.fault("in a key policy the key is '*'")


class OpenKey(Rule):
    """A key that everybody may use.

    Source: AWS Foundational Security Best Practices, KMS.5.
    """

    id = "W9554"
    shortdesc = "Key that everybody may use"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-5"
    types = (KEY,)

    def judge(self, r):
        for statement in statements(r, "KeyPolicy"):
            for value in everybody(statement):
                yield value.fault("everybody may use this key; name who, or add a Condition")


class ShortWindow(Rule):
    """A key scheduled for deletion can be saved until the window ends; what it encrypted is lost then.

    Source: KMS guide, deleting keys, waiting period.
    """

    id = "W9552"
    shortdesc = "Key is gone in less than two weeks"
    source_url = GUIDE + "deleting-keys.html"
    types = (KEY,)

    def judge(self, r):
        found = [number(v["PendingWindowInDays"], 30) for v in r.variants("PendingWindowInDays")]
        if found and all(days is not None and 7 <= days < 14 for days in found):
            yield r.fault("set PendingWindowInDays to 30, or leave it out", "PendingWindowInDays")


class LogsKey(Rule):
    """CloudWatch Logs uses the key of a log group itself: the key policy must let logs.REGION.amazonaws.com do it.

    Source: CloudWatch Logs user guide, encrypt log data using KMS, set permissions on the key.
    """

    id = "E9553"
    shortdesc = "Key that a service is given and may not use"
    source_url = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"
    types = ("AWS::Logs::LogGroup",)

    def judge(self, r):
        for value in r.values("KmsKeyId"):
            key = value.value.resource if isinstance(value.value, Reference) else None
            if key is not None and key.type == KEY and not usable(key, "logs"):
                yield value.fault(f"let logs.${{AWS::Region}}.amazonaws.com use {key.id} in its KeyPolicy")


def usable(key, service: str) -> bool:
    """Does the key's policy name the service, or is it not wholly known?"""
    if not any(True for _ in key.blocks("KeyPolicy")):
        return any(True for _ in key.values("KeyPolicy"))
    for statement in statements(key, "KeyPolicy"):
        for kind, value in principals(statement) if allows(statement) else ():
            name = value.value.head if isinstance(value.value, Text) else value.value
            if kind in ("Service", "*") and (not isinstance(name, str) or name == "*" or name.split(".")[0] == service):
                return True
    return False
