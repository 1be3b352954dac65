"""Showing a deployment while it runs: redrawn in place on a terminal, a line an event elsewhere."""

import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from deploy.events import Event, line
from deploy.progress import panel
from deploy.progress.text import width_of
from deploy.progress.tree import older_than, waiting

# A log without a word for half a minute looks dead; some pipelines end it.
SILENCE = 30.0
# Seconds between two drawings: clocks go on while AWS is not asked.
FRAME = 0.5

# The verdict's lines begin with a label of this width.
LABEL, LABELS = 10, {"cause", "evidence", "next"}

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
CLEAR_BELOW = "\x1b[J"
COLOURS = {"done": "32", "failed": "31", "working": "33"}  # green, red, yellow


class Lines:
    """For a log: a line an event, and something at least every half minute."""

    def __init__(self, say: Callable[[str], None]):
        self.say, self._said = say, None
        self.view: panel.View | None = None

    def event(self, event: Event) -> None:
        """Tell an event of the nest."""
        self._tell(line(event, self.view.nest.name))

    def record(self, record: dict) -> None:
        """Tell what else was seen."""
        self._tell(panel.record_line(record))

    def note(self, text: str) -> None:
        """Tell something that is no event."""
        self._tell(text)

    def wait(self, seconds: float) -> None:
        """Wait, and tell what is waited for when nothing was told for long."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            time.sleep(min(rest, FRAME))
            if older_than(self._said, now := datetime.now(UTC), SILENCE) and self.view:
                self._tell(f"{now:%H:%M:%S} {waiting(self.view.nest, now)}")

    def close(self) -> None:
        """Nothing is left to be done."""

    def _tell(self, text):
        self._said = datetime.now(UTC)
        self.say(text)


class Screen(Lines):
    """For a terminal: the tree, the rollout, failing containers, redrawn in place; the last drawing stays."""

    def __init__(self, stream: TextIO = sys.stdout):
        super().__init__(self._write)
        self.stream = stream
        self._drawn: list[panel.Line] = []
        self._unicode = "utf" in (stream.encoding or "").lower()
        self._colour = "NO_COLOR" not in os.environ
        stream.write(HIDE_CURSOR)

    def event(self, event: Event) -> None:
        """The tree shows it."""

    def record(self, record: dict) -> None:
        """The panel shows it."""

    def note(self, text: str) -> None:
        """Say it above the drawing."""
        self._erase()
        super().note(text)
        self.draw()

    def wait(self, seconds: float) -> None:
        """Wait, with clocks that go on."""
        end = time.monotonic() + seconds
        self.draw()
        while (rest := end - time.monotonic()) > 0:
            time.sleep(min(rest, FRAME))
            self.draw()

    def _write(self, text):
        """A text that is no drawing, wrapped between words; what follows a label stays beside it."""
        indent = " " * (LABEL if text[:LABEL].rstrip() in LABELS else 0)
        columns = shutil.get_terminal_size().columns
        lines = textwrap.wrap(text, columns - 1, subsequent_indent=indent, break_on_hyphens=False) or [text]
        print("\n".join(lines), file=self.stream, flush=True)

    def draw(self) -> None:
        """Draw anew in the place of the last drawing, as wide and high as the terminal is now."""
        if self.view is None:
            return
        columns, rows = shutil.get_terminal_size()
        # The last column stays free: some terminals wrap a line that fills it.
        lines = panel.frame(self.view, datetime.now(UTC), columns - 1, rows - 1, self._unicode)
        self._erase()
        self.stream.write("".join(f"{self._coloured(*drawn)}\n" for drawn in lines))
        self.stream.flush()
        self._drawn = lines

    def close(self) -> None:
        """Leave the last drawing, and the cursor as it was."""
        self.draw()
        self.stream.write(SHOW_CURSOR)
        self.stream.flush()

    def _erase(self):
        """Go back to where the last drawing began; a terminal that has become narrower has wrapped its lines."""
        columns = shutil.get_terminal_size().columns
        height = sum(max(1, -(-width_of(text) // columns)) for text, _ in self._drawn)
        if height:
            self.stream.write(f"\r\x1b[{height}A{CLEAR_BELOW}")
        self._drawn = []

    def _coloured(self, text, state):
        colour = COLOURS.get(state) if self._colour else None
        return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


def display(say: Callable[[str], None]) -> Lines:
    """What fits where the output goes: a terminal that can redraw, or anything else."""
    if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return Screen()
    return Lines(say)
