"""The three containers of a task, and what each is told through its environment."""

from troposphere import Ref, Region, Sub, ecs

WEB_PORT = 80
APP_PORT = 8000
HEALTH_PATH = "/healthz"

# Seconds between SIGTERM and SIGKILL; Gunicorn finishes its requests within 25 (docker/gunicorn.conf.py).
STOP_TIMEOUT = 30

# Container: its log group. Each also has a volume for /tmp, since no root file system can be written.
LOG_GROUPS = {"migrate": "MigrateLogGroup", "app": "AppLogGroup", "web": "WebLogGroup"}
VOLUMES = {"migrate": "migrate-tmp", "app": "app-tmp", "web": "web-tmp"}


def migrate_container() -> ecs.ContainerDefinition:
    """Brings the schema up to date and ends; the application starts only if it succeeded."""
    return _container(
        "migrate",
        Ref("AppImage"),
        Essential=False,
        Command=["flask", "--app", "app", "migrate"],
        Environment=_database_environment(),
        Secrets=_app_secrets(),
    )


def app_container() -> ecs.ContainerDefinition:
    """The WSGI tier: Gunicorn with the Flask application, reached by the web container only."""
    probe = f"import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['APP_PORT'] + '{HEALTH_PATH}')"
    return _container(
        "app",
        Ref("AppImage"),
        DependsOn=[ecs.ContainerDependency(ContainerName="migrate", Condition="SUCCESS")],
        Environment=[ecs.Environment(Name="APP_PORT", Value=str(APP_PORT)), *_database_environment()],
        Secrets=_app_secrets(),
        HealthCheck=ecs.HealthCheck(
            Command=["CMD", "python", "-c", probe], Interval=10, Timeout=5, Retries=3, StartPeriod=30
        ),
    )


def web_container() -> ecs.ContainerDefinition:
    """The front tier: nginx, which the load balancer talks to."""
    return _container(
        "web",
        Ref("WebImage"),
        DependsOn=[ecs.ContainerDependency(ContainerName="app", Condition="HEALTHY")],
        PortMappings=[ecs.PortMapping(ContainerPort=WEB_PORT, Protocol="tcp")],
        Environment=[
            ecs.Environment(Name="WEB_PORT", Value=str(WEB_PORT)),
            ecs.Environment(Name="APP_PORT", Value=str(APP_PORT)),
        ],
        # nginx is not root; this lets it listen on port 80 without any capability.
        SystemControls=[ecs.SystemControl(Namespace="net.ipv4.ip_unprivileged_port_start", Value="0")],
    )


def _container(name, image, **more):
    return ecs.ContainerDefinition(
        Name=name,
        Image=image,
        **{"Essential": True, **more},
        ReadonlyRootFilesystem=True,
        MountPoints=[ecs.MountPoint(SourceVolume=VOLUMES[name], ContainerPath="/tmp", ReadOnly=False)],  # noqa: S108
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


def _database_environment():
    names = {
        "DATABASE_HOST": "DatabaseHost",
        "DATABASE_PORT": "DatabasePort",
        "DATABASE_NAME": "DatabaseName",
    }
    return [ecs.Environment(Name=name, Value=Ref(parameter)) for name, parameter in names.items()]


def _app_secrets():
    names = {
        "DATABASE_USERNAME": Sub("${DatabaseCredentialsArn}:username::"),
        "DATABASE_PASSWORD": Sub("${DatabaseCredentialsArn}:password::"),
        "SECRET_KEY": Ref("SessionSecret"),
    }
    return [ecs.Secret(Name=name, ValueFrom=value) for name, value in names.items()]
