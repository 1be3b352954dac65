"""What every picture is made of: elements, text that fits, colours for light and dark.

A colour is a role of PALETTE; `fill` and `stroke` name it. The document holds the rules for the roles that it uses, in
both themes, so that a picture follows its reader, also in an <img>, as GitHub shows it. Text is set in the font that is
embedded, and each line is told its width: with another font it is squeezed or spread, it never runs over its box.
"""

import re
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from review.picture import font

BOLD = 600
LINE = 1.3  # the height of a line, in sizes of its font

# Role: (light, dark). The colours of kinds of services and of frames are those that AWS's architecture diagrams have.
PALETTE = {
    "paper": ("#ffffff", "#0d1117"),
    "card": ("#ffffff", "#1b222b"),
    "edge": ("#c3c9d1", "#465160"),  # of a card
    "ink": ("#16191f", "#e8edf2"),
    "muted": ("#4d5661", "#a9b4c0"),
    "faint": ("#e3e6ea", "#2b333d"),  # lines that only part
    "plain": ("#f6f7f9", "#141a21"),  # a field behind cards
    "arrow": ("#37475a", "#c3ced9"),
    "white": ("#ffffff", "#ffffff"),  # of a glyph on its square
    "compute": ("#ed7100", "#ed7100"),
    "database": ("#c925d1", "#c925d1"),
    "network": ("#8c4fff", "#8c4fff"),
    "security": ("#dd344c", "#dd344c"),
    "storage": ("#6b8e13", "#6b8e13"),
    "management": ("#e7157b", "#e7157b"),
    "general": ("#5a6b7f", "#5a6b7f"),
    "region": ("#007a7e", "#22b8bb"),
    "vpc": ("#7f42f0", "#a984ff"),
    "zone": ("#0f72aa", "#58b0e3"),
    "public": ("#56730f", "#93b83a"),
    "public-field": ("#f2f6e8", "#151f14"),
    "private": ("#00777b", "#22b8bb"),
    "private-field": ("#e8f5f6", "#0e2023"),
}


class Box(NamedTuple):
    """A rectangle: its upper left corner, its width and its height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2

    def inset(self, by: float) -> "Box":
        """The box without a margin on all sides."""
        return Box(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)


def written(box: Box) -> str:
    """A box as four numbers."""
    return " ".join(map(number, box))


def number(value: float) -> str:
    """A length with at most one decimal."""
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def element(name: str, *content: str, fill: str = "", stroke: str = "", **attributes: object) -> str:
    """An element with what is in it. `fill` and `stroke` are roles; a _ in an attribute is a -; None leaves it out."""
    roles = " ".join(f"{kind}-{role}" for kind, role in (("f", fill), ("s", stroke)) if role)
    written = {"class": roles or None} | attributes
    text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in written.items()
        if value is not None
    )
    return f"<{name}{text}>{''.join(content)}</{name}>" if content else f"<{name}{text}/>"


def _attribute(value):
    return number(value) if isinstance(value, float) else escape(str(value))


def rect(box: Box, **attributes: object) -> str:
    """A rectangle; attributes as of `element`."""
    return element("rect", x=float(box.x), y=float(box.y), width=float(box.w), height=float(box.h), **attributes)


def text(
    x: float, y: float, words: str, size: float = 15, bold: bool = False, fill: str = "ink", anchor: str = "start"
) -> str:
    """One line of text; (x, y) is on its base line, at its start, middle or end."""
    room = width(words, size, bold)
    return element(
        "text",
        escape(words, quote=False),
        fill=fill,
        x=float(x),
        y=float(y),
        font_size=float(size),
        font_weight=BOLD if bold else None,
        text_anchor=None if anchor == "start" else anchor,
        textLength=room,
        lengthAdjust="spacingAndGlyphs",
    )


def width(words: str, size: float = 15, bold: bool = False) -> float:
    """How wide a line of text is."""
    return font.width(words, size, BOLD if bold else 400)


def wrap(words: str, room: float, size: float = 15, bold: bool = False) -> list[str]:
    """The text in lines of at most that width; a longer word has a line of its own."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width(longer, size, bold) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def shortened(words: str, room: float, size: float = 15, bold: bool = False) -> str:
    """The text, or as much of its beginning as there is room for, and an ellipsis."""
    if width(words, size, bold) <= room:
        return words
    while words and width(words + "…", size, bold) > room:
        words = words[:-1]
    return words + "…"


def document(w: float, h: float, title: str, description: str, body: Iterable[str], theme: str = "") -> str:
    """A whole picture on its paper. `theme` light or dark fixes it; else it is the reader's."""
    inside = "\n".join(body)
    roles = sorted({*re.findall(r'[" ]([fs]-[a-z-]+)(?=[" ])', inside), "f-paper"})
    light, dark = ("\n".join(_rule(role, index) for role in roles) for index in (0, 1))
    style = [
        *(font.face(weight) for weight in font.FILES),
        f"text{{font-family:{font.FAMILY},Helvetica,Arial,sans-serif}}",
        dark if theme == "dark" else light,
        *([] if theme else [f"@media (prefers-color-scheme: dark){{\n{dark}\n}}"]),
    ]
    return (
        element(
            "svg",
            "\n",
            element("title", escape(title, quote=False)) + "\n",
            element("desc", escape(description, quote=False)) + "\n",
            element("style", "\n" + "\n".join(style) + "\n") + "\n",
            rect(Box(0, 0, w, h), fill="paper") + "\n",
            inside + "\n",
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {number(w)} {number(h)}",
            width=float(w),
            height=float(h),
            role="img",
        )
        + "\n"
    )


def _rule(role, index):
    kind, _, name = role.partition("-")
    return f".{role}{{{'fill' if kind == 'f' else 'stroke'}:{PALETTE[name][index]}}}"
