"""The pages over HTTP: the list, the form, bulk changes and taking back."""

import gzip
import re
from html import unescape

import pytest

from app import database, store
from app.models import DESCRIPTION_LENGTH, TITLE_LENGTH, db
from app.pages.bulk import LIMIT
from app.store import PAGE_SIZE
from tests.conftest import Browser, rows


@pytest.fixture(params=["app", pytest.param("mysql_app", marks=pytest.mark.slow)])
def browser(request):
    """A visitor of the application on SQLite, and on a real server."""
    return Browser(request.getfixturevalue(request.param))


def stored(browser, columns="title, description, status"):
    return [tuple(row) for row in rows(browser.app, f"SELECT {columns} FROM entries ORDER BY id")]


def add_many(browser, count, **fields):
    with browser.app.app_context():
        values = [{"title": f"entry {n}", "description": "", "status": "open", **fields} for n in range(1, count + 1)]
        return database.write(store.create_many, values)


def titles(html):
    return re.findall(r"<h2><a id=e\d+ href=/entries/\d+/edit>([^<]*)</a>", html)


def link(html, rel):
    found = re.search(rf'href="([^"]*)" rel="{rel}"', html)
    return found and unescape(found[1])


def version(html):
    return re.search(r'name="version" value="(\d+)"', html)[1]


def hidden(html, name):
    return [unescape(text) for text in re.findall(rf'type="hidden" name="{name}" value="([^"]*)"', html)]


def test_empty_list_invites_to_add(browser):
    page = browser.get("/")
    assert page.status_code == 200
    assert "Nothing here yet" in page.text
    assert 'href="/entries/new"' in page.text


def test_add_edit_mark_delete(browser):
    assert browser.add("Buy milk", description="two litres", status="open").location == "/"
    page = browser.get("/").text
    assert titles(page) == ["Buy milk"]
    assert "two litres" in page
    assert "Entry added." in page
    assert "Entry added." not in browser.get("/").text, "a notice is shown once"

    form = browser.get("/entries/1/edit").text
    assert 'value="Buy milk"' in form
    assert "\ntwo litres</textarea>" in form
    edited = {"title": "Buy oat milk", "description": "", "status": "done", "version": version(form)}
    assert browser.post("/entries/1/edit", edited).location == "/#e1"
    assert stored(browser) == [("Buy oat milk", "", "done")]

    for status, notice in [("open", "Opened again."), ("done", "Marked as done."), ("done", "Marked as done.")]:
        assert browser.post(f"/entries/1/{status}").location == "/"
        assert stored(browser)[0][2] == status
        assert notice in browser.get("/").text

    assert browser.post("/entries/1/delete").location == "/"
    assert stored(browser) == []
    for action in ("delete", "open", "done"):
        assert browser.post(f"/entries/1/{action}").status_code == 404


def undo(browser, page):
    """Press the button Undo of page."""
    action = re.search(r'<button id="undo" name="action" value="(\w+)">', page)[1]
    ids = re.findall(r'type="hidden" name="id" value="(\d+)"', page)
    return browser.post("/entries/bulk", {"action": action, "id": ids})


def test_a_deleted_entry_comes_back_with_undo(browser):
    browser.add("kept", description="as it was", status="done")
    browser.post("/entries/1/delete")
    page = browser.get("/").text
    assert "Entry deleted." in page
    assert undo(browser, page).status_code == 303
    assert stored(browser) == [("kept", "as it was", "done")]
    assert "1 entry restored." in browser.get("/").text
    assert undo(browser, page).status_code == 303
    assert "0 entries restored. 1 entry could not be." in browser.get("/").text


def test_what_was_deleted_lately_can_be_restored(browser):
    assert "Nothing was deleted lately" in browser.get("/deleted").text
    add_many(browser, 3)
    for entry_id in (2, 3):
        browser.post(f"/entries/{entry_id}/delete")
    page = browser.get("/deleted").text
    assert re.findall(r">(entry \d)</h2>", page) in (["entry 3", "entry 2"], ["entry 2", "entry 3"])
    (action,) = hidden(page, "action")
    restored = re.search(r'name="id" value="(\d)" aria-labelledby="r3', page)[1]
    assert browser.post("/entries/bulk", {"action": action, "id": restored}).status_code == 303
    assert stored(browser, "title") == [("entry 1",), ("entry 3",)]
    assert "entry 3" not in browser.get("/deleted").text


@pytest.mark.parametrize(("action", "text"), [("done", "marked as done"), ("open", "opened again")])
def test_bulk_change_of_status_and_undo(browser, action, text):
    for status in ("open", "done", "open", "done", "open"):
        browser.add("a", status=status)
    before = stored(browser)
    browser.post("/entries/bulk", {"action": action, "id": ["1", "2", "3", "4", "99"]})
    assert [status for *_, status in stored(browser)] == [action] * 4 + ["open"]
    page = browser.get("/").text
    assert f"2 entries {text}." in page
    undo(browser, page)
    assert stored(browser) == before, "only those that were changed are changed back"


