"""Controls of ECS and ECR."""

from review.catalogues.control import Control, each, listed, not_used, tagged

TASK = "AWS::ECS::TaskDefinition"
SERVICE = "AWS::ECS::Service"
CLUSTER = "AWS::ECS::Cluster"
REPOSITORY = "AWS::ECR::Repository"

# Names under which credentials of AWS travel (AWS Config, ecs-no-environment-secrets), and words in other names.
SECRET_NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA")
SECRET_WORDS = ("PASSWORD", "SECRET", "TOKEN", "PRIVATE_KEY")


def containers(given: dict) -> list[dict]:
    """The containers of a task."""
    return listed(given.get("ContainerDefinitions"))


def every(holds):
    """Every container of every task obeys."""
    return each(TASK, lambda given: bool(containers(given)) and all(holds(one) for one in containers(given)))


def keeps_no_secret(container: dict) -> bool:
    """No secret among the variables that anybody who reads the task definition sees."""
    names = [str(pair.get("Name")).upper() for pair in listed(container.get("Environment"))]
    return not any(name in SECRET_NAMES or any(word in name for word in SECRET_WORDS) for name in names)


def is_unprivileged(container: dict) -> bool:
    """A user is named, and it is not root."""
    return str(container.get("User", "")).partition(":")[0] not in ("", "0", "root")


def is_private(given: dict) -> bool:
    """Do tasks of the service get no public address?"""
    network = given.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
    return network.get("AssignPublicIp", "DISABLED") == "DISABLED"


def is_watched(given: dict) -> bool:
    """Does the cluster have Container Insights?"""
    values = [pair["Value"] for pair in listed(given.get("ClusterSettings")) if pair["Name"] == "containerInsights"]
    return bool(values) and values[0] in ("enabled", "enhanced")


def file_systems(given: dict) -> list[dict]:
    """The file systems of EFS that a task mounts."""
    return [
        volume["EFSVolumeConfiguration"]
        for volume in listed(given.get("Volumes"))
        if "EFSVolumeConfiguration" in volume
    ]


CONTROLS = [
    Control(
        "ECS.1",
        "FSBP NIST",
        "No container of the host's network is root",
        each(TASK, lambda given: given.get("NetworkMode") != "host"),
    ),
    Control("ECS.2", "FSBP NIST PCI", "Tasks have no public address", each(SERVICE, is_private)),
    Control(
        "ECS.3",
        "FSBP NIST",
        "Tasks do not see the host's processes",
        each(TASK, lambda given: given.get("PidMode") != "host"),
    ),
    Control("ECS.4", "FSBP NIST", "Containers are not privileged", every(lambda one: not one.get("Privileged"))),
    Control(
        "ECS.5",
        "FSBP NIST",
        "Root file systems cannot be written",
        every(lambda one: one.get("ReadonlyRootFilesystem") is True),
    ),
    Control("ECS.8", "FSBP NIST PCI", "No secret stands in a variable", every(keeps_no_secret)),
    Control(
        "ECS.9",
        "FSBP NIST",
        "Containers log",
        every(lambda one: bool(one.get("LogConfiguration", {}).get("LogDriver"))),
    ),
    Control(
        "ECS.10",
        "FSBP NIST PCI",
        "Tasks run on Fargate's latest version",
        each(SERVICE, lambda given: given.get("PlatformVersion", "LATEST") == "LATEST"),
    ),
    Control("ECS.12", "FSBP NIST", "Clusters have Container Insights", each(CLUSTER, is_watched)),
    Control("ECS.13", "tags", "Service has a tag", tagged(SERVICE)),
    Control("ECS.14", "tags", "Cluster has a tag", tagged(CLUSTER)),
    Control("ECS.15", "tags", "Task definition has a tag", tagged(TASK)),
    Control("ECS.16", "FSBP PCI", "Task sets have no public address", not_used("AWS::ECS::TaskSet")),
    Control(
        "ECS.17",
        "NIST",
        "Tasks do not use the host's network",
        each(TASK, lambda given: given.get("NetworkMode") != "host"),
    ),
    Control(
        "ECS.18",
        "FSBP",
        "File systems are mounted over TLS",
        each(
            TASK,
            lambda given: all(one.get("TransitEncryption") == "ENABLED" for one in file_systems(given)),
            lambda given: bool(file_systems(given)),
        ),
    ),
    Control(
        "ECS.19", "FSBP", "Capacity providers protect instances with tasks", not_used("AWS::ECS::CapacityProvider")
    ),
    Control("ECS.20", "FSBP", "Containers on Linux are not root", every(is_unprivileged)),
    Control(
        "ECS.21",
        "FSBP",
        "Containers on Windows are not administrator",
        each(TASK, lambda given: False, lambda given: "WINDOWS" in str(given.get("RuntimePlatform"))),
    ),
    Control(
        "ecs-task-definition-memory-hard-limit",
        "CONFIG",
        "Containers have a limit of memory",
        every(lambda one: "Memory" in one),
        {"*": "On Fargate the task's Memory is the limit; one for each container would only leave some of it unused"},
    ),
    Control(
        "ECR.1",
        "FSBP NIST PCI",
        "Images are scanned when pushed",
        each(REPOSITORY, lambda given: given.get("ImageScanningConfiguration", {}).get("ScanOnPush") is True),
    ),
    Control(
        "ECR.2",
        "FSBP NIST",
        "Tags cannot be moved",
        each(REPOSITORY, lambda given: given.get("ImageTagMutability") == "IMMUTABLE"),
    ),
    Control(
        "ECR.3",
        "FSBP NIST",
        "Old images are removed",
        each(REPOSITORY, lambda given: bool(given.get("LifecyclePolicy"))),
    ),
    Control("ECR.4", "tags", "Public repositories have a tag", not_used("AWS::ECR::PublicRepository")),
    Control(
        "ECR.5",
        "NIST",
        "Images are encrypted with a key of the account",
        each(REPOSITORY, lambda given: bool(given.get("EncryptionConfiguration", {}).get("KmsKey"))),
        {
            "*Repository": "Images hold no secret and are encrypted with ECR's key. The repositories come before the"
            " stack that makes the key, and a repository's key can never be changed"
        },
    ),
]
