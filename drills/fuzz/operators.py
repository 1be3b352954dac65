"""What operators type and edit, made wrong: config/*.env, the templates of out/, command lines.

Everything is run in this process, through the same main() as the programs. Right is: it is done, or one line that
begins with `error: ` and an exit code that is not 0, or the usage and 2.
"""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from deploy.command_line import main as deploy
from drills.fuzz.words import NUMBERS, TEXTS, spoiled, text
from drills.processes import ROOT
from review import template
from review.__main__ import main as review

ENV = "lab"
FINDING = {"reach", "catalogues"}  # verbs that end with 1 for what they found, and have said it
# Verb: how often of a hundred. Those that take seconds are seldom run.
VERBS = {"summary": 20, "resolve": 20, "price": 12, "reach": 20, "parameters": 14, "permissions": 16, "catalogues": 16}
SLOW_VERBS = {("handover", "--check"): 0.01, ("plan", "--base", "HEAD"): 0.01}
WRONG = [
    *("text", 7, -1, 0.5, True, None, [], {}, [[]], [{}], ["text"], [7], [None], {"text": "text"}, {"text": []}),
    *(
        {"Ref": "AWS::NoValue"},
        {"Ref": "Nothing"},
        {"Ref": ["x"]},
        {"Ref": {}},
        {"Fn::If": ["No", 1, 2]},
        {"Fn::If": 1},
    ),
    *({"Fn::If": [["x"], 1, 2]}, {"Fn::GetAtt": 7}, {"Fn::GetAtt": "VPC"}, {"Fn::GetAtt": [[], {}]}, {"Fn::Sub": []}),
    *({"Fn::Sub": "${"}, {"Fn::Sub": "${Nothing}"}, {"Fn::Sub": ["${a}", {"a": []}]}, {"Fn::Join": "x"}),
    *({"Fn::Join": [7, ["a"]]}, {"Fn::Join": [",", [[]]]}, {"Fn::Select": [9, []]}, {"Fn::Select": ["x", ["a"]]}),
    *({"Fn::Split": [[], 7]}, {"Fn::Cidr": ["x", 1, 8]}, {"Fn::Cidr": ["10.0.0.0/16", 10**9, 8]}, {"Fn::Base64": []}),
    *(
        {"Fn::FindInMap": [[], 1, {}]},
        {"Fn::ImportValue": []},
        {"Condition": "Nothing"},
        {"Condition": []},
        {"Fn::And": []},
    ),
    *(
        {"Fn::Equals": [1]},
        {"Fn::Not": [[]]},
        {"Fn::Transform": 1},
        {"Fn::GetAZs": []},
        {"Ref": "VpcCidr"},
        "2026-11-23",
    ),
]
ODD_YAML = [
    *(
        "",
        "[]",
        "7",
        "null",
        "{",
        "a: b: c",
        "\t",
        "&a [*a]",
        "Resources: &a {b: *a}",
        "Resources:\n\t- x",
        "%YAML 9",
        "--- a\n---",
    ),
    *("Resources: {? [a] : b}", "Resources: {1: {Type: x}}", "Resources: !!python/object:os.x {}", "!Ref", "!!int x"),
    *(
        "Resources: 2026-99-99",
        "Resources: {a: !!binary x}",
        "Resources: {a: !!float y}",
        "<<: 7",
        "Resources: {<<: [1]}",
    ),
    *(
        "Resources:\n  A: {Type: T}\n  A: {Type: T}\n",
        "\ufeffResources: {}",
        "Resources: {a: 0o9, b: 1:99:99}",
        "!" * 50,
    ),
    *("[" * 500, "{a: " * 500, "Resources: " + "9" * 5000, "Resources: {a: [1, 2}"),
]


@dataclass
class Tally:
    """Inputs by kind, and what went wrong with which of them."""

    inputs: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    refused: int = 0


@contextlib.contextmanager
def environment(**given: str | None) -> Iterator[None]:
    """These environment variables meanwhile; None takes one away."""
    before = {name: os.environ.get(name) for name in given}

    def put(values):
        for name, one in values.items():
            if one is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = one

    put(given)
    try:
        yield
    finally:
        put(before)


