"""What the two images run: nginx and gunicorn as local processes in the layout of the Dockerfile."""

import gzip
import http.client
import json
import re
import signal
import socket
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from app import config
from app.engine_options import LOCK_TIMEOUT
from drills.parts.site import Site, answers
from tests.conftest import ROOT, accepts, running_site, skipped_where_missing, wait_until


@pytest.fixture(scope="module")
def site(mariadb, tmp_path_factory):
    given = mariadb.database() | {"WEB_RATE_LIMIT": "20"}
    with running_site(tmp_path_factory.mktemp("site"), **given) as site:
        yield site


@pytest.mark.slow
def test_site_serves_the_page(site):
    response, body = site.call("/")
    assert response.status == 200
    assert b"Nothing here yet" in body
    assert response.getheader("Server") == "nginx"
    for name in ["Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"]:
        assert len(response.headers.get_all(name)) == 1, name


@pytest.mark.slow
def test_site_serves_static_files_from_nginx_for_ever(site):
    page = site.call("/")[1].decode()
    for path in re.findall(r'"(/static/[^"]+)"', page):
        response, body = site.call(path, Accept_Encoding="gzip")
        plain = ROOT / "app" / re.sub(r"\.[0-9a-f]{10}\.", ".", path.lstrip("/"))
        assert (response.status, response.getheader("Content-Encoding")) == (200, "gzip"), path
        assert gzip.decompress(body) == plain.read_bytes()
        assert response.getheader("Cache-Control") == "public, max-age=31536000, immutable"
        assert response.getheader("X-Content-Type-Options") == "nosniff"
        assert len(response.headers.get_all("X-Request-Id")) == 1
    assert site.call("/static/style.css")[0].getheader("Content-Type") == "text/css"
    assert not [line for line in site.requests("app") if line["route"].startswith("/static")]


@pytest.mark.slow
def test_site_never_keeps_a_file_of_another_release_for_ever(site):
    """As while a new release is rolled out: the page of one, the files of the other."""
    for path in ["/static/style.0123456789.css", "/static/style.css"]:
        response, body = site.call(path)
        assert (response.status, response.getheader("Cache-Control")) == (200, "no-cache")
        assert body == (ROOT / "app/static/style.css").read_bytes()
    for path in ["/static/none.0123456789.css", "/static/../nginx.conf", "/static/%2e%2e/nginx.conf"]:
        assert site.call(path)[0].status in {400, 404}


