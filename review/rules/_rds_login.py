"""Names and passwords of a database instance."""

import re

from ._checks import Ranges, impossible
from ._ecs_secrets import secret_keys
from ._nest import Reference, Rule, Text, flag, known, number, text, together
from ._rds_backup import replicas
from ._rds_storage import API, DB, engine_of

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a resource type, no password
GENERATE = "GenerateSecretString."

# Longest master password. Source: API reference, CreateDBInstance, MasterUserPassword.
LONGEST = {"mysql": 41, "mariadb": 41, "oracle": 30, "sqlserver": 128, "postgres": 128, "db2": 255}
FORBIDDEN = '/@"'

# Longest names, and words that the engine keeps for itself. Source: API reference, CreateDBInstance, DBName and
# MasterUsername ("can't be a reserved word"); the system schemas and users of each engine.
USER_LENGTH = {"mysql": 16, "mariadb": 16}
NAME_LENGTH = {"mysql": 64, "mariadb": 64, "postgres": 63, "oracle": 8, "db2": 64}
RESERVED_USERS = {"mysql": {"rdsadmin"}, "mariadb": {"rdsadmin"}, "postgres": {"admin", "rdsadmin"}}
SYSTEM_SCHEMAS = {"mysql", "sys", "information_schema", "performance_schema", "innodb"}
RESERVED_NAMES = {
    "mysql": SYSTEM_SCHEMAS,
    "mariadb": SYSTEM_SCHEMAS,
    "postgres": {"rdsadmin", "template0", "template1"},
}


def family(engine: str) -> str:
    """mysql, oracle, sqlserver and so on, without the edition."""
    return engine.partition("-")[0]


class PasswordInTheOpen(Rule):
    """A master password that stands in the template, or in a parameter's default, is known to all who read it.

    Source: CloudFormation user guide, security best practices, do not embed credentials.
    """

    id = "W9420"
    shortdesc = "Master password written into the template"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security-best-practices.html"
    types = (DB, "AWS::RDS::DBCluster")

    def judge(self, r):
        for value in r.values("MasterUserPassword"):
            if isinstance(value.value, str | int) and "{{resolve:" not in str(value.value) and str(value.value):
                yield value.fault("take the password from a secret with {{resolve:secretsmanager:...}}")


class TwoPasswords(Rule):
    """RDS manages the master password, or it is given: the API refuses both.

    Source: API reference, CreateDBInstance, ManageMasterUserPassword.
    """

    id = "E9421"
    shortdesc = "Master password given and managed"
    source_url = API
    types = (DB, "AWS::RDS::DBCluster")

    def judge(self, r):
        names = ("ManageMasterUserPassword", "MasterUserPassword")

        def both(v):
            return flag(v[names[0]]) is True and v[names[1]] is not None

        for v in impossible(r, both, *names):
            yield v.fault("leave MasterUserPassword out, or ManageMasterUserPassword", "ManageMasterUserPassword")


class ManagedPasswordOfReplicas(Rule):
    """A database with a password that RDS manages cannot have read replicas, SQL Server excepted.

    Source: RDS user guide, password management with Secrets Manager, limitations.
    """

    id = "E9422"
    shortdesc = "Read replica of a database with a managed password"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html"
    types = (DB,)

    def judge(self, r):
        for v in impossible(r, self.managed, "ManageMasterUserPassword", "Engine", "SourceDBInstanceIdentifier"):
            if v["SourceDBInstanceIdentifier"] is not None:
                yield v.fault("a replica has the password of its source; leave it out", "ManageMasterUserPassword")
            else:
                for replica, where in replicas(r):
                    if together(v.where, where, replica.where):
                        message = f"{replica.id} is a replica of it; use a secret of your own"
                        yield v.fault(message, "ManageMasterUserPassword")

    @staticmethod
    def managed(v) -> bool:
        return flag(v["ManageMasterUserPassword"]) is True and not engine_of(v).startswith("sqlserver")


def password_secrets(r):
    """(secret, Value) for each secret of the template that the master password is resolved from."""
    for value in r.values("MasterUserPassword"):
        parts = value.value.parts if isinstance(value.value, Text) else ()
        if parts and isinstance(parts[0], str) and parts[0].startswith("{{resolve:secretsmanager:"):
            for part in parts:
                if isinstance(part, Reference) and part.resource.type == SECRET:
                    yield part.resource, value


