"""Entries to try things with: made up, the same ones each time."""

import random
from collections.abc import Iterator
from itertools import islice

from app import database, store
from app.models import DONE, OPEN

BATCH = 200  # entries a transaction: it must end well within the time limits of a page
VERBS = ["Answer", "Book", "Call", "Check", "Order", "Paint", "Print", "Repair", "Replace", "Send", "Sort", "Test"]
THINGS = [
    "bicycle",
    "boiler",
    "café",
    "contract",
    "curtains",
    "garden",
    "invoice",
    "kitchen",
    "letter",
    "piano",
    "roof",
]
PLACES = ["at home", "at work", "for Zoë", "for the club", "in the cellar", "in town", "on Monday", "on the train"]
NOTES = ["", "As agreed by phone.", "Ask about the price first.\nThen decide.", "See the list from last year.", "😀"]


def seed(count: int) -> None:
    """Store count entries, through the same door as everybody."""
    made = islice(entries(), count)
    while batch := list(islice(made, BATCH)):
        database.write(store.create_many, batch)


def entries() -> Iterator[dict[str, str]]:
    """Yield made-up entries, without end."""
    chance = random.Random(8)  # noqa: S311  no secret
    while True:
        yield {
            "title": f"{chance.choice(VERBS)} the {chance.choice(THINGS)} {chance.choice(PLACES)}",
            "description": chance.choice(NOTES),
            "status": chance.choice([OPEN, OPEN, DONE]),
        }
