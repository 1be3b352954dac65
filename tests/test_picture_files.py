"""The pictures as files: the command, PNGs that hold what the SVGs do, and the same bytes at every run."""

import os
import struct
import subprocess
import sys
import zlib

import pytest

from review.__main__ import main
from review.picture import svg
from review.picture.png import png
from tests.nest import ROOT


def pixels(data):
    """(width, height, rows of red, green, blue, opacity) of a PNG as resvg writes it."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, packed = 8, b""
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        content = data[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colours, *_ = struct.unpack(">IIBBBBB", content)
            assert (depth, colours) == (8, 6)
        packed += content if kind == b"IDAT" else b""
        place += 12 + length
    return width, height, unfiltered(zlib.decompress(packed), width * 4)


def unfiltered(raw, stride):
    """The rows without PNG's filters: W3C PNG 3, 9.2."""
    rows, above = [], bytes(stride)
    for start in range(0, len(raw), stride + 1):
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for n in range(stride):
            left, up, corner = (row[n - 4], above[n], above[n - 4]) if n >= 4 else (0, above[n], 0)
            estimate = left + up - corner
            nearest = min((left, up, corner), key=lambda each: abs(estimate - each))
            row[n] = (row[n] + (0, left, up, (left + up) // 2, nearest)[kind]) % 256
        rows.append(bytes(row))
        above = rows[-1]
    return rows


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_png_shows_what_the_svg_holds(theme):
    """Its paper, its cards, and words: as many dark columns as a word is wide."""
    body = [svg.rect(svg.Box(0, 20, 40, 20), fill="compute"), svg.text(50, 36, "Load", 16, bold=True)]
    width, height, rows = pixels(png(svg.document(120, 60, "t", "d", body, theme), 120))
    assert (width, height) == (120, 60)
    paper, compute, ink = (
        bytes.fromhex(svg.PALETTE[role][theme == "dark"][1:]) + b"\xff" for role in ("paper", "compute", "ink")
    )
    assert rows[2][:4] == rows[58][-4:] == paper
    assert rows[30][80:84] == compute
    inked = [x for x in range(45, 120) if any(row[4 * x : 4 * x + 4] != paper for row in rows)]
    assert inked[0] == pytest.approx(51, abs=2)
    assert inked[-1] == pytest.approx(50 + svg.width("Load", 16, bold=True), abs=2.5)
    assert any(row[4 * x : 4 * x + 4] == ink for row in rows for x in inked)


@pytest.mark.slow
def test_the_command_writes_both_kinds(tmp_path, capsys):
    assert main(["picture", "lab", "--out", str(tmp_path / "new")]) == 0
    names = {"lab.svg", "lab.png", "lab-dark.png", "nest.svg", "nest.png", "nest-dark.png"}
    assert {path.name for path in (tmp_path / "new").iterdir()} == names
    assert len(capsys.readouterr().out.splitlines()) == len(names)
    for path in (tmp_path / "new").glob("*.png"):
        assert struct.unpack_from(">I", path.read_bytes(), 16) == (1600,)
    assert main(["picture", "lbb", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.slow
def test_another_machine_would_write_the_same_bytes(tmp_path):
    """Other fonts, other languages, another order of hashes; the processor is this one."""
    command = [sys.executable, "-m", "review", "picture", "lab", "--out"]
    for number, changed in enumerate(
        ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "FONTCONFIG_FILE": "/dev/null"})
    ):
        language = {"LC_ALL": ("C", "C.UTF-8")[number], "HOME": str(tmp_path), "TZ": ("UTC", "Asia/Tokyo")[number]}
        subprocess.run(
            [*command, str(tmp_path / str(number))], cwd=ROOT, env=os.environ | changed | language, check=True
        )
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / each).iterdir()} for each in "01")
    assert one == other
    assert len(one) == 6


def test_an_environment_cannot_take_the_name_of_the_nest(tmp_path, monkeypatch, capsys):
    (tmp_path / "nest.env").write_text((ROOT / "config" / "lab.env").read_text())
    monkeypatch.setenv("CONFIG", str(tmp_path))
    assert main(["picture", "--out", str(tmp_path / "out")]) == 1
    assert "config/nest.env" in capsys.readouterr().err
