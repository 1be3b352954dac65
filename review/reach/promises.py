"""The three-tier promise, and what the application needs, held against the matrix.

The internet reaches the load balancer on the ports of its listeners, 80 and 443, and nothing else. Only the load
balancer reaches the tasks, only the tasks reach the database, and the database reaches nothing.
"""

from collections.abc import Iterator

from review.reach.matrix import HTTPS, Matrix
from review.reach.network import INTERNET
from review.reach.parties import BALANCER, DATABASE, ENDPOINT, TASKS, THE_INTERNET, Party, listeners
from review.reach.ports import Ports, tcp

WEB = tcp(80, 443)
# What a task must reach by HTTPS before it runs: images, their layers, secrets, logs.
SERVICES = ("ecr.api", "ecr.dkr", "s3", "secretsmanager", "logs")
SHELL = ("ssmmessages",)  # for a shell in a container


def broken(matrix: Matrix) -> list[str]:
    """What does not hold, one line each; empty: all of it holds."""
    return [*_too_much(matrix), *_too_little(matrix)]


def allowed(matrix: Matrix, source: Party, target: Party) -> Ports:
    """The ports on which the promise lets `source` reach `target`."""
    ends = source.kind, target.kind
    if ends == (INTERNET, BALANCER):
        return target.serves & WEB
    if ends == (BALANCER, TASKS):
        return forwarded(matrix, source, target)
    if ends == (TASKS, DATABASE):
        return target.serves
    # To AWS's services, directly or by endpoints; the load balancer's HTTPS is open to everybody, tasks among them.
    if source.kind == TASKS and target.kind in (INTERNET, ENDPOINT, BALANCER):
        return HTTPS
    return Ports()


def _too_much(matrix):
    everyone = [THE_INTERNET, *matrix.parties]
    for source in everyone:
        for target in everyone:
            beyond = matrix.way(source, target).some - allowed(matrix, source, target)
            if beyond:
                yield f"{name(source)} reaches {name(target)} on {beyond}"


def _too_little(matrix) -> Iterator[str]:
    for balancer in matrix.of_kind(BALANCER):
        yield from _missing(matrix, THE_INTERNET, balancer, balancer.serves)
        yield from _nowhere(matrix, balancer)
    for tasks in matrix.of_kind(TASKS):
        fed = [each for each in matrix.of_kind(BALANCER) if forwarded(matrix, each, tasks)]
        if not fed:
            yield f"no listener leads to {name(tasks)}"
        for balancer in fed:
            yield from _missing(matrix, balancer, tasks, forwarded(matrix, balancer, tasks))
        for database in matrix.of_kind(DATABASE):
            yield from _missing(matrix, tasks, database, database.serves)
        properties = matrix.network.resources[tasks.title]["Properties"]
        names = SERVICES + SHELL * bool(properties.get("EnableExecuteCommand"))
        for service, way in matrix.services(tasks, names).items():
            if not way:
                yield f"{name(tasks)} cannot reach {service} on {HTTPS}"


def _missing(matrix, source, target, ports):
    lacking = ports - matrix.way(source, target).every
    if lacking:
        yield f"{name(source)} cannot reach {name(target)} on {lacking}"
    if not ports:
        yield f"{name(target)} listens on nothing"


def _nowhere(matrix, balancer):
    """A listener must forward to a target group, or send visitors to one that is there."""
    there = {int(each["Port"]) for _, each in listeners(matrix.network, balancer.title)}
    for title, listener in listeners(matrix.network, balancer.title):
        for action in listener["DefaultActions"]:
            sent = action.get("RedirectConfig", {}).get("Port")
            if sent and int(sent) not in there:
                yield f"{title} sends visitors to port {sent}, where nothing listens"


def forwarded(matrix: Matrix, balancer: Party, tasks: Party) -> Ports:
    """The ports of these tasks to which a load balancer's listeners send requests, by their target group."""
    meant = matrix.network.meant
    groups = {
        meant(action.get("TargetGroupArn"))
        for _, listener in listeners(matrix.network, balancer.title)
        for action in listener["DefaultActions"]
    }
    registered = matrix.network.resources[tasks.title]["Properties"].get("LoadBalancers", [])
    ports = [int(each["ContainerPort"]) for each in registered if meant(each["TargetGroupArn"]) in groups]
    return tcp(*ports) & tasks.serves


def name(party: Party) -> str:
    """A party in a sentence: the internet, load balancer EdgeLoadBalancer."""
    return "the internet" if party.kind == INTERNET else f"{party.kind} {party.title}"
