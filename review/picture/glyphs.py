"""Signs for what AWS has, drawn for these pictures: white lines on a square in the colour of the kind of service."""

from review.picture.svg import Box, element, number, rect

GRID = 24  # units of a glyph's square

# Glyph: (role of its square's colour, lines; a part with an M of its own is one stroke).
GLYPHS = {
    "internet": (
        "general",
        "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M3.5 12h17"
        "M12 3.5c-5.3 4.6-5.3 12.4 0 17M12 3.5c5.3 4.6 5.3 12.4 0 17",
    ),
    "gateway": ("network", "M5 20v-8a7 7 0 0 1 14 0v8M3 20h18M12 17v-7M9.2 12.6L12 9.8l2.8 2.8"),
    "balancer": (
        "network",
        "M3.2 12a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0-4.8 0M8 12h8M7.4 10.4L16 5.6M7.4 13.6L16 18.4"
        "M16 5a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0M16 12a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0"
        "M16 19a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0",
    ),
    "nat": ("network", "M4 8.5h14M14.5 5l3.5 3.5l-3.5 3.5M20 15.5H6M9.5 12L6 15.5L9.5 19"),
    "endpoint": ("network", "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M2 12h11M9.8 8.8L13 12l-3.2 3.2"),
    "names": ("network", "M6 4h12v9.5L12 20.5L6 13.5zM9 8h6M9 11.5h6"),
    "firewall": ("security", "M4 5h16v14H4zM4 9.7h16M4 14.3h16M9.5 5v4.7M15 9.7v4.6M9.5 14.3V19"),
    "certificate": (
        "security",
        "M12 4a5 5 0 1 0 0 10a5 5 0 1 0 0-10M9 13.2L7.5 20.5L12 17.8l4.5 2.7L15 13.2M10 9l1.6 1.6L14.3 7.8",
    ),
    "secrets": ("security", "M5.5 10.5h13v9.5h-13zM8 10.5V8a4 4 0 0 1 8 0v2.5M12 14v3"),
    "key": (
        "security",
        "M4 12a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 12h8.5M17.5 12v3.5M20.5 12v2.5",
    ),
    "roles": ("security", "M12 4a3.6 3.6 0 1 0 0 7.2a3.6 3.6 0 1 0 0-7.2M4.5 20c0-8 15-8 15 0z"),
    "service": (
        "compute",
        "M12 3l7.8 4.5v9L12 21l-7.8-4.5v-9zM12 8l3.5 2v4L12 16l-3.5-2v-4zM12 3v5M8.5 14l-4.3 2.5M15.5 14l4.3 2.5",
    ),
    "task": ("compute", "M4 6h16v12H4zM8 9.2v5.6M12 9.2v5.6M16 9.2v5.6"),
    "registry": ("compute", "M4 8.5l8-4.5l8 4.5v8L12 21l-8-4.5zM4 8.5l8 4.5l8-4.5M12 13v8"),
    "database": (
        "database",
        "M5 6.5c0-4 14-4 14 0s-14 4-14 0v11c0 4 14 4 14 0v-11M5 12c0 4 14 4 14 0",
    ),
    "standby": (
        "database",
        "M5 6.5c0-4 14-4 14 0s-14 4-14 0v11c0 4 14 4 14 0v-11M9.5 14.2v-3.4M9.5 14.2v3.2M14.5 10.8v6.6",
    ),
    "replica": (
        "database",
        "M4 9.5c0-3 10-3 10 0s-10 3-10 0v8.5c0 3 10 3 10 0v-8.5"
        "M10 4.5c2-1.2 10-1.2 10 1.8v8.5c0 1.2-1.6 1.9-3.2 2.1M14.5 8.4c2.6.2 5.5-.6 5.5-2.1",
    ),
    "logs": ("management", "M6 3.5h12v17H6zM9 8h6M9 12h6M9 16h3.5"),
    "alarms": ("management", "M6 16.5V11a6 6 0 0 1 12 0v5.5M4 16.5h16M10 19.5c.8 1.2 3.2 1.2 4 0M12 5V3"),
    "topic": ("management", "M4 6h16v12H4zM4 6.5l8 6.5l8-6.5"),
    "bucket": ("storage", "M4.5 6.5c0-3 15-3 15 0s-15 3-15 0L7 18.5c.6 2.4 9.4 2.4 10 0l2.5-12"),
    "root": ("general", "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 16h6"),
    "open": ("public", "M7 11V8a5 5 0 0 1 9.6-2M5.5 11h13v9h-13z"),
    "closed": ("private", "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z"),
    "vpc": ("vpc", "M7 18.5a4.5 4.5 0 0 1-.6-9a6 6 0 0 1 11.2 0a4.5 4.5 0 0 1-.6 9z"),
    "region": ("region", "M5 21V4h13l-3 4.5l3 4.5H5"),
    "zone": ("zone", "M4 20V9.5L12 4l8 5.5V20zM9.5 20v-6h5v6"),
}


def icon(name: str, x: float, y: float, size: float) -> str:
    """A glyph with its square."""
    role, lines = GLYPHS[name]
    strokes = element("path", d=lines, fill_="none", stroke="white", stroke_width=1.5, **_JOINS)
    return element(
        "g",
        rect(Box(0, 0, GRID, GRID), fill=role, rx=2.6),
        strokes,
        transform=f"translate({number(x)} {number(y)}) scale({size / GRID:.4g})",
    )


_JOINS = {"stroke_linecap": "round", "stroke_linejoin": "round"}
