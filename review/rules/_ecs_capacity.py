"""Where the tasks of a service run, and which rights they have: what other resources must have done first."""

from ._ecs_fargate import on_fargate
from ._ecs_wiring import SERVICE, TASK, targets
from ._nest import Reference, Rule, flag, known, text, together
from ._waiting import awaited

CLUSTER, ASSOCIATION = "AWS::ECS::Cluster", "AWS::ECS::ClusterCapacityProviderAssociations"
ROLE = "AWS::IAM::Role"
POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
STRATEGY = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html"


def called(provider) -> str | None:
    """Something to compare capacity providers by; None if it is not known."""
    if isinstance(provider, Reference):
        return f"resource {provider.resource.id}"
    return provider if known(provider) else None


def associations(cluster) -> list:
    """The resources of the same template that attach capacity providers to the cluster."""
    return [
        a
        for a in cluster.view.resources(ASSOCIATION)
        if cluster in [found for found, _ in targets(a, "Cluster", CLUSTER)]
    ]


class ProviderNotAttached(Rule):
    """A capacity provider must be attached to the cluster before a strategy can name it.

    Source: API reference, CapacityProviderStrategyItem; PutClusterCapacityProviders.
    """

    id = "E9366"
    shortdesc = "Capacity provider that the cluster has not"
    source_url = STRATEGY
    types = (SERVICE, CLUSTER, ASSOCIATION)

    def judge(self, r):
        if r.type == SERVICE:
            for cluster, _ in targets(r, "Cluster", CLUSTER):
                if cluster.view is r.view:
                    holders = [cluster, *associations(cluster)]
                    yield from self.missing(r, "CapacityProviderStrategy.*.CapacityProvider", holders)
        elif r.type == ASSOCIATION or not associations(r):
            yield from self.missing(r, "DefaultCapacityProviderStrategy.*.CapacityProvider", [r])

    @staticmethod
    def missing(r, path: str, holders: list):
        attached = {called(value.value) for holder in holders for value in holder.values("CapacityProviders.*")}
        for value in r.values(path):
            if None not in attached and called(value.value) not in {None, *attached}:
                yield value.fault(f"attach {called(value.value)} to the cluster with CapacityProviders")


class AssociationComesLater(Rule):
    """A service that names capacity providers must wait for the resource that attaches them to the cluster.

    CloudFormation sees no dependency, since both refer only to the cluster.
    Source: CloudFormation, AWS::ECS::ClusterCapacityProviderAssociations.
    """

    id = "W9367"
    shortdesc = "Service does not wait for its capacity providers"
    source_url = STRATEGY
    types = (SERVICE,)

    def judge(self, r):
        for cluster, _ in targets(r, "Cluster", CLUSTER):
            own = {called(value.value) for value in cluster.values("CapacityProviders.*")}
            for association in associations(cluster) if cluster.view is r.view else ():
                for value in r.values("CapacityProviderStrategy.*.CapacityProvider"):
                    scene = together(value.where, association.where)
                    if called(value.value) not in own and scene and association.id not in awaited(r, scene):
                        yield value.fault(f"add DependsOn: {association.id}, which attaches it to the cluster")
                        break


class NowhereToRun(Rule):
    """A Fargate task without a launch type or strategy is placed on instances, of which the cluster has none.

    Source: API reference, CreateService, launchType.
    """

    id = "E9368"
    shortdesc = "Fargate task in a service that does not run on Fargate"
    source_url = STRATEGY
    types = (SERVICE,)

    def judge(self, r):
        own = [task for task, _ in targets(r, "TaskDefinition", TASK)]
        clusters = [cluster for cluster, _ in targets(r, "Cluster", CLUSTER)]
        if not own or not all(only_fargate(task) for task in own) or not clusters:
            return
        if any(True for _ in r.view.everywhere("AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::Instance")):
            return
        holders = [holder for cluster in clusters for holder in (cluster, *associations(cluster))]
        default = any(True for holder in holders for _ in holder.values("DefaultCapacityProviderStrategy"))
        for v in r.variants("LaunchType", "CapacityProviderStrategy", "DeploymentController.Type"):
            chosen = (
                v["LaunchType"] is not None
                or v["CapacityProviderStrategy"]
                or v["DeploymentController.Type"] == "EXTERNAL"
            )
            if not default and not chosen:
                yield v.fault("nothing says FARGATE, so EC2 is taken; set LaunchType: FARGATE or a strategy")


def only_fargate(task) -> bool:
    return on_fargate(task) and {text(value.value) for value in task.values("RequiresCompatibilities.*")} == {"FARGATE"}


class PolicyComesLater(Rule):
    """Tasks start as soon as the service exists: without the policy of their execution role they fail.

    A policy of its own refers to the role, the service refers to the role too, and so neither waits for the other.
    Source: CloudFormation user guide, DependsOn attribute, when a DependsOn attribute is required.
    """

    id = "W9366"
    shortdesc = "Service does not wait for the policy of its execution role"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html"
    types = (SERVICE,)

    def judge(self, r):
        for task, _ in targets(r, "TaskDefinition", TASK):
            for role, value in targets(task, "ExecutionRoleArn", ROLE) if task.view is r.view else ():
                for policy in attached(role):
                    scene = together(value.where, policy.where, r.where)
                    if policy.view is r.view and scene and policy.id not in awaited(r, scene):
                        yield r.fault(f"add DependsOn: {policy.id}, the policy of execution role {role.id}")


def attached(role) -> list:
    """The policies of the nest that name the role."""
    own = (role.id, role.view.key)
    return [
        policy
        for policy in role.view.everywhere(*POLICIES)
        for path in ("Roles.*", "RoleName")
        if own in [(other.id, other.view.key) for other, _ in targets(policy, path, ROLE)]
    ]


class ExecWithoutRole(Rule):
    """ECS Exec works with the rights of the task: without a task role the API refuses it.

    Source: ECS developer guide, ECS Exec, IAM permissions; the API's answer, "a valid taskRoleArn is not being used".
    """

    id = "E9369"
    shortdesc = "ECS Exec without a task role"
    source_url = GUIDE + "ecs-exec.html"
    types = (SERVICE,)

    def judge(self, r):
        for on in r.values("EnableExecuteCommand"):
            for task, value in targets(r, "TaskDefinition", TASK) if flag(on.value) else ():
                for v in task.variants("TaskRoleArn"):
                    if v["TaskRoleArn"] is None and together(on.where, value.where, v.where):
                        yield on.fault(f"give task definition {task.id} a TaskRoleArn")
                        break
