"""A host of its own on this machine: a network namespace joined to it by a cable that can be cut. Needs root."""

import os
import random
import shutil
import subprocess
from contextlib import contextmanager, suppress

from drills.parts.processes import SYSTEM_PATH, Missing


class Host:
    """The namespace: run commands with the words `within`, reach it at `address`."""

    def __init__(self):
        number = random.randrange(1, 250)  # noqa: S311  not a secret
        self.name = f"drill-{os.getpid()}-{number}"
        self.cable = f"drl{os.getpid() % 100000}"
        # 198.19/16 is for such tests: RFC 2544. This machine's end is .1, the host's .2.
        net = f"198.19.{number}"
        self.ours, self.address = f"{net}.1", f"{net}.2"

    @property
    def within(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name)

    def connect(self) -> None:
        ip("netns", "add", self.name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "up0", "netns", self.name)
        ip("address", "add", f"{self.ours}/24", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        for words in (f"address add {self.address}/24 dev up0", "link set up0 up", "link set lo up"):
            ip("-n", self.name, *words.split())

    def cut(self) -> None:
        """From now on nothing that the host sends arrives here, and nobody is told, as with a closed firewall."""
        ip("-n", self.name, "route", "add", "blackhole", f"{self.ours}/32")

    def mend(self) -> None:
        ip("-n", self.name, "route", "del", "blackhole", f"{self.ours}/32")

    def remove(self) -> None:
        with suppress(subprocess.CalledProcessError):
            ip("link", "del", self.cable)
        with suppress(subprocess.CalledProcessError):
            ip("netns", "del", self.name)


def ip(*words: str) -> None:
    path = f"{os.environ['PATH']}:{SYSTEM_PATH}"
    subprocess.run(["ip", *words], check=True, capture_output=True, env={**os.environ, "PATH": path})


@contextmanager
def another_host():
    """Yield a Host; raise Missing where none can be made."""
    if os.geteuid() or not shutil.which("ip", path=f"{os.environ['PATH']}:{SYSTEM_PATH}"):
        raise Missing("needs root and `ip` to make a network namespace (Debian: apt-get install iproute2)")
    host = Host()
    try:
        host.connect()
        yield host
    finally:
        host.remove()
