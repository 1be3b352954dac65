"""How wide text is, by the widths of the font that pictures embed."""

import struct
from base64 import b64encode
from functools import cache
from pathlib import Path

FILES = {400: Path(__file__).parent / "font" / "regular.ttf", 600: Path(__file__).parent / "font" / "semibold.ttf"}
FAMILY = "Inter"


def width(text: str, size: float, weight: int = 400) -> float:
    """The width of a line of text in the unit of `size`; a character that the font lacks is as wide as its stand-in."""
    widths, missing, em = _widths(weight)
    return sum(widths.get(ord(character), missing) for character in text) * size / em


@cache
def face(weight: int) -> str:
    """The font as a rule of CSS that holds it all."""
    data = b64encode(FILES[weight].read_bytes()).decode()
    source = f"url(data:font/ttf;base64,{data})"
    return f"@font-face{{font-family:{FAMILY};font-weight:{weight};src:{source}}}"


@cache
def _widths(weight):
    """Width by character, that of a missing one, and units in an em. OpenType 1.9: head, hhea, hmtx, cmap format 4."""
    data = FILES[weight].read_bytes()
    tables = {}
    for index in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, start, length = struct.unpack_from(">4s3I", data, 12 + 16 * index)
        tables[tag.decode()] = data[start : start + length]
    (em,) = struct.unpack_from(">H", tables["head"], 18)
    (count,) = struct.unpack_from(">H", tables["hhea"], 34)
    advances = [struct.unpack_from(">H", tables["hmtx"], 4 * index)[0] for index in range(count)]
    widths = {code: advances[min(glyph, count - 1)] for code, glyph in _glyphs(tables["cmap"]).items()}
    return widths, advances[0], em


def _glyphs(cmap):
    """Glyph by character, of the subtable for Windows' Unicode."""
    for index in range(struct.unpack_from(">H", cmap, 2)[0]):
        platform, encoding, start = struct.unpack_from(">HHI", cmap, 4 + 8 * index)
        if (platform, encoding) == (3, 1):
            return dict(_segments(cmap[start:]))
    raise ValueError("the font has no table of Unicode characters")


def _segments(table):
    """(character, glyph) of a subtable of format 4."""
    count = struct.unpack_from(">H", table, 6)[0] // 2
    columns = [struct.unpack_from(f">{count}H", table, 14 + 2 * (count * n + (n > 0))) for n in range(4)]
    for segment, (last, first, delta, offset) in enumerate(zip(*columns, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if offset:
                place = 16 + 6 * count + 2 * segment + offset + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", table, place)
            yield code, (glyph + delta) % 0x10000
