"""The frame of the benchmarks: what a row says, the table, and how two runs are compared. No time is asserted."""

import gzip
import io
import json
import subprocess
import sys
import tarfile
from xml.etree import ElementTree

import pytest

from bench import __main__ as bench
from bench import chart, images, results
from bench.process import Broken, in_turn, measured
from bench.rows import HEADINGS, Missing, Row, figure, read_table, table
from tests.nest import ROOT

QUICKER = Row("build", "beside a start", 3.0, 0.5, at_most=10)
FEWER = Row("build", "beside a peer", 0.5, 20.0, at_least=60, fewer=True)
ALONE = Row("deploy", "second run", 1.5, at_most=2)
SIZE = Row("images", "application", 95.0, unit="MB", at_most=90)


@pytest.mark.parametrize(
    ("row", "value", "held", "share"),
    [(QUICKER, 6, True, 0.6), (FEWER, 40, False, 1.5), (ALONE, 1.5, True, 0.75), (SIZE, 95, False, 95 / 90)],
    ids=lambda part: part.what if isinstance(part, Row) else "",
)
def test_a_row_knows_whether_its_aim_is_held(row, value, held, share):
    assert row.value == pytest.approx(value)
    assert row.held is held
    assert row.of_the_aim == pytest.approx(share)


def test_without_an_aim_nothing_is_held_or_missed():
    row = Row("deploy", "first run", 9.0)
    assert row.held is None
    assert row.of_the_aim is None
    assert row.cells()[5:] == ("", "")


@pytest.mark.parametrize(
    ("number", "text"),
    [(1234.5, "1,234"), (12.345, "12.3"), (1.2345, "1.23"), (0.12345, "0.123"), (0.0012345, "0.0012"), (60.0, "60")],
)
def test_figures_have_the_digits_that_count(number, text):
    assert figure(number) == text


def test_the_table_is_read_as_it_was_written():
    text = table([QUICKER, FEWER, ALONE, SIZE])
    assert {len(line) for line in text.splitlines()} == {len(text.splitlines()[0])}
    assert text.splitlines()[0].split()[1::2] == list(HEADINGS)
    assert read_table(f"# Results\n\n| | |\n|---|---|\n| date | today |\n\n{text}\nplan: not measured\n") == {
        ("build", "beside a start"): "6 x",
        ("build", "beside a peer"): "40 x",
        ("deploy", "second run"): "1.50 s",
        ("images", "application"): "95 MB",
    }


@pytest.mark.parametrize(
    ("now", "agree"),
    [
        (Row("build", "x", 6.8, 1.0), True),
        (Row("build", "x", 7.0, 1.0), False),
        (Row("build", "x", 5.0, 1.0), False),
        (Row("build", "new", 5.0, 1.0), True),
        (Row("build", "x", 9.0), True),  # seconds are the machine's
        (Row("build", "x", 9.0, unit="/s"), True),
        (Row("build", "x", 9.0, unit="MB"), False),
    ],
)
def test_a_second_run_agrees_within_its_bounds(now, agree):
    before = Row("build", "x", 6.0, now.against, unit=now.unit)
    (found,) = results.compared([now], table([before]))
    assert found.differs is not agree
    assert str(found).startswith(f"{now.part}: {now.what}: ")


def part(monkeypatch, name, *, raises=None, rows=()):
    """Put a part of that name into the table of parts."""

    def measure():
        if raises:
            raise raises
        return list(rows)

    module = type(sys)(f"bench_{name}")
    module.rows = measure
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(bench.PARTS, name, module.__name__)


@pytest.fixture
def frame(monkeypatch, tmp_path):
    """The command with no parts but those that a test adds, writing elsewhere."""
    monkeypatch.setattr(bench, "PARTS", {})
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "RESULTS.md")
    return monkeypatch


def test_what_lacks_a_tool_says_so_and_the_rest_is_written(frame, capsys):
    part(frame, "good", rows=[QUICKER, FEWER])
    part(frame, "lame", raises=Missing("no wrk: apt-get install wrk"))
    assert bench.main([]) == 0
    written = bench.RESULTS.read_text()
    assert "lame: not measured: no wrk: apt-get install wrk" in written
    assert set(read_table(written)) == {("build", "beside a start"), ("build", "beside a peer")}
    assert "6 x" in bench.RESULTS.with_suffix(".svg").read_text()
    assert "2 aims, 1 missed" in capsys.readouterr().out


