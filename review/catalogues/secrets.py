"""Controls of Secrets Manager."""

from review.catalogues.control import Control, Resources, between, each, not_used, of_type, tagged, target

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  (a type, not a secret)

ROTATION = (
    "What rotates a secret is a Lambda function, or RDS itself for a master password that it manages, which excludes"
    " read replicas. To rotate by hand: `aws secretsmanager put-secret-value` with what `get-random-password` gives"
    " (for the database's master `aws rds modify-db-instance --master-user-password` too), then deploy with another"
    " DeploymentNonce: tasks start anew, and `migrate` gives the application's user its new password;"
    " the former one is good until tasks start an hour later"
)


def rotates(title: str, _given: dict, resources: Resources) -> bool:
    """Has this secret a schedule of rotation, of 90 days at most?"""
    schedules = of_type(resources, "AWS::SecretsManager::RotationSchedule").values()
    days = [
        item.get("RotationRules", {}).get("AutomaticallyAfterDays")
        for item in schedules
        if target(item["SecretId"]) == title
    ]
    return any(day and int(day) <= 90 for day in days)


CONTROLS = [
    Control(
        "SecretsManager.1", "FSBP NIST PCI", "Secrets rotate by themselves", between(SECRET, rotates), {"*": ROTATION}
    ),
    Control(
        "SecretsManager.4",
        "FSBP NIST PCI",
        "Secrets are never older than 90 days",
        between(SECRET, rotates),
        {"*": "By hand, as for SecretsManager.1, on a date in the operator's calendar"},
    ),
    Control("SecretsManager.5", "tags", "Secret has a tag", tagged(SECRET)),
    Control(
        "secretsmanager-using-cmk",
        "NIST CONFIG",
        "Secrets are encrypted with a key of the account",
        each(SECRET, lambda given: bool(given.get("KmsKeyId"))),
    ),
    Control(
        "SecretsManager.2", "FSBP NIST PCI", "Rotation succeeds", not_used("AWS::SecretsManager::RotationSchedule")
    ),
    Control(
        "SecretsManager.3",
        "FSBP NIST",
        "No secret is kept unused",
        account="Every secret of the stack is read by each task that starts",
    ),
]
