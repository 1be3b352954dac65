"""Text as the words that search compares, and the table that holds them.

A word is a run of letters and digits, without case and accents, in compatibility form, cut after WORD_LENGTH
characters. Chinese, Japanese and Korean put no spaces between words: there each character is a word. An entry has at
most WORDS_PER_ENTRY of them, the title's first.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, bindparam, delete, select

from app.models import WORD_LENGTH, Entry, EntryWord

WORDS_PER_ENTRY = 256
BEYOND_ALL = 2**63 - 1  # more than any id

ENTRIES = Entry.__table__
ENTRY_WORDS = EntryWord.__table__
INSERT = {  # by the driver's way of marking parameters (PEP 249): PyMySQL's, which takes tuples, too, and SQLite's
    "pyformat": "INSERT INTO entry_words (word, entry_id) VALUES (%s, %s)",
    "qmark": "INSERT INTO entry_words (word, entry_id) VALUES (?, ?)",
}
DELETE = delete(ENTRY_WORDS).where(
    ENTRY_WORDS.c.entry_id == bindparam("of_entry"), ENTRY_WORDS.c.word.in_(bindparam("gone", expanding=True))
)
STORED = select(ENTRY_WORDS.c.word, ENTRY_WORDS.c.entry_id).where(
    ENTRY_WORDS.c.entry_id.in_(bindparam("ids", expanding=True))
)
# Latin, Greek and Cyrillic accents. The marks of other scripts are vowels: without them words would change.
ACCENTS = dict.fromkeys(range(0x0300, 0x0370))
IDEOGRAPH = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff])")


def words_of(text: str) -> list[str]:
    """Return the words of text, each once, in order."""
    if text.isascii():
        return cut(re.findall("[a-z0-9]+", text.lower()))
    # Decomposed, so that accents become characters of their own; folding may yield new ones, and composing again puts
    # Korean syllables together.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(ACCENTS)
    spaced = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in unicodedata.normalize("NFKC", apart))
    return cut(IDEOGRAPH.sub(r" \1 ", spaced).split())


def cut(words: list[str]) -> list[str]:
    return list(dict.fromkeys(word[:WORD_LENGTH] for word in words))


def words_of_entry(title: str, description: str) -> list[str]:
    return words_of(f"{title} {description}")[:WORDS_PER_ENTRY]


def store_words(connection: Connection, texts: Iterable[tuple[int, str, str]]) -> int:
    """Make the stored words of entries those of texts, (id, title, description) of each; return how many had others."""
    wanted = {(word, entry_id) for entry_id, title, text in texts for word in words_of_entry(title, text)}
    ids = {entry_id for entry_id, _, _ in texts}
    present = {tuple(row) for row in connection.execute(STORED, {"ids": list(ids)})}
    return change_words(connection, present, wanted)


def change_words(connection: Connection, present: set[tuple[str, int]], wanted: set[tuple[str, int]]) -> int:
    """Make the pairs of word and entry's id that are present those wanted; return how many entries had others."""
    gone = sorted((entry_id, word) for word, entry_id in present - wanted)
    for entry_id, pairs in groupby(gone, itemgetter(0)):
        connection.execute(DELETE, {"of_entry": entry_id, "gone": [word for _, word in pairs]})
    add_words(connection, wanted - present)
    return len({entry_id for _, entry_id in wanted ^ present})


def add_words(connection: Connection, pairs: Iterable[tuple[str, int]]) -> None:
    """Store pairs of word and entry's id; sorted, so that two writers take their locks in the same order.

    By the driver's own statement: SQLAlchemy would take each pair apart by name, which costs as much as all the rest.
    """
    if rows := sorted(pairs):
        connection.exec_driver_sql(INSERT[connection.dialect.paramstyle], rows)


def reindex(connection: Connection, before: int = BEYOND_ALL, limit: int = 500) -> tuple[int, int | None]:
    """Mend the words of up to limit entries whose id is below before, the newest first.

    Return how many had others, and the last one's id, None at the end. A release that knew no words may have written
    entries, while it was being replaced.
    """
    batch = select(ENTRIES.c.id, ENTRIES.c.title, ENTRIES.c.description).where(ENTRIES.c.id < before)
    # Locked: nobody changes the text while its words are written.
    newest = batch.order_by(ENTRIES.c.id.desc()).limit(limit).with_for_update()
    texts = [tuple(row) for row in connection.execute(newest)]
    return store_words(connection, texts), texts[-1][0] if texts else None