@pytest.mark.slow
def test_site_takes_a_form_from_its_own_pages_only(site):
    form = "title=%F0%9F%98%80+through+nginx"
    send = {"Host": "www.example:8443", "Content_Type": "application/x-www-form-urlencoded"}
    response, _ = site.call("/entries/new", "POST", form, Origin="https://www.example:8443", **send)
    assert response.status == 303
    assert response.getheader("Location") == "/"
    assert "😀 through nginx" in site.call("/")[1].decode()
    for headers in [{}, {"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}]:
        assert site.call("/entries/new", "POST", form, **send, **headers)[0].status == 403


@pytest.mark.slow
@pytest.mark.parametrize(("proto", "secure"), [("https", True), ("http", False), ("nonsense", False), (None, False)])
def test_site_cookies_are_secure_behind_https(site, proto, secure):
    """nginx passes on the load balancer's X-Forwarded-Proto."""
    headers = {"X_Forwarded_Proto": proto} if proto else {}
    send = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
    response, _ = site.call("/entries/new", "POST", "title=a", **send, **headers)
    assert response.status == 303
    assert all(("Secure" in cookie) is secure for cookie in response.headers.get_all("Set-Cookie"))
    assert bool(response.getheader("Strict-Transport-Security")) is secure
    assert not site.call("/", **headers)[0].getheader("Set-Cookie")


@pytest.mark.slow
def test_site_logs_each_request_once_in_each_tier_under_one_id_and_no_health_checks(site):
    trace = "Root=1-67891233-abcdef012345678912345678"
    response, _ = site.call("/logged?q=private", X_Forwarded_For="6.6.6.6, 203.0.113.9", X_Amzn_Trace_Id=trace)
    assert response.headers.get_all("X-Request-Id") == [trace]
    wait_until(lambda: trace in site.log("app") and trace in site.log("web"), what="the log")
    (line,) = [line for line in site.requests("app") if line["request_id"] == trace]
    assert (line["method"], line["route"], line["status"], line["db_queries"]) == ("GET", "none", 404, 0)
    (line,) = [line for line in site.requests("web") if line["request_id"] == trace]
    assert (line["path"], line["status"], line["app_status"]) == ("/logged", 404, "404")
    assert site.call("/healthz")[1] == b"ok\n"
    assert site.call("/readyz")[1] == b"ready\n"
    time.sleep(0.2)
    logged = json.dumps(site.requests("app") + site.requests("web"))
    assert not [word for word in ("private", "6.6.6.6", "203.0.113.9", "healthz", "readyz") if word in logged]
    assert all(json.loads(line) for line in site.log("app").splitlines()), "events too"


@pytest.mark.slow
def test_site_logs_any_path_as_text(site):
    """As it was sent: decoded, it may be no UTF-8."""
    paths = ["/logged-%FF", "/logged-%ED%A0%80", "/logged-%C3%A9%F0%9F%98%80", "/logged-%22%0A"]
    for path in paths:
        assert site.call(path)[0].status == 404
    wait_until(lambda: paths[-1] in site.log("web"), what="the log")
    assert [line["path"] for line in site.requests("web") if line["status"] == 404][-4:] == paths


@pytest.mark.slow
def test_site_makes_an_id_where_nobody_has(site):
    ids = {site.call("/", X_Request_Id="chosen-by-a-client")[0].getheader("X-Request-Id") for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", given) for given in ids)


@pytest.mark.slow
def test_site_limits_the_requests_of_one_client_and_of_nobody_else(site):
    """The client is who the load balancer says, not what the client itself wrote before that."""

    def visit(number, client):
        return site.call("/", X_Forwarded_For=f"10.9.8.{number % 250}, {client}")[0]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: visit(number, "203.0.113.77"), range(120)))
    assert {response.status for response in answers} == {200, 429}
    for path in ("/", "/api/v1/entries"):
        calls = (site.call(path, X_Forwarded_For="203.0.113.77") for _ in range(30))
        response, body = next((response, body) for response, body in calls if response.status == 429)
        assert response.getheader("Retry-After") == "1"
        if path == "/":
            assert b"<h1>Too many requests</h1>" in body
        else:
            is_problem(response, body, 429)
    assert visit(1, "203.0.113.78").status == 200
    assert site.call("/healthz", X_Forwarded_For="203.0.113.77")[0].status == 200
    assert "limiting" not in site.log("web")


@pytest.mark.slow
def test_site_loses_a_worker_first_when_memory_runs_out(site):
    """The kernel ends who has the highest score; without its master, the container would end."""
    scores = [Path(f"/proc/{pid}/oom_score_adj").read_text().strip() for pid in (site.app.pid, *site.workers())]
    assert int(scores[0]) < 500
    assert set(scores[1:]) == {"500"}


@pytest.mark.slow
def test_site_listens_on_loopback_only_for_the_application(site):
    assert answers(site.app_port)
    assert '"127.0.0.1:' in (ROOT / "docker/gunicorn.conf.py").read_text()
    listening = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=False).stdout
    assert f"127.0.0.1:{site.app_port}" in listening or not listening
    assert f"0.0.0.0:{site.app_port}" not in listening


@pytest.mark.slow
def test_site_refuses_a_large_form_in_both_places(site):
    limit = config.FORM_BYTES
    form = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
    for length in (limit + 1, 2 * limit):  # the second one is for nginx
        response, body = site.call("/entries/new", "POST", "x" * length, **form)
        assert (response.status, b"<h1>Too much at once</h1>" in body) == (413, True)
        response, body = site.call("/api/v1/entries", "POST", "x" * length, Content_Type="application/json")
        is_problem(response, body, 413)
    assert site.call("/nothing/import", "POST", b"x" * config.IMPORT_BYTES, **form)[0].status in {400, 404}
    assert site.call("/nothing/import", "POST", b"x" * int(config.IMPORT_BYTES * 1.1))[0].status == 413


