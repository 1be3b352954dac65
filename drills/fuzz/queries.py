"""Query strings: mostly of a list that there is, with cursors that answers gave away, changed or forged."""

import base64
import json
from random import Random
from urllib.parse import quote_plus

from drills.fuzz.memory import Memory
from drills.fuzz.request_words import API_FIELDS, DATES, LIST_WORDS, PAGE_FIELDS
from drills.fuzz.words import NUMBERS, TEXTS, as_json, bytes_of, mostly, spoiled, text, value


def query(random: Random, memory: Memory, is_api: bool) -> bytes:
    """A query string; more often than not that of a list."""
    if random.random() < 0.4:
        return b""
    if random.random() < 0.03:
        return bytes_of(random, text(random))
    if random.random() < 0.4:
        words, _, known = random.choice(memory.lists).rpartition("cursor=")
        return f"{words}cursor={cursor(random, memory, known)}".encode("latin-1")
    names = API_FIELDS if is_api else PAGE_FIELDS
    chosen = random.sample(names, random.randint(1, 3))
    pairs = [(name, list_word(random, memory, name)) for name in chosen]
    if is_api and "limit" not in chosen and random.random() < 0.5:
        pairs.append(("limit", "1"))  # which makes cursors
    if random.random() < 0.1:
        pairs.append((text(random), text(random)))
    if random.random() < 0.05:
        pairs.append(random.choice(pairs))
    return encoded(random, pairs)


def list_word(random: Random, memory: Memory, name: str) -> str:
    if name == "cursor":
        return cursor(random, memory)
    return mostly(random, random.choice(LIST_WORDS[name]))


def cursor(random: Random, memory: Memory, known: str = "") -> str:
    """A cursor: the one that is known, or one for whichever list; as it is, or cut, or changed, or forged."""
    known = known or random.choice(memory.lists).rpartition("cursor=")[2]
    kind = random.random()
    if kind < 0.3:
        return known
    if kind < 0.4:
        return spoiled(random, known.encode()).decode("latin-1")
    padded = known + "=" * (-len(known) % 4)
    try:
        data = json.loads(base64.urlsafe_b64decode(padded))
    except ValueError:
        data = ["00000000", 1, 1, None]
    if kind < 0.9 and isinstance(data, list) and data:
        made = [value(random), random.choice(NUMBERS), random.choice(DATES), random.choice(TEXTS)]
        data[random.randrange(len(data))] = random.choice(made)
    elif kind < 0.95:
        data = value(random)
    return base64.urlsafe_b64encode(as_json(random, data)).decode().rstrip("=")


def encoded(random: Random, pairs: list[tuple[str, str]]) -> bytes:
    """The pairs as a form encodes them, or nearly so."""
    made = "&".join(f"{quoted(random, name)}={quoted(random, given)}" for name, given in pairs).encode(
        "latin-1", "replace"
    )
    return spoiled(random, made) if random.random() < 0.05 else made


def quoted(random: Random, given: str) -> str:
    return quote_plus(bytes_of(random, given))
