"""How long deployments take on AWS, computed from the nest: beside the longest chain that AWS forces."""

from bench.rows import Row
from review import environment, workspace
from review.timing import report
from review.timing.deployment import first, forced

MOST = 1.15  # of what AWS forces


def rows() -> list[Row]:
    """Of each environment, its first deployment and an image's update, in seconds of AWS's; nothing is measured."""
    found = []
    for name in environment.names(workspace.config()):
        env = workspace.load(name)
        whole, chain = first(env.nest), forced(env.nest)
        image = report.image_update(env, workspace.REGION)
        for what, ours, least in (
            ("first deployment, beside the longest chain that AWS forces", whole.total, chain.total),
            ("image update, beside the service's own rollout", image.total, report.rollout(image)),
        ):
            found.append(Row("timing", f"{name}: {what}", ours, least, at_most=MOST))
    return found
