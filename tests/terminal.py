"""A terminal of a given size for a command: what it shows at each moment, as a person sees it."""

import os
import pty
import re
import select
import struct
import sys
import termios
import time
from fcntl import ioctl

from tests.nest import ROOT

ESCAPE = re.compile(r"\x1b\[(\??)(\d*)([A-Za-z])")


class Terminal:
    """Understands what the deployment writes: lines, cursor up, clear below, cursor hidden and shown, colours."""

    def __init__(self, columns: int, rows: int = 40):
        self.columns, self.rows = columns, rows
        self.lines, self.row, self.column = [""], 0, 0
        self.cursor_hidden = False
        self.wrapped = 0
        self.colours: set[str] = set()
        self._rest = ""

    def feed(self, text: str) -> None:
        """Show what was written."""
        text, self._rest = self._rest + text, ""
        position = 0
        while position < len(text):
            char = text[position]
            if char == "\x1b":
                found = ESCAPE.match(text, position)
                if not found:
                    self._rest = text[position:]
                    return
                self._escape(*found.groups())
                position = found.end()
                continue
            self._put(char)
            position += 1

    def _escape(self, private, number, letter):
        if letter == "A":
            self.row = max(0, self.row - int(number or 1))
        elif letter == "J":
            self.lines = [*self.lines[: self.row], self.lines[self.row][: self.column]]
        elif letter in "lh" and private:
            self.cursor_hidden = letter == "l"
        elif letter == "m":
            self.colours.add(number)
        else:
            raise AssertionError(f"ESC[{private}{number}{letter}")

    def _put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self._down()
        else:
            if self.column >= self.columns:
                self.wrapped += 1
                self._down()
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
            self.column += 1

    def _down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    @property
    def screen(self) -> str:
        """All lines that were not overwritten."""
        return "\n".join(line.rstrip() for line in self.lines)


class Session:
    """A command that runs in a terminal."""

    def __init__(self, words: list[str], columns: int, **environment: str):
        self.terminal, self.moments = Terminal(columns), []
        command = [sys.executable if word == "python" else word for word in words]
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execvpe(command[0], command, {"TERM": "xterm-256color", "LANG": "C.UTF-8", **environment})  # noqa: S606  no shell wanted
        self.resize(columns)

    def resize(self, columns: int, rows: int = 40) -> None:
        """Make the terminal another size."""
        ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.terminal.columns = columns

    def read(self, seconds: float = 60, until=lambda terminal: False) -> int | None:
        """Show what comes, until a condition holds (None) or the command ends (its exit code)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    data = os.read(self.master, 65536)
                except OSError:  # the other side has closed
                    data = b""
                if not data:
                    return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                self.terminal.feed(data.decode(errors="replace"))
                self.moments.append(self.terminal.screen)
            if until(self.terminal):
                return None
        raise AssertionError(f"after {seconds} s:\n{self.terminal.screen}")

    def press(self, keys: bytes) -> None:
        """What a person types."""
        os.write(self.master, keys)
