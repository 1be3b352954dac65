"""How a new version of an ECS service replaces the old one."""

from ._checks import impossible
from ._nest import Reference, Rule, flag, known, number

SERVICE = "AWS::ECS::Service"
ALARM = "AWS::CloudWatch::Alarm"
API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
DEPLOYMENT = "DeploymentConfiguration"
BREAKER = DEPLOYMENT + ".DeploymentCircuitBreaker"
SHIFTING = ("BLUE_GREEN", "LINEAR", "CANARY")


def controller(r) -> set:
    """The deployment controllers that the service can have."""
    return {v["DeploymentController.Type"] or "ECS" for v in r.variants("DeploymentController.Type")}


class NothingCanMove(Rule):
    """A deployment needs room: one task less (minimum below 100 %) or one more (maximum above 100 %).

    Source: ECS developer guide, deployment parameters; the API refuses 100 and 100.
    """

    id = "E9342"
    shortdesc = "Deployment can neither start nor stop a task"
    source_url = API + "API_DeploymentConfiguration.html"
    types = (SERVICE,)

    def judge(self, r):
        low, high = DEPLOYMENT + ".MinimumHealthyPercent", DEPLOYMENT + ".MaximumPercent"
        for v in impossible(r, lambda v: self.stuck(v[low], v[high]), low, high, "SchedulingStrategy"):
            if v["SchedulingStrategy"] != "DAEMON":
                yield v.fault("minimum 100 % and maximum 100 % leave no room; raise MaximumPercent to 200", high)

    @staticmethod
    def stuck(low, high) -> bool:
        low, high = number(low, 100), number(high, 200)
        return None not in (low, high) and low >= 100 and high <= 100


class RebalancingWithoutRoom(Rule):
    """Rebalancing between zones starts the new task before it stops the old: not with MaximumPercent 100 or daemons.

    Source: ECS developer guide, balancing a service across Availability Zones, considerations.
    """

    id = "E9343"
    shortdesc = "Zone rebalancing that the API refuses"
    source_url = GUIDE + "service-rebalancing.html"
    types = (SERVICE,)

    def judge(self, r):
        high = DEPLOYMENT + ".MaximumPercent"
        names = ("AvailabilityZoneRebalancing", high, "SchedulingStrategy", "LaunchType")
        for v in impossible(r, self.refused, *names):
            yield v.fault("ENABLED needs REPLICA tasks and a MaximumPercent above 100; else DISABLED", names[0])

    @staticmethod
    def refused(v) -> bool:
        high = number(v[DEPLOYMENT + ".MaximumPercent"], 200)
        return v["AvailabilityZoneRebalancing"] == "ENABLED" and (
            v["SchedulingStrategy"] == "DAEMON" or v["LaunchType"] == "EXTERNAL" or (high is not None and high <= 100)
        )


class NoCircuitBreaker(Rule):
    """Without a circuit breaker a task that never gets healthy keeps the stack waiting for three hours.

    Source: ECS developer guide, deployment circuit breaker.
    """

    id = "W9344"
    shortdesc = "Rolling deployment without a circuit breaker"
    source_url = GUIDE + "deployment-circuit-breaker.html"
    types = (SERVICE,)

    def judge(self, r):
        rolling = all(v[DEPLOYMENT + ".Strategy"] in (None, "ROLLING") for v in r.variants(DEPLOYMENT + ".Strategy"))
        if controller(r) != {"ECS"} or not rolling:
            return
        if all(flag(v[BREAKER + ".Enable"], False) is False for v in r.variants(BREAKER + ".Enable")):
            yield r.fault("set DeploymentCircuitBreaker with Enable and Rollback true", DEPLOYMENT)


class NoRollback(Rule):
    """A circuit breaker, or an alarm, that stops a deployment and leaves the service half-way.

    Source: API reference, DeploymentCircuitBreaker, rollback; DeploymentAlarms, rollback.
    """

    id = "W9345"
    shortdesc = "Failed deployment is not rolled back"
    source_url = API + "API_DeploymentCircuitBreaker.html"
    types = (SERVICE,)

    def judge(self, r):
        for part in (BREAKER, DEPLOYMENT + ".Alarms"):
            found = list(r.variants(part + ".Enable", part + ".Rollback"))
            on = [v for v in found if flag(v[part + ".Enable"])]
            if on and all(flag(v[part + ".Rollback"], False) is False for v in on):
                yield r.fault("set Rollback: true, else a failed deployment stays as it is", part)