def test_bulk_delete_and_undo(browser):
    ids = add_many(browser, 5)
    browser.post("/entries/bulk", {"action": "delete", "id": ids[1:4]})
    assert stored(browser, "title") == [("entry 1",), ("entry 5",)]
    page = browser.get("/").text
    assert "3 entries deleted." in page
    undo(browser, page)
    assert len(stored(browser)) == 5


def test_bulk_change_of_nothing_says_so(browser):
    assert browser.post("/entries/bulk", {"action": "delete"}).status_code == 303
    assert "No entry was selected." in browser.get("/").text


@pytest.mark.parametrize(
    "form",
    [
        {"id": "1"},
        {"action": "drop", "id": "1"},
        {"action": "delete", "id": "x"},
        {"action": "delete", "id": "0"},
        {"action": "delete", "id": "1\n"},
        {"action": "delete", "id": "٣"},
        {"action": "delete", "id": "9" * 19},
        {"action": "delete", "id": [str(n) for n in range(1, LIMIT + 2)]},
        {"action": "delete", "id": "1", "list": "cursor=x"},
        {"action": "delete", "id": "1", "list": "status=maybe"},
    ],
)
def test_silly_bulk_changes_are_refused_and_change_nothing(browser, form):
    browser.add("kept")
    assert browser.post("/entries/bulk", form).status_code == 400
    assert stored(browser) == [("kept", "", "open")]


def test_the_same_form_sent_twice_makes_one_entry(browser):
    (key,) = hidden(browser.get("/entries/new").text, "key")
    for _ in range(2):
        assert browser.post("/entries/new", {"title": "once", "key": key}).status_code == 303
    assert stored(browser, "title") == [("once",)]
    browser.post("/entries/new", {"title": "changed after going back", "key": key})
    assert stored(browser, "title") == [("once",), ("changed after going back",)]


def test_edit_based_on_an_old_version_shows_both_and_loses_nothing(browser):
    browser.add("before", description="untouched")
    form = browser.get("/entries/1/edit").text
    mine = {"title": "mine & <b>", "description": "untouched", "status": "open", "version": version(form)}
    browser.post("/entries/1/edit", {**mine, "title": "theirs <i>"})
    page = browser.post("/entries/1/edit", mine)
    assert page.status_code == 409
    assert 'value="mine &amp; &lt;b&gt;"' in page.text
    assert "theirs &lt;i&gt;</dd>" in page.text
    assert page.text.count("differs from yours") == 1
    assert stored(browser, "title") == [("theirs <i>",)]
    assert browser.post("/entries/1/edit", {**mine, "version": version(page.text)}).status_code == 303
    assert stored(browser, "title") == [("mine & <b>",)]


def test_two_who_write_the_same_are_in_no_conflict(browser):
    browser.add("before")
    same = {"title": "after", "description": "", "status": "done", "version": "1"}
    for _ in range(2):
        assert browser.post("/entries/1/edit", same).status_code == 303
    assert stored(browser, "title, version") == [("after", 2)]


def test_edit_of_an_entry_that_was_deleted_meanwhile_keeps_what_was_typed(browser):
    browser.add("before")
    browser.post("/entries/1/delete")
    page = browser.post("/entries/1/edit", {"title": "typed", "description": "long text", "version": "1"})
    assert page.status_code == 409
    assert 'value="typed"' in page.text
    assert "\nlong text</textarea>" in page.text
    assert 'action="/entries/new"' in page.text


@pytest.mark.parametrize("silly", [None, "", "x", "-1", "1.0", "٣", "9" * 30, "1\n"])
def test_edit_without_a_version_is_refused(browser, silly):
    browser.add("kept")
    form = {"title": "changed"} | ({} if silly is None else {"version": silly})
    assert browser.post("/entries/1/edit", form).status_code == 400
    assert stored(browser, "title") == [("kept",)]


def test_edit_keeps_what_it_was_not_sent(browser):
    browser.add("a", description="kept", status="done")
    browser.post("/entries/1/edit", {"title": "b", "version": "1"})
    assert stored(browser) == [("b", "kept", "done")]


def test_edit_leads_back_to_the_list_it_was_opened_from(browser):
    browser.add("a")
    form = browser.get("/entries/1/edit", headers={"Referer": "http://localhost/?status=open&q=a"}).text
    assert 'href="/?status=open&amp;q=a">Cancel' in form
    sent = {"title": "b", "version": "1", "status": "done", "list": hidden(form, "list")[0]}
    assert browser.post("/entries/1/edit", sent).location == "/?status=open&q=a#e1"


