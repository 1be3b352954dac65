"""What was measured, as a table of every load and as the rows of the benchmarks' one table."""

from bench import cost
from bench.application.load import Measured
from bench.application.results import Results
from bench.rows import Row

PART = "application"
LIST_RATE, LIST_CPU, MIX_RATE, OTHER_RATE = 0.6, 1.8, 0.6, 0.5  # of the limit's
GROWTH_CPU, GROWTH_P99, SEARCH_GROWTH = 1.15, 1.3, 1.5  # from the smallest table to the largest
GROWING = ("list", "filter", "read", "create", "update")
WORKER_MB = 90
QUERIES = {"list": 1, "filter": 1, "read": 1, "API": 1}
HEADING = "{:<14}{:>10}{:>5}  {:<16}{:>8}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}{:>8}{:>7}{:>8}"
LINE = "{:<14}{:>10,}{:>5}  {:<16}{:>8.0f}{:>8.1f}{:>8.1f}{:>8.1f}{:>9.3f}{:>9.3f}{:>9.3f}{:>8}{:>7}{:>8}"


def details(results: Results) -> str:
    """Every load: requests a second, latencies in ms, seconds of processor a thousand requests, queries, failures."""
    lines = [
        HEADING.format(
            *("operation", "entries", "c", "application", "req/s", "p50", "p95", "p99"),
            *("app CPU", "db CPU", "web CPU", "queries", "errors", "refused"),
        )
    ]
    for cell, m in results.cells.items():
        name = f"{cell.application}{', nginx' if cell.web else ''}"
        queries = f"{results.counts[cell.operation, cell.size].queries:.1f}" if cell.application == "ours" else ""
        latencies = [m.latency(part) for part in ("p50", "p95", "p99")]
        lines.append(
            LINE.format(
                *(cell.operation, cell.size, cell.connections, name, m.rate),
                *(*latencies, m.cpu, m.database, m.web, queries, m.errors, m.refused),
            )
        )
    calls = ", ".join(f"{operation} {count:.0f}" for operation, count in results.calls.items())
    memory = ", ".join(f"{name} at {size:,}: {mb:.0f}" for (name, size), mb in results.memory.items())
    return "\n".join([*lines, f"Python calls a request: {calls}", f"MB of the largest worker: {memory}"])


def judged(results: Results) -> list[Row]:
    """The rows, with the aims."""
    return [*beside(results), *growth(results), *searches(results), *counted(results), *of_a_million(results)]


def of_a_million(results: Results) -> list[Row]:
    """What a million requests of the mix cost: the CPU of both containers of a task."""
    mix = results.together(application="ours", operation="mix", web=True)
    return cost.of_a_million("requests of the mix", mix.cpu + mix.web) if mix.requests else []


def beside(results: Results) -> list[Row]:
    """Every operation beside the limit over all sizes, and some beside the idiomatic application at the largest."""
    rows, busy = [], results.plan.busy
    for operation in results.plan.operations:
        aim = {"list": LIST_RATE, "mix": MIX_RATE}.get(operation, OTHER_RATE)
        rows += compared(results, f"{operation}, c={busy}", aim, operation=operation, connections=busy)
    for connections in results.plan.connections:
        if connections != busy:
            rows += compared(results, f"all operations, c={connections}", None, connections=connections)
    for operation in results.plan.behind_nginx:
        rows += compared(results, f"{operation}, behind nginx", None, operation=operation, web=True)
    largest = results.plan.sizes[-1]
    for operation in ("list", "mix"):
        ours, other = (
            results.together(application=name, operation=operation, connections=busy, size=largest)
            for name in ("ours", "idiomatic")
        )
        if ours.requests and other.requests:
            what = f"{operation}, {largest:,} entries: requests a second, beside paginate()"
            rows.append(Row(PART, what, ours.rate, other.rate, unit="/s", at_least=1))
    return rows


def compared(results: Results, what: str, aim: float | None, **of) -> list[Row]:
    """Requests a second and CPU of ours beside the limit's."""
    ours, limit = (results.together(application=name, **of) for name in ("ours", "limit"))
    if not (ours.requests and limit.requests):
        return []
    cpu_aim = LIST_CPU if of.get("operation") == "list" and not of.get("web") else None
    return [
        Row(PART, f"{what}: requests a second, beside the limit", ours.rate, limit.rate, unit="/s", at_least=aim),
        Row(PART, f"{what}: CPU a request, beside the limit", ours.cpu, limit.cpu, unit="ms", at_most=cpu_aim),
    ]


def growth(results: Results) -> list[Row]:
    """The largest table beside the smallest."""
    smallest, largest = results.plan.sizes[0], results.plan.sizes[-1]
    if smallest == largest:
        return []
    rows = []
    for operation in GROWING:
        if operation not in results.plan.operations:
            continue
        small, large = (at(results, operation, size) for size in (smallest, largest))
        what = f"{operation}, {largest:,} entries beside {smallest:,}"
        cpus = [of.cpu + of.database for of in (large, small)]
        p99s = [min(of.latencies["p99"]) for of in (large, small)]  # other work on a machine only adds
        rows.append(Row(PART, f"{what}: CPU with database", *cpus, unit="ms", at_most=GROWTH_CPU))
        rows.append(Row(PART, f"{what}: p99", *p99s, unit="ms", at_most=GROWTH_P99))
    return rows


def at(results: Results, operation: str, size: int) -> Measured:
    """Ours where the aims are."""
    return results.together(application="ours", operation=operation, size=size, connections=results.plan.busy)


def searches(results: Results) -> list[Row]:
    """What a search reads and takes at the largest table, beside one of a tenth."""
    largest = results.plan.sizes[-1]
    if len(results.plan.sizes) < 2:
        return []
    before, rows = results.plan.sizes[-2], []
    for operation in results.plan.operations:
        if not operation.startswith("search"):
            continue
        what = f"{operation}, {largest:,} entries beside {before:,}"
        read = [results.counts[operation, size].rows_read for size in (largest, before)]
        cpu = [of.cpu + of.database for of in (at(results, operation, size) for size in (largest, before))]
        aim = SEARCH_GROWTH if largest > 10 * 1000 else None
        rows.append(Row(PART, f"{what}: rows read", *(max(1.0, count) for count in read), unit="rows", at_most=aim))
        rows.append(Row(PART, f"{what}: CPU with database", *cpu, unit="ms", at_most=aim))
    return rows


def counted(results: Results) -> list[Row]:
    """What does not depend on the machine, and the errors."""
    rows = [
        Row(PART, f"{operation}: queries", largest_count(results, operation), unit="queries", at_most=most)
        for operation, most in QUERIES.items()
    ]
    worker = max(mb for (name, _), mb in results.memory.items() if name == "ours")
    rows.append(Row(PART, "memory of a worker", worker, unit="MB", at_most=WORKER_MB))
    ours = [of for cell, of in results.cells.items() if cell.application == "ours"]
    # What was refused with 503, too: nginx lets in as many as the largest load has.
    errors = Row(PART, "errors under all loads", sum(of.errors + of.refused for of in ours), unit="errors", at_most=0)
    return [*rows, errors]


def largest_count(results: Results, operation: str) -> float:
    return max(results.counts[operation, size].queries for size in results.plan.sizes)
