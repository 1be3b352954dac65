"""Visitors who mean ill or are too many: the others are served as before."""

import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from drills import result
from drills.parts.layout import Edit
from drills.parts.servers import UNHURRIED
from drills.result import Bound, Result
from drills.stage import Drill, Guard, Stage, UnderLoad
from drills.visitors import latency, raw
from drills.visitors.behaviours import LARGE_FORM, UPLOAD
from drills.visitors.crowd import Crowd

NGINX = "docker/nginx.conf.template"
SLOW, HOGS, UPLOADS, BURST, OF_ONE = 300, 500, 40, 1500, 300
BODIES = {"large-body": 8, "large-chunked-body": 8, "huge-body": 2, "huge-chunked-body": 2}
# Twenty of them, older than what visitors write, make a page of 240 kB.
LONG = "INSERT INTO `{}`.entries (title, description, status, created_at, updated_at) VALUES {}"
LONG_ENTRY = "('long', REPEAT('\\0', 2000), 'open', '2026-01-01', '2026-01-01')"


def scene_of(stage: Stage) -> UnderLoad:
    """A site under load by visitors who behave."""
    server = stage.server(*UNHURRIED)
    return stage.under_load(stage.site(server.database_of_master()), server)


def look_on(stage: Stage) -> None:
    """See how fast visitors are served while nothing happens."""
    time.sleep(stage.seconds(8, 1))


def besiege(stage: Stage, scene: UnderLoad, behaviour: str, count: int) -> Crowd:
    """Have a crowd come and stay a while."""
    look_on(stage)
    with scene.fault(), Crowd(scene.site.port, count, behaviour) as crowd:
        time.sleep(stage.seconds(15, 3))
    return crowd


def others_are_served(scene: UnderLoad) -> Bound:
    return latency.as_fast_as_usual(scene.load.requests, scene.begun, scene.gone)


def nobody_else_fails(scene: UnderLoad) -> Bound:
    """Among those who were waiting when the crowd came, or came later."""
    return result.faults_are_only([request for request in scene.load.requests if request.ended >= scene.begun])


def all_came(crowd: Crowd, count: int) -> Bound:
    seen = f"{crowd.outcome.most}; {result.told(crowd.outcome.seen)}"
    return Bound(f"{count} are there at once", crowd.outcome.most >= count, seen)


def nothing_reached(scene: UnderLoad, path: str) -> Bound:
    """None of the requests for path, which nobody but the crowd asks for, was passed on to the application."""
    asked = [line for line in scene.site.requests("web") if line["path"] == path]
    passed = [line for line in asked if line["app_status"]]
    seen = f"{len(passed)} of {len(asked)} were passed on"
    return Bound("nginx keeps them from the application", bool(asked) and not passed, seen)


def nothing_left(scene: UnderLoad) -> Bound:
    left = [path for path in Path(scene.site.given["TMPDIR"]).rglob("body/**/*") if path.is_file()]
    return Bound("nothing of them stays on the disk", not left, f"{len(left)} files")


def slow_clients(behaviour: str, count: int = SLOW):
    """A drill: a crowd of them, and the others."""

    def run(stage: Stage) -> Result:
        with scene_of(stage) as scene:
            crowd = besiege(stage, scene, behaviour, count)
        return scene.judged(others_are_served, nobody_else_fails, all_came(crowd, count))

    return run


def slow_readers(stage: Stage) -> Result:
    scene = scene_of(stage)
    scene.server.run(LONG.format(scene.database, ", ".join([LONG_ENTRY] * 20)))
    with scene:
        crowd = besiege(stage, scene, "slow-reader", SLOW)
        scene.server.run(f"DELETE FROM `{scene.database}`.entries WHERE title = 'long'")
    return scene.judged(others_are_served, nobody_else_fails, all_came(crowd, SLOW))


def bodies(stage: Stage) -> Result:
    with scene_of(stage) as scene:
        look_on(stage)
        with scene.fault(), ExitStack() as stack:
            crowds = [
                stack.enter_context(Crowd(scene.site.port, count, behaviour, once=True))
                for behaviour, count in BODIES.items()
            ]
            time.sleep(stage.seconds(3, 2))
    seen = sum((crowd.outcome.seen for crowd in crowds), Counter())
    return scene.judged(
        others_are_served,
        nobody_else_fails,
        Bound("each is refused early with 413", seen == {"413": sum(BODIES.values())}, result.told(seen)),
        nothing_reached(scene, LARGE_FORM),
        nothing_left,
    )


def bombs(stage: Stage) -> Result:
    with scene_of(stage) as scene:
        look_on(stage)
        with scene.fault():
            until = time.monotonic() + stage.seconds(5, 2)
            answers = {}
            while time.monotonic() < until:
                answers = {name: raw.exchange(scene.site.port, request) for name, request in raw.BOMBS.items()}
    wrong = {name: raw.statuses(answer) for name, answer in answers.items()}
    wrong = [name for name, statuses in wrong.items() if statuses not in (["400"], ["414"], ["431"])]
    told = [line for line in scene.site.log("app").splitlines() if "Invalid request" in line]
    return scene.judged(
        others_are_served,
        nobody_else_fails,
        Bound("each is refused with 400, 414 or 431", not wrong, ", ".join(wrong)),
        Bound("nginx keeps them from the application", not told, f"{len(told)} came through"),
    )


