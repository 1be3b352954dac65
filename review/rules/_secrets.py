"""Secrets Manager: secrets, what they are attached to, and their rotation."""

import json

from ._checks import Choices, Ranges, impossible
from ._nest import Reference, Rule, Text, flag, known, number, text

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a resource type, no password
ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"
ROTATION = "AWS::SecretsManager::RotationSchedule"
DOCS = "https://docs.aws.amazon.com/secretsmanager/latest/"
GENERATE = "GenerateSecretString."

# What an attachment can name, and the type that it is. Source: CloudFormation, SecretTargetAttachment, TargetType.
TARGETS = (
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Namespace",
    "AWS::DocDB::DBInstance",
    "AWS::DocDB::DBCluster",
    "AWS::DocDBElastic::Cluster",
)


class SecretTwice(Rule):
    """A secret is given or generated: the API refuses both.

    Source: CloudFormation, AWS::SecretsManager::Secret, GenerateSecretString and SecretString.
    """

    id = "E9501"
    shortdesc = "Secret given and generated"
    source_url = DOCS + "apireference/API_CreateSecret.html"
    types = (SECRET,)

    def judge(self, r):
        names = ("SecretString", "GenerateSecretString")
        for v in impossible(r, lambda v: all(v[name] is not None for name in names), *names):
            yield v.fault("leave SecretString out, or GenerateSecretString", "SecretString")


class TemplateAndKey(Rule):
    """A generated secret with a template needs the key under which the password is added, and the other way round.

    Source: CloudFormation, AWS::SecretsManager::Secret GenerateSecretString, GenerateStringKey.
    """

    id = "E9502"
    shortdesc = "Secret with a template and no key, or a key and no template"
    source_url = DOCS + "userguide/create_secret.html"
    types = (SECRET,)

    def judge(self, r):
        names = (GENERATE + "SecretStringTemplate", GENERATE + "GenerateStringKey")
        for v in impossible(r, lambda v: (v[names[0]] is None) != (v[names[1]] is None), *names):
            missing, there = names if v[names[0]] is None else reversed(names)
            yield v.fault(f"{there.removeprefix(GENERATE)} needs {missing.removeprefix(GENERATE)}", there)


class TemplateIsJson(Rule):
    """The template of a generated secret is a JSON object, to which the password is added.

    Source: CloudFormation, AWS::SecretsManager::Secret GenerateSecretString, SecretStringTemplate.
    """

    id = "E9503"
    shortdesc = "Template of a secret is no JSON object"
    source_url = DOCS + "userguide/create_secret.html"
    types = (SECRET,)

    def judge(self, r):
        for value in r.values(GENERATE + "SecretStringTemplate"):
            parts = value.value.parts if isinstance(value.value, Text) else (value.value,)
            if not isinstance(value.value, str | Text):
                continue
            try:
                whole = json.loads("".join(part if isinstance(part, str) else "1" for part in parts))
            except ValueError:
                whole = None
            if not isinstance(whole, dict):
                yield value.fault('write a JSON object such as {"username": "admin"}')


class GeneratedLength(Ranges):
    """A generated secret has 1 to 4096 characters.

    Source: API reference, GetRandomPassword, PasswordLength.
    """

    id = "E9504"
    shortdesc = "Length of a generated secret out of range"
    source_url = DOCS + "apireference/API_GetRandomPassword.html"
    types = (SECRET,)
    limits = ((GENERATE + "PasswordLength", 1, 4096, ""),)


class NothingToGenerate(Rule):
    """All kinds of characters excluded: the password cannot be generated.

    Source: API reference, GetRandomPassword.
    """

    id = "E9505"
    shortdesc = "Secret without a character to choose"
    source_url = DOCS + "apireference/API_GetRandomPassword.html"
    types = (SECRET,)
    kinds = tuple(GENERATE + "Exclude" + kind for kind in ("Lowercase", "Uppercase", "Numbers", "Punctuation"))

    def judge(self, r):
        for v in impossible(r, lambda v: all(flag(v[kind], False) for kind in self.kinds), *self.kinds):
            yield v.fault("every kind of character is excluded; allow one", self.kinds[0])


class SecretInTemplate(Rule):
    """A secret that stands in the template, or in a parameter's default, is known to all who read it.

    Source: CloudFormation, AWS::SecretsManager::Secret, SecretString; security best practices.
    """

    id = "W9501"
    shortdesc = "Secret written into the template"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html"
    types = (SECRET,)

    def judge(self, r):
        for value in r.values("SecretString"):
            if isinstance(value.value, str) and "{{resolve:" not in value.value and not empty(value.value):
                yield value.fault("let Secrets Manager generate it with GenerateSecretString")


