"""A small AWS in front of the embedded one: it plays a recorded failure, and hands on everything else.

    with Player(server.url, recording) as player:
        ...AWS_ENDPOINT_URL=player.url...

It takes ExecuteChangeSet for itself: the embedded AWS would succeed. From then on it answers what the recording knows
(rehearsal/recordings.py), in the protocols of botocore's models.
"""

import http.client
import json
import re
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from rehearsal.recordings import PLAYED, ContinuedRollback, Play, Recording, now, service_model

# How long a play may be followed before credentials that expire have expired (s).
SECONDS_TO_EXPIRY = 1.0


def operation_of(headers, body: bytes) -> tuple[str, dict]:
    """The operation that a request asks for, and its parameters; empty for what is neither JSON nor query protocol."""
    if target := headers.get("X-Amz-Target"):
        return target.rpartition(".")[2], json.loads(body or b"{}")
    if "form-urlencoded" in headers.get("Content-Type", ""):
        words = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return words.pop("Action", ""), words
    return "", {}


def in_json(answer: dict) -> bytes:
    """An answer in the JSON protocol: moments are seconds since 1970."""
    return json.dumps(answer, default=lambda moment: moment.timestamp()).encode()


def in_xml(operation: str, answer: dict) -> bytes:
    """An answer in the query protocol, by the shape of the operation's output."""
    shape = service_model(PLAYED.get(operation, "cloudformation")).operation_model(operation).output_shape
    result = f"<{operation}Result>{_members(answer, shape)}</{operation}Result>" if shape else ""
    return (f"<{operation}Response>{result}<ResponseMetadata/></{operation}Response>").encode()


def _members(value, shape):
    named = ((name, member, value[name]) for name, member in shape.members.items() if name in value)
    return "".join(f"<{name}>{_element(inner, member)}</{name}>" for name, member, inner in named)


def _element(value, shape):
    if shape.type_name == "structure":
        return _members(value, shape)
    if shape.type_name == "list":
        return "".join(f"<member>{_element(item, shape.member)}</member>" for item in value)
    return escape(value.isoformat() if isinstance(value, datetime) else str(value))


class Player:
    """Plays one recording to one deployment.

    Without a recording `status` is what DescribeStacks tells instead of the stacks' own, until a rollback is continued.
    """

    def __init__(self, upstream: str, recording: Recording | None = None, kind: str = "UPDATE", status: str = ""):
        self.upstream, self.recording, self.kind, self.status = urlsplit(upstream), recording, kind, status
        self.play: Play | None = None
        self.cancelled = False
        handler = type("Bound", (_Handler,), {"player": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Player":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forward(self, method: str, path: str, headers, body: bytes) -> tuple[int, list, bytes]:
        """The embedded AWS's answer."""
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def answer(self, operation: str, request: dict, stack_id) -> dict | None:
        """What the recording answers; None: it is none of its business. `stack_id` asks for the id of a stack."""
        if operation == "ContinueUpdateRollback" and self.status:
            self.play, self.status = ContinuedRollback(stack_id(request["StackName"]), now()), ""
            return {}
        if operation == "ExecuteChangeSet" and not self.recording:
            self.play = None  # what comes now is the embedded AWS's own
        if operation == "ExecuteChangeSet" and self.recording:
            self.play = Play(self.recording, stack_id(request["StackName"]), now(), self.kind)
            return {}
        if self.play is None or operation not in PLAYED or not self._plays(operation):
            return None
        if operation == "DescribeStackEvents" and self.play.name not in request["StackName"]:
            return None
        self.cancelled |= operation == "CancelUpdateStack"
        return self.play.answer(operation, request, now())

    def _plays(self, operation):
        return self.recording is not None or operation == "DescribeStackEvents"

    def with_status(self, content: bytes) -> bytes:
        """The embedded AWS's answer, with the status that a stack has in this play."""
        status, name = self.status, rb"[\w-]+"
        if self.play and self.recording and not status:
            status, name = f"{self.kind}_IN_PROGRESS", re.escape(self.play.name.encode())
        told = rb"(<StackName>" + name + rb"</StackName>.*?<StackStatus>)\w+"
        return re.sub(told, rb"\g<1>" + status.encode(), content, flags=re.DOTALL) if status else content

    def has_expired(self) -> bool:
        """Whether the credentials of the recording have expired by now."""
        if not (self.play and self.recording and self.recording.error):
            return False
        return (now() - self.play.began).total_seconds() > SECONDS_TO_EXPIRY


class _Handler(BaseHTTPRequestHandler):
    """One connection; `player` is set by the player."""

    protocol_version = "HTTP/1.1"
    player: Player

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        operation, request = operation_of(self.headers, body)
        if self.player.has_expired():
            self._refuse(self.player.recording.error)
        elif (answer := self.player.answer(operation, request, self._stack_id)) is None:
            self._hand_on(body)
        elif self.headers.get("X-Amz-Target"):
            self._send(200, self.headers["Content-Type"], in_json(answer))
        else:
            self._send(200, "text/xml", in_xml(operation, answer))

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve

    def _hand_on(self, body):
        status, headers, content = self.player.forward(self.command, self.path, self.headers, body)
        content = self.player.with_status(content)
        self.send_response(status)
        kept = [(name, value) for name, value in headers if name.lower() not in {"transfer-encoding", "connection"}]
        length = next((value for name, value in headers if name.lower() == "content-length"), "0")
        for name, value in kept:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _stack_id(self, name):
        query = f"Action=DescribeStacks&Version=2010-05-15&StackName={name}".encode()
        headers = {key: value for key, value in self.headers.items() if key.lower() != "content-length"}
        content = self.player.forward("POST", "/", headers, query)[2]
        return re.search(rb"<StackId>([^<]+)", content)[1].decode()

    def _refuse(self, error):
        if self.headers.get("X-Amz-Target"):
            told = {"__type": f"{error['Code']}Exception", "message": error["Message"]}
            return self._send(400, self.headers["Content-Type"], in_json(told))
        told = f"<Code>{error['Code']}</Code><Message>{escape(error['Message'])}</Message>"
        text = f"<ErrorResponse><Error><Type>Sender</Type>{told}</Error></ErrorResponse>"
        return self._send(403, "text/xml", text.encode())

    def _send(self, status, kind, content):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""
