"""A stand-in for a container engine's command line, for a machine without: `python -m rehearsal.engine build ...`.

It makes a true image of the project's own files and pushes it to a registry on this machine, so that `deploy.sh` runs
in a rehearsal as on AWS. The base image, RUN steps and files of other stages are left out; the rest is refused.
"""

import argparse
import json
import os
import re
import shlex
import signal
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from rehearsal import oci

ABOUT = "stand-in engine: no containers; images hold the project's own files, tasks run as local processes"
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})")  # $A, ${A}, ${A:-B}, ${A:+B}
KEYS = {"CMD": "Cmd", "ENTRYPOINT": "Entrypoint", "USER": "User", "STOPSIGNAL": "StopSignal", "VOLUME": "Volumes"}
GLOB = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def read_instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions in upper case, each with what follows it on one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    whole = re.sub(r"\\[ \t]*\n", " ", "\n".join(lines))
    return [(line.split()[0].upper(), line.strip().partition(" ")[2].strip()) for line in whole.splitlines()]


def select_stage(instructions: list[tuple[str, str]], target: str | None) -> list[tuple[str, str]]:
    """What makes the target, or the last stage: the ARGs before all stages, the stages that it is FROM, its own."""
    starts = [at for at, (word, _) in enumerate(instructions) if word == "FROM"]
    selected, wanted, found = [], target, False
    for start, end in reversed(list(zip(starts, [*starts[1:], None], strict=True))):
        image, *name = [word for word in instructions[start][1].split() if not word.startswith("--")]
        if wanted in (None, *name[1:]):
            selected, wanted, found = instructions[start + 1 : end] + selected, image, True
    if not found:
        raise oci.ImageError(f"the Dockerfile has no stage {target or ''}".rstrip())
    return instructions[: starts[0]] + selected


def ignore_rules(text: str) -> list[tuple[bool, re.Pattern]]:
    """A .dockerignore as (is left out, paths); the last rule that fits a path decides."""
    rules = []
    for line in text.splitlines():
        parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]*])", line.strip().removeprefix("!").strip("/"))
        pattern = "".join(GLOB.get(part) or (part if part.startswith("[") else re.escape(part)) for part in parts)
        if line.strip() and not line.startswith("#"):
            rules.append((not line.startswith("!"), re.compile(pattern + "(/.*)?")))
    return rules


