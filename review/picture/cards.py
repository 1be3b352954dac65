"""What the picture of an environment says of each thing, read off the resolved nest."""

from collections.abc import Iterator
from typing import NamedTuple

from review.reach.network import Network, service_of
from review.reach.parties import Party, listeners
from review.text import references

# What runs in the containers, by their names: docker/Dockerfile.
SOFTWARE = {"web": "nginx", "app": "Gunicorn", "migrate": "migrations"}
ON_DEMAND, SPOT = "FARGATE", "FARGATE_SPOT"


class Card(NamedTuple):
    """A thing of the picture."""

    holds: tuple[str, ...]  # the logical ids that it stands for, in the flat view
    glyph: str
    title: str
    lines: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()  # (glyph, text) of what belongs to it


def count(number: int, noun: str) -> str:
    """1 task, 2 tasks."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def balancer(network: Network, party: Party) -> Card:
    """The load balancer with its listeners, its firewall and its certificates."""
    lines, parts, holds = [], [], [party.title]
    for title, listener in sorted(listeners(network, party.title), key=lambda each: -int(each[1]["Port"])):
        redirects = any(action["Type"] == "redirect" for action in listener["DefaultActions"])
        lines.append(f"{listener['Protocol']} {listener['Port']}{', redirects to HTTPS' if redirects else ''}")
        for certificate in listener.get("Certificates", []):
            made = network.meant(certificate["CertificateArn"])
            parts.append(("certificate", "ACM certificate" if made else "ACM certificate, given"))
            holds += [made] if made else []
        holds.append(title)
    for _, association in network.of_type("AWS::WAFv2::WebACLAssociation"):
        if network.meant(association["ResourceArn"]) == party.title:
            firewall = network.meant(association["WebACLArn"])
            rules = network.resources[firewall]["Properties"]["Rules"]
            parts.append(("firewall", f"AWS WAF, {count(len(rules), 'rule')}"))
            holds.append(firewall)
    return Card(tuple(holds), "balancer", "Application Load Balancer", tuple(lines), tuple(parts))


def service(network: Network, party: Party) -> Card:
    """The service: how many tasks, how large, on which capacity."""
    properties = network.resources[party.title]["Properties"]
    task = network.resources[network.meant(properties["TaskDefinition"])]["Properties"]
    least, most, scaling = _tasks(network, party)
    cores, memory = int(task["Cpu"]) / 1024, int(task["Memory"]) / 1024
    size = f"{cores:g} vCPU, {memory:g} GB, {task['RuntimePlatform']['CpuArchitecture']}"
    tasks = f"{least} to {most} tasks" if scaling else count(least, "task")
    lines = (f"{tasks} of {size}", *_spot(properties))
    if party.public:
        lines = (*lines, "with public addresses of their own")
    cluster, definition = network.meant(properties["Cluster"]), network.meant(properties["TaskDefinition"])
    return Card((party.title, cluster, definition, *scaling), "service", "ECS service on Fargate", lines)


def tasks_at_least(network: Network, party: Party) -> int:
    """How many tasks run at the quietest time."""
    return _tasks(network, party)[0]


def _tasks(network, party):
    """(fewest, most, logical id of what scales them)"""
    for title, target in network.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        if party.title in references(target["ResourceId"]):
            return int(target["MinCapacity"]), int(target["MaxCapacity"]), (title,)
    desired = int(network.resources[party.title]["Properties"].get("DesiredCount", 1))
    return desired, desired, ()


def _spot(properties):
    """The share of Spot, where there is any."""
    strategy = {each["CapacityProvider"]: each for each in properties.get("CapacityProviderStrategy", [])}
    base = strategy.get(ON_DEMAND, {}).get("Base", 0)
    weights = {name: int(each.get("Weight", 0)) for name, each in strategy.items()}
    if weights.get(SPOT):
        share = 100 * weights[SPOT] // sum(weights.values())
        yield f"beyond the first {base}, {share} % of them on Spot" if base else f"{share} % of them on Spot"


def containers(network: Network, party: Party) -> list[str]:
    """What runs in a task, in the order of a request: nginx :80, Gunicorn :8000."""
    properties = network.resources[party.title]["Properties"]
    task = network.resources[network.meant(properties["TaskDefinition"])]["Properties"]
    first = {each["ContainerName"] for each in properties.get("LoadBalancers", [])}
    serving = [each for each in task["ContainerDefinitions"] if each.get("Essential", True)]
    serving.sort(key=lambda each: each["Name"] not in first)
    return [f"{SOFTWARE.get(each['Name'], each['Name'])}{_port(each)}" for each in serving]


def _port(container):
    """The port that it is told to listen on, as APP_PORT for the container app."""
    for variable in container.get("Environment", []):
        if variable["Name"] == f"{container['Name'].upper()}_PORT":
            return f" :{variable['Value']}"
    return "".join(f" :{mapping['ContainerPort']}" for mapping in container.get("PortMappings", [])[:1])


def database(network: Network, party: Party) -> list[Card]:
    """The instance, and its standby if it has one."""
    properties = network.resources[party.title]["Properties"]
    kind = properties["DBInstanceClass"].removeprefix("db.")
    if "SourceDBInstanceIdentifier" in properties:
        return [Card((party.title,), "replica", "Read replica", (kind, "asynchronous"))]
    low, high = int(properties["AllocatedStorage"]), int(properties.get("MaxAllocatedStorage", 0))
    storage = f"{low} to {high} GB" if high > low else f"{low} GB"
    lines = (kind, f"{storage} {properties['StorageType']}")
    name = f"RDS MySQL {properties['EngineVersion']}"
    if not properties.get("MultiAZ"):
        return [Card((party.title,), "database", name, lines)]
    primary = Card((party.title,), "database", name, ("Primary", *lines))
    return [primary, Card((party.title,), "standby", "Standby", ("synchronous",))]


def endpoints(network: Network) -> list[Card]:
    """The ways to AWS's services that do not leave AWS's network: interfaces first."""
    interfaces, gateways = [], []
    for title, properties in network.of_type("AWS::EC2::VPCEndpoint"):
        found = interfaces if properties.get("VpcEndpointType") == "Interface" else gateways
        found.append((title, service_of(properties)))
    return [
        Card(tuple(title for title, _ in found), "endpoint", name, tuple(service for _, service in found))
        for name, found in (
            ("Interface endpoint" + "s" * (len(interfaces) != 1), interfaces),
            ("Gateway endpoint", gateways),
        )
        if found
    ]


def called(network: Network) -> list[Card]:
    """What the tasks call: images, secrets, logs."""
    cards = []
    images = [
        container["Image"].partition("/")[2].partition("@")[0]
        for _, task in network.of_type("AWS::ECS::TaskDefinition")
        for container in task["ContainerDefinitions"]
        if ".dkr.ecr." in str(container["Image"])
    ]
    if images:
        cards.append(Card((), "registry", "ECR", tuple(dict.fromkeys(images))))
    cards += _counted(network, "AWS::SecretsManager::Secret", "secrets", "Secrets Manager", "secret")
    for card in _counted(network, "AWS::Logs::LogGroup", "logs", "CloudWatch Logs", "log group"):
        days = {int(network.resources[title]["Properties"].get("RetentionInDays", 0)) for title in card.holds}
        kept = " or ".join(count(each, "day") if each else "for ever" for each in sorted(days))
        cards.append(card._replace(lines=(*card.lines, f"kept {kept}")))
    return cards


def _counted(network, kind, glyph, title, noun):
    holds = tuple(name for name, _ in network.of_type(kind))
    if holds:
        yield Card(holds, glyph, title, (count(len(holds), noun),))


def watching(network: Network) -> list[Card]:
    """What watches, and whom it tells."""
    alarms = tuple(title for title, _ in network.of_type("AWS::CloudWatch::Alarm"))
    boards = tuple(title for title, _ in network.of_type("AWS::CloudWatch::Dashboard"))
    cards = []
    if alarms or boards:
        lines = [count(len(alarms), "alarm")] * bool(alarms) + [count(len(boards), "dashboard")] * bool(boards)
        cards.append(Card((*alarms, *boards), "alarms", "CloudWatch", tuple(lines)))
    for title, _ in network.of_type("AWS::SNS::Topic"):
        told = tuple(
            name for name, each in network.of_type("AWS::SNS::Subscription") if network.meant(each["TopicArn"]) == title
        )
        cards.append(Card((title, *told), "topic", "SNS topic", ("tells by e-mail" if told else "nobody is told yet",)))
    return cards


def kept(network: Network) -> list[Card]:
    """Keys, buckets and roles."""
    cards = list(_counted(network, "AWS::KMS::Key", "key", "KMS", "key"))
    buckets = tuple(title for title, _ in network.of_type("AWS::S3::Bucket"))
    if buckets:
        cards.append(Card(buckets, "bucket", "S3", (count(len(buckets), "bucket") + " of logs",)))
    return cards + list(_counted(network, "AWS::IAM::Role", "roles", "IAM", "role"))


def names(network: Network) -> Iterator[tuple[str, str]]:
    """(logical id, host name) of the records that lead here."""
    for title, record in network.of_type("AWS::Route53::RecordSet"):
        yield title, record["Name"].rstrip(".")
