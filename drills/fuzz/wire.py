"""Requests as they go over a socket, at times spoiled as bytes, and what comes back through nginx and Gunicorn."""

import gzip
import http.client
import json
import re
import select
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from drills.fuzz.answers import Answer, faults
from drills.fuzz.memory import Request
from drills.fuzz.requests import Visitor
from drills.fuzz.words import spoiled
from drills.fuzz.wsgi import waited

LONGEST_WAIT = 15.0  # seconds for an answer
SOONER = 0.3  # seconds after which one who waits for more of a request is told that there is none
SHOWN = 20  # faults kept
# What nginx says of itself that it does not do: a transfer coding, a version of HTTP.
REFUSED = {501, 505}
BY_NGINX = {"CONNECT", "TRACE"}  # methods that it refuses before anything else
# What Gunicorn refuses with 400 because nginx lets more through: control characters in a header, methods of a letter.
REFUSAL = "Invalid request from ip="
AGAIN = "database work begun again: (1213"  # two visitors' bulk changes in each other's way: one has its turn later
BOTH_TIERS = "vary twice"  # the application names cookies, nginx compression: two headers are as good as a list


@dataclass
class Tally:
    """Requests by the status of their answers (0: cut off without one), and what was wrong."""

    statuses: Counter = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        return self.statuses.total()

    def blame(self, words: str, sent: bytes) -> None:
        if len(self.faults) < SHOWN:
            self.faults.append(f"{words[:200]} <- {sent[:300]!r}")


def line(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def wire(request: Request) -> bytes:
    """The request as bytes, one for a connection of its own."""
    target = request.path + (b"?" + request.query if request.query else b"")
    heads = [line(request.method) + b" " + target + b" HTTP/1.1"]
    heads += [line(f"{name}: {given}") for name, given in request.headers if name != "Connection"]
    if request.body:
        heads.append(b"Content-Length: %d" % len(request.body))
    return b"\r\n".join([*heads, b"Connection: close", b"", request.body])


def exchange(port: int, sent: bytes, method: str, broken: bool) -> Answer | None:
    """The first answer to the bytes; None if the connection was cut off. TimeoutError, HTTPException: there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST_WAIT) as connection:
        with suppress(ConnectionError):  # it may have answered before it had read all
            connection.sendall(sent)
        if broken and not select.select([connection], [], [], SOONER)[0]:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection, method=method)
        try:
            response.begin()
            return plain(Answer(response.status, response.getheaders(), response.read()))
        except ConnectionError:
            return None
        finally:
            response.close()


def plain(answer: Answer) -> Answer:
    """The answer, uncompressed."""
    if answer.header("Content-Encoding") != "gzip" or not answer.body:
        return answer
    headers = [(name, given) for name, given in answer.headers if name != "Content-Length"]
    return Answer(answer.status, headers, gzip.decompress(answer.body))


def is_whole(sent: bytes) -> bool:
    """Whether nginx must take the bytes for one request: a target without spaces or controls, one length."""
    return not re.search(rb"[\0-\x20\x7f]", sent.partition(b" HTTP/1.1\r\n")[0].partition(b" ")[2])


def visit(port: int, visitor: Visitor, random: Random, count: int, tally: Tally) -> None:
    """Send so many requests, one in five spoiled as a whole, and judge what comes back."""
    for _ in range(count):
        request = visitor.request()
        sent = wire(request)
        broken = random.random() < 0.2
        if broken:
            head, end, body = sent.partition(b"\r\n\r\n")
            sent = spoiled(random, head) + end + body
        try:
            answer = exchange(port, sent, request.method, broken)
        except TimeoutError:
            tally.blame(f"no answer within {LONGEST_WAIT:g} s", sent)
            answer = None
        except http.client.HTTPException as error:  # HTTP/0.9 has no head
            if is_whole(sent) and not broken:
                tally.blame(f"no answer of HTTP: {type(error).__name__}", sent)
            answer = None
        tally.statuses[answer.status if answer else 0] += 1
        if answer:
            visitor.memory.learn(answer.body, answer.headers)
            for words in wrong(request, answer, broken):
                tally.blame(words, sent)


def wrong(request: Request, answer: Answer, broken: bool) -> Iterator[str]:
    """What is wrong with an answer: everything, if the application gave it to the request as it was made; else failure.

    What nginx serves or refuses by itself has other headers.
    """
    if answer.status in REFUSED:
        return
    own = request.method in BY_NGINX or request.path.startswith(b"/static")
    if broken or own or answer.status in {400, 414}:
        yield from [f"status {answer.status}"] if answer.status >= 500 else []
    else:
        yield from (words for words in faults(request, answer) if words != BOTH_TIERS)


def unhandled(log: bytes) -> list[str]:
    """The lines of a log that tell of a fault, or are not one object of JSON in UTF-8."""
    found = []
    for text in log.splitlines():
        try:
            logged = json.loads(text.decode())
            is_fine = logged["level"] == "info" or waited(logged) or logged["message"].startswith((REFUSAL, AGAIN))
        except (ValueError, LookupError, TypeError):
            is_fine = False
        if not is_fine:
            found.append(f"{text[:300]!r}")
    return found
