"""What containers are told: secrets that resolve, and secrets that stand in the open."""

import json
import re

from ._checks import named, twice
from ._nest import Reference, Rule, Text, Unknown, known, text

TASK = "AWS::ECS::TaskDefinition"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a resource type, no password
API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html"
GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html"

# Words in the name of a variable that holds a secret, and endings of names that only point to one.
SECRET_WORDS = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|SECRET_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIALS?)(_|$)",
    re.IGNORECASE,
)
POINTERS = re.compile(
    r"_(ARN|ID|IDS|NAME|FILE|PATH|URL|URI|HEADER|TTL|EXPIRY|LENGTH|MINUTES|SECONDS|REGION|PREFIX|ALGORITHM)$",
    re.IGNORECASE,
)

# What SecretTargetAttachment and rotation add. Source: Secrets Manager user guide, JSON structure of a database secret.
ATTACHED_KEYS = {
    "engine",
    "host",
    "port",
    "dbname",
    "dbInstanceIdentifier",
    "dbClusterIdentifier",
    "username",
    "password",
    "masterarn",
}


class SecretNamedTwice(Rule):
    """The name of a secret must be unique in its container, among the secrets and the environment variables.

    Source: the API's answer, "The secret name must be unique and not shared with any ... environment variables".
    """

    id = "E9308"
    shortdesc = "Secret has the name of another variable"
    source_url = API
    types = (TASK,)

    def judge(self, r):
        for container in r.blocks("ContainerDefinitions"):
            rows = [row for row in named(container, "Environment") if known(row[0])]
            variables = {row[0]: row for row in rows}
            secrets = [row for row in named(container, "Secrets") if known(row[0])]
            for name, value, _ in twice([*variables.values(), *secrets]):
                yield value.fault(f"{name!r} is set twice; keep it in Secrets only")


class SecretSource(Rule):
    """ValueFrom is the ARN of a secret, alone or with `:key:stage:version`, or the ARN or name of an SSM parameter.

    After the ARN all three colons are needed, also when stage and version are empty: `:password::`.
    Source: ECS developer guide, Pass Secrets Manager secrets through environment variables.
    """

    id = "E9309"
    shortdesc = "ValueFrom of a secret has no form that ECS reads"
    source_url = GUIDE
    types = (TASK,)

    def judge(self, r):
        for path in (
            "ContainerDefinitions.*.Secrets.*.ValueFrom",
            "ContainerDefinitions.*.LogConfiguration.SecretOptions.*.ValueFrom",
        ):
            for value in r.values(path):
                if fault := self.wrong(value.value):
                    yield value.fault(fault)

    @staticmethod
    def wrong(source) -> str:
        """What is wrong with it, as far as it is known."""
        parts = source.parts if isinstance(source, Text) else (source,)
        tail = "".join(part if isinstance(part, str) else "x" for part in parts[1:])
        right = "write the ARN of the secret, or the ARN and :key:: with three colons in all"
        if isinstance(parts[0], Reference | Unknown) and len(parts) > 1:
            is_secret = isinstance(parts[0], Reference) and parts[0].resource.type == SECRET
            if re.fullmatch(r":[\w.-]+:?", tail) or (is_secret and tail.count(":") != 3):
                return f"{tail!r} after the ARN is not read; {right}"
        head = parts[0] if isinstance(parts[0], str) else ""
        whole = head + tail
        if re.match(r"arn:[^:]*:secretsmanager:", whole) and whole.count(":") not in (6, 9):
            return f"{whole!r} has {whole.count(':')} colons; {right}"
        if isinstance(source, str) and not source.startswith(("arn:", "{{")) and not re.fullmatch(r"[\w./-]+", source):
            return f"{source!r} is neither an ARN nor the name of an SSM parameter; {right}"
        return ""


