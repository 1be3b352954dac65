"""Entries as files, over HTTP: a list downloaded, a table imported."""

import csv
import io
import json
import tracemalloc

import pytest

from app import database, store
from app.config import IMPORT_BYTES
from app.models import db
from app.pages import spreadsheet
from app.pages.imports import ROWS, SHOWN
from tests.conftest import Browser, rows


@pytest.fixture(params=["app", pytest.param("mysql_app", marks=pytest.mark.slow)])
def browser(request):
    return Browser(request.getfixturevalue(request.param))


def stored(browser):
    return [tuple(row) for row in rows(browser.app, "SELECT title, description, status FROM entries ORDER BY id")]


def send(browser, content: bytes, action="import", name="entries.csv"):
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    tail = f'\r\n--x\r\nContent-Disposition: form-data; name="action"\r\n\r\n{action}\r\n--x--\r\n'.encode()
    return browser.post("/entries/import", head + content + tail, content_type="multipart/form-data; boundary=x")


def add_many(browser, count):
    with browser.app.app_context():
        values = [{"title": f"entry {n}", "description": "d", "status": "open"} for n in range(count)]
        for start in range(0, count, 500):
            database.write(store.create_many, values[start : start + 500])


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''=1", "'quoted'", "'", "plain", 'a "quote", and\ncomma', "é 😀"]


def test_csv_holds_every_entry_of_the_list(browser):
    add_many(browser, 1201)
    browser.post("/entries/bulk", {"action": "done", "id": ["3", "5"]})
    answer = browser.get("/entries.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=entries.csv"
    table = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row["id"] for row in table] == [str(n) for n in range(1201, 0, -1)]
    assert set(table[0]) == {"id", "title", "description", "status", "created_at", "updated_at"}
    assert table[0]["created_at"].endswith("Z")
    done = browser.get("/entries.csv?status=done&sort=oldest").data.decode("utf-8-sig")
    assert [row["id"] for row in csv.DictReader(io.StringIO(done))] == ["3", "5"]
    found = browser.get("/entries.csv?q=entry+42").data.decode("utf-8-sig")
    assert {row["title"] for row in csv.DictReader(io.StringIO(found))} >= {"entry 42"}


def test_json_holds_every_entry_of_the_list(browser):
    assert browser.get("/entries.json").json == []
    browser.add("é <b>", description="two\nlines", status="done")
    browser.add("second")
    answer = browser.get("/entries.json?sort=oldest")
    assert answer.headers["Content-Type"].startswith("application/json")
    first, second = json.loads(answer.text)
    assert (first["title"], first["description"], first["status"], first["version"]) == (
        "é <b>",
        "two\nlines",
        "done",
        1,
    )
    assert second["id"] == 2
    assert second["updated_at"].endswith("Z")


def test_no_cell_of_the_csv_is_a_formula_and_all_come_back_as_they_were(browser):
    for text in FORMULAS:
        browser.add(text.replace("\n", " "), description=text)
    before = stored(browser)
    content = browser.get("/entries.csv?sort=oldest").data
    for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))):
        assert not [cell for cell in row if cell[:1] in set("=+-@\t\r\n")]
    browser.post("/entries/bulk", {"action": "delete", "id": [str(n + 1) for n in range(len(FORMULAS))]})
    assert "11 entries imported" in send(browser, content).text
    assert stored(browser) == before


@pytest.mark.slow
def test_a_download_takes_the_same_memory_however_long_it_is(app):
    browser = Browser(app)
    add_many(browser, 6000)
    browser.get("/entries.csv?status=done")  # what is made once

    def peak(path):
        tracemalloc.start()
        length = sum(len(part) for part in browser.client.get(path).response)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return length, highest

    for path in ("/entries.csv", "/entries.json"):
        length, highest = peak(path)
        assert length > 350_000
        assert highest < 2_500_000, "two batches of 500 entries; all of them at once take ten times as much"


