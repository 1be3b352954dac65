"""Many connections at once that all do the same, from a process of its own, so that they slow down nobody's clock.

python -m drills.visitors.crowd PORT COUNT BEHAVIOUR [ONCE]: say "ready" when all are at it, go on until the input ends
(with ONCE, until all have done it once), and print what came of it as JSON.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from drills.parts.processes import ROOT
from drills.visitors.behaviours import BEHAVIOURS, Visit, connect

LONGEST = 240.0  # seconds after which a crowd leaves by itself
GATHERING = 10.0  # seconds after which it is at work, complete or not
AGAIN = 1.0  # seconds until one who was sent away is back
SPACING = 0.01  # seconds between two who come to stay; those who do something once come all at once


@dataclass
class Outcome:
    """What a crowd met."""

    seen: Counter = field(default_factory=Counter)  # how often what: a status, "cut off", "not let in", ...
    most: int = 0  # connections at the same time
    slowest: float = 0.0  # seconds until it was known


class Crowd:
    """A crowd, from entering to leaving; afterwards outcome says what it met."""

    def __init__(self, port: int, count: int, behaviour: str, once: bool = False):
        self.command = [
            sys.executable,
            "-m",
            "drills.visitors.crowd",
            str(port),
            str(count),
            behaviour,
            *["once"][:once],
        ]
        self.outcome = Outcome()

    def __enter__(self) -> "Crowd":
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        with self.process.stdout as output:
            told = json.loads(output.read())
        self.process.wait()
        self.outcome = Outcome(Counter(told["seen"]), told["most"], told["slowest"])


class Gathering:
    """The connections within the crowd's own process."""

    def __init__(self, port: int, count: int, behaviour: str, once: bool):
        self.port, self.count, self.behave, self.once = port, count, BEHAVIOURS[behaviour], once
        self.outcome, self.present = Outcome(), 0

    async def run(self) -> None:
        visitors = [asyncio.create_task(self.visit(number)) for number in range(self.count)]
        for _ in range(int(GATHERING / 0.05)):
            if self.outcome.most == self.count or all(visitor.done() for visitor in visitors):
                break
            await asyncio.sleep(0.05)
        print("ready", flush=True)
        if self.once:
            await asyncio.wait(visitors, timeout=LONGEST)
            return
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), LONGEST)

    async def visit(self, number: int) -> None:
        await asyncio.sleep(0 if self.once else number * SPACING)
        while True:
            began = time.monotonic()
            what = await self.attempt(number)
            self.outcome.seen[what] += 1
            self.outcome.slowest = max(self.outcome.slowest, time.monotonic() - began)
            if self.once:
                return
            await asyncio.sleep(AGAIN)

    async def attempt(self, number: int) -> str:
        try:
            reader, writer = await connect(self.port)
        except OSError:
            return "not let in"
        self.present += 1
        self.outcome.most = max(self.outcome.most, self.present)
        try:
            return await self.behave(Visit(reader, writer, number))
        except (OSError, asyncio.IncompleteReadError):
            return "cut off"
        finally:
            self.present -= 1
            writer.transport.abort()


def main(words: list[str]) -> None:
    port, count, behaviour, *once = words
    gathering = Gathering(int(port), int(count), behaviour, bool(once))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(gathering.run())
    print(json.dumps(vars(gathering.outcome)), flush=True)
    os._exit(0)  # nobody waits for connections that hang


if __name__ == "__main__":
    main(sys.argv[1:])
