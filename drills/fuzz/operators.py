"""What operators type and edit, made wrong: config/*.env, the templates of out/, command lines.

What is Python is run in this process, through the same main() as the programs.
"""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from cfnlint.decode import decode
from cfnlint.rules import Rules
from cfnlint.template import Template

from deploy.command_line import main as deploy
from drills.deployments.lanes import LANES
from drills.fuzz.command_lines import as_process, in_process, wrong_places
from drills.fuzz.operator_words import ODD_YAML, WRONG
from drills.fuzz.tried import Tally, environment, fault_of, fault_of_process
from drills.fuzz.words import NUMBERS, TEXTS, spoiled, text
from drills.parts.processes import ROOT
from review import template
from review.__main__ import main as review

ENV = "lab"
# Verb: how often of a hundred. Those that take seconds are seldom run.
VERBS = {
    "summary": 20,
    "resolve": 20,
    "price": 12,
    "reach": 20,
    "parameters": 14,
    "permissions": 16,
    "catalogues": 16,
    "overview": 12,
    "timing": 10,
}
SLOW_VERBS = {("handover", "--check"): 0.01, ("plan", "--base", "HEAD"): 0.01}


class Operator:
    """Makes wrong input in a folder of its own, and tries it."""

    def __init__(self, seed: int, folder: Path):
        self.random, self.folder, self.tally = Random(seed), folder, Tally()  # noqa: S311  not for secrets
        self.out, self.config = folder / "out", folder / "config"
        shutil.copytree(ROOT / "out", self.out)
        shutil.copytree(ROOT / "config", self.config)
        self.texts = {path.name: path.read_text() for path in self.out.glob("*.yaml")}
        self.parsed = {name: template.parse(given, name) for name, given in self.texts.items()}
        self.places = wrong_places(folder)
        self.rules = Rules.create_from_directory(str(ROOT / "review/rules"))

    def try_(self, kind: str, main, words: list[str], what: str) -> bool:
        """Try the words; return whether they were refused."""
        with environment(OUT=str(self.out), CONFIG=str(self.config), AWS_REGION=None, AWS_DEFAULT_REGION=None):
            fault, refused = fault_of(main, words)
        self.tally.add(kind, words, fault, refused, what)
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
        self.lint(name, what)
        first = random.choices(list(VERBS), list(VERBS.values()))[0]
        if not self.verb([first, ENV], what):
            for verb in random.sample(sorted(VERBS), 2):
                self.verb([verb, ENV], what)
        for words, share in SLOW_VERBS.items():
            if random.random() < share:
                self.verb([*words], what)
        (self.out / name).write_text(self.texts[name])

    def lint(self, name: str, what: str) -> None:
        """Our rules on the template, if cfn-lint can read it: none of them fails."""
        data, wrong = decode(str(self.out / name))
        is_template = not wrong and isinstance(data, dict)
        fault = ""
        if is_template:
            read = Template(str(self.out / name), data, ["us-east-1"])
            for rule in self.rules.data.values():
                try:
                    list(rule.match(read))
                except Exception as error:
                    fault = f"{rule.id} raised {type(error).__name__}: {error}"
        self.tally.add("lints", ["lint", name], fault, not is_template, what)

    def command_lines(self) -> None:
        """Wrong words, where no credentials and no region are."""
        main, made = in_process(self.random, self.places)
        self.try_("command lines", main, made, repr(made))

    def processes(self, count: int) -> None:
        """The same for so many programs that are processes, several at a time."""
        made = [as_process(self.random, self.folder, self.places) for _ in range(count)]
        with ThreadPoolExecutor(LANES) as threads:
            faults = list(threads.map(lambda one: fault_of_process(*one, self.folder), made))
        for (command, environ), (fault, refused) in zip(made, faults, strict=True):
            self.tally.add("processes", command, fault, refused, repr(environ))

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
