"""What a server loads before its first answer, and what its processes share."""

import json
import subprocess
import urllib.request

import pytest

from tests.conftest import BIN, ROOT, accepts, clean_environment, free_port, running, wait_until

LOADED = "import sys, app; app.create_app(); print(*sorted({name.partition('.')[0] for name in sys.modules}))"
# Answers how it was set up; it has one template, as Flask's applications have many.
SHOWS_ITSELF = """
import gc, json, os
from jinja2 import DictLoader, Environment

class Application:
    jinja_env = Environment(loader=DictLoader({"page": "compiled before the first visitor"}))

    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        told = {"pid": os.getpid(), "collects": gc.isenabled(), "frozen": gc.get_freeze_count()}
        return [json.dumps(told | {"compiled": len(self.jinja_env.cache)}).encode()]

application = Application()
"""


def test_a_server_does_not_load_what_only_migrations_need():
    command = [BIN / "python", "-c", LOADED]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert {"flask", "sqlalchemy", "pymysql"} <= set(loaded)
    assert not {"alembic", "mako", "pygments"} & set(loaded)


@pytest.mark.slow
def test_workers_share_what_was_loaded_and_collect_only_garbage_of_their_own(tmp_path):
    (tmp_path / "shows.py").write_text(SHOWS_ITSELF)
    port = free_port()
    given = clean_environment(APP_PORT=str(port), PYTHONPATH=f"{tmp_path}:{ROOT}")
    command = [BIN / "gunicorn", "--config", ROOT / "docker/gunicorn.conf.py", "shows:application"]
    with running(command, tmp_path / "log", env=given, cwd=tmp_path) as process:
        wait_until(lambda: accepts(port))
        told = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}"))
        assert told["pid"] != process.pid
        assert told["collects"]
        assert told["frozen"] > 10_000
        assert told["compiled"] == 1
