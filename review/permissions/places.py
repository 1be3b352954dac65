"""Which resources of a service an environment has: patterns of ARNs, as narrow as their names allow.

CloudFormation makes names of the stack's name, the logical id and random letters; a secret's has no stack in it. What
has no name but an id (networks, keys), or one cut short (load balancers), is told by its Name tag instead.
"""

from collections.abc import Iterable

from review.resolve import Nest

# Services whose resources are told by their Name tag.
BY_TAG = {"ec2", "elasticloadbalancing", "kms"}
# In those, an action that begins so works on what is there already, so that it has its tag.
ON_WHAT_IS_THERE = (
    *("Delete", "Detach", "Disassociate", "Disable", "Enable", "Modify", "Put", "Release", "Replace", "Revoke"),
    *("Schedule", "Set", "Update"),
)  # fmt: skip
_TASKS = ("cluster", "service", "service-deployment", "task", "task-definition")


class Places:
    """The resources of one environment, with its bootstrap stack."""

    def __init__(self, stack: str, nests: Iterable[Nest], region: str, account: str = "*", partition: str = "aws"):
        self.stack, self.region, self.account, self.partition = stack, region, account, partition
        self.nests = list(nests)

    def of(self, service: str) -> list[str]:
        """The ARNs of a service's resources."""
        return [self._arn(*item) for item in self._parts(service)]

    def _arn(self, service, rest):
        here = f"{self.region}:{self.account}"
        where = {"iam": f":{self.account}", "s3": ":", "route53": ":"}.get(service, here)
        if rest.startswith("dashboard/"):  # dashboards are of no region
            where = f":{self.account}"
        return f"arn:{self.partition}:{service}:{where}:{rest}"

    def _parts(self, service):
        """(service, what follows the account) of the ARNs."""
        yield from ((service, rest) for rest in self._rests().get(service, ["*"]))
        if service == "wafv2":
            yield "elasticloadbalancing", "loadbalancer/app/*"  # what the firewall is put before

    def _rests(self):
        mine = f"{self.stack}-*"
        return {
            "acm": ["certificate/*"],
            "application-autoscaling": ["scalable-target/*"],
            "cloudformation": [f"stack/{self.stack}/*", f"stack/{mine}", "changeSet/*"],
            "cloudwatch": [f"alarm:{mine}", f"dashboard/{self.stack}", f"dashboard/{mine}"],
            "ec2": ["*/*"],
            "ecr": [f"repository/{self.stack}/*"],
            "ecs": [f"{kind}/{mine}" for kind in _TASKS],
            "elasticloadbalancing": ["*/*"],
            "iam": [f"role/{mine}", f"policy/{mine}"],
            "kms": ["key/*"],
            "logs": [f"log-group:{mine}", *self._named("AWS::Logs::LogGroup", "LogGroupName", "log-group:{}*")],
            # An instance without an option group takes RDS's own.
            "rds": [f"*:{mine}", "og:default*", *self._named("AWS::RDS::DBInstance", "DBInstanceIdentifier", "*:{}")],
            "route53": ["change/*", *self._named("AWS::Route53::RecordSet", "HostedZoneId", "hostedzone/{}")],
            "s3": [mine, f"{mine}/*"],
            "secretsmanager": [f"secret:{title}-*" for title in self._titles("AWS::SecretsManager::Secret")],
            "sns": [mine],
            "wafv2": ["regional/*"],
        }

    def _named(self, kind, name, pattern):
        """The names that the templates themselves give to resources of a type."""
        values = [body.get("Properties", {}).get(name) for _, body in self._of_type(kind)]
        return list(dict.fromkeys(pattern.format(value) for value in values if isinstance(value, str)))

    def _titles(self, kind):
        """The logical ids of the resources of a type, in their own template."""
        return [title for title, _ in self._of_type(kind)]

    def _of_type(self, kind):
        for nest in self.nests:
            for title, body in nest.flat["Resources"].items():
                if body["Type"] == kind:
                    yield nest.origin[title][1], body