def test_what_broke_is_told_and_nothing_is_written(frame, capsys):
    part(frame, "good", rows=[QUICKER])
    part(frame, "bad", raises=Broken("x ended with 1"))
    assert bench.main([]) == 1
    out = capsys.readouterr().out
    assert "bad: broke: x ended with 1" in out
    assert "beside a start" in out
    assert not bench.RESULTS.exists()


def test_a_part_alone_writes_nothing_and_a_second_run_how_far_they_agree(frame, capsys):
    part(frame, "good", rows=[QUICKER])
    bench.main(["good"])
    assert not bench.RESULTS.exists()
    bench.main([])
    before = bench.RESULTS.read_text()
    part(frame, "good", rows=[Row("build", "beside a start", 4.0, 0.5)])
    assert bench.main(["--again"]) == 1
    assert "6 -> 8, 33% apart more than 15%" in capsys.readouterr().out
    told = bench.RESULTS.read_text().removeprefix(before.rstrip("\n") + "\n\n## A second run\n\n")
    assert "0 of 1 figures within 15% of those above" in told
    assert "| build | beside a start | 6 | 8 | 33% |" in told
    bench.main(["--again", "good"])
    assert bench.RESULTS.read_text().endswith(told)
    part(frame, "good", rows=[QUICKER])
    assert bench.main(["--again"]) == 0
    assert "1 of 1 figures within 15%" in bench.RESULTS.read_text()
    assert "33%" not in bench.RESULTS.read_text()
    assert read_table(bench.RESULTS.read_text()) == read_table(before)


def test_an_unknown_part_is_refused_with_those_that_there_are():
    done = subprocess.run(
        [sys.executable, "-m", "bench", "nonsense"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no part nonsense; there are build, " in done.stderr


def test_processes_are_measured_with_what_they_start():
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(3_000_000))'])"
    used = in_turn({"parent": [sys.executable, "-c", child], "idle": [sys.executable, "-c", "pass"]}, runs=1)
    assert used["parent"].cpu > used["idle"].cpu
    with pytest.raises(Broken, match=r"ended with 3: no luck"):
        measured([sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); sys.exit(3)"])


def test_the_picture_has_a_bar_for_each_aim_on_its_side_of_the_line():
    facts = {"date": "today", "commit": "abc"}
    without_bar = [Row("deploy", "no aim", 1.0), Row("application", "no aim but none", 7, unit="errors", at_most=0)]
    root = ElementTree.fromstring(chart.draw([QUICKER, FEWER, ALONE, SIZE, *without_bar], facts))
    tag = "{http://www.w3.org/2000/svg}"
    _paper, line, *bars = root.findall(f"{tag}rect")
    ends = [float(bar.get("x")) + float(bar.get("width")) <= float(line.get("x")) for bar in bars]
    assert ends == [row.held for row in (QUICKER, FEWER, ALONE, SIZE)]
    assert "2 of 4 aims are held." in root.find(f"{tag}desc").text
    shown = [text.text for text in root.findall(f"{tag}text")]
    assert "40 x, not ≥ 60 x" in shown
    assert not [text for text in shown if "no aim" in text]


def test_what_an_image_adds_is_told_by_distribution():
    parts = images.ours()
    assert {"flask", "sqlalchemy", "gunicorn", "the project's own"} <= set(parts)
    assert all(parts[name] for name in ("flask", "sqlalchemy", "the project's own"))
    assert not [path for path in parts["sqlalchemy"] if "testing" in path.parts]
    size, small = images.weighed(parts["flask"])
    assert size == sum(path.stat().st_size for path in parts["flask"])
    assert 0 < small < size


def test_the_layers_of_a_saved_image_are_weighed(tmp_path):
    """However it was compressed; what made them is in the history, the base's oldest layers may be missing there."""
    plain, packed = b"x" * 100_000, gzip.compress(b"y" * 50_000)
    made = [{"created_by": "ENV A=1", "empty_layer": True}, {"created_by": "/bin/sh -c #(nop)  COPY app app"}]
    files = {
        "manifest.json": json.dumps([{"Config": "c.json", "Layers": ["1.tar", "2.tar"]}]).encode(),
        "c.json": json.dumps({"history": made}).encode(),
        "1.tar": plain,
        "2.tar": packed,
    }
    with tarfile.open(tmp_path / "image.tar", "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    engine = tmp_path / "engine"  # engine save --output FILE IMAGE
    engine.write_text(f'#!/bin/sh\ncp "{tmp_path}/image.tar" "$3"\n')
    engine.chmod(0o755)
    first, second = images.saved(str(engine), "flaskcrud-app")
    assert first == (100_000, len(gzip.compress(plain, 6)), "the base")
    assert second == (50_000, len(packed), "COPY app app")