class Stage:
    """The image so far: its files and configuration, and what was left out of it."""

    def __init__(self, context: Path, rules: list[tuple[bool, re.Pattern]], arguments: dict[str, str]):
        self.context, self.rules, self.arguments = context, rules, arguments
        self.tree: dict[str, oci.Entry] = {}
        self.config: dict = {"WorkingDir": "/", "ExposedPorts": {}, "Volumes": {}}
        self.environment: dict[str, str] = {}
        self.variables = {"PATH": oci.SYSTEM_PATH}  # as the base image has it
        self.left_out = ["the base image"]

    def run(self, word: str, rest: str) -> None:
        """Interpret one instruction."""
        if "<<" in rest:
            raise oci.ImageError(f"{word}: a here-document is not understood")
        match word:
            case "RUN" | "HEALTHCHECK":  # a task has the health check of its definition, on AWS too
                self.left_out.append(word)
            case "CMD" | "ENTRYPOINT":  # variables in them are for the shell, at run time
                self.config[KEYS[word]] = json.loads(rest) if rest[:1] == "[" else ["/bin/sh", "-c", rest]
            case "USER" | "STOPSIGNAL":
                self.config[KEYS[word]] = self.words(rest)[0]
            case "EXPOSE":
                self.config["ExposedPorts"] |= {port if "/" in port else f"{port}/tcp": {} for port in self.words(rest)}
            case "VOLUME":
                self.config["Volumes"] |= {path: {} for path in self.words(rest)}
            case "WORKDIR":
                self.config["WorkingDir"] = "/" + self.path(self.words(rest)[0])
            case "ENV":
                self.environment |= self.pairs(rest)
                self.variables |= self.environment
            case "ARG":
                self.variables |= {name: self.arguments.get(name, value) for name, value in self.pairs(rest).items()}
            case "COPY":
                self.copy(self.words(rest))
            case _:
                raise oci.ImageError(f"{word}: not understood")

    def words(self, rest: str) -> list[str]:
        """The words of an instruction, or of its JSON list, with variables replaced."""
        if re.search(r"\\\$|'[^']*\$", rest):
            raise oci.ImageError(f"{rest}: a quoted $ is not understood")
        return [VARIABLE.sub(self.value, word) for word in (json.loads(rest) if rest[:1] == "[" else shlex.split(rest))]

    def value(self, match: re.Match) -> str:
        """What stands for a variable."""
        known = self.variables.get(match[1] or match[2], "")
        return (match[4] if known else "") if match[3] == "+" else known or match[4] or ""

    def pairs(self, rest: str) -> dict[str, str]:
        """The NAME=VALUE words of an instruction; a word without a value keeps the variable's."""
        pairs = [word.partition("=") for word in self.words(rest)]
        return {name: value if equals else self.variables.get(name, "") for name, equals, value in pairs}

    def path(self, name: str) -> str:
        """A path in the image, without its first slash."""
        return os.path.normpath(f"/{self.config['WorkingDir']}/{name}" if name[:1] != "/" else name).strip("/")

    def copy(self, words: list[str]) -> None:
        """Add files of the context, with the modes that git knows: those of a checkout depend on its owner's umask."""
        options = dict(word.removeprefix("--").partition("=")[::2] for word in words if word.startswith("--"))
        *sources, to = [word for word in words if not word.startswith("--")]
        if unknown := options.keys() - {"from", "chown", "chmod", "link"}:
            raise oci.ImageError(f"COPY --{min(unknown)}: not understood")
        if "from" in options:
            self.left_out.append(f"COPY --from={options['from']}")
            return
        for source in sources:
            name = os.path.normpath(source.lstrip("/"))
            found = [self.context] if name == "." else sorted(self.context.glob(name))
            files = [(path, file) for path in found for file in self.files(path)]
            if ".." in name or not files:
                raise oci.ImageError(f"COPY {source}: no such file in the build context")
            known = any(f"/{name}".startswith(f"/{self.path(to)}/") for name in self.tree) or self.path(
                to
            ) == self.path(".")
            folder = known or to.endswith("/") or len(found) + len(sources) > 2
            for path, file in files:
                below = file.relative_to(path).as_posix() if path != file else file.name if folder else "."
                mode = int(options.get("chmod", "755" if file.stat().st_mode & 0o100 else "644"), 8)
                self.tree[self.path(f"{to}/{below}")] = oci.Entry(file, mode)

    def files(self, path: Path) -> Iterator[Path]:
        """The file, or all files below the directory, as far as the .dockerignore leaves them to the build."""
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = file.relative_to(self.context).as_posix()
            ignored = [verdict for verdict, rule in self.rules if rule.fullmatch(name)][-1:] == [True]
            if file.is_symlink() and not ignored:
                raise oci.ImageError(f"COPY {name}: a symbolic link is not understood")
            if file.is_file() and not ignored:
                yield file


def build(options: argparse.Namespace, store: oci.Store) -> None:
    """Make the image of a Dockerfile's target and keep it under its tag."""
    oci.parse_reference(options.tag)
    context = Path(options.context)
    file = Path(options.file or context / "Dockerfile")
    ignores = [file.with_name(file.name + ".dockerignore"), context / ".dockerignore"]
    rules = ignore_rules(next((ignore.read_text() for ignore in ignores if ignore.is_file()), ""))
    instructions = read_instructions(file.read_text())
    given = dict(pair.partition("=")[::2] for pair in options.build_arg)
    declared = {name.partition("=")[0] for word, rest in instructions if word == "ARG" for name in rest.split()}
    if unknown := given.keys() - declared:
        raise oci.ImageError(f"--build-arg {min(unknown)}: the Dockerfile has no such ARG")
    stage = Stage(context, rules, given | {"TARGETARCH": options.platform.partition("/")[2]})
    for word, rest in select_stage(instructions, options.target):
        stage.run(word, rest)
    note = "left out: " + ", ".join(dict.fromkeys(stage.left_out))
    environment = [f"{name}={value}" for name, value in stage.environment.items()]
    config = stage.config | {"Env": environment, "Labels": {"rehearsal.stand-in": note}}
    digest = store.save(stage.tree, config, options.platform)
    store.tag(options.tag, digest)
    print(f"stand-in engine: {options.tag} is {digest}; {note}", file=sys.stderr)


