"""Verified TLS to the database: by the authority that signed its certificate, and by no other."""

import shutil
import subprocess
import time

import pytest

from tests.conftest import ROOT, Browser, mariadb_server, rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A MariaDB whose certificate an authority of ours has signed for 127.0.0.1, and for no other name."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl (Debian: apt-get install openssl)")
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*words):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *words],
                       cwd=folder, check=True, capture_output=True)  # fmt: skip

    openssl("-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
            "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem")  # fmt: skip
    certificate = [f"--ssl-cert={folder}/server.pem", f"--ssl-key={folder}/server.key", f"--ssl-ca={folder}/ca.pem"]
    with mariadb_server(folder, *certificate, "--require-secure-transport=ON") as server:
        server.authority = folder / "ca.pem"
        yield server


def test_the_server_that_proves_its_name(server, migrate_with, application_of):
    given = server.database_of_master() | {"DATABASE_SSL_CA": str(server.authority)}
    result = migrate_with(given)
    assert result.exit_code == 0, result.output
    app = application_of(given)
    Browser(app).add("over TLS")
    ((_, cipher),) = rows(app, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    assert cipher


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"DATABASE_SSL_CA": str(ROOT / "docker/rds-ca.pem")}, "certificate verify failed"),
        ({"DATABASE_HOST": "localhost"}, "Hostname mismatch"),
    ],
)
def test_one_that_does_not_is_refused_at_once_in_one_line(server, migrate_with, change, fault):
    given = server.database_of_master() | {"DATABASE_SSL_CA": str(server.authority)} | change
    started = time.monotonic()
    result = migrate_with(given)
    assert time.monotonic() - started < 4, "waiting would not help"
    assert result.exit_code == 1
    assert result.output.startswith("migrate: error: (2003, ")
    assert fault in result.output
    assert result.output.count("\n") == 1
