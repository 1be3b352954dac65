"""Parameters of images, service, scaling and roles."""

from templates.parameters.kinds import ROLE_NAME_PATTERN, choice, number, switch, text

IMAGE_PATTERN = r"^[a-z0-9][a-zA-Z0-9.:/_-]*(:[\w.-]+|@sha256:[0-9a-f]{64})$"
IMAGE_CONSTRAINT = "must be an image with a tag or, better, a digest (@sha256:...)"

IMAGES = {
    "AppImage": text(
        "Image of the application (Flask and Gunicorn) by its digest,"
        " as in 123456789012.dkr.ecr.us-east-1.amazonaws.com/flaskcrud/app@sha256:1f0c... An immutable tag does too",
        IMAGE_PATTERN,
        IMAGE_CONSTRAINT,
    ),
    "WebImage": text(
        "Image of the front tier (nginx) by its digest or an immutable tag", IMAGE_PATTERN, IMAGE_CONSTRAINT
    ),
    "CpuArchitecture": choice(
        "Processor that both images were built for; ARM64 costs a fifth less", "X86_64", ["X86_64", "ARM64"]
    ),
}

SERVICE = {
    "TaskCpu": choice("CPU units of a task; 1024 is one vCPU", 256, [256, 512, 1024, 2048, 4096]),
    "TaskMemory": choice(
        "Memory of a task in MiB; Fargate pairs 256 CPU units with 512 to 2048, 512 with 1024 to 4096,"
        " 1024 with 2048 to 8192, 2048 with 4096 to 16384, 4096 with 8192 to 30720",
        512,
        [512, 1024, 2048, 3072, 4096, 5120, 6144, 7168, 8192, 16384],
    ),
    "HealthCheckGracePeriodSeconds": number(
        "How long after its start a task may fail the load balancer's health check; migrations run in this time",
        180,
        0,
        3600,
    ),
    "AlarmRollback": switch(
        "true also rolls a deployment back when the new tasks answer with errors, by two alarms", default=True
    ),
    "EnableExecuteCommand": switch(
        "true lets an operator open a shell in a container (ECS Exec); its root file system can then be written"
    ),
    "DeploymentNonce": text(
        "Any text; a change restarts all tasks, one after another, as after a change of a secret",
        r"^[\w.:-]*$",
        "must be letters, digits and . : _ - only",
        "",
        MaxLength=64,
    ),
}

SCALING = {
    "DesiredCount": number("How many tasks run; with AutoScaling nobody reads it: MinCapacity counts", 1, 0, 100),
    "AutoScaling": switch("true lets CPU use and requests decide how many tasks run, from MinCapacity to MaxCapacity"),
    "MinCapacity": number("With AutoScaling: the fewest tasks", 1, 0, 100),
    "MaxCapacity": number("With AutoScaling: the most tasks", 4, 1, 100),
    "CpuTargetPercent": number("With AutoScaling: the average CPU use in percent to be held", 60, 10, 95),
    "RequestsPerTarget": number("With AutoScaling: the requests per minute and task to be held", 1000, 1, 1000000),
    "OnDemandBase": number("How many tasks always run on ordinary Fargate before any on Spot", 1, 0, 100),
    "OnDemandWeight": number("Share of the further tasks on ordinary Fargate, relative to SpotWeight", 1, 0, 100),
    "SpotWeight": number(
        "Share of the further tasks on Fargate Spot, at about a third of the price, which AWS may take away with two"
        " minutes' warning. 0: none",
        0,
        0,
        100,
    ),
}

ROLES = {
    "ExecutionRoleName": text(
        "Name of an existing role with which ECS pulls images, reads secrets and writes logs"
        " (LabRole in an AWS Academy Learner Lab). Empty: the stack makes one that may do just that",
        ROLE_NAME_PATTERN,
        "must be empty or the name of an IAM role, with its path if it has one",
        "",
    ),
    "TaskRoleName": text(
        "Name of an existing role that the application's own AWS calls run under"
        " (LabRole in an AWS Academy Learner Lab). Empty: the stack makes one that may do nothing",
        ROLE_NAME_PATTERN,
        "must be empty or the name of an IAM role, with its path if it has one",
        "",
    ),
}