class SecretKeyMissing(Rule):
    """A key asked of a secret must be in it: else the task never starts (ResourceInitializationError).

    Source: ECS developer guide, Pass Secrets Manager secrets through environment variables, json-key.
    """

    id = "E9310"
    shortdesc = "Asks a secret for a key that it has not"
    source_url = GUIDE
    types = (TASK,)

    def judge(self, r):
        for value in r.values("ContainerDefinitions.*.Secrets.*.ValueFrom"):
            parts = value.value.parts if isinstance(value.value, Text) else ()
            if len(parts) != 2 or not isinstance(parts[0], Reference) or not isinstance(parts[1], str):
                continue
            secret, key = parts[0].resource, parts[1].split(":")[1] if parts[1].count(":") == 3 else ""
            keys = secret_keys(secret) if secret.type == SECRET and key else None
            if keys is not None and key not in keys:
                there = f"only {', '.join(sorted(keys))}" if keys else "no keys: it is plain text"
                yield value.fault(f"secret {secret.id} has no key {key!r}, {there}")


def secret_keys(secret) -> set | None:
    """The keys of the JSON in a secret of the template, empty for plain text; None if they cannot be known."""
    changing = ("AWS::SecretsManager::SecretTargetAttachment", "AWS::SecretsManager::RotationSchedule")
    for other in secret.view.everywhere(*changing):
        if any(isinstance(v.value, Reference) and v.value.resource.id == secret.id for v in other.values("SecretId")):
            return None
    keys: set = set()
    for v in secret.variants(
        "SecretString", "GenerateSecretString.SecretStringTemplate", "GenerateSecretString.GenerateStringKey"
    ):
        template = (
            v["SecretString"] if v["SecretString"] is not None else v["GenerateSecretString.SecretStringTemplate"]
        )
        if template is None:
            continue
        whole = "".join(
            p if isinstance(p, str) else "x" for p in (template.parts if isinstance(template, Text) else (template,))
        )
        try:
            found = json.loads(whole)
        except ValueError:
            return None
        if not isinstance(found, dict) or not isinstance(template, str | Text):
            return None
        keys |= set(found) | {text(v["GenerateSecretString.GenerateStringKey"]) or ""} - {""}
    return keys


class SecretInTheOpen(Rule):
    """A password, key or token in Environment is readable for all who may describe the task definition.

    Source: API reference, ContainerDefinition, environment; AWS Foundational Security Best Practices, ECS.8.
    """

    id = "W9310"
    shortdesc = "Secret in an environment variable"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html#ecs-8"
    types = (TASK,)

    def judge(self, r):
        for variable in r.blocks("ContainerDefinitions.*.Environment"):
            for v in variable.variants("Name", "Value"):
                name, value = text(v["Name"]) or "", v["Value"]
                told = isinstance(value, str) and len(value) > 3 and value.lower() not in ("true", "false", "none")
                told = told or (isinstance(value, Unknown) and value.parameter == "String")
                if told and SECRET_WORDS.search(name) and not POINTERS.search(name):
                    yield v.fault(f"{name} looks like a secret; take it from Secrets Manager with Secrets", "Value")


class SecretResolvedInTheOpen(Rule):
    """A dynamic reference in a task definition is resolved before ECS gets it: the secret stands there in plain text.

    Source: CloudFormation user guide, dynamic references, considerations; ECS.8.
    """

    id = "W9327"
    shortdesc = "Secret resolved into the task definition"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html"
    types = (TASK,)
    paths = (
        "ContainerDefinitions.*.Environment.*.Value",
        "ContainerDefinitions.*.Command.*",
        "ContainerDefinitions.*.EntryPoint.*",
    )

    def judge(self, r):
        for path in self.paths:
            for value in r.values(path):
                if isinstance(value.value, str | Text) and "{{resolve:secretsmanager" in value.value:
                    yield value.fault(
                        "the secret becomes part of the task definition, readable there; use Secrets with ValueFrom"
                    )


class VariableTwice(Rule):
    """A variable that stands twice in Environment: which one counts is nowhere written.

    Source: API reference, ContainerDefinition, environment.
    """

    id = "W9311"
    shortdesc = "Environment variable set twice"
    source_url = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"
    types = (TASK,)

    def judge(self, r):
        for container in r.blocks("ContainerDefinitions"):
            for name, value, _ in twice([row for row in named(container, "Environment") if known(row[0])]):
                yield value.fault(f"{name!r} is set twice; keep one")
