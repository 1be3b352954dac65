"""AWS::SecretsManager::Secret: Ref is the ARN, and a generated value obeys every Exclude... property.

The emulator's Ref is the name, and its generator knows ExcludeCharacters only.
"""

import json

from ministack.services import secretsmanager
from ministack.services.cloudformation import drift, provisioners

from rehearsal.emulator.patch import wrap
from rehearsal.emulator.values import typed

TYPE = "AWS::SecretsManager::Secret"


def secret_string(original):
    """Generate through the API's own call, which knows every property."""

    def value(props):
        generate = props.get("GenerateSecretString")
        if not generate:
            return original(props)
        generate = typed(generate)
        status, _, body = secretsmanager._get_random_password(generate)
        answer = json.loads(body)
        if status >= 400:
            raise ValueError(answer["message"])
        password = answer["RandomPassword"]
        if "SecretStringTemplate" not in generate:
            return password
        return json.dumps(json.loads(generate["SecretStringTemplate"]) | {generate["GenerateStringKey"]: password})

    return value


def name_of(physical_id: str) -> str:
    """The name that the emulator keeps a secret under."""
    return secretsmanager._resolve(physical_id)[0] or physical_id


def create(original):
    """Give the ARN as physical id."""

    def created(*args):
        _, attributes = original(*args)
        return attributes["Id"], attributes

    return created


def update(original):
    """Find the secret by its ARN, and give that as physical id again."""

    def updated(physical_id, old, new, stack_name, logical_id=None):
        _, attributes = original(name_of(physical_id), old, new, stack_name, logical_id)
        return attributes["Id"], attributes

    return updated


def delete(original):
    """Find the secret by its ARN."""
    return lambda physical_id, props: original(name_of(physical_id), props)


def install() -> None:
    """Mend the type's handlers."""
    wrap(provisioners._sm_secret_string, secret_string)
    wrap(provisioners._sm_secret_create, create)
    wrap(provisioners._sm_secret_update, update)
    wrap(provisioners._sm_secret_delete, delete)
    read, supported = drift._DRIFT_READERS[TYPE]
    drift._DRIFT_READERS[TYPE] = (lambda physical_id, *rest: read(name_of(physical_id), *rest), supported)
