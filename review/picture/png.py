"""Pictures as PNG, for slides and for what shows no SVG.

They are set in the same font whatever the machine has, and drawn by a library that is pinned: the same bytes on every
machine with the same kind of processor (docs/decisions/0026).
"""

from review.picture import font

WIDTH = 1600


def png(svg: str, width: int = WIDTH) -> bytes:
    """The PNG of an SVG that is made for one theme; `width` in pixels."""
    import resvg_py  # needed for nothing else of review

    files = [str(path) for path in font.FILES.values()]
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=files, width=width))
