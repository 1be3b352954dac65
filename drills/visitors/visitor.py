"""A visitor or program over HTTP, who remembers what was asked and what was answered."""

import http.client
import itertools
import json
import random
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from drills.visitors.ledger import ABSENT, Written

API = "/api/v1/entries"
UNKNOWN = "may or may not"  # what an answer says when nobody knows whether the change was stored
REFUSED = {403, 412, 413, 422, 429, 503}  # and nothing was stored, unless it says UNKNOWN


@dataclass(frozen=True)
class Request:
    """What was asked, when (time.monotonic()), how long it took, and what came of it."""

    kind: str
    at: float
    seconds: float
    fault: str = ""  # empty if it is as it must be; else the status, with what it lacks, or what broke the connection

    @property
    def ended(self) -> float:
        return self.at + self.seconds


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str


class Client:
    """One visitor: a kept connection, cookies, and the entries that it made, which nobody else touches."""

    def __init__(self, port: int, number: int, run: str, timeout: float, length: int = 0):
        """length is that of the descriptions it writes, at least."""
        self.port, self.number, self.run, self.timeout, self.length = port, number, run, timeout, length
        self.random = random.Random(number)  # noqa: S311  the same mix each time
        self.connection: http.client.HTTPConnection | None = None
        self.cookies: dict[str, str] = {}
        self.entries: list[Written] = []
        self.count = itertools.count(1)
        self.pending: tuple[Written, dict, str] | None = None  # a create whose outcome is unknown, and its key
        self.requests: list[Request] = []
        self.acknowledged = 0

    def act(self, kind: str) -> None:
        """Do one thing, and note what came of it."""
        mine = [entry for entry in self.entries if entry.id and entry.states != {ABSENT}]
        if self.pending or (kind in {"read", "change", "delete"} and not mine):
            kind = "create"
        work = {"list": self.list, "search": self.search, "create": self.create, "form": self.form}.get(kind)
        work = work or (lambda: getattr(self, kind)(self.random.choice(mine)))
        at = time.monotonic()
        try:
            fault = work() or ""
        except (OSError, http.client.HTTPException) as error:
            self.close()
            fault = "time-out" if isinstance(error, TimeoutError) else type(error).__name__
        self.requests.append(Request(kind, at, time.monotonic() - at, fault))

    def send(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        # The address of a client of its own, as a load balancer adds it: nginx limits each one's rate.
        sent = {"X-Forwarded-For": f"198.18.{self.number // 250}.{self.number % 250 + 1}"}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, path, body and body.encode(), sent)
        response = self.connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, response.headers, text)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def list(self) -> str:
        return fault_of(self.send("GET", "/"), {200})

    def search(self) -> str:
        return fault_of(self.send("GET", f"{API}?{urlencode({'search': 'drill', 'limit': 20})}"), {200})

    def read(self, entry: Written) -> str:
        answer = self.send("GET", f"{API}/{entry.id}")
        if fault := fault_of(answer, {200, 404}):
            return fault
        found = json.loads(answer.text) if answer.status == 200 else None
        state = (found["description"], found["status"]) if found else ABSENT
        return "" if state in entry.states else "not what was written"

    def create(self) -> str:
        """Make an entry. While the outcome is unknown, this is what comes next: once more with the same key."""
        first = self.pending is None
        if first:
            entry, body = self.new()
            self.pending = entry, body, secrets.token_hex(8)
        entry, body, key = self.pending
        content = (body["description"], body["status"])
        entry.untold(content)
        send = {"Content_Type": "application/json", "Idempotency_Key": key}
        answer = self.send("POST", API, json.dumps(body), **send)
        if answer.status == 201:
            entry.id = json.loads(answer.text)["id"]
        if answer.status == 201 or (first and is_refusal(answer)):
            self.pending = None
        return self.note(entry, answer, {201}, content, {ABSENT} if first else None)

    def form(self) -> str:
        entry, body = self.new()
        entry.untold((body["description"], body["status"]))
        send = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
        answer = self.send("POST", "/entries/new", urlencode(body), **send)
        return self.note(entry, answer, {303}, (body["description"], body["status"]), {ABSENT})

    def change(self, entry: Written) -> str:
        body = {"description": f"changed {next(self.count)} ✎", "status": self.random.choice(["open", "done"])}
        return self.write(entry, "PATCH", (body["description"], body["status"]), {200}, json.dumps(body))

    def delete(self, entry: Written) -> str:
        return self.write(entry, "DELETE", ABSENT, {204, 404} if ABSENT in entry.states else {204})

    def write(self, entry: Written, method: str, new, expected: set[int], body: str | None = None) -> str:
        """Change an entry, whatever version of it there is."""
        before = set(entry.states)
        entry.untold(new)
        answer = self.send(method, f"{API}/{entry.id}", body, Content_Type="application/json", If_Match="*")
        if answer.status == 404 and ABSENT in before:  # an earlier DELETE, whose answer was lost, was stored
            entry.told(ABSENT)
            return ""
        return self.note(entry, answer, expected, new, before)

    def new(self) -> tuple[Written, dict]:
        entry = Written(f"drill {self.run} {self.number}/{next(self.count)} é😀")
        self.entries.append(entry)
        return entry, {
            "title": entry.title,
            "description": f"made by {self.number}".ljust(self.length, "x"),
            "status": "open",
        }

    def note(self, entry: Written, answer: Answer, expected: set[int], new, before: set | None) -> str:
        """Remember what the answer says of the entry, whose states before are known or not; return its fault."""
        if answer.status in expected:
            self.acknowledged += 1
            entry.told(new)
        elif is_refusal(answer) and before is not None:
            entry.states = before
        return fault_of(answer, expected)


def is_refusal(answer: Answer) -> bool:
    """Whether the answer promises that nothing was stored."""
    return answer.status in REFUSED and UNKNOWN not in answer.text


def fault_of(answer: Answer, expected: set[int]) -> str:
    """What is wrong with an answer; empty if nothing is."""
    if answer.status in expected:
        return ""
    clear = answer.status not in {429, 503} or answer.headers.get("Retry-After", "").isdigit()
    return f"{answer.status}" if clear else f"{answer.status} without Retry-After"