def login(options: argparse.Namespace, _: oci.Store) -> None:
    """Show the password to the registry. It is not kept: the registry of a rehearsal asks for none."""
    registry = oci.Registry(options.registry.rpartition("://")[2], options.stand_in)
    password = b64encode(f"{options.username}:{sys.stdin.read().strip()}".encode()).decode()
    registry.call("GET", "/v2/", Authorization=f"Basic {password}")
    print("Login Succeeded")


def push(options: argparse.Namespace, store: oci.Store) -> None:
    """Upload the image to its registry."""
    print(f"{options.reference}: digest: {oci.push(store, options.reference, options.stand_in)}")


def inspect(options: argparse.Namespace, store: oci.Store) -> None:
    """Print an image's names as other engines do."""
    digest = f"{options.reference.rpartition(':')[0]}@{store.resolve(options.reference)}"
    print(json.dumps([{"RepoTags": [options.reference], "RepoDigests": [digest]}], indent=2))


def install(directory: Path) -> Path:
    """Write a small executable that runs this module, for CONTAINER_ENGINE; its path."""
    program, root = directory / "stand-in-engine", Path(__file__).resolve().parents[1]
    words = shlex.join(["exec", "env", f"PYTHONPATH={root}", sys.executable, "-m", "rehearsal.engine"])
    program.write_text(f'#!/bin/sh\n{words} "$@"\n')
    program.chmod(0o755)
    return program


class Parser(argparse.ArgumentParser):
    """A parser that refuses with one line, without the usage."""

    def error(self, message: str):
        self.exit(2, f"stand-in engine: {message}\n")


def command_line() -> Parser:
    """The part of an engine's command line that a deployment uses."""
    parser = Parser(prog="stand-in-engine", description=ABOUT)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(group, run, name: str, *words: str) -> Parser:
        command = group.add_parser(name, allow_abbrev=False)
        command.set_defaults(run=run)
        for word in words:
            command.add_argument(word, required=True) if word.startswith("-") else command.add_argument(word)
        return command

    making = add(commands, build, "build", "context")
    making.add_argument("-f", "--file")
    making.add_argument("-t", "--tag", required=True)
    making.add_argument("--target")
    making.add_argument("--platform", choices=["linux/amd64", "linux/arm64"], default="linux/amd64")
    making.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    entering = add(commands, login, "login", "--username", "registry")
    entering.add_argument("--password-stdin", action="store_true", required=True)
    add(commands, push, "push", "reference")
    add(add(commands, None, "image").add_subparsers(required=True, metavar="COMMAND"), inspect, "inspect", "reference")
    for name in ("version", "info"):
        add(commands, lambda _, store: print(f"{ABOUT}, in {store.directory}"), name)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command. Exit status: 1 for what cannot be done, 2 for what is not understood.

    REHEARSAL_IMAGES is the directory of the images; REHEARSAL_REGISTRY (127.0.0.1:PORT) stands for AWS's registries.
    """
    options = command_line().parse_args(argv, argparse.Namespace(stand_in=os.environ.get("REHEARSAL_REGISTRY", "")))
    store = oci.Store(Path(os.environ.get("REHEARSAL_IMAGES") or Path.home() / ".cache" / "rehearsal-images"))
    try:
        options.run(options, store)
    except (oci.ImageError, OSError, ValueError, LookupError) as error:
        print(f"stand-in engine: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who stops a deployment is told by deploy.sh alone
    sys.exit(main())
