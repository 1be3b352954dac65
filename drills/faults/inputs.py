"""Bad input in bulk: to every route of the application, and where operators type. The tests run short versions."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from unittest import mock

from app import admission, create_app
from drills.fuzz import run, wire
from drills.fuzz.memory import routes as routes_of
from drills.fuzz.operators import Operator
from drills.fuzz.requests import Visitor
from drills.fuzz.tried import environment
from drills.parts.layout import Edit
from drills.result import Bound, Result
from drills.stage import APPLICATION, DEPLOYMENT, Drill, Guard, Stage

SEED = 20261123
KEY = "a key of the drill, not secret"
# How many requests go where in full, and within how many seconds.
SQLITE, MARIADB = (165_000, 1800.0), (40_000, 1800.0)
LEAST = 200_000
FEW = 6_000  # to see the drill fail
# How many of each an operator makes.
OPERATOR = {"settings": 3_000, "templates": 2_000, "command_lines": 600}
PROCESSES = 100
SHOWN = 5  # faults
VISITORS = 4  # who send to the whole site at once
EACH, EACH_SHORT = 5_000, 150  # requests
ROUNDS = 5  # after each, the list is made empty: a long one makes every page longer, not harder


@contextmanager
def application(**given: str) -> Iterator:
    """The application of these settings, migrated."""
    with environment(**{"SECRET_KEY": KEY} | given):
        app = create_app()
        migrated = app.test_cli_runner().invoke(args=["migrate"])
        if migrated.exit_code:
            raise AssertionError(migrated.output)
        try:
            yield app
        finally:
            app.extensions["database"].close()


def routes(stage: Stage) -> Result:
    """Requests of one seed to the application on SQLite, of another one on MariaDB."""
    server = stage.server()
    places = [({"DATABASE_URL": f"sqlite:///{stage.place('sqlite')}/drill.sqlite"}, *SQLITE)]
    places.append((server.database(), *MARIADB))
    tallies = []
    for number, (given, count, seconds) in enumerate(places):
        with application(**given) as app:
            if stage.unguarded:
                app.before_request_funcs[None].remove(admission.check)
            tallies.append(run.run(app, SEED + number, FEW if stage.unguarded else count, seconds))
    sent = sum(tally.inputs for tally in tallies)
    faults = [
        f"{words[:200]} ({request.method} {request.path!r})" for tally in tallies for words, request in tally.faults
    ]
    return stage.result(
        Bound(f"at least {LEAST:,} requests", sent >= LEAST or stage.unguarded, f"{sent:,}"),
        Bound(
            "no answer of 500, no unhandled line in the log, every answer and entry well-formed",
            not faults,
            "; ".join(faults[:SHOWN]),
        ),
        requests=sent,
    )


def site(stage: Stage) -> Result:
    """Requests as bytes to nginx, before Gunicorn and MariaDB, some spoiled as no client of HTTP would send them."""
    server = stage.server()
    given = server.database()
    served = stage.site(given, SECRET_KEY=KEY, WEB_RATE_LIMIT="100000")
    workers, tally = served.workers(), wire.Tally()
    logs = {tier: served.folder / f"{tier}.log" for tier in ("app", "web")}
    before = {tier: log.stat().st_size for tier, log in logs.items()}
    count = (EACH_SHORT if stage.short or stage.unguarded else EACH) // ROUNDS
    with application(DATABASE_URL=f"sqlite:///{stage.place('sqlite')}/drill.sqlite") as app:
        signer = app.session_interface.get_signing_serializer(app)
        randoms = [Random(SEED + number) for number in range(VISITORS)]  # noqa: S311  not for secrets
        visitors = [Visitor(random, routes_of(app), signer.dumps) for random in randoms]
    for _ in range(ROUNDS):
        with ThreadPoolExecutor(VISITORS) as threads:
            list(threads.map(lambda *one: wire.visit(served.port, *one, count, tally), visitors, randoms))
        for table in run.TABLES:
            server.run(f"DELETE FROM `{given['DATABASE_NAME']}`.{table}")
    logged = {tier: wire.unhandled(log.read_bytes()[before[tier] :]) for tier, log in logs.items()}
    lines = "; ".join([f"{tier}: {text}" for tier, found in logged.items() for text in found][:SHOWN])
    faults = "; ".join(tally.faults[:SHOWN])
    return stage.result(
        Bound("no answer of 500, every answer well-formed and in time", not tally.faults, faults),
        Bound("no unhandled line in a log, each is one object of JSON", not lines, lines),
        Bound("the same workers serve on", served.workers() == workers and served.call("/")[0].status == 200),
        Bound("much of it is served", tally.statuses[200] > tally.sent / 10, str(dict(tally.statuses.most_common(6)))),
        requests=tally.sent,
    )


def operators(stage: Stage) -> Result:
    """Settings, templates and command lines made wrong; each is taken or refused with one line."""
    operator = Operator(SEED, stage.place("operator") / "made")
    with taken_away(stage):
        for kind, count in OPERATOR.items():
            make: Callable[[], None] = getattr(operator, kind)
            for _ in range(count // 10 if stage.unguarded else count):
                make()
        operator.processes(PROCESSES // 10 if stage.unguarded else PROCESSES)
    tally = operator.tally
    counted = ", ".join(f"{count:,} {kind}" for kind, count in tally.inputs.items())
    faults = "; ".join(f"{words} <- {what}"[:300] for words, what in tally.faults[:SHOWN])
    return stage.result(
        Bound("no traceback: done, or one clear line and an exit code that is not 0", not tally.faults, faults),
        Bound("much of it is refused", tally.refused > sum(tally.inputs.values()) / 5, f"{counted}; {tally.refused:,}"),
    )


@contextmanager
def taken_away(stage: Stage) -> Iterator[None]:
    """Without the check of a template's form, where its guard is taken away."""
    if not stage.unguarded:
        yield
        return
    with mock.patch("review.template.faults", lambda _: iter(())), mock.patch("review.__main__.unreadable", let_go):
        yield


def let_go(_: str, error: Exception):
    raise error


DRILLS = (
    Drill(
        "input-routes",
        routes,
        "more than 200,000 malformed requests to every route, on SQLite and MariaDB",
        Guard("a query that is no UTF-8 is refused"),
    ),
    Drill(
        "input-site",
        site,
        f"{VISITORS * EACH:,} malformed requests as bytes, through nginx and Gunicorn",
        Guard(
            "nginx logs an address as it was sent",
            (Edit("docker/nginx.conf.template", '"path":"$path"', '"path":"$uri"'),),
        ),
        in_short=True,
    ),
    Drill(
        "input-operators",
        operators,
        "settings, templates and command lines with everything wrong",
        Guard("the form of templates is held"),
        tries=APPLICATION + DEPLOYMENT,
    ),
)
