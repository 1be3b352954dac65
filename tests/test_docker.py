"""The images and the compose file as text; tests/test_site.py runs what is in them."""

import json
import re
import shutil
import subprocess
from fnmatch import fnmatch

import pytest
import yaml

from app import config, database, engine_options
from app.admission import IMPORT
from drills.parts.layout import DOCKERFILE, copied, instructions, of
from templates.containers import STOP_TIMEOUT
from tests.conftest import ROOT, clean_environment

COMPOSE = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())
TEMPLATE = (ROOT / "docker/nginx.conf.template").read_text()


def test_no_syntax_line():
    assert "syntax=" not in DOCKERFILE


def test_base_images_are_pinned_by_digest_and_can_be_replaced():
    defaults = dict(rest.split("=", 1) for rest in of(None, "ARG"))
    assert set(defaults) == {"PYTHON_IMAGE", "NGINX_IMAGE"}
    assert all(re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", image) for image in defaults.values())
    used = [rest.split(" AS ") for _, word, rest in instructions() if word == "FROM"]
    assert {image for image, _ in used} - {stage for _, stage in used} == {"${PYTHON_IMAGE}", "${NGINX_IMAGE}"}


@pytest.mark.parametrize("stage", ["app", "web"])
def test_final_stages(stage):
    (user,) = of(stage, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a number, so that Kubernetes and ECS can see that it is not root"
    assert of(stage, "WORKDIR") == ["/srv"]
    assert of(stage, "VOLUME") == ["/tmp"]
    (run,) = of(stage, "RUN")
    assert run.startswith("find / -xdev ") and run.endswith(" -exec chmod ug-s {} +"), "what is built is built before"
    (command,) = of(stage, "CMD")
    assert not any(word.startswith("/") for word in json.loads(command)), "relative: the layout can be run elsewhere"


def test_only_the_lock_file_is_installed_with_hashes():
    (install,) = of("builder", "RUN")
    assert "--require-hashes" in install
    assert of("builder", "COPY") == ["requirements/app.txt /tmp/app.txt"]


def test_what_is_loaded_from_the_base_and_the_dependencies_was_compiled_whatever_an_engine_does_to_times():
    """Nobody may write bytecode in a task. Buildah rounds times: by time, that of 206 of 335 modules was not valid."""
    (base,), (install,) = of("base", "RUN"), of("builder", "RUN")
    assert base.endswith("""  "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')\"""")
    assert install.endswith(" /opt/venv")
    for commands in (base, install):
        assert "python -m compileall -q --invalidation-mode unchecked-hash " in commands
    assert "pip install --no-compile " in install, "else what pip has compiled is taken as it is"


def test_no_secret_is_in_the_images():
    names = {rest.partition("=")[0] for _, word, rest in instructions() if word in {"ENV", "ARG"}}
    assert not [name for name in names if re.search("PASSWORD|SECRET|TOKEN|KEY", name)]
    assert "IN_CONTAINER=1" in of("app", "ENV")


@pytest.mark.parametrize("stage", ["app", "web"])
def test_files_can_be_read_by_the_images_user_whatever_the_checkouts_umask(stage):
    for rest in of(stage, "COPY"):
        assert rest.startswith(("--from", "--chmod=755 ")), rest


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

    for stage in ("builder", "app", "web"):
        for source, _ in copied(stage):
            assert enters(source), source
    for path in ["app/models.py", "requirements/app.txt", "docker/start-web.sh"]:
        assert enters(path), path
    for path in [
        ".git/config",
        "config/lab.env",
        "requirements/dev.txt",
        "app/__pycache__/x.pyc",
        "instance/a.sqlite",
        "app/.env",
        "app/a.env",
        "app/a.sqlite",
    ]:
        assert not enters(path), path


def environment_names(module):
    return set(re.findall(r"\b(?:(?:APP_)?DATABASE_[A-Z_]+|SECRET_KEY|ALLOWED_HOSTS|RELEASE)\b", module))


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
            if re.search("PASSWORD$|SECRET", name):
                assert re.fullmatch(r"\$\{\w+:\?.+\}", value), name


def test_compose_keeps_the_masters_password_from_the_application():
    services = {name: service.get("environment", {}) for name, service in COMPOSE["services"].items()}
    master, app = services["migrate"], services["app"]
    assert services["db"]["MYSQL_ROOT_PASSWORD"] == master["DATABASE_PASSWORD"] != app["DATABASE_PASSWORD"]
    assert not {name for name in app if name.startswith("APP_")}
    assert master["DATABASE_USERNAME"] == "root"
    for name in ["DATABASE_USERNAME", "DATABASE_PASSWORD"]:
        assert master[f"APP_{name}"] == app[name]
    assert config.application_user(master, master["DATABASE_USERNAME"])[0] == "flaskcrud_app"


def fake(directory, name, script):
    program = directory / "bin" / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def run_script(name, *words, path, **environ):
    environ = {**clean_environment(CONTAINER_ENGINE="", COMPOSE="", **environ), "PATH": f"{path}/bin:/usr/bin:/bin"}
    return subprocess.run(
        ["bash", path / "docker" / name, *words], env=environ, capture_output=True, text=True, check=False
    )


@pytest.fixture
def checkout(tmp_path):
    """What the scripts of docker/ read, and a directory of programs, bin."""
    for name in ("bin", "docker", "config"):
        (tmp_path / name).mkdir()
    for name in ("images.sh", "up.sh"):
        shutil.copy(ROOT / "docker" / name, tmp_path / "docker")
    for path in (ROOT / "config").glob("*.env"):
        shutil.copy(path, tmp_path / "config")
    return tmp_path


@pytest.mark.parametrize(("env", "platform"), [("lab", "linux/amd64"), ("standard", "linux/arm64"), (None, None)])
def test_images_are_built_for_the_processor_that_the_environment_names(checkout, env, platform):
    fake(checkout, "docker", f'echo "$@" >> {checkout}/said')
    result = run_script("images.sh", *([env] if env else []), path=checkout)
    assert result.returncode == 0, result.stderr
    builds = [line for line in (checkout / "said").read_text().splitlines() if line.startswith("build ")]
    option = f" --platform {platform}" if platform else ""
    assert builds == [
        f"build --file docker/Dockerfile --target {target} --tag flaskcrud-{target}{option} ."
        for target in ("app", "web")
    ]


@pytest.mark.parametrize(
    ("script", "words", "line"),
    [
        ("exit 1", [], "error: docker does not answer `docker info`: start it, or set CONTAINER_ENGINE\n"),
        ("exit 0", ["none"], "error: there is no config/none.env\n"),
    ],
)
def test_images_says_in_one_line_why_not(checkout, script, words, line):
    fake(checkout, "docker", script)
    result = run_script("images.sh", *words, path=checkout)
    assert (result.returncode, result.stderr.replace(f"{checkout}/bin/", "")) == (1, line)


def test_up_makes_secrets_once_that_only_we_can_read_and_passes_words_on(checkout):
    fake(checkout, "docker", f'echo "$@" >> {checkout}/said')
    for words in ([], ["down"]):
        assert run_script("up.sh", *words, path=checkout).returncode == 0
    secrets = checkout / "build/compose.env"
    made = dict(line.split("=") for line in secrets.read_text().splitlines())
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert set(made) == set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker/compose.yaml").read_text()))
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in made.values())
    assert len(set(made.values())) == 3
    common = "compose --env-file build/compose.env --file docker/compose.yaml"
    said = (checkout / "said").read_text().splitlines()
    assert [line for line in said if "version" not in line] == [f"{common} up --build", f"{common} down"]
    before = secrets.read_text()
    run_script("up.sh", path=checkout)
    assert secrets.read_text() == before


def test_up_says_in_one_line_what_is_missing(checkout):
    fake(checkout, "docker", "exit 1")
    result = run_script("up.sh", path=checkout)
    assert result.returncode == 1
    assert result.stderr.startswith("error: `docker compose version` does not work")
    assert result.stderr.count("\n") == 1
    assert not (checkout / "build").exists()


def test_compose_says_which_secrets_to_export():
    text = (ROOT / "docker/compose.yaml").read_text()
    assert set(re.findall(r"^#   export (\w+)=", text, re.MULTILINE)) == set(re.findall(r"\$\{(\w+):\?", text))


def seconds(directive, text):
    return int(re.search(rf"\b{directive} (\d+)s;", text)[1])


def test_each_idle_connection_is_closed_by_the_side_that_reuses_it():
    gunicorn = (ROOT / "docker/gunicorn.conf.py").read_text()
    groups = re.findall(r"upstream \w+ \{.*?\n    \}", TEMPLATE, re.DOTALL)
    kept = [group for group in groups if re.search(r"\bkeepalive \d", group)]
    assert len(kept) == 4
    for group in kept:
        assert seconds("keepalive_timeout", group) < int(re.search(r"^keepalive = (\d+)", gunicorn, re.MULTILINE)[1])
    assert seconds("keepalive_timeout", TEMPLATE) > 60, "the load balancer's idle time-out"


def test_nginx_takes_a_little_more_than_the_application():
    limit = int(re.search(r"client_max_body_size (\d+)k;", TEMPLATE)[1]) * 1024
    assert config.FORM_BYTES < limit <= 2 * config.FORM_BYTES
    of_files = int(re.search(rf"location ~ {IMPORT}\$ \{{[^}}]*client_max_body_size (\d+)k;", TEMPLATE)[1]) * 1024
    assert config.IMPORT_BYTES < of_files <= 1.1 * config.IMPORT_BYTES


def test_threads_outnumber_database_connections():
    default = int(re.search(r'"APP_THREADS", (\d+)', (ROOT / "docker/gunicorn.conf.py").read_text())[1])
    assert default > 4 * engine_options.POOL_SIZE
    assert default > database.MOST_CHANGES, "readers and health checks have threads while all changes wait"
    changes = int(re.search(r"upstream changes \{[^}]*max_conns=(\d+);", TEMPLATE)[1])
    assert changes <= database.MOST_CHANGES, "one worker takes all that nginx lets in, however they are shared"


def test_the_whole_stop_fits_into_the_time_that_compose_and_ecs_give():
    """nginx first, then Gunicorn, each with a time of its own."""
    drain = int(re.search(r"WEB_DRAIN:-(\d+)", (ROOT / "docker/start-web.sh").read_text())[1])
    web = drain + seconds("worker_shutdown_timeout", TEMPLATE)
    app = int(re.search(r"^graceful_timeout = (\d+)", (ROOT / "docker/gunicorn.conf.py").read_text(), re.MULTILINE)[1])
    for service, needed in (("web", web), ("app", app)):
        assert needed < int(COMPOSE["services"][service]["stop_grace_period"].removesuffix("s")) <= STOP_TIMEOUT


@pytest.mark.parametrize("name", ["WEB_PORT", "APP_PORT", "WEB_RATE_LIMIT", "WEB_DRAIN"])
def test_start_web_refuses_what_is_no_number(name, tmp_path):
    result = subprocess.run(
        ["sh", ROOT / "docker/start-web.sh"], env=clean_environment(**{name: "80;"}), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr.startswith("start-web.sh: WEB_PORT, APP_PORT, WEB_RATE_LIMIT and WEB_DRAIN must be numbers")
