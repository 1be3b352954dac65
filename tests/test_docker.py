"""The images as text, and as what they run: nginx and gunicorn as local processes in the layout of the Dockerfile."""

import gzip
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch

import pytest
import yaml

from app import config
from tests.conftest import ROOT, clean_environment, free_port, running, token_in, wait_until

DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())
TEMPLATE = (ROOT / "docker/nginx.conf.template").read_text()


def instructions():
    """Return [(stage, word, rest)] of the Dockerfile; the stage is None before the first FROM."""
    stage, found = None, []
    for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE)).splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stage = rest.split(" AS ")[1]
        if word:
            found.append((stage, word, rest))
    return found


def of(stage, word):
    return [rest for where, what, rest in instructions() if (where, what) == (stage, word)]


def test_no_syntax_line():
    assert "syntax=" not in DOCKERFILE


def test_base_images_are_pinned_by_digest_and_can_be_replaced():
    defaults = dict(rest.split("=", 1) for rest in of(None, "ARG"))
    assert set(defaults) == {"PYTHON_IMAGE", "NGINX_IMAGE"}
    assert all(re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", image) for image in defaults.values())
    used = {rest.split(" AS ")[0] for _, word, rest in instructions() if word == "FROM"}
    assert used == {"${PYTHON_IMAGE}", "${NGINX_IMAGE}"}


@pytest.mark.parametrize("stage", ["app", "web"])
def test_final_stages(stage):
    (user,) = of(stage, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a number, so that Kubernetes and ECS can see that it is not root"
    assert of(stage, "WORKDIR") == ["/srv"]
    assert of(stage, "VOLUME") == ["/tmp"]
    assert not of(stage, "RUN"), "what is built is built before"
    (command,) = of(stage, "CMD")
    assert not any(word.startswith("/") for word in json.loads(command)), "relative: the layout can be run elsewhere"


def test_only_the_lock_file_is_installed_with_hashes():
    (install,) = of("builder", "RUN")
    assert "--require-hashes" in install
    assert of("builder", "COPY") == ["requirements/app.txt /tmp/app.txt"]


def test_no_secret_is_in_the_images():
    names = {rest.partition("=")[0] for _, word, rest in instructions() if word in {"ENV", "ARG"}}
    assert not [name for name in names if re.search("PASSWORD|SECRET|TOKEN|KEY", name)]
    assert "IN_CONTAINER=1" in of("app", "ENV")


def test_build_context_holds_what_is_copied_and_nothing_else():
    lines = [line for line in (ROOT / "docker/Dockerfile.dockerignore").read_text().splitlines() if line[0] != "#"]
    assert lines[0] == "*"

    def enters(path):
        kept = False
        for line in lines:
            pattern = line.lstrip("!").removeprefix("**/")
            parts = [path, *[path.rsplit("/", n)[0] for n in range(1, path.count("/") + 1)]]
            if any(fnmatch(part, pattern) or fnmatch(part.split("/")[-1], pattern) for part in parts):
                kept = line.startswith("!")
        return kept

    for _, word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            assert enters(rest.split()[0]), rest
    for path in ["app/models.py", "requirements/app.txt", "docker/start-web.sh"]:
        assert enters(path), path
    for path in [".git/config", "config/lab.env", "requirements/dev.txt", "app/__pycache__/x.pyc", "instance/a.sqlite"]:
        assert not enters(path), path


def environment_names(module):
    return set(re.findall(r"\b(?:DATABASE_[A-Z_]+|SECRET_KEY)\b", module))


def test_compose_gives_names_that_the_application_knows():
    known = environment_names((ROOT / "app/config.py").read_text())
    for name in ["migrate", "app"]:
        given = COMPOSE["services"][name]["environment"]
        assert set(given) <= known
        assert config.missing_names({**given, "IN_CONTAINER": "1"}, config.database_url(given)) == []


def test_compose_mirrors_the_task():
    services = COMPOSE["services"]
    assert set(services) == {"db", "migrate", "app", "web"}
    assert services["web"]["network_mode"] == "service:app"
    assert services["app"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    for name in ["migrate", "app", "web"]:
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"] == ["/tmp"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:${PORT:-8080}:80"]


def test_compose_holds_no_secret():
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD$|SECRET", name) and name != "MYSQL_RANDOM_ROOT_PASSWORD":
                assert re.fullmatch(r"\$\{\w+:\?.+\}", value), name


def seconds(directive, text):
    return int(re.search(rf"\b{directive} (\d+)s;", text)[1])


def test_each_idle_connection_is_closed_by_the_side_that_reuses_it():
    gunicorn = (ROOT / "docker/gunicorn.conf.py").read_text()
    upstream = re.search(r"upstream app \{.*?\n    \}", TEMPLATE, re.DOTALL)[0]
    assert seconds("keepalive_timeout", upstream) < int(re.search(r"^keepalive = (\d+)", gunicorn, re.MULTILINE)[1])
    assert seconds("keepalive_timeout", TEMPLATE) > 60, "the load balancer's idle time-out"


def test_nginx_takes_a_little_more_than_the_application():
    limit = int(re.search(r"client_max_body_size (\d+)k;", TEMPLATE)[1]) * 1024
    assert config.FORM_BYTES < limit <= 2 * config.FORM_BYTES


def test_threads_outnumber_database_connections():
    default = int(re.search(r'"APP_THREADS", (\d+)', (ROOT / "docker/gunicorn.conf.py").read_text())[1])
    assert default > 4 * config.POOL_SIZE


@pytest.mark.parametrize("name", ["WEB_PORT", "APP_PORT"])
def test_start_web_refuses_a_port_that_is_no_number(name, tmp_path):
    result = subprocess.run(
        ["sh", ROOT / "docker/start-web.sh"], env=clean_environment(**{name: "80;"}), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr.startswith("start-web.sh: WEB_PORT and APP_PORT must be numbers")


# The two images' processes, without containers.


def unpack(stage, target):
    """Lay out in target what the Dockerfile copies into the WORKDIR of stage."""
    for rest in of(stage, "COPY"):
        if rest.startswith("--from"):
            continue
        source, destination = rest.split()
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
