"""Application Auto Scaling: targets, and policies that follow a metric."""

import re

from ._checks import impossible
from ._nest import Reference, Rule, Text, known, number, text

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
SERVICE = "AWS::ECS::Service"
API = "https://docs.aws.amazon.com/autoscaling/application/APIReference/"
TRACKING = "TargetTrackingScalingPolicyConfiguration."
METRIC = TRACKING + "PredefinedMetricSpecification."
COUNT = "ALBRequestCountPerTarget"
PERCENT = (
    "ECSServiceAverageCPUUtilization",
    "ECSServiceAverageMemoryUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution",
    "ECSServiceAverageMemoryUtilizationHighResolution",
)

# Forms of ResourceId. Source: API reference, RegisterScalableTarget, ResourceId.
FORMS = {
    "ecs": (r"service/[^/]+/[^/]+", "service/CLUSTER/SERVICE"),
    "dynamodb": (r"table/[^/]+(/index/[^/]+)?", "table/TABLE"),
    "rds": (r"cluster:[^:]+", "cluster:CLUSTER"),
    "lambda": (r"function:[^:]+:[^:]+", "function:NAME:ALIAS"),
}


def shape(value, stand_in: str = "x") -> str | None:
    """The text with a word for each part that only AWS knows; None if nothing of it is known."""
    if isinstance(value, Text):
        return "".join(part if isinstance(part, str) else stand_in for part in value.parts)
    return value if isinstance(value, str) else None


class TargetForm(Rule):
    """What is scaled is named in the form of its service: service/CLUSTER/SERVICE, both by name.

    Source: API reference, RegisterScalableTarget, ResourceId.
    """

    id = "E9701"
    shortdesc = "Scalable target that is named in a wrong form"
    source_url = API + "API_RegisterScalableTarget.html"
    types = (TARGET, POLICY)

    def judge(self, r):
        for v in r.variants("ServiceNamespace", "ResourceId"):
            form, name = (
                FORMS.get(v["ServiceNamespace"] if known(v["ServiceNamespace"]) else ""),
                shape(v["ResourceId"]),
            )
            if not form or name is None:
                continue
            parts = v["ResourceId"].parts if isinstance(v["ResourceId"], Text) else ()
            arns = [part for part in parts if isinstance(part, Reference) and is_arn(part)]
            unknown = any(not isinstance(part, str | Reference) for part in parts)
            if arns:
                yield v.fault(
                    f"{arns[0].resource.id} gives an ARN here; write {form[1]} with names (GetAtt Name)", "ResourceId"
                )
            elif not unknown and not re.fullmatch(form[0], name):
                yield v.fault(f"{name!r} must be {form[1]}", "ResourceId")


def is_arn(part: Reference) -> bool:
    """Is it an ARN where a name is wanted? The Ref of an ECS service is one, that of a cluster is its name."""
    kind, attribute = part.resource.type, part.attribute
    return (kind == SERVICE and attribute in (None, "ServiceArn")) or (
        kind == "AWS::ECS::Cluster" and attribute == "Arn"
    )


class DimensionOfNamespace(Rule):
    """The dimension that is scaled belongs to the service that is named.

    Source: API reference, RegisterScalableTarget, ScalableDimension.
    """

    id = "E9702"
    shortdesc = "Dimension of another service"
    source_url = API + "API_RegisterScalableTarget.html"
    types = (TARGET, POLICY)

    def judge(self, r):
        for v in r.variants("ServiceNamespace", "ScalableDimension"):
            service, dimension = v["ServiceNamespace"], v["ScalableDimension"]
            if known(service) and known(dimension) and text(dimension).split(":")[0] != text(service):
                yield v.fault(f"{dimension} is no dimension of {service}", "ScalableDimension")


class LeastAboveMost(Rule):
    """The smallest number of tasks cannot be above the largest.

    Source: API reference, RegisterScalableTarget, MinCapacity and MaxCapacity.
    """

    id = "E9703"
    shortdesc = "Minimum above maximum"
    source_url = API + "API_RegisterScalableTarget.html"
    types = (TARGET,)

    def judge(self, r):
        for v in impossible(r, self.wrong, "MinCapacity", "MaxCapacity"):
            yield v.fault(f"MinCapacity {v['MinCapacity']} is above MaxCapacity {v['MaxCapacity']}", "MinCapacity")

    @staticmethod
    def wrong(v) -> bool:
        low, high = number(v["MinCapacity"]), number(v["MaxCapacity"])
        return None not in (low, high) and (low > high or low < 0)


class PolicyWithoutTarget(Rule):
    """A policy names its target, or what is scaled in three properties; and has the configuration of its type.

    Source: CloudFormation, AWS::ApplicationAutoScaling::ScalingPolicy, ScalingTargetId and PolicyType.
    """

    id = "E9704"
    shortdesc = "Scaling policy without its target or configuration"
    source_url = API + "API_PutScalingPolicy.html"
    types = (POLICY,)
    three = ("ResourceId", "ScalableDimension", "ServiceNamespace")
    kinds = (
        ("TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration"),
        ("StepScaling", "StepScalingPolicyConfiguration"),
        ("PredictiveScaling", "PredictiveScalingPolicyConfiguration"),
    )

    def judge(self, r):
        for v in impossible(
            r,
            lambda v: v["ScalingTargetId"] is None and None in [v[n] for n in self.three],
            "ScalingTargetId",
            *self.three,
        ):
            yield v.fault("name the target with ScalingTargetId: !Ref")
        for kind, name in self.kinds:
            for v in r.variants("PolicyType", name):
                if v["PolicyType"] == kind and v[name] is None:
                    yield v.fault(f"{kind} needs {name}", "PolicyType")