class BreakerOfOtherController(Rule):
    """Circuit breaker, alarms and strategies belong to the controller ECS: with another one the API refuses them.

    Source: API reference, DeploymentConfiguration, deploymentCircuitBreaker.
    """

    id = "E9346"
    shortdesc = "Setting of the ECS controller with another controller"
    source_url = API + "API_DeploymentConfiguration.html"
    types = (SERVICE,)

    def judge(self, r):
        for v in r.variants("DeploymentController.Type", BREAKER + ".Enable", DEPLOYMENT + ".Strategy"):
            kind = v["DeploymentController.Type"]
            if kind in ("CODE_DEPLOY", "EXTERNAL"):
                if flag(v[BREAKER + ".Enable"]):
                    yield v.fault(f"{kind} has no circuit breaker; leave it out", BREAKER + ".Enable")
                if v[DEPLOYMENT + ".Strategy"] in SHIFTING:
                    yield v.fault(f"{kind} has no Strategy; leave it out", DEPLOYMENT + ".Strategy")


class StrategyNeeds(Rule):
    """BLUE_GREEN, LINEAR and CANARY shift traffic between two target groups: they need both, and the rule to change.

    Source: API reference, AdvancedConfiguration; ECS developer guide, blue/green load balancer resources.
    """

    id = "E9347"
    shortdesc = "Traffic shift without what it needs"
    source_url = API + "API_AdvancedConfiguration.html"
    types = (SERVICE,)

    def judge(self, r):
        for v in r.variants(DEPLOYMENT + ".Strategy", "LoadBalancers"):
            strategy, balancers = v[DEPLOYMENT + ".Strategy"], v["LoadBalancers"]
            rows = balancers if isinstance(balancers, list) else []
            if strategy in SHIFTING:
                for row in rows:
                    advanced = row.get("AdvancedConfiguration") if isinstance(row, dict) else {}
                    if advanced is None or (isinstance(advanced, dict) and advanced and not complete(advanced)):
                        need = "AlternateTargetGroupArn, ProductionListenerRule and RoleArn in AdvancedConfiguration"
                        yield v.fault(f"{strategy} needs {need}", "LoadBalancers")


def complete(advanced: dict) -> bool:
    """Has it what ECS needs to shift traffic?"""
    return all(advanced.get(key) for key in ("AlternateTargetGroupArn", "ProductionListenerRule", "RoleArn"))


class ConfigurationOfOtherStrategy(Rule):
    """CanaryConfiguration is for CANARY, LinearConfiguration for LINEAR, a bake time for those that shift traffic.

    Source: API reference, DeploymentConfiguration, canaryConfiguration and linearConfiguration.
    """

    id = "E9348"
    shortdesc = "Configuration of another deployment strategy"
    source_url = API + "API_DeploymentConfiguration.html"
    types = (SERVICE,)

    def judge(self, r):
        for name, owner in (("CanaryConfiguration", "CANARY"), ("LinearConfiguration", "LINEAR")):
            for v in r.variants(DEPLOYMENT + ".Strategy", f"{DEPLOYMENT}.{name}"):
                strategy = v[DEPLOYMENT + ".Strategy"] or "ROLLING"
                if v[f"{DEPLOYMENT}.{name}"] is not None and known(strategy) and strategy != owner:
                    yield v.fault(f"{name} belongs to {owner}, the strategy is {strategy}", f"{DEPLOYMENT}.{name}")


class BreakerThreshold(Rule):
    """The threshold of a circuit breaker is a count or a percentage above zero.

    Source: API reference, ThresholdConfiguration.
    """

    id = "E9349"
    shortdesc = "Circuit breaker with an impossible threshold"
    source_url = API + "API_DeploymentCircuitBreaker.html"
    types = (SERVICE,)

    def judge(self, r):
        for value in r.values(BREAKER + ".ThresholdConfiguration.Value"):
            if (n := number(value.value)) is not None and n < 1:
                yield value.fault(f"Value {n} counts nothing; use 1 or more")


class DeploymentAlarms(Rule):
    """Alarms that are to stop a deployment are given by name, and there must be one.

    Source: API reference, DeploymentAlarms, alarmNames.
    """

    id = "E9350"
    shortdesc = "Deployment alarms without a name"
    source_url = API + "API_DeploymentAlarms.html"
    types = (SERVICE,)

    def judge(self, r):
        path = DEPLOYMENT + ".Alarms"
        for v in r.variants(path + ".Enable", path + ".AlarmNames"):
            if flag(v[path + ".Enable"]) and v[path + ".AlarmNames"] == []:
                yield v.fault(
                    "Enable is true and AlarmNames is empty; name an alarm or set Enable: false", path + ".Enable"
                )
        for value in r.values(path + ".AlarmNames.*"):
            if (
                isinstance(value.value, Reference)
                and value.value.resource.type == ALARM
                and value.value.attribute == "Arn"
            ):
                yield value.fault("an ARN is no alarm name; write !Ref and the alarm")
