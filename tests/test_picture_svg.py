"""What pictures are made of: text is as wide as browsers set it, and legible in both themes."""

import shutil
from itertools import pairwise

import pytest
from playwright.sync_api import sync_playwright

from review.picture import svg

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WORDS = ["Application Load Balancer", "10.0.1.0/24 · 443", "“quoted” & <tag>", "db.t4g.medium, 100 to 500 GB → ✓"]
FIELDS = ["paper", "card", "plain", "public-field", "private-field"]
WRITTEN = ["ink", "muted"]
# Frames are named in their own colours, on these fields.
NAMES = [("region", "paper"), ("vpc", "paper"), ("zone", "paper"), ("public", "paper"), ("private", "paper")]
NAMES += [("public", "public-field"), ("private", "private-field")]


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("field", FIELDS)
def test_text_is_told_from_what_is_behind_it(theme, field):
    for role in [*WRITTEN, *(name for name, behind in NAMES if behind == field)]:
        low, high = sorted(luminance(svg.PALETTE[each][theme]) for each in (field, role))
        assert (high + 0.05) / (low + 0.05) >= 4.5, role


def test_lines_are_wrapped_where_the_room_ends():
    lines = svg.wrap("interface endpoints for ecr.api, ecr.dkr, logs and secretsmanager", 150)
    assert " ".join(lines) == "interface endpoints for ecr.api, ecr.dkr, logs and secretsmanager"
    assert all(svg.width(line) <= 150 for line in lines)
    assert all(svg.width(f"{line} {after.split()[0]}") > 150 for line, after in pairwise(lines))
    assert svg.wrap("averyveryverylongword of it", 40) == ["averyveryverylongword", "of it"]


def test_what_is_too_long_ends_in_an_ellipsis():
    assert svg.shortened("www.example.com", 200) == "www.example.com"
    cut = svg.shortened("www.a-rather-long-name.example.com", 100)
    assert cut.endswith("…")
    assert "www.a-rather-long-name.example.com".startswith(cut[:-1])
    assert 85 < svg.width(cut) <= 100


def test_a_theme_is_fixed_or_the_readers():
    body = [svg.rect(svg.Box(0, 0, 9, 9), fill="card", stroke="edge")]
    pages = {theme: svg.document(10, 10, "Title", "What it shows", body, theme) for theme in ("", "light", "dark")}
    (light, dark) = svg.PALETTE["card"]
    assert (light in pages["light"], dark in pages["light"]) == (True, False)
    assert (light in pages["dark"], dark in pages["dark"]) == (False, True)
    assert pages[""].index(light) < pages[""].index("prefers-color-scheme: dark") < pages[""].index(dark)


@pytest.mark.slow
def test_text_is_as_wide_as_a_browser_sets_it():
    """Without `textLength`, which would hide a difference; in the embedded font, of which no machine has this copy."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    lines = [(words, bold) for words in WORDS for bold in (False, True)]
    body = [svg.text(5, 20 + 20 * n, words, 16, bold) for n, (words, bold) in enumerate(lines)]
    page_of = svg.document(600, 200, "t", "d", body).replace("textLength", "data-length")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content(page_of)
        page.evaluate("document.fonts.ready.then(() => 1)")
        seen = page.evaluate("[...document.querySelectorAll('text')].map(each => each.getComputedTextLength())")
        browser.close()
    assert seen == pytest.approx([svg.width(words, 16, bold) for words, bold in lines], abs=0.15)
