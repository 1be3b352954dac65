"""CloudFormation hands numbers and booleans around as text; the services want them as what they are."""

INTEGERS = {
    "Base",
    "ContainerPort",
    "Cpu",
    "DesiredCount",
    "HardLimit",
    "HealthCheckGracePeriodSeconds",
    "HostPort",
    "Interval",
    "Limit",
    "MaximumPercent",
    "Memory",
    "MemoryReservation",
    "MinimumHealthyPercent",
    "PasswordLength",
    "Retries",
    "SizeInGiB",
    "SoftLimit",
    "StartPeriod",
    "StartTimeout",
    "StopTimeout",
    "Timeout",
    "Weight",
}
BOOLEANS = {
    "Enable",
    "EnableECSManagedTags",
    "EnableExecuteCommand",
    "Essential",
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "InitProcessEnabled",
    "Privileged",
    "ReadOnly",
    "ReadonlyRootFilesystem",
    "RequireEachIncludedType",
    "ResetOnHealthyTask",
    "Rollback",
}


def typed(value: object, name: str = "") -> object:
    """A property's value, and all within it, with numbers and booleans made of the text that stands for them."""
    if isinstance(value, dict):
        return {key: typed(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if name in INTEGERS and isinstance(value, str) and value.isdigit():
        return int(value)
    if name in BOOLEANS and isinstance(value, str):
        return value.lower() == "true"
    return value