def burst(stage: Stage) -> Result:
    """All at the same moment: each from an address of its own, and then all from one."""
    with scene_of(stage) as scene:
        look_on(stage)
        with scene.fault():
            with Crowd(scene.site.port, BURST, "impatient", once=True) as many:
                pass
            with Crowd(scene.site.port, OF_ONE, "impatient-of-one", once=True) as one:
                pass
    shed = [line for line in scene.site.requests("web") if line["status"] == 503 and line["app_status"] != "503"]
    seen, of_one = many.outcome.seen, one.outcome.seen
    return scene.judged(
        result.faults_are_only(scene.load.requests, "503"),
        Bound("what is too much is shed by nginx with 503", len(shed) > 0, f"{len(shed)} times"),
        Bound("each is answered, and told when to come again", set(seen) <= {"200", "503"}, result.told(seen)),
        Bound("one address gets 429", "429" in of_one and set(of_one) <= {"200", "429", "503"}, result.told(of_one)),
    )


def aborted(stage: Stage) -> Result:
    with scene_of(stage) as scene:
        crowd = besiege(stage, scene, "aborted-upload", UPLOADS)
    count = crowd.outcome.seen["hung up"]
    return scene.judged(
        others_are_served,
        nobody_else_fails,
        Bound("each comes several times", count >= 2 * UPLOADS, result.told(crowd.outcome.seen)),
        nothing_reached(scene, UPLOAD),
        nothing_left,
    )


def smuggling(stage: Stage) -> Result:
    """The application must see those requests that nginx saw, no other, and under the ids that nginx gave them."""
    answers: Counter = Counter()
    with scene_of(stage) as scene:
        look_on(stage)
        with scene.fault():
            for _ in range(3 if not stage.short else 1):
                for request in raw.SMUGGLERS.values():
                    answers.update(raw.statuses(raw.exchange(scene.site.port, request)))
    served = answers["422"]
    return scene.judged(
        result.faults_are_only(scene.load.requests, "503"),
        Bound("what can be read in one way only is served", served > 0 and answers["200"] > 0, result.told(answers)),
        Bound("nothing else than answers and refusals", set(answers) <= {"200", "400", "404", "422", "501", "505"}),
        seen_by_both,
    )


def seen_by_both(scene: UnderLoad) -> Bound:
    passed = {line["request_id"] for line in scene.site.requests("web") if line["app_status"]}
    came = [line["request_id"] for line in scene.site.requests("app")]
    alone = [name for name in came if name not in passed]
    twice = len(came) - len(set(came))
    seen = f"{len(alone)} of {len(came)} came from elsewhere, {twice} twice"
    return Bound("the application sees the requests that nginx sees, and no other", not alone and not twice, seen)


ROOM = Guard("nginx has connections for many more", (Edit(NGINX, "worker_connections 4096", "worker_connections 256"),))
WHOLE = Guard(
    "nginx passes on whole requests only",
    (Edit(NGINX, "proxy_http_version 1.1;", "proxy_http_version 1.1; proxy_request_buffering off;"),),
)
# The system takes in some of an answer, too. Without that a page need not be longer than what it happens to take.
HOLDS = Guard(
    "answers are taken in whole before they are read",
    (
        Edit(NGINX, "proxy_http_version 1.1;", "proxy_http_version 1.1; proxy_buffering off;"),
        Edit(NGINX, "backlog=1024;", "backlog=1024 sndbuf=8k;"),
    ),
)
DRILLS = (
    Drill(
        "slow-headers",
        slow_clients("slow-headers"),
        f"{SLOW} visitors who send the head of a request a line a second",
        ROOM,
    ),
    Drill(
        "slow-bodies",
        slow_clients("slow-body"),
        f"{SLOW} visitors who send a form a letter a second",
        WHOLE,
    ),
    Drill("slow-readers", slow_readers, f"{SLOW} visitors who read a long page a letter a second", HOLDS),
    Drill(
        "keep-alive-hogs",
        slow_clients("hog", HOGS),
        f"{HOGS} visitors who keep their connections and ask for a little every three seconds",
        ROOM,
    ),
    Drill(
        "large-bodies",
        bodies,
        "bodies of 10 MB and of 1 GB, in one piece and in chunks",
        Guard(
            "nginx limits the length of a body", (Edit(NGINX, "client_max_body_size 80k", "client_max_body_size 0"),)
        ),
    ),
    Drill(
        "bombs",
        bombs,
        "addresses, headers and cookies of up to 1 MB, and 10,000 headers",
        Guard(
            "nginx limits the length of a head",
            (Edit(NGINX, "large_client_header_buffers 4 8000", "large_client_header_buffers 8 2m"),),
        ),
    ),
    Drill(
        "burst",
        burst,
        f"{BURST} visitors at the same moment, and then {OF_ONE} from one address",
        Guard(
            "nginx lets in as many as can be served",
            (Edit(NGINX, " max_conns=128", ""),),
        ),
        in_short=True,
    ),
    Drill("aborted-uploads", aborted, f"{UPLOADS} visitors who send half a file and hang up, again and again", WHOLE),
    Drill(
        "smuggling",
        smuggling,
        f"{len(raw.SMUGGLERS)} requests whose length two readers may read differently",
        Guard(
            "nginx says how long the body is that it has read",
            (
                Edit(
                    NGINX,
                    'proxy_set_header Connection "";',
                    'proxy_set_header Connection ""; proxy_set_header Content-Length "";',
                ),
            ),
        ),
        in_short=True,
    ),
)
