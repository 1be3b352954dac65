"""A tour of an environment: created, updated, destroyed with its protections; what is left is what it says.

It looks at the deployment only, so images are the stand-in's, and nothing is visited.
"""

from deploy.settings import PROJECT
from rehearsal.service import Account

# For a host name that nobody has (RFC 2606), in a zone that the embedded AWS makes.
ZONE = "shop.test"

# The next larger class, for an update that interrupts the database.
LARGER = {"micro": "small", "small": "medium", "medium": "large", "large": "xlarge"}


def make_deployable(rehearsal, env: str) -> None:
    """Put a host name and its zone where the environment has examples."""
    if "EXAMPLE" in rehearsal.value(env, "HostedZoneId").upper():
        route53 = rehearsal.account.client("route53")
        zone = route53.create_hosted_zone(Name=ZONE, CallerReference=env)["HostedZone"]["Id"]
        rehearsal.change(env, DomainName=f"www.{ZONE}", HostedZoneId=zone.removeprefix("/hostedzone/"))


def update(rehearsal, env: str) -> None:
    """Another image, a larger class of the database, and one replica more."""
    architecture = rehearsal.value(env, "CpuArchitecture", "X86_64")
    family, _, size = rehearsal.value(env, "DBInstanceClass", "db.t4g.micro").rpartition(".")
    rehearsal.change(
        env,
        CpuArchitecture="ARM64" if architecture == "X86_64" else "X86_64",
        DBInstanceClass=f"{family}.{LARGER[size]}",
        ReadReplicas=int(rehearsal.value(env, "ReadReplicas", "0")) + 1,
    )
    rehearsal.run("./deploy.sh", env)


def database_of(account: Account, env: str) -> str:
    """The name of the environment's primary database."""
    pages = account.client("cloudformation").describe_stacks(StackName=f"{PROJECT}-{env}")
    outputs = pages["Stacks"][0]["Outputs"]
    return next(item["OutputValue"] for item in outputs if item["OutputKey"] == "DatabaseInstanceId")


def tour(rehearsal, env: str) -> str:
    """All of it; a line that says what became of the database. RehearsalError if that is not what was wanted."""
    make_deployable(rehearsal, env)
    rehearsal.run("./deploy.sh", env)
    update(rehearsal, env)
    name = database_of(rehearsal.account, env)
    rehearsal.run("python", "-m", "deploy", "destroy", env)
    rds = rehearsal.account.client("rds")
    left = rds.describe_db_snapshots(DBInstanceIdentifier=name)["DBSnapshots"]
    wanted = rehearsal.value(env, "FinalSnapshot", "keep")
    rehearsal.require(len(left) == (wanted == "keep"), f"{env}: {len(left)} snapshots left, FinalSnapshot={wanted}")
    return f"{env}: created, updated, destroyed; final snapshot: {wanted}, {len(left)} left"