@pytest.mark.parametrize(
    "referrer", ["http://evil.example/?q=a", "http://localhost/elsewhere?q=a", "http://localhost/?cursor=x", "http://["]
)
def test_edit_does_not_lead_back_to_elsewhere(browser, referrer):
    browser.add("a")
    form = browser.get("/entries/1/edit", headers={"Referer": referrer})
    assert form.status_code == 200
    assert 'href="/">Cancel' in form.text


def test_list_is_walked_to_its_end_and_back(browser):
    add_many(browser, 2 * PAGE_SIZE + 1)
    first = browser.get("/").text
    assert titles(first) == [f"entry {n}" for n in range(101, 51, -1)]
    assert link(first, "prev") is None
    second = browser.get(link(first, "next")).text
    assert titles(second) == [f"entry {n}" for n in range(51, 1, -1)]
    last = browser.get(link(second, "next")).text
    assert titles(last) == ["entry 1"]
    assert link(last, "next") is None
    assert titles(browser.get(link(last, "prev")).text) == titles(second)
    assert link(last, "first") == "/"


def test_filter_order_and_search_stay_in_every_address(browser):
    add_many(browser, PAGE_SIZE + 1, title="same words", status="done")
    browser.add("same but open")
    page = browser.get("/?status=done&q=same&sort=oldest").text
    assert set(titles(page)) == {"same words"}
    for rel in ("next",):
        assert link(page, rel).startswith("/?status=done&sort=oldest&q=same&cursor=")
    assert 'href="/?sort=oldest&amp;q=same"' in page, "the tab All"
    assert 'href="/entries.csv?status=done&amp;sort=oldest&amp;q=same"' in page
    second = browser.get(link(page, "next")).text
    sent = {"list": hidden(second, "list")[0]}
    assert browser.post("/entries/1/done", sent).location == link(page, "next")


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("newest", "cba"), ("oldest", "abc"), ("updated", "bca"), ("title", "acb")],
)
def test_orders(browser, sort, expected):
    for name, title in {"a": "apple", "b": "cherry", "c": "banana"}.items():
        browser.add(title, description=name)
    with browser.app.app_context(), db.engine.begin() as connection:
        for number, entry_id in enumerate([2, 3, 1]):
            time = f"2026-01-0{9 - number} 00:00:00"
            connection.execute(db.text(f"UPDATE entries SET updated_at = '{time}' WHERE id = {entry_id}"))
    page = browser.get(f"/?sort={sort}").text
    assert "".join(re.findall(r"<p>(\w)</p>", page)) == expected
    assert f'<option value="{sort}"' in page


def test_search_says_that_nothing_was_found(browser):
    browser.add("something")
    page = browser.get("/?q=<zebra>&status=open").text
    assert "Nothing found" in page
    assert "“&lt;zebra&gt;”" in page


def test_a_search_in_an_order_it_does_not_have_shows_the_newest_first(browser):
    browser.add("word one")
    browser.add("word two")
    assert titles(browser.get("/?q=word&sort=title").text) == ["word two", "word one"]


def test_too_long_a_search_is_explained_at_its_field(browser):
    page = browser.get("/?q=" + "+".join("abcdefghi"))
    assert page.status_code == 400
    assert 'aria-describedby="q-error"' in page.text
    assert "The search has 9 words; 8 is the limit." in page.text
    assert 'value="a b c d e f g h i"' in page.text


@pytest.mark.parametrize(
    "query",
    [
        "status=maybe",
        "sort=price",
        "cursor=x",
        "cursor=" + "A" * 5000,
        "cursor=%FF%00",
        "cursor=bnVsbA",
        "q=" + "x" * 201,
    ],
)
def test_silly_lists_are_refused(browser, query):
    assert browser.get(f"/?{query}").status_code == 400
    for path in ("/entries.csv", "/entries.json"):
        expected = 200 if query.startswith("cursor") else 400
        assert browser.get(f"{path}?{query}").status_code == expected, "a download begins at the beginning"


def test_an_emptied_page_leads_to_the_first(browser):
    add_many(browser, PAGE_SIZE + 1)
    older = link(browser.get("/").text, "next")
    browser.post("/entries/1/delete")
    page = browser.get(older).text
    assert "Nothing on this page" in page
    assert 'href="/">To the first page' in page