class PolicyBeforeTarget(Rule):
    """A policy that names what is scaled by its properties must wait for the target that registers it.

    Source: CloudFormation, AWS::ApplicationAutoScaling::ScalingPolicy; the API's answer, ObjectNotFoundException.
    """

    id = "W9705"
    shortdesc = "Scaling policy does not wait for its target"
    source_url = API + "API_PutScalingPolicy.html"
    types = (POLICY,)

    def judge(self, r):
        for v in r.variants("ScalingTargetId", "ResourceId"):
            for target in (
                r.view.resources(TARGET) if v["ScalingTargetId"] is None and v["ResourceId"] is not None else ()
            ):
                same = any(value.value == v["ResourceId"] for value in target.values("ResourceId"))
                if same and not r.waits_for(target):
                    yield v.fault(f"name {target.id} in ScalingTargetId, or in DependsOn", "ResourceId")
                    return


class LabelOfMetric(Rule):
    """Requests per target are counted for a target group: ResourceLabel names it, and no other metric has one.

    Source: API reference, PredefinedMetricSpecification, ResourceLabel.
    """

    id = "E9706"
    shortdesc = "Metric without, or with a wrong, resource label"
    source_url = API + "API_PredefinedMetricSpecification.html"
    types = (POLICY,)
    right = "${LoadBalancer.LoadBalancerFullName}/${TargetGroup.TargetGroupFullName}"
    attributes = ("LoadBalancerFullName", "TargetGroupFullName")

    def judge(self, r):
        for v in r.variants(METRIC + "PredefinedMetricType", METRIC + "ResourceLabel"):
            metric, label = v[METRIC + "PredefinedMetricType"], v[METRIC + "ResourceLabel"]
            if metric == COUNT and label is None:
                yield v.fault(f"{COUNT} needs ResourceLabel: !Sub '{self.right}'", METRIC + "PredefinedMetricType")
            elif metric == COUNT and not self.fits(label):
                yield v.fault(f"write !Sub '{self.right}'", METRIC + "ResourceLabel")
            elif known(metric) and metric != COUNT and label is not None:
                yield v.fault(f"{metric} has no ResourceLabel; leave it out", METRIC + "ResourceLabel")

    def fits(self, label) -> bool:
        """Is it, or can it be, app/NAME/ID/targetgroup/NAME/ID?"""
        if isinstance(label, str):
            return re.fullmatch(r"(app|net)/[^/]+/[^/]+/targetgroup/[^/]+/[^/]+", label) is not None
        if isinstance(label, Reference):
            return label.resource.type == "AWS::CloudFormation::Stack"
        parts = label.parts if isinstance(label, Text) else ()
        if len(parts) == 3 and isinstance(parts[1], str) and parts[1] != "/":
            return False
        given = [
            p.attribute for p in parts if isinstance(p, Reference) and p.resource.type != "AWS::CloudFormation::Stack"
        ]
        return given in ([], [*self.attributes], *([name] for name in self.attributes))


class TargetValue(Rule):
    """A utilisation is followed between 1 and 100 percent; a count of requests above 0.

    Source: API reference, TargetTrackingScalingPolicyConfiguration, TargetValue.
    """

    id = "E9707"
    shortdesc = "Target that the metric cannot reach"
    source_url = API + "API_TargetTrackingScalingPolicyConfiguration.html"
    types = (POLICY,)

    def judge(self, r):
        for v in r.variants(METRIC + "PredefinedMetricType", TRACKING + "TargetValue"):
            n = number(v[TRACKING + "TargetValue"])
            if n is not None and v[METRIC + "PredefinedMetricType"] in (*PERCENT, COUNT):
                top = 100 if v[METRIC + "PredefinedMetricType"] in PERCENT else None
                if n <= 0 or (top and n > top):
                    yield v.fault(
                        f"{n} is no {'percentage' if top else 'number of requests'} to keep", TRACKING + "TargetValue"
                    )


class TwoMetrics(Rule):
    """A policy follows one metric, predefined or customized.

    Source: API reference, TargetTrackingScalingPolicyConfiguration.
    """

    id = "E9708"
    shortdesc = "Policy with two metrics or none"
    source_url = API + "API_TargetTrackingScalingPolicyConfiguration.html"
    types = (POLICY,)

    def judge(self, r):
        names = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
        for block in r.blocks(TRACKING.removesuffix(".")):
            for v in impossible(block, lambda v: sum(v[name] is not None for name in names) != 1, *names):
                yield v.fault("give either PredefinedMetricSpecification or CustomizedMetricSpecification")
