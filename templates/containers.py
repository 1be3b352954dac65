"""The three containers of a task, and what each is told through its environment."""

from troposphere import If, Ref, Region, Sub, ecs

WEB_PORT = 80
APP_PORT = 8000
HEALTH_PATH = "/healthz"

# The authorities of RDS's certificates, in the image (docker/Dockerfile).
SSL_CA = "/srv/rds-ca.pem"

# Seconds between SIGTERM and SIGKILL. ECS stops web before app, which it depends on: nginx goes on for 3 and finishes
# its requests within 25 (docker/start-web.sh, docker/nginx.conf.template), Gunicorn its own within 25
# (docker/gunicorn.conf.py).
STOP_TIMEOUT = 60

# Container: its log group. Each also has a volume for /tmp, since no root file system can be written.
LOG_GROUPS = {"migrate": "MigrateLogGroup", "app": "AppLogGroup", "web": "WebLogGroup"}
VOLUMES = {"migrate": "migrate-tmp", "app": "app-tmp", "web": "web-tmp"}

# The users of the images (docker/Dockerfile), said again: a task never runs as root, whatever image it is given.
APP_IMAGE_USER = "10001:10001"
WEB_IMAGE_USER = "101:101"

APP_USER = {
    "DATABASE_USERNAME": Sub("${AppCredentialsArn}:username::"),
    "DATABASE_PASSWORD": Sub("${AppCredentialsArn}:password::"),
}
MASTER_USER = {
    "DATABASE_USERNAME": Sub("${MasterCredentialsArn}:username::"),
    "DATABASE_PASSWORD": Sub("${MasterCredentialsArn}:password::"),
}


def migrate_container() -> ecs.ContainerDefinition:
    """Brings schema and application user up to date and ends; the application starts only if it succeeded.

    It alone holds the master's password.
    """
    new_user = {f"APP_{name}": value for name, value in APP_USER.items()}
    return _container(
        "migrate",
        Ref("AppImage"),
        User=APP_IMAGE_USER,
        Essential=False,
        Command=["flask", "--app", "app", "migrate"],
        Environment=_environment(_DATABASE),
        Secrets=_secrets(MASTER_USER | new_user | _SESSION),
    )


def app_container() -> ecs.ContainerDefinition:
    """The WSGI tier: Gunicorn with the Flask application, reached by the web container only."""
    return _container(
        "app",
        Ref("AppImage"),
        User=APP_IMAGE_USER,
        DependsOn=[ecs.ContainerDependency(ContainerName="migrate", Condition="SUCCESS")],
        Environment=_environment(
            {
                "APP_PORT": str(APP_PORT),
                **_DATABASE,
                "DATABASE_READER_HOST": Ref("DatabaseReaderHosts"),
                "ALLOWED_HOSTS": Ref("DomainName"),
                "TASK_CPU": Ref("TaskCpu"),
                "TASK_MEMORY": Ref("TaskMemory"),
            }
        ),
        Secrets=_secrets(APP_USER | _SESSION),
        HealthCheck=ecs.HealthCheck(
            # Ready once, then alive: docker/health.py.
            Command=["CMD", "python", "health.py"],
            Interval=10,
            Timeout=5,
            Retries=3,
            StartPeriod=30,
        ),
    )


def web_container() -> ecs.ContainerDefinition:
    """The front tier: nginx, which the load balancer talks to."""
    return _container(
        "web",
        Ref("WebImage"),
        User=WEB_IMAGE_USER,
        DependsOn=[ecs.ContainerDependency(ContainerName="app", Condition="HEALTHY")],
        PortMappings=[ecs.PortMapping(ContainerPort=WEB_PORT, Protocol="tcp")],
        Environment=_environment({"WEB_PORT": str(WEB_PORT), "APP_PORT": str(APP_PORT)}),
        # nginx is there; whether it answers, the target group asks. The image has neither curl nor wget.
        HealthCheck=ecs.HealthCheck(
            Command=["CMD-SHELL", 'kill -0 "$(cat "${TMPDIR:-/tmp}/web-$WEB_PORT/nginx.pid")"'],
            Interval=10,
            Timeout=5,
            Retries=3,
            StartPeriod=10,
        ),
        # nginx is not root; this lets it listen on port 80 without any capability.
        SystemControls=[ecs.SystemControl(Namespace="net.ipv4.ip_unprivileged_port_start", Value="0")],
    )


def _container(name, image, **more):
    return ecs.ContainerDefinition(
        Name=name,
        Image=image,
        **{"Essential": True, **more},
        # A shell for an operator needs a root file system that can be written (ECS developer guide, ECS Exec).
        ReadonlyRootFilesystem=If("IsExecutable", False, True),
        MountPoints=[ecs.MountPoint(SourceVolume=VOLUMES[name], ContainerPath="/tmp", ReadOnly=False)],  # noqa: S108  a path in the container
        LinuxParameters=ecs.LinuxParameters(InitProcessEnabled=True, Capabilities=ecs.KernelCapabilities(Drop=["ALL"])),
        StopTimeout=STOP_TIMEOUT,
        LogConfiguration=ecs.LogConfiguration(
            LogDriver="awslogs",
            Options={
                "awslogs-group": Ref(LOG_GROUPS[name]),
                "awslogs-region": Region,
                "awslogs-stream-prefix": name,
            },
        ),
    )


_DATABASE = {
    "DATABASE_HOST": Ref("DatabaseHost"),
    "DATABASE_PORT": Ref("DatabasePort"),
    "DATABASE_NAME": Ref("DatabaseName"),
    "DATABASE_SSL_CA": SSL_CA,
    "RELEASE": Ref("AppImage"),
}

_SESSION = {"SECRET_KEY": Ref("SessionSecret")}


def _environment(variables):
    return [ecs.Environment(Name=name, Value=value) for name, value in variables.items()]


def _secrets(references):
    return [ecs.Secret(Name=name, ValueFrom=reference) for name, reference in references.items()]
