"""Who the database is, and who we are to it: its certificate, and the application's password."""

import secrets
import shutil
import subprocess
import time
from pathlib import Path

from drills import result
from drills.parts.layout import Edit
from drills.parts.processes import Missing
from drills.result import Bound, Result
from drills.stage import Drill, Guard, Stage

REFUSED = "certificate verify failed"


def certificate(stage: Stage) -> Result:
    """The server comes back with a certificate of another authority: it gets no password and no query."""
    folder = stage.place("tls")
    issue(folder, "ours")
    issue(folder, "others")
    server = stage.server(*shows(folder, "ours"))
    site = stage.site(server.database_of_master(), DATABASE_SSL_CA=str(folder / "ours-ca.pem"))
    with stage.under_load(site, server) as scene, scene.fault():
        present(server, folder, "others")
        begun = time.monotonic()
        time.sleep(stage.seconds(10, 3))
        ending, sessions = time.monotonic(), server.sessions(scene.database)
        present(server, folder, "ours")
    return scene.judged(
        result.fails_at_all(scene.load.requests),
        result.faults_are_only(scene.load.requests, "503"),
        result.readiness_follows(scene.watch.checks, begun, ending, scene.gone),
        Bound("nobody is logged in to the untrusted server", not sessions, f"{len(sessions)} sessions"),
        Bound("the log says why", REFUSED in site.log("app")),
    )


def issue(folder: Path, name: str) -> None:
    """Make an authority and a certificate by it for 127.0.0.1."""
    if not shutil.which("openssl"):
        raise Missing("needs openssl (Debian: apt-get install openssl)")

    def openssl(*words: str) -> None:
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *words]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    openssl("-subj", f"/CN={name}", "-keyout", f"{name}-ca.key", "-out", f"{name}-ca.pem")
    signed = ["-CA", f"{name}-ca.pem", "-CAkey", f"{name}-ca.key", "-addext", "basicConstraints=CA:FALSE"]
    files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
    openssl("-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", *signed, *files)


def shows(folder: Path, name: str) -> tuple[str, ...]:
    return (f"--ssl-cert={folder}/{name}.pem", f"--ssl-key={folder}/{name}.key", f"--ssl-ca={folder}/{name}-ca.pem")


def present(server, folder: Path, name: str) -> None:
    """Start the server again with another certificate."""
    server.kill()
    server.options = shows(folder, name)
    server.start()


def password(stage: Stage) -> Result:
    """As documented: tasks of a new release give a new password, while one with the old password still serves.

    Tasks learn their password when they start, so the old one logs in with the former for each new connection; its
    present ones are ended here, all at once. MySQL takes both passwords for a while, and nobody notices. MariaDB knows
    one: the old task answers 503 until it is replaced, or has its password back, as here.
    """
    server = stage.server()
    given = server.database_of_master()
    site = stage.site(given)
    server.age_password(given["APP_DATABASE_USERNAME"])
    with stage.under_load(site, server) as scene, scene.fault():
        new = stage.site({**given, "APP_DATABASE_PASSWORD": secrets.token_urlsafe(24)})
        new.migrate()  # as its second task does
        server.end_sessions(scene.database)
        time.sleep(stage.seconds(10, 3))
        served = new.call("/readyz")[0].status == 200
        new.end("web")
        new.end("app")
        if not server.TWO_PASSWORDS:
            site.migrate()  # the former password again
    allowed = () if server.TWO_PASSWORDS else ("503",)
    return scene.judged(
        result.faults_are_only(scene.load.requests, *allowed),
        Bound("a task with the new password serves", served),
    )


DRILLS = (
    Drill(
        "certificate-not-trusted",
        certificate,
        "the database shows the certificate of an unknown authority for 10 s",
        Guard(
            "the certificate must be signed by our authority",
            (
                Edit(
                    "app/engine_options.py",
                    "    return context\n",
                    "    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n    return context\n",
                ),
            ),
        ),
    ),
    Drill(
        "password-rotated",
        password,
        "the application's password is changed by a new release while the one before serves",
        Guard(
            "a password that is refused is known as an outage; on MySQL: the former one is kept for a rollout",
            (
                Edit("app/outage.py", "    *(1044, 1045, 1049, 1142),", "    *(1044, 1049, 1142),"),
                Edit("app/database_user.py", 'RETAIN = " RETAIN CURRENT PASSWORD"', 'RETAIN = ""'),
            ),
        ),
    ),
)
