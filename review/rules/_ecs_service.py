"""Where an ECS service runs: what excludes what."""

from ._checks import Choices
from ._nest import Rule, number

SERVICE = "AWS::ECS::Service"
API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"


class LaunchTypeAndStrategy(Rule):
    """A service has a launch type or a capacity provider strategy: the API refuses both.

    Source: API reference, CreateService, launchType and capacityProviderStrategy.
    """

    id = "E9340"
    shortdesc = "Launch type together with a capacity provider strategy"
    source_url = API + "API_CreateService.html"
    types = (SERVICE,)

    def judge(self, r):
        for v in r.variants("LaunchType", "CapacityProviderStrategy"):
            if v["LaunchType"] is not None and v["CapacityProviderStrategy"]:
                yield v.fault("LaunchType excludes CapacityProviderStrategy; keep one", "LaunchType")
                return


class Strategy(Rule):
    """In a capacity provider strategy only one provider can have a base, and one must have a weight.

    Source: API reference, CapacityProviderStrategyItem, base and weight.
    """

    id = "E9341"
    shortdesc = "Capacity provider strategy that the API refuses"
    source_url = API + "API_CapacityProviderStrategyItem.html"
    types = (SERVICE, "AWS::ECS::Cluster", "AWS::ECS::ClusterCapacityProviderAssociations")

    def judge(self, r):
        path = "CapacityProviderStrategy" if r.type == SERVICE else "DefaultCapacityProviderStrategy"
        for v in r.variants(path):
            rows = [row for row in v[path] if isinstance(row, dict)] if isinstance(v[path], list) else []
            bases = [row for row in rows if (number(row.get("Base"), 0) or 0) > 0]
            weights = [number(row.get("Weight"), 0) for row in rows]
            if len(bases) > 1:
                yield v.fault("only one provider can have a Base; take it from the others", path)
            elif len(rows) > 1 and all(weight == 0 for weight in weights):
                yield v.fault("no provider has a Weight above 0, so no task can start", path)


class ServiceWord(Choices):
    """Words that the ECS API takes in a service and the resource schema does not list.

    Source: API reference, CreateService, platformVersion.
    """

    id = "E9351"
    shortdesc = "Platform version that Fargate has not"
    source_url = GUIDE + "platform-fargate.html"
    types = (SERVICE,)
    choices = (("PlatformVersion", ("LATEST", "1.4.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0")),)