@pytest.mark.slow
def test_site_answers_although_nobody_read_what_was_sent(site):
    """Gunicorn resets a connection with much unread in it, and nginx would say 502 instead of the answer."""
    send = {"Content_Type": "multipart/form-data; boundary=x", "Sec_Fetch_Site": "cross-site"}
    body = b"x" * config.IMPORT_BYTES

    def visit(number):
        return site.call("/entries/import", "POST", body, X_Forwarded_For=f"192.0.2.{number}", **send)[0].status

    with ThreadPoolExecutor(4) as threads:  # no more files than these at once
        assert list(threads.map(visit, range(24))) == [403] * 24


@pytest.mark.slow
def test_site_slow_clients_do_not_hold_threads(site):
    """More clients that stop in the middle of a form than there are threads."""
    stuck = [http.client.HTTPConnection("127.0.0.1", site.port, timeout=30) for _ in range(40)]
    for connection in stuck:
        connection.putrequest("POST", "/entries/new")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b"title=")
    started = time.monotonic()
    assert site.call("/")[0].status == 200
    assert time.monotonic() - started < 2
    for connection in stuck:
        connection.close()


@pytest.mark.slow
def test_site_with_a_frozen_database_says_so_and_stays_healthy(site, mariadb):
    """Health checks that wait behind 40 visitors would have every task replaced."""
    answers = []

    def visit(number):
        started = time.monotonic()
        response, body = site.call("/", X_Forwarded_For=f"198.51.100.{number}")
        answers.append((response.status, b"The database is away" in body, time.monotonic() - started < 5))

    with mariadb.frozen():
        visitors = [threading.Thread(target=visit, args=[number]) for number in range(40)]
        for visitor in visitors:
            visitor.start()
        time.sleep(0.5)
        checks = []
        for _ in range(11):
            started = time.monotonic()
            assert site.call("/healthz")[0].status == 200
            checks.append(time.monotonic() - started)
        for visitor in visitors:
            visitor.join()
    assert answers == [(503, True, True)] * 40
    assert statistics.median(checks) < 0.1
    assert max(checks) < 1
    assert site.call("/")[0].status == 200


@pytest.mark.slow
def test_site_stores_no_change_of_who_gave_up_before_it(site, mariadb):
    """The older change waits for a lock, and would come after the newer one, since it asks for the lock anew."""

    def change(text, seconds):
        headers = {"Content-Type": "application/json", "If-Match": "*"}
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=seconds)
        with closing(connection), suppress(TimeoutError):
            connection.request("PATCH", path, json.dumps({"description": text}), headers)
            return connection.getresponse().status

    made = site.call("/api/v1/entries", "POST", '{"title": "late"}', Content_Type="application/json")[1]
    path = f"/api/v1/entries/{json.loads(made)['id']}"
    with mariadb.connect(database=site.given["DATABASE_NAME"]) as other:
        other.begin()
        other.cursor().execute("SELECT id FROM entries FOR UPDATE")
        release = threading.Timer(LOCK_TIMEOUT + 0.2, other.rollback)
        release.start()
        assert change("older", LOCK_TIMEOUT / 4) is None
        assert change("newer", 10) == 200
        release.join()
    changes = wait_until(lambda: len(found := patches(site)) == 2 and found, what="the end of the older change")
    assert [line["status"] for line in changes].count(200) == 1
    assert json.loads(site.call(path)[1])["description"] == "newer"
    assert "Traceback" not in site.log("app")


def patches(site):
    return [line for line in site.requests("app") if line["method"] == "PATCH"]


