"""Meters of the tasks: Fargate, Container Insights, images."""

from collections.abc import Iterator
from decimal import Decimal

from review.price.site import Charge, Site
from review.price.traffic import GB, HOURS
from review.problem import Problem

SERVICE = "AWS::ECS::Service"
MINUTES = HOURS * 60

# Ten measures by cluster, by service and by task definition; two of the cluster, five of the service; without those
# that need EC2, EBS or a restart policy.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
STANDARD_METRICS = 10 * 3 + 2 + 5
RECORD = 1024  # bytes of a performance record: one a minute for each task, container, service and cluster


def tasks(site: Site, title: str) -> Decimal:
    """How many tasks of a service run: as few as there may be, or as many."""
    for _, target in site.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        if title in str(target["ResourceId"]):
            return Decimal(target["MaxCapacity" if site.most else "MinCapacity"])
    return Decimal(site.properties(title).get("DesiredCount", 1))


def shares(count: Decimal, strategy: list[dict]) -> dict[str, Decimal]:
    """How many of `count` tasks each capacity provider runs: the base first, then the others by weight."""
    base = {item["CapacityProvider"]: min(Decimal(item.get("Base", 0)), count) for item in strategy}
    rest = count - min(sum(base.values()), count)
    weights = {item["CapacityProvider"]: Decimal(item.get("Weight", 0)) for item in strategy}
    total = sum(weights.values())
    return {name: base[name] + (rest * weights[name] / total if total else 0) for name in base}


def service(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """vCPU and memory of its tasks, ordinary and Spot, and their public addresses."""
    definition = site.properties(site.meant(properties["TaskDefinition"]))
    platform = definition.get("RuntimePlatform", {}).get("CpuArchitecture", "X86_64")
    count = tasks(site, title)
    vcpus, gigabytes = Decimal(definition["Cpu"]) / 1024, Decimal(definition["Memory"]) / 1024
    strategy = properties.get("CapacityProviderStrategy") or [{"CapacityProvider": "FARGATE", "Base": count}]
    for provider, share in shares(count, strategy).items():
        spot = {"FARGATE": "", "FARGATE_SPOT": "spot-"}.get(provider)
        if spot is None:
            raise Problem(f"{title}: the capacity provider {provider} is neither FARGATE nor FARGATE_SPOT: not priced")
        if share:
            words = f"{_number(share)} {'Spot ' * bool(spot)}{'task' if share == 1 else 'tasks'} of {{}} {platform}"
            price, hours = f"fargate-{spot}{platform}", share * HOURS
            yield site.charge(title, f"{price}-vcpu", hours * vcpus, words.format(f"{_number(vcpus)} vCPU"))
            yield site.charge(title, f"{price}-gb", hours * gigabytes, words.format(f"{_number(gigabytes)} GB"))
    network = properties.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
    if network.get("AssignPublicIp") == "ENABLED":
        yield site.charge(
            title, "public-address", count * HOURS, f"public {'address' if count == 1 else 'addresses'} of tasks"
        )
    yield site.charge(title, "internet-gb", site.traffic.outbound_gb, "sent by the application itself", True)
    if any(site.of_type("AWS::RDS::DBInstance")):
        # Half of it crosses to the other zone, and both ends pay.
        crossing = site.traffic.gb(site.traffic.query_bytes) / 2 * 2
        yield site.charge(title, "between-zones-gb", crossing, "to the database in another zone", True)


def _number(value):
    return f"{value.normalize():f}"


def cluster(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """Container Insights: metrics, and the records that they are made of."""
    settings = {item["Name"]: item["Value"] for item in properties.get("ClusterSettings", [])}
    mode = settings.get("containerInsights", "disabled")
    if mode == "disabled":
        return
    running = containers = Decimal(0)
    for name, body in site.of_type(SERVICE):
        if site.meant(body["Cluster"]) == title:
            running += tasks(site, name)
            definition = site.properties(site.meant(body["TaskDefinition"]))
            containers += sum(item.get("Essential", True) for item in definition["ContainerDefinitions"])
    if mode == "enhanced":
        metrics = enhanced_metrics(running, containers)
        yield site.charge(title, "insights-metric", metrics, "metrics of Container Insights, enhanced")
    else:
        yield site.charge(title, "metric", STANDARD_METRICS, "metrics of Container Insights")
    records = (running * (1 + containers) + 2) * MINUTES
    yield site.charge(title, "log-gb", records * RECORD / GB, "records of Container Insights")


def enhanced_metrics(tasks_running: Decimal, containers: Decimal) -> Decimal:
    """Metrics of enhanced Container Insights: 16 measures of tasks, by cluster, service and task definition, and twice
    for each task; 8 of containers, by cluster, twice for each container, twice for each in each task.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-enhanced-observability-metrics-ECS.html
    """
    return 16 * (3 + 2 * tasks_running) + 8 * (1 + 2 * containers + 2 * containers * tasks_running) + 2 + 5


def repository(site: Site, title: str, properties: dict) -> Iterator[Charge]:
    """The images that it keeps."""
    yield site.charge(title, "repository-storage", site.traffic.image_gb, "images", True)


METERS = {
    SERVICE: service,
    "AWS::ECS::Cluster": cluster,
    "AWS::ECR::Repository": repository,
}