def fault_of(main: Callable[[list[str]], int], words: list[str]) -> tuple[str, bool]:
    """What is wrong with how a program takes these words, empty if nothing, and whether it refused them."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    except SystemExit as end:
        code = end.code
    except BaseException as error:  # a traceback, whatever it is
        where = error.__traceback__
        while where.tb_next:
            where = where.tb_next
        frame = where.tb_frame.f_code
        place = f"{Path(frame.co_filename).name}:{where.tb_lineno} {frame.co_name}"
        return f"{type(error).__name__}: {str(error)[:200]} ({place})", True
    lines = err.getvalue().splitlines()
    if not code or (code == 2 and lines and lines[0].startswith("usage: ")):
        return "", bool(code)
    if not lines and words and words[0] in FINDING:
        return "", False
    if isinstance(code, int) and len(lines) == 1 and lines[0].startswith("error: ") and lines[0].isprintable():
        return "", True
    return f"exit code {code!r} with {lines[:3]!r}", True


class Operator:
    """Makes wrong input in a folder of its own, and tries it."""

    def __init__(self, seed: int, folder: Path):
        self.random, self.folder, self.tally = Random(seed), folder, Tally()  # noqa: S311  not for secrets
        self.out, self.config = folder / "out", folder / "config"
        shutil.copytree(ROOT / "out", self.out)
        shutil.copytree(ROOT / "config", self.config)
        self.texts = {path.name: path.read_text() for path in self.out.glob("*.yaml")}
        self.parsed = {name: template.parse(given, name) for name, given in self.texts.items()}

    def try_(self, kind: str, main, words: list[str], what: str) -> bool:
        """Try the words; return whether they were refused."""
        with environment(OUT=str(self.out), CONFIG=str(self.config), AWS_REGION=None, AWS_DEFAULT_REGION=None):
            fault, refused = fault_of(main, words)
        self.tally.inputs[kind] = self.tally.inputs.get(kind, 0) + 1
        self.tally.refused += refused
        if fault:
            self.tally.faults.append((f"{' '.join(words)[:200]}: {fault}", what))
        return refused

    def settings(self) -> None:
        """An environment's file with lines changed, or bytes."""
        random, path = self.random, self.config / f"{ENV}.env"
        lines = (ROOT / "config" / f"{random.choice(['lab', 'standard', 'production'])}.env").read_text().splitlines()
        for _ in range(random.choice([1, 1, 2, 5])):
            at = random.randrange(len(lines))
            name, _, given = lines[at].partition("=")
            lines[at : at + 1] = random.choice(
                [
                    [f"{name}={text(random)}"],
                    [f"{random.choice(sorted(self.parsed['root.yaml']['Parameters']))}={text(random)}"],
                    [f"{name}={given}{text(random)}"],
                    [lines[at], lines[at]],
                    [text(random)],
                    [f"{text(random)}={given}"],
                    [],
                ]
            )
            lines = lines or [""]
        data = random.choice(["\n", "\n", "\r\n", "\r"]).join(lines).encode("utf-8", "surrogatepass")
        kind = random.random()
        if kind < 0.2:
            data = spoiled(random, data)
        elif kind < 0.3:
            data = random.choice(
                [b"\xef\xbb\xbf" + data, data.decode("utf-8", "replace").encode("utf-16"), b"\0" + data]
            )
        elif kind < 0.31:
            data = b"Name=" + b"x" * 1_000_000
        path.write_bytes(data)
        self.try_("settings", review, ["parameters", ENV], repr(data[:4000]))
        if random.random() < 0.1:
            self.try_("settings", deploy, ["images", ENV], repr(data[:4000]))
        shutil.copy(ROOT / "config" / path.name, path)

    def templates(self) -> None:
        """A template with something changed by hand: a value of another kind at any of its nodes, or the text."""
        random = self.random
        name = random.choice(sorted(self.texts))
        kind = random.random()
        if kind < 0.75:
            data, what = changed(random, json.loads(json.dumps(self.parsed[name])))
            made, what = json.dumps(data).encode(), f"{name}: {what}"
        elif kind < 0.95:
            made = spoiled(random, self.texts[name].encode())
            what = f"{name}: {difference(self.texts[name].encode(), made)!r}"
        else:
            made = random.choice(ODD_YAML).encode("utf-8", "surrogatepass")
            what = f"{name}: {made[:300]!r}"
        (self.out / name).write_bytes(made)
        first = random.choices(list(VERBS), list(VERBS.values()))[0]
        if not self.verb([first, ENV], what):
            for verb in random.sample(sorted(VERBS), 2):
                self.verb([verb, ENV], what)
        for words, share in SLOW_VERBS.items():
            if random.random() < share:
                self.verb([*words], what)
        (self.out / name).write_text(self.texts[name])

    def command_lines(self) -> None:
        """Wrong words, where no credentials and no region are."""
        main, verbs = COMMANDS[self.random.choice(sorted(COMMANDS))]
        made = words(self.random, verbs)
        if "--out" not in made:  # it would be written to
            self.try_("command lines", main, made, repr(made))

    def verb(self, words: list[str], what: str) -> bool:
        folder = ["--out", str(self.folder / "written")] if words[0] in {"resolve", "permissions"} else []
        return self.try_("templates", review, [*words, *folder], what)


def places(node: object, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value, those of lists and objects too."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(random: Random, data: dict) -> tuple[dict, str]:
    """The template with a wrong value, without a value or with another key somewhere; and where, in words."""
    path = random.choice(list(places(data)))
    node = data
    for key in path[:-1]:
        node = node[key]
    kind = random.random()
    if kind < 0.75:
        node[path[-1]] = random.choice(WRONG) if random.random() < 0.8 else random.choice([*NUMBERS, *TEXTS])
        return data, f"{path} = {node[path[-1]]!r}"
    value = node[path[-1]]
    del node[path[-1]]
    if kind < 0.9 or isinstance(node, list):
        return data, f"without {path}"
    key = text(random)
    node[key] = value
    return data, f"{path} is called {key!r}"


def difference(before: bytes, after: bytes) -> bytes:
    """Some bytes around the first place where two texts differ."""
    at = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    return after[max(0, at - 60) : at + 60]


COMMANDS = {
    "deploy": (
        deploy,
        ["preflight", "bootstrap", "images", "plan", "up", "status", "logs", "exec", "destroy"],
    ),
    "review": (review, [*VERBS]),
}
OPTIONS = [
    "--since",
    "--filter",
    "--follow",
    "--region",
    "--traffic",
    "--base",
    "--out",
    "--account",
    "--format",
    "--help",
]


def words(random: Random, verbs: list[str]) -> list[str]:
    """A command line: a verb, or what is none, an environment, or what is none, and options."""
    made = [random.choice(verbs) if random.random() < 0.9 else text(random)]
    for _ in range(random.choice([0, 1, 1, 1, 2, 3])):
        kind = random.random()
        made.append("lab" if kind < 0.4 else random.choice(OPTIONS) if kind < 0.6 else text(random))
    return [word.replace("\0", "").encode("utf-8", "replace").decode() for word in made]