def test_list_page_is_one_statement_without_count_or_offset(browser):
    add_many(browser, PAGE_SIZE + 1)
    older = link(browser.get("/").text, "next")
    statements = []
    with browser.app.app_context():
        db.event.listen(db.engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
    browser.get(older)
    browser.get("/?status=done&sort=title")
    first, second = statements
    assert not re.search("COUNT|OFFSET [1-9]", first + second, re.IGNORECASE)


def test_list_page_is_small_and_sets_no_cookie(browser):
    add_many(browser, PAGE_SIZE, title="An ordinary title, as long as most are", description="A few words of more.")
    page = browser.get("/")
    assert len(page.data) < 25_000
    assert len(gzip.compress(page.data, 5)) < 5_000
    assert "Set-Cookie" not in page.headers
    assert "Set-Cookie" not in browser.get("/entries/new").headers


def test_a_long_description_is_cut_on_the_list_only(browser):
    browser.add("a", description="word " * 399)
    assert len(re.search(r"<p>(word .*?)</p>", browser.get("/").text)[1]) < 120
    assert "word " * 398 in browser.get("/entries/1/edit").text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Give the entry a title."),
        ({"title": "   "}, "Give the entry a title."),
        ({"title": "\u200b\u2060"}, "Give the entry a title."),
        ({"title": "x" * 201}, "The title has 201 characters; 200 is the limit."),
        ({"title": "a\x00b"}, "The title contains a control character or a line break."),
        ({"title": "a\nb"}, "The title contains a control character or a line break."),
        ({"title": "a\x85b"}, "The title contains a control character or a line break."),
        ({"title": "a", "description": "\x1b[31m"}, "The description contains a control character."),
        ({"title": "a", "description": "x" * 2001}, "The description has 2001 characters; 2000 is the limit."),
        ({"title": "a", "status": "maybe"}, "Choose open or done."),
        ({"title": "a", "status": ""}, "Choose open or done."),
    ],
)
def test_invalid_fields_are_refused(app, fields, message):
    browser = Browser(app)
    browser.add("before")
    for path in ["/entries/new", "/entries/1/edit"]:
        page = browser.post(path, {"version": "1", **fields})
        assert page.status_code == 422
        field = message.split()[1] if message.startswith("The ") else "title" if "title" in message else "status"
        assert f'id="{field}-error">{message}' in page.text
        assert f'aria-invalid="true" aria-describedby="{field}-error"' in page.text
    assert stored(browser) == [("before", "", "open")]


def test_what_was_typed_survives_an_error(browser):
    page = browser.post("/entries/new", {"title": "", "description": "<long & careful>", "status": "done"}).text
    assert "\n&lt;long &amp; careful&gt;</textarea>" in page
    assert 'value="done" checked' in page


def test_an_error_in_an_edit_keeps_the_version_it_was_based_on(browser):
    browser.add("before")
    browser.post("/entries/1/done")
    page = browser.post("/entries/1/edit", {"title": "", "version": "1"})
    assert (page.status_code, version(page.text)) == (422, "1")


LONGEST = {"title": "😀" * TITLE_LENGTH, "description": "😀\r\n" * (DESCRIPTION_LENGTH // 2)}


@pytest.mark.parametrize(
    ("fields", "title", "description"),
    [
        ({"title": "  a  ", "description": "\r\n b\r\nc \r\n"}, "a", "b\nc"),
        ({"title": "日本語 👩‍👩‍👧 é", "description": "tab\there"}, "日本語 👩‍👩‍👧 é", "tab\there"),
        ({"title": "<script>alert(1)</script>", "description": '"><img src=x onerror=alert(1)>'},) * 1
        + ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'),
        (LONGEST, LONGEST["title"], "😀\n" * (DESCRIPTION_LENGTH // 2 - 1) + "😀"),
    ],
)
def test_valid_fields_are_stored_and_shown_as_text(browser, fields, title, description):
    browser.add(**fields)
    assert stored(browser) == [(title, description, "open")]
    for path in ["/", "/entries/1/edit", "/?q=%3Cscript%3Ealert(1)%3C/script%3E"]:
        page = browser.get(path).text
        assert "<script>" not in page
        assert "<img" not in page


def test_form_limits_are_those_of_the_rules(browser):
    page = browser.get("/entries/new").text
    assert re.search(r"<input id=\"title\"[^>]*maxlength=\"(\d+)\"", page)[1] == str(TITLE_LENGTH)
    assert re.search(r"<textarea[^>]*maxlength=\"(\d+)\"", page)[1] == str(DESCRIPTION_LENGTH)


def test_links_and_buttons_on_the_list_lead_somewhere(browser):
    add_many(browser, PAGE_SIZE + 1)
    page = browser.get("/").text
    for address in re.findall(r'href="?(/[^"\s>]*)', page):
        assert browser.get(unescape(address)).status_code == 200, address
    for action in re.findall(r"formaction=(/[^\s>]+)", page):
        assert browser.post(action).status_code == 303, action
