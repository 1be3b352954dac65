"""Entries as CSV, written and read as spreadsheets do it (RFC 4180, UTF-8)."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from app.store import StoredEntry

COLUMNS = ("id", "title", "description", "status", "created_at", "updated_at")
READ = ("title", "description", "status")
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for Latin-1
# A cell that begins so would be run as a formula: it gets an apostrophe in front, as people would type it. One that
# begins with apostrophes before such a character gets one more, so that reading takes away just what writing added.
FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
GUARDED = re.compile(r"'+[=+\-@\t\r\n]")
LARGEST_CELL = 64 * 1024  # characters


class Unreadable(Exception):
    """Why a file is no table of entries, for the person who sent it."""


class Row(NamedTuple):
    """The cells of a line under their columns' names, or what is wrong with it. line is where it begins, from 1."""

    line: int
    cells: dict[str, str]
    problem: str | None = None


def write(entries: Iterable[StoredEntry]) -> Iterator[str]:
    """Yield the lines of a CSV file."""
    line = io.StringIO()
    writer = csv.writer(line)
    line.write(BYTE_ORDER_MARK)
    writer.writerow(COLUMNS)
    for entry in entries:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        writer.writerow([cell(getattr(entry, name)) for name in COLUMNS])
    yield line.getvalue()


def cell(value) -> str:
    text = value if isinstance(value, str) else f"{value.isoformat()}Z" if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if FORMULA.match(text) else text


def read(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows of a CSV file with a heading, as write() or a spreadsheet makes it; raise Unreadable.

    Comma, semicolon and tab are known as separators. Columns with other names are passed over, empty lines too.
    """
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    try:
        yield from rows_of(text)
    except UnicodeDecodeError:
        raise Unreadable("The file is not in UTF-8. Save it as “CSV UTF-8” and try again.") from None
    finally:
        text.detach()


def rows_of(text: io.TextIOBase) -> Iterator[Row]:
    csv.field_size_limit(LARGEST_CELL)
    heading = text.readline(LARGEST_CELL)
    separator = max(",;\t", key=heading.count)
    names = [name.strip().lower() for name in next(csv.reader([heading], delimiter=separator), [])]
    if "title" not in names:
        raise Unreadable("The first line must name the columns, and one of them “title”.")
    twice = [name for name in READ if names.count(name) > 1]
    if twice:
        raise Unreadable(f"The column “{twice[0]}” is there twice.")
    reader = csv.reader(text, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 2  # the heading was read before
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # What is quoted wrongly here may shift every cell behind it.
            raise Unreadable(f"Line {line} cannot be read: {error}.") from None
        if any(cells):
            yield row_of(line, names, cells)


def row_of(line: int, names: list[str], cells: list[str]) -> Row:
    if len(cells) > len(names):
        return Row(line, {}, f"It has {len(cells)} cells, and the first line names {len(names)} columns.")
    found = {name: unguarded(text) for name, text in zip(names, cells, strict=False) if name in READ}
    # An empty cell means what a missing one means.
    return Row(line, {name: text for name, text in found.items() if text or name != "status"})


def unguarded(text: str) -> str:
    return text[1:] if GUARDED.match(text) else text