def empty(secret: str) -> bool:
    """Is there nothing in it yet, to be filled in by hand?"""
    return secret.strip() in ("", "{}") or any(
        word in secret.lower() for word in ("placeholder", "changeme", "change-me", "todo")
    )


class AttachmentType(Choices):
    """What a secret can be attached to.

    Source: CloudFormation, AWS::SecretsManager::SecretTargetAttachment, TargetType.
    """

    id = "E9506"
    shortdesc = "Secret attached to a type that does not exist"
    source_url = DOCS + "userguide/cloudformation.html"
    types = (ATTACHMENT,)
    choices = (("TargetType", TARGETS),)

    def judge(self, r):
        yield from super().judge(r)
        for v in r.variants("TargetType", "TargetId"):
            target = v["TargetId"]
            kind = target.resource.type if isinstance(target, Reference) else None
            if known(v["TargetType"]) and v["TargetType"] in TARGETS and kind in TARGETS and kind != v["TargetType"]:
                yield v.fault(f"{target.resource.id} is a {kind}, not a {v['TargetType']}", "TargetType")


class RotatesWithNothing(Rule):
    """A secret is rotated by a function: by ARN, or hosted by Secrets Manager; else the schedule is refused.

    Source: CloudFormation, AWS::SecretsManager::RotationSchedule; API reference, RotateSecret.
    """

    id = "E9507"
    shortdesc = "Rotation without a function"
    source_url = DOCS + "apireference/API_RotateSecret.html"
    types = (ROTATION,)
    names = ("RotationLambdaARN", "HostedRotationLambda", "ExternalSecretRotationRoleArn")

    def judge(self, r):
        for v in impossible(r, lambda v: all(v[name] is None for name in self.names), *self.names):
            yield v.fault("name a RotationLambdaARN or a HostedRotationLambda")
        for v in impossible(r, lambda v: None not in (v[self.names[0]], v[self.names[1]]), *self.names[:2]):
            yield v.fault("RotationLambdaARN and HostedRotationLambda exclude each other", "HostedRotationLambda")


class RotationRules(Rule):
    """A secret rotates after days or on a schedule, at most every 1000 days.

    Source: API reference, RotationRulesType.
    """

    id = "E9508"
    shortdesc = "Rotation with impossible rules"
    source_url = DOCS + "apireference/API_RotationRulesType.html"
    types = (ROTATION,)

    def judge(self, r):
        days, plan = "RotationRules.AutomaticallyAfterDays", "RotationRules.ScheduleExpression"
        for v in r.variants(days, plan):
            n = number(v[days])
            if n is not None and not 1 <= n <= 1000:
                yield v.fault(f"{n} days: use 1 to 1000", days)
            if None not in (v[days], v[plan]):
                yield v.fault("AutomaticallyAfterDays and ScheduleExpression exclude each other", plan)
            elif known(v[plan]) and not text(v[plan]).startswith(("rate(", "cron(")):
                yield v.fault(f"{v[plan]!r} is no schedule; write rate(...) or cron(...)", plan)


class UserOfSecret(Rule):
    """The user name in the secret of a database is that of the database.

    Source: Secrets Manager user guide, JSON structure of a database secret.
    """

    id = "E9509"
    shortdesc = "Secret of a database names another user"
    source_url = DOCS + "userguide/reference_secret_json_structure.html"
    types = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")

    def judge(self, r):
        for v in r.variants("MasterUsername", "MasterUserPassword"):
            name, parts = (
                v["MasterUsername"],
                v["MasterUserPassword"].parts if isinstance(v["MasterUserPassword"], Text) else (),
            )
            for secret in (p.resource for p in parts if isinstance(p, Reference) and p.resource.type == SECRET):
                for value in secret.values(GENERATE + "SecretStringTemplate"):
                    user = username(value.value)
                    if isinstance(name, str) and "{{" not in name and user is not None and user != name:
                        yield v.fault(f"secret {secret.id} has the user {user!r}; give both the same", "MasterUsername")


def username(template) -> str | None:
    """The user in a template that is wholly known."""
    try:
        user = json.loads(template).get("username") if isinstance(template, str) else None
    except (ValueError, AttributeError):
        return None
    return user if isinstance(user, str) else None
