"""A card as it is drawn: its sign beside its words, or above them where there is little room."""

from collections.abc import Iterator
from typing import NamedTuple

from review.picture import svg
from review.picture.cards import Card
from review.picture.glyphs import icon
from review.picture.svg import Box, element, rect

SIGN, SMALL_SIGN = 38, 20
PAD = 10
TITLE, TEXT = 15, 14  # sizes of type


class Row(NamedTuple):
    """A line of a card."""

    words: str
    bold: bool = False
    glyph: str = ""  # before the words

    @property
    def height(self) -> float:
        return SMALL_SIGN + 5 if self.glyph else (TITLE if self.bold else TEXT) * svg.LINE


def _rows(card: Card, room: float) -> Iterator[Row]:
    yield from (Row(words, bold=True) for words in svg.wrap(card.title, room, TITLE, bold=True))
    for line in card.lines:
        yield from (Row(words) for words in svg.wrap(line, room, TEXT))
    yield from (Row(words, glyph=glyph) for glyph, words in card.parts)


def _room(w, upright):
    return w - 2 * PAD - (0 if upright else SIGN + PAD)


def height(card: Card, w: float, upright: bool = False) -> float:
    """How high a card of that width is."""
    words = sum(row.height for row in _rows(card, _room(w, upright)))
    return 2 * PAD + (SIGN + 6 + words if upright else max(SIGN, words))


def draw(card: Card, box: Box, upright: bool = False, framed: bool = True) -> str:
    """The card in its box, which is at least as high as `height` says."""
    return element(
        "g",
        rect(box, fill="card", stroke="edge", rx=6) if framed else "",
        _sign(card, box, upright),
        *_words(card, box, upright),
        data_card=card.title,
        data_holds=" ".join(card.holds),
        data_box=svg.written(box),
    )


def _sign(card, box, upright):
    x = box.middle[0] - SIGN / 2 if upright else box.x + PAD
    return icon(card.glyph, x, box.y + PAD, SIGN)


def _words(card, box, upright):
    rows = list(_rows(card, _room(box.w, upright)))
    total = sum(row.height for row in rows)
    y = box.y + PAD + (SIGN + 6 if upright else max(0, (SIGN - total) / 2))
    for row in rows:
        size = TITLE if row.bold else TEXT
        x = box.middle[0] if upright else box.x + PAD + SIGN + PAD
        if row.glyph:
            yield icon(row.glyph, x, y + 3, SMALL_SIGN)
            x += SMALL_SIGN + 7
        base = y + row.height / 2 + size * 0.36 + (1 if row.glyph else 0)
        fill = "ink" if row.bold or row.glyph else "muted"
        yield svg.text(x, base, row.words, size, row.bold, fill, "middle" if upright else "start")
        y += row.height
