"""What ops are handed about time: TIMING.md and two pictures of each environment."""

from collections.abc import Iterator

from review import workspace
from review.timing import report
from review.timing.deployment import first, forced
from review.timing.gantt import chart
from review.timing.table import CASES, table


def documents(envs: list[str], region: str) -> dict[str, str]:
    """The files and their text."""
    loaded = [workspace.load(env, region) for env in envs]
    made = {"TIMING.md": "\n".join(_text(loaded, region)) + "\n"}
    for env in loaded:
        made[f"first-deployment-{env.name}.svg"] = first_chart(env)
        made[f"new-images-{env.name}.svg"] = image_chart(env, region)
    return made


def first_chart(env: workspace.Environment, theme: str = "") -> str:
    """The first deployment of an environment as a picture."""
    found, flat = first(env.nest), forced(env.nest)
    words = (
        f"{report.clock(found.total)} by the table of times that was read on {table().read}; the longest chain that AWS"
        f" forces takes {report.clock(flat.total)}. What takes up to 5 seconds and holds nothing up is left out."
    )
    return chart(f"First deployment: {env.name}", words, found, theme)


def image_chart(env: workspace.Environment, region: str, theme: str = "") -> str:
    """The update of an environment to other images as a picture."""
    found = report.image_update(env, region)
    words = (
        f"{report.clock(found.total)}, of which the service's own rollout takes {report.clock(report.rollout(found))}."
        " The stacks before it are looked at and have nothing to do."
    )
    return chart(f"New images: {env.name}", words, found, theme)


def _text(envs, region) -> Iterator[str]:
    yield "# Time\n"
    yield "Computed from the templates; nothing here is written by hand.\n"
    yield "How long CloudFormation takes, by a table of times whose sources stand in `review/timing/times.toml`: none"
    yield "of them was measured with these templates. A nested stack begins when what it takes from others is there.\n"
    yield "| | first deployment | from least to most | forced by AWS | new images | the service's own rollout |"
    yield "|---|---|---|---|---|---|"
    for env in envs:
        totals = [report.clock(first(env.nest, case).total) for case in CASES]
        image = report.image_update(env, region)
        cells = [
            totals[0],
            f"{totals[1]} to {totals[2]}",
            report.clock(forced(env.nest).total),
            report.clock(image.total),
            report.clock(report.rollout(image)),
        ]
        yield f"| {env.name} | {' | '.join(cells)} |"
    for env in envs:
        yield f"\n## {env.name}\n"
        yield f"![First deployment of {env.name}](first-deployment-{env.name}.svg)\n"
        yield f"![New images for {env.name}](new-images-{env.name}.svg)\n"
        yield from (f"    {line}".rstrip() for line in report.lines(env, region))
