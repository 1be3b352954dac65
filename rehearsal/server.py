"""The embedded AWS as a process of its own: started on a free port of this machine, stopped when the block is left.

    with start() as server:
        boto3.client("cloudformation", **server.client_options())

Nothing is kept when it stops: all it writes is in a temporary directory.
"""

import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
INTERPRETER = ROOT / ".venv-emulator" / "bin" / "python"
ACCOUNT = "123456789012"
REGION = "us-east-1"
# Below the range that the kernel takes ports for outgoing connections from.
PORTS = range(20000, 32768)
SECONDS_TO_START = 30
HEALTH = "/_ministack/health"
RESET = "/_ministack/reset"
STATE = "/_ministack/state"  # ours: rehearsal/emulator/state.py


class ServerError(Exception):
    """The embedded AWS cannot be started; the text says in one line what to do."""


@dataclass
class Server:
    """A running embedded AWS."""

    url: str
    process: subprocess.Popen
    directory: Path

    def environment(self) -> dict[str, str]:
        """Variables that make the AWS command line and boto3 talk to this server and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def client_options(self) -> dict[str, str]:
        """The same for boto3.client(service, **options), whatever the environment says."""
        return {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": "rehearsal",
            "aws_secret_access_key": "rehearsal",
        }

    def state(self) -> dict[str, str]:
        """A digest of each store of the emulator that is not empty, by its name: equal states hold the same."""
        return json.loads(request(self.url, "GET", STATE)[2])

    def reset(self) -> None:
        """Forget everything, as if it had been started now. What still goes on in it must have ended."""
        request(self.url, "POST", RESET)

    def output(self) -> str:
        """What the server has written so far."""
        return (self.directory / "output").read_text(errors="replace")

    def stop(self) -> None:
        """End the process and remove its directory; harmless when it has ended."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(port: int | None = None, *, interpreter: Path = INTERPRETER, extended: bool = True) -> Server:
    """Start an embedded AWS and wait until it answers; ServerError says what is wrong when it does not.

    Without `extended` it is the emulator as its makers ship it, which the tests compare with.
    """
    if not interpreter.exists():
        raise ServerError(f"The embedded AWS is not installed ({interpreter} is missing): run make setup")
    if port and in_use(port):
        raise ServerError(f"Port {port} of this machine is in use: name another one, or none")
    port = port or free_port()
    # Another server that has taken the port in this moment cannot know it.
    token = secrets.token_hex(16)
    directory = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    command = [str(interpreter), "-m"]
    command += ["rehearsal.emulator", "--port", str(port), "--scratch", str(directory)] if extended else ["ministack"]
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=settings(port, directory, token),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the rehearsal, which then tears down what it has deployed here
        )
    server = Server(f"http://127.0.0.1:{port}", process, directory)
    try:
        wait_until_healthy(server, token)
    except BaseException:
        server.stop()
        raise
    return server


def settings(port: int, directory: Path, token: str) -> Mapping[str, str]:
    """The emulator's environment. Nothing of the user's gets in: no credentials, no profile, no container engine."""
    return {
        "PATH": os.defpath,
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "S3_DATA_DIR": str(directory / "s3"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        # The emulator tells it where it tells its health.
        "MINISTACK_VERSION": token,
        "DOCKER_HOST": f"unix://{directory}/no-engine",
        "LOG_LEVEL": "WARNING",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def free_port() -> int:
    """A port of this machine on which nothing listens."""
    for _ in range(100):
        port = secrets.choice(PORTS)
        if not in_use(port):
            return port
    raise ServerError(f"No free port found from {PORTS.start} to {PORTS.stop - 1}")


def in_use(port: int) -> bool:
    """Whether something of this machine holds the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def wait_until_healthy(server: Server, token: str) -> None:
    """Return when the server answers; ServerError with its last line when it ends or takes too long."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            _, _, body = request(server.url, "GET", HEALTH, timeout=2)
        except (OSError, http.client.HTTPException):
            body = b""
        if token.encode() in body:
            return
        time.sleep(0.05)
    lines = server.output().strip().splitlines() or ["it wrote nothing"]
    raise ServerError(f"The embedded AWS did not start: {lines[-1]}")


def request(
    url: str,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 10,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One HTTP request to the server, redirects not followed: status, headers, body."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def load_balancer_request(
    url: str,
    dns_name: str,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    port: int = 80,
    timeout: float = 10,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """A request through a load balancer of the embedded AWS, as a browser would send it to http://DNS_NAME:PORT/PATH.

    A load balancer has no address of its own here: the server at `url` tells it by the Host header, and the listener
    by the port in it. It forwards to one of the registered targets; 502 is a dead one, 503 none.
    """
    host = dns_name if port == 80 else f"{dns_name}:{port}"
    return request(url, method, path, {**(headers or {}), "Host": host}, body, timeout)