class PasswordForm(Rule):
    """A generated master password must have a length that the engine takes, and none of / @ " in it.

    Source: API reference, CreateDBInstance, MasterUserPassword; Secrets Manager, GetRandomPassword.
    """

    id = "E9423"
    shortdesc = "Generated password that the database refuses"
    source_url = API
    types = (DB,)
    names = tuple(
        GENERATE + n for n in ("PasswordLength", "ExcludeCharacters", "ExcludePunctuation", "GenerateStringKey")
    )

    def judge(self, r):
        engines = {family(engine_of(v)) for v in r.variants("Engine")}
        longest = min((LONGEST[engine] for engine in engines if engine in LONGEST), default=None)
        for secret, _ in password_secrets(r):
            generated = any(True for _ in secret.values("GenerateSecretString"))
            for v in secret.variants(*self.names) if generated and longest else ():
                yield from self.wrong(v, longest)

    def wrong(self, v, longest: int):
        length, excluded, plain, _ = (v[name] for name in self.names)
        size = number(length, 32)
        if size is not None and not 8 <= size <= longest:
            yield v.fault(f"PasswordLength {size}: this engine takes 8 to {longest}", self.names[0])
        missing = [c for c in FORBIDDEN if excluded is None or (isinstance(excluded, str) and c not in excluded)]
        if flag(plain, False) is False and missing:
            yield v.fault(
                f"exclude {' '.join(FORBIDDEN)} with ExcludeCharacters; {' '.join(missing)} may come", self.names[1]
            )


class ResolvedKeyMissing(Rule):
    """A dynamic reference to a key that the secret has not ends the deployment.

    Source: CloudFormation user guide, dynamic references to Secrets Manager, json-key.
    """

    id = "E9424"
    shortdesc = "Resolves a key that the secret has not"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html"
    types = (DB, "AWS::RDS::DBCluster")

    def judge(self, r):
        for name in ("MasterUserPassword", "MasterUsername"):
            for value in r.values(name):
                parts = value.value.parts if isinstance(value.value, Text) else ()
                if len(parts) == 3 and isinstance(parts[1], Reference) and parts[1].resource.type == SECRET:
                    key = re.match(r":SecretString:([^:}]+)", parts[2] if isinstance(parts[2], str) else "")
                    keys = secret_keys(parts[1].resource) if key else None
                    if keys is not None and key[1] not in keys:
                        there = ", ".join(sorted(keys)) or "none, it is plain text"
                        yield value.fault(f"secret {parts[1].resource.id} has no key {key[1]!r}; it has {there}")


class MasterName(Rule):
    """The master user's name has a length and words that the engine keeps for itself.

    Source: API reference, CreateDBInstance, MasterUsername.
    """

    id = "E9425"
    shortdesc = "Master user name that the engine refuses"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for v in r.variants("Engine", "MasterUsername"):
            name, engine = text(v["MasterUsername"]), family(engine_of(v))
            if name is None or "{{" in name:
                continue
            if len(name) > USER_LENGTH.get(engine, 128):
                yield v.fault(
                    f"{name!r} is longer than the {USER_LENGTH[engine]} characters of {engine}", "MasterUsername"
                )
            elif not re.fullmatch(r"[A-Za-z]\w*", name) or name.lower() in RESERVED_USERS.get(engine, ()):
                yield v.fault(
                    f"{name!r} is reserved, or has other characters than letters, digits and _", "MasterUsername"
                )


class DatabaseName(Rule):
    """The name of the first database: letters, digits and underscores, and no word of the engine's own.

    Source: API reference, CreateDBInstance, DBName.
    """

    id = "E9426"
    shortdesc = "Database name that the engine refuses"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for v in r.variants("Engine", "DBName"):
            name, engine = text(v["DBName"]), family(engine_of(v))
            if engine == "sqlserver" and name:
                yield v.fault("SQL Server takes no DBName; leave it out", "DBName")
            elif name and engine in NAME_LENGTH:
                if len(name) > NAME_LENGTH[engine] or not re.fullmatch(r"[A-Za-z_]\w*", name):
                    yield v.fault(f"{name!r}: use letters, digits, _, at most {NAME_LENGTH[engine]}", "DBName")
                elif name.lower() in RESERVED_NAMES.get(engine, ()):
                    yield v.fault(f"{name!r} is the engine's own; choose another name", "DBName")


class DatabasePort(Ranges):
    """A database listens on a port from 1150 to 65535.

    Source: API reference, CreateDBInstance, Port.
    """

    id = "E9427"
    shortdesc = "Database port out of range"
    source_url = API
    types = (DB, "AWS::RDS::DBCluster")
    limits = (("Port", 1150, 65535, ""),)


class IdentifierForm(Rule):
    """Identifiers of databases: 63 letters, digits and single hyphens, a letter first; not linted inside a Sub.

    Source: API reference, CreateDBInstance, DBInstanceIdentifier.
    """

    id = "E9428"
    shortdesc = "Database identifier in a wrong form"
    source_url = API
    types = (DB,)

    def judge(self, r):
        for value in r.values("DBInstanceIdentifier"):
            parts = value.value.parts if isinstance(value.value, Text) else (value.value,)
            literal = "".join(part for part in parts if isinstance(part, str))
            if (known(value.value) or isinstance(value.value, Text)) and (
                re.search(r"[^A-Za-z0-9-]|--", literal)
                or (literal.endswith("-") and parts[-1] == literal)
                or len(literal) > 63
            ):
                yield value.fault(f"{literal!r}: use at most 63 letters, digits and single hyphens")
