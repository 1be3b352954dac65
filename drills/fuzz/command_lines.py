"""Wrong words for every program that an operator starts: those in Python in this process, the others as processes."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from deploy.command_line import VERBS as DEPLOY
from deploy.command_line import main as deploy
from drills.fuzz.words import text
from drills.parts.processes import ROOT
from rehearsal.__main__ import main as rehearse
from review.__main__ import main as review

LOCAL = ("summary", "overview", "resolve", "price", "peers", "timing", "reach", "parameters", "permissions")
OPTIONS = (
    *("--since", "--filter", "--follow", "--region", "--traffic", "--base", "--out", "--account", "--format", "--help"),
    *("--check", "--cpu-ms", "--container", "--command", "--buckets", "--markdown", "--faults", "-h", "-x", "--"),
)
KNOWN = {path.stem for path in (ROOT / "config").glob("*.env")} | {"all", "--faults"}


class Program(NamedTuple):
    """What can be asked of a program in this process, and how often of a hundred it is."""

    main: Callable[[list[str]], int]
    verbs: tuple[str, ...]
    share: int


PROGRAMS = {
    "deploy": Program(deploy, tuple(DEPLOY), 40),
    "review": Program(review, (*LOCAL, "picture", "plan", "catalogues"), 40),
    "rehearsal": Program(rehearse, (), 15),
}
# No host that is not this machine: what a wrong name resolves to is nobody's business.
DATABASES = (
    *("sqlite:////nowhere/x.sqlite", "sqlite:///", "mysql+pymysql://u:p@127.0.0.1:1/x", "mysql://[", "://", "x://y"),
    *("127.0.0.1:1", "127.0.0.1:x", "sqlite:///folder", "sqlite:///text", "mysql+pymysql://127.0.0.1:99999/x", ""),
)
SETTINGS = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_SSL_CA", "DATABASE_PORT", "TASK_CPU", "RELEASE", "DATABASE_NAME")
USER = ("APP_DATABASE_USERNAME", "APP_DATABASE_PASSWORD")
FLASK = (("migrate", "--wait", "0"), ("tidy",), ("seed-data", "2"), ("routes",), ("seed-data",), ("nothing",), ())


def typed(word: str) -> str:
    """The word as a shell can hand it on."""
    return word.replace("\0", "").encode("utf-8", "replace").decode()


def wrong_places(folder: Path) -> list[Path]:
    """Where nothing can be written, and where templates lie that are none."""
    (folder / "text").write_bytes(b"\xff")
    (folder / "no-templates" / "keys.yaml").mkdir(parents=True)
    (folder / "no-templates" / "data.yaml").write_bytes(b"\xff\0")
    return [folder / "text", folder / "text" / "x", folder / "no-templates", Path("/proc/nothing"), Path("/dev/null")]


def words(random: Random, verbs: tuple[str, ...], places: list[Path]) -> list[str]:
    """A command line: a verb, or what is none, an environment, or what is none, and options."""
    made = [random.choice(verbs) if verbs and random.random() < 0.9 else text(random)]
    for _ in range(random.choice([0, 1, 1, 1, 2, 3])):
        kind = random.random()
        made.append("lab" if kind < 0.4 else random.choice(OPTIONS) if kind < 0.6 else text(random))
    # What could be written is written to where it cannot be.
    spread = [[word, str(random.choice(places))] if word == "--out" else [word] for word in made]
    return [typed(word) for few in spread for word in few]


def in_process(random: Random, places: list[Path]) -> tuple[Callable[[list[str]], int], list[str]]:
    """A program and words for it; none that it would start a long work for."""
    (name,) = random.choices(list(PROGRAMS), [program.share for program in PROGRAMS.values()])
    made = words(random, PROGRAMS[name].verbs, places)
    if PROGRAMS[name].main is rehearse:
        made = [word for word in made if word not in KNOWN] or ["nowhere"]
    elif "picture" in made:
        made += ["--out", str(random.choice(places))]  # the last one counts
    return PROGRAMS[name].main, made


def as_process(random: Random, folder: Path, places: list[Path]) -> tuple[list[str], dict[str, str]]:
    """A command and its environment: build_templates.py, deploy.sh without credentials, flask with wrong settings."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
    environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    environ |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "CONTAINER_ENGINE": str(folder / "text")}
    kind = random.random()
    if kind < 0.2:
        made = [
            *words(random, ("--check", "--out"), places),
            "--out",
            str(random.choice(places)),
        ]  # the last one counts
        return [sys.executable, str(ROOT / "build_templates.py"), *made], environ
    if kind < 0.5:
        environ["YES"] = "1"
        return [str(ROOT / "deploy.sh"), *words(random, ("lab", *OPTIONS), places)], environ
    environ |= {"SECRET_KEY": "of a drill, not secret", "DATABASE_URL": random.choice(DATABASES)}
    for name in random.sample(SETTINGS, random.choice([0, 0, 1, 2])):
        environ[name] = typed(text(random))[:1000]
    for name in random.sample(USER, random.choice([0, 0, 0, 1, 2])):
        environ[name] = typed(text(random))[:1000]
    command = [*random.choice(FLASK)]
    if random.random() < 0.3:
        command.insert(random.randrange(len(command) + 1), typed(random.choice([text(random), "--help", "--wait"])))
    return [str(Path(sys.executable).parent / "flask"), "--app", "app", *command], environ
