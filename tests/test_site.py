"""What the two images run: nginx and gunicorn as local processes in the layout of the Dockerfile."""

import gzip
import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from app import config
from tests.conftest import ROOT, clean_environment, free_port, running, token_in, wait_until
from tests.test_docker import copied, of


def unpack(stage, target):
    """Lay out in target what the Dockerfile copies into the WORKDIR of stage."""
    for source, destination in copied(stage):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target / destination, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (target / destination).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, target / destination)
    return target


class Site:
    def __init__(self, port, app_port, folder, processes):
        self.port = port
        self.app_port = app_port
        self.folder = folder
        self.app, self.web = processes

    def call(self, path, method="GET", body=None, port=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def running_site(folder, **environ):
    """Run the CMD of both images in their layouts, migrated, on free loopback ports."""
    port, app_port = free_port(), free_port()
    (folder / "tmp").mkdir()
    ports = {
        "WEB_PORT": str(port),
        "WEB_ADDRESS": "127.0.0.1",
        "APP_PORT": str(app_port),
        "TMPDIR": str(folder / "tmp"),
    }
    environ = clean_environment(**ports, **{"IN_CONTAINER": "1", "PYTHONDONTWRITEBYTECODE": "1", **environ})
    layouts = {stage: unpack(stage, folder / stage) for stage in ["app", "web"]}
    subprocess.run(["flask", "--app", "app", "migrate"], cwd=layouts["app"], env=environ, check=True)
    before = {path for layout in layouts.values() for path in layout.rglob("*")}
    with ExitStack() as stack:
        processes = []
        for stage, layout in layouts.items():
            (command,) = of(stage, "CMD")
            log = folder / f"{stage}.log"
            processes.append(stack.enter_context(running(json.loads(command), log, cwd=layout, env=environ)))
        wait_until(lambda: answers(port), what="the site")
        yield Site(port, app_port, folder, processes)
    after = {path for layout in layouts.values() for path in layout.rglob("*")}
    assert after == before, "something wrote outside of TMPDIR"


@pytest.fixture(scope="module")
def site(mariadb, tmp_path_factory):
    if not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip("needs nginx (Debian: apt-get install nginx-light)")
    with running_site(tmp_path_factory.mktemp("site"), **mariadb.database()) as site:
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
def test_site_serves_static_files_from_nginx(site):
    response, body = site.call("/static/style.css", Accept_Encoding="gzip")
    assert response.status == 200
    assert response.getheader("Content-Type") == "text/css"
    assert response.getheader("Cache-Control") == "max-age=3600"
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert gzip.decompress(body) == (ROOT / "app/static/style.css").read_bytes()
    assert site.call("/static/../nginx.conf.template")[0].status == 404
    assert site.call("/static/%2e%2e/%2e%2e/nginx.conf.template")[0].status in {400, 404}
    assert "/static/style.css" not in site.log("app"), "it never reached the application"


@pytest.mark.slow
def test_site_takes_a_form(site):
    response, page = site.call("/entries/new", Host="www.example:8443", X_Forwarded_Proto="https")
    cookie = response.getheader("Set-Cookie")
    assert "Secure" in cookie, "nginx passes on the load balancer's X-Forwarded-Proto"
    form = f"csrf_token={token_in(page.decode())}&title=%F0%9F%98%80+through+nginx"
    send = {"Cookie": cookie.split(";")[0], "Content_Type": "application/x-www-form-urlencoded"}
    response, _ = site.call("/entries/new", "POST", form, Host="www.example:8443", X_Forwarded_Proto="https", **send)
    assert response.status == 303
    assert response.getheader("Location") == "/"
    assert "😀 through nginx" in site.call("/")[1].decode()
    assert site.call("/entries/new", "POST", "title=a", **send)[0].status == 400


@pytest.mark.slow
def test_site_cookie_is_not_secure_without_https(site):
    for proto in [{}, {"X_Forwarded_Proto": "http"}, {"X_Forwarded_Proto": "nonsense"}]:
        assert "Secure" not in site.call("/entries/new", **proto)[0].getheader("Set-Cookie")


@pytest.mark.slow
def test_site_logs_requests_once_as_json_and_no_health_checks(site):
    site.call("/logged?a=%22b", X_Forwarded_For="6.6.6.6, 203.0.113.9")
    wait_until(lambda: "/logged" in site.log("app") and "/logged" in site.log("web"), what="the log")
    (line,) = [json.loads(line) for line in site.log("app").splitlines() if "/logged" in line]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/logged?a=%22b", 404)
    assert line["client"] == "203.0.113.9"
    (line,) = [json.loads(line) for line in site.log("web").splitlines() if "/logged" in line]
    assert line["client"] == "6.6.6.6, 203.0.113.9, 127.0.0.1"
    assert site.call("/healthz")[1] == b"ok\n"
    time.sleep(0.2)
    requests = [line for line in (site.log("app") + site.log("web")).splitlines() if line.startswith("{")]
    assert requests
    assert not [line for line in requests if "healthz" in line]


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
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    response, body = site.call("/entries/new", "POST", "x" * (limit + 1), **form)
    assert (response.status, b"Too much at once" in body) == (413, True)
    assert site.call("/entries/new", "POST", "x" * (2 * limit), **form)[0].status == 413


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

    def visit():
        started = time.monotonic()
        response, body = site.call("/")
        answers.append((response.status, b"The database is away" in body, time.monotonic() - started < 10))

    with mariadb.frozen():
        visitors = [threading.Thread(target=visit) for _ in range(40)]
        for visitor in visitors:
            visitor.start()
        time.sleep(0.5)
        started = time.monotonic()
        assert site.call("/healthz")[0].status == 200
        assert time.monotonic() - started < 2
        for visitor in visitors:
            visitor.join()
    assert answers == [(503, True, True)] * 40
    assert site.call("/")[0].status == 200


@pytest.mark.slow
def test_site_finishes_requests_when_it_is_stopped(mariadb, tmp_path):
    if not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip("needs nginx (Debian: apt-get install nginx-light)")
    with running_site(tmp_path, **mariadb.database()) as site:
        answered = []
        with mariadb.frozen():
            caller = threading.Thread(target=lambda: answered.append(site.call("/")[0].status))
            caller.start()
            time.sleep(0.5)
            site.web.send_signal(signal.SIGQUIT)
            site.app.send_signal(signal.SIGTERM)
            time.sleep(0.5)
        caller.join(30)
        assert answered == [200]
        assert site.web.wait(20) == 0
        assert site.app.wait(20) == 0
        assert "Traceback" not in site.log("app")