@pytest.mark.slow
def test_site_finishes_requests_when_it_is_stopped(mariadb, tmp_path):
    with running_site(tmp_path, **mariadb.database(), WEB_DRAIN="1") as site:
        answered = []
        with mariadb.frozen():
            caller = threading.Thread(target=lambda: answered.append(site.call("/")[0].status))
            caller.start()
            time.sleep(0.3)
            site.web.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert site.call("/healthz")[0].status == 200, "who has not heard of the stop yet is answered"
        caller.join(30)
        assert answered == [200]
        # As ECS does it: app is stopped when web, which depends on it, has ended.
        assert site.web.wait(20) == 0
        site.app.send_signal(signal.SIGTERM)
        assert site.app.wait(20) == 0
        assert "Traceback" not in site.log("app")


def is_problem(response, body, status):
    assert (response.status, response.getheader("Content-Type")) == (status, "application/problem+json")
    problem = json.loads(body)
    assert set(problem) == {"title", "status", "detail"}
    assert problem["status"] == status


@contextmanager
def front(folder, **environ):
    """Run the front tier alone and yield it as a site whose application is at APP_PORT, if there is one."""
    site = Site(folder, environ)
    try:
        with skipped_where_missing():
            site.start("web")
        wait_until(lambda: accepts(site.port), what="nginx")
        yield site
    finally:
        site.end("web")


@pytest.mark.slow
@pytest.mark.parametrize(("status", "title"), [(502, "Bad Gateway"), (504, "Gateway Timeout")])
def test_site_without_the_application_has_a_page_and_a_problem(tmp_path, status, title):
    with ExitStack() as stack:
        application = stack.enter_context(socket.socket())
        application.bind(("127.0.0.1", 0))
        address = application.getsockname()
        if status == 504:
            # As one that hangs: nobody takes a connection, and no more of them may wait.
            application.listen(0)
            waiting = stack.enter_context(socket.socket())
            waiting.connect(address)
        site = stack.enter_context(front(tmp_path, APP_PORT=str(address[1])))
        for method, path in [("GET", "/?q=private"), ("POST", "/entries/new")]:
            response, body = site.call(path, method, X_Amzn_Trace_Id="Root=1-trace")
            assert (response.status, response.getheader("Content-Type")) == (status, "text/html; charset=utf-8")
            assert b"<h1>The application is away</h1>" in body
        assert int(response.getheader("Retry-After")) == 5
        assert "default-src 'none'" in response.getheader("Content-Security-Policy")
        for name in ("X-Request-Id", "Cache-Control", "X-Content-Type-Options"):
            assert len(response.headers.get_all(name)) == 1, name
        for file in re.findall(r'(?:src|href)="(/static/[^"]+)"', body.decode()):
            assert site.call(file)[0].status == 200, file
        response, body = site.call("/api/v1/entries")
        is_problem(response, body, status)
        assert (json.loads(body)["title"], response.getheader("Retry-After")) == (title, "5")
        assert site.call("/healthz")[0].status == status
        lines = [(line["path"], line["status"], line["request_id"]) for line in site.requests("web")]
        assert "/healthz" not in [path for path, _, _ in lines]
        assert lines[:2] == [("/", status, "Root=1-trace"), ("/entries/new", status, "Root=1-trace")]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "status", "asked"), [("GET", 200, 2), ("POST", 502, 1), ("DELETE", 502, 1)])
def test_site_asks_again_for_what_was_being_read_and_never_for_a_change(tmp_path, method, status, asked):
    """The application breaks off the first request, as a worker does that dies, and answers the second."""
    seen = []

    def serve(application):
        for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
            with application.accept()[0] as connection:
                seen.append(connection.recv(65536).split(b" ")[0].decode())
                connection.sendall(answer)

    with (
        socket.create_server(("127.0.0.1", 0)) as application,
        front(tmp_path, APP_PORT=str(application.getsockname()[1])) as site,
    ):
        application.settimeout(10)
        worker = threading.Thread(target=serve, args=[application], daemon=True)
        worker.start()
        assert site.call("/entries/1", method)[0].status == status
        assert seen == [method] * asked
        if asked == 1:
            site.call("/")  # let it end
        worker.join(10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGQUIT"])
def test_site_a_front_tier_without_requests_ends_at_once(tmp_path, name):
    with front(tmp_path, APP_PORT="1") as site:
        site.web.send_signal(getattr(signal, name))
        assert site.web.wait(5) == 0
        assert not accepts(site.port)