def test_a_download_reads_in_pages_and_from_the_first_statement_on_may_fail_as_a_page(app):
    browser = Browser(app)
    add_many(browser, 1100)
    statements = []
    with app.app_context():
        db.event.listen(db.engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
    browser.get("/entries.csv").close()
    selects = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(selects) == 3
    assert not [statement for statement in selects if "COUNT" in statement]


def test_import_stores_what_is_valid_and_tells_the_rest_line_by_line(browser):
    table = (
        'Title,Description,Status,Owner\r\none,"two\r\nlines",done,me\r\n,no title,open,me\r\n'
        "three,,,\r\n\r\nfour,,maybe,\r\n" + "x" * 201 + ",\x07,open,\r\na,b,open,d,e\r\n<b>five</b>\r\n"
    )
    page = send(browser, table.encode())
    assert page.status_code == 200
    assert "3 entries imported, 4 refused" in page.text
    assert stored(browser) == [("one", "two\nlines", "done"), ("three", "", "open"), ("<b>five</b>", "", "open")]
    told = [
        ("4", "Give the entry a title."),
        ("7", "Choose open or done."),
        ("8", "The title has 201 characters; 200 is the limit. The description contains a control character."),
        ("9", "It has 5 cells, and the first line names 4 columns."),
    ]
    for line, why in told:
        assert f"<td>{line}</td>" in page.text
        assert f"<td>{why}</td>" in page.text
    assert "<b>five" not in page.text


def test_only_checking_stores_nothing(browser):
    page = send(browser, b"title\nfirst\n\n=second\n,\n", action="check")
    assert "2 entries can be imported" in page.text
    assert "Nothing was stored yet." in page.text
    assert stored(browser) == []


@pytest.mark.parametrize(
    "content",
    [
        "title;status\na, b;done\n",
        "title\tstatus\na, b\tdone\n",
        '"TITLE" ,"status"\n"a, b",done\n',
        "\ufefftitle,status\r\n'a, b,done".replace("'a, b", '"a, b"'),
        'status,title\ndone,"a, b"',
    ],
)
def test_import_knows_what_spreadsheets_write(app, content):
    browser = Browser(app)
    assert "1 entry imported" in send(browser, content.encode()).text.replace("1 Entry", "1 entry")
    assert stored(browser) == [("a, b", "", "done")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The first line must name the columns"),
        (b"name,status\na,open\n", "The first line must name the columns"),
        (b"title,title\na,b\n", "The column “title” is there twice."),
        (b"title\na\n\xff\xfe\n", "The file is not in UTF-8."),
        ("title\na\n".encode("utf-16"), "The file is not in UTF-8."),
        (b'title\na\n"b" c\n', "Line 3 cannot be read"),
        (b'title\na\n"never closed\n', "Line 3 cannot be read"),
        (b"title\n" + b"x" * 70_000 + b"\n", "Line 2 cannot be read"),
        (b"title\n" + b"a\n" * (ROWS + 1), f"The file has more than {ROWS} rows."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "The file is not in UTF-8."),
        (b"\x00" * 1000, "The first line must name the columns"),
    ],
)
def test_a_file_that_is_no_table_is_refused_as_a_whole(app, content, message):
    browser = Browser(app)
    page = send(browser, content)
    assert page.status_code == 422
    assert message in page.text
    assert 'aria-invalid="true"' in page.text
    assert stored(browser) == []


def test_import_without_a_file_asks_for_one(browser):
    for form in ({}, {"file": ""}, {"file": (io.BytesIO(b""), "")}):
        page = browser.post("/entries/import", form)
        assert page.status_code == 422
        assert "Choose a file first." in page.text


@pytest.mark.slow
def test_the_longest_list_is_imported_and_a_file_over_the_limit_is_not(app):
    browser = Browser(app)
    page = send(browser, b"title\n" + b"a row of the longest list\n" * ROWS)
    assert "5000 entries imported" in page.text
    assert send(browser, b"title\n" + b"x" * IMPORT_BYTES).status_code == 413
    assert len(stored(browser)) == ROWS


def test_a_long_report_is_cut(app):
    page = send(Browser(app), b"title,status\n" + b"a,maybe\n" * (SHOWN + 7))
    assert page.text.count("<tr><td>") == SHOWN
    assert "And 7 more." in page.text


def test_an_import_that_fails_half_way_stores_nothing(app, monkeypatch):
    browser = Browser(app)
    create_many, calls = store.create_many, []

    def fails_the_second_time(connection, values):
        calls.append(len(values))
        if len(calls) == 2:
            raise RuntimeError
        return create_many(connection, values)

    monkeypatch.setattr(store, "create_many", fails_the_second_time)
    assert send(browser, b"title\n" + b"a\n" * 800).status_code == 500
    assert calls == [500, 300]
    assert stored(browser) == []


@pytest.mark.parametrize("text", FORMULAS)
def test_what_writing_adds_reading_takes_away(text):
    assert spreadsheet.unguarded(spreadsheet.cell(text)) == text
