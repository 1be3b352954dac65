"""Requests of a hostile visitor: for each route some that are fine, and all that can be wrong with them.

What answers gave away (ids, cursors, versions, cookies) is sent again, to the same route and to others.
"""

import json
import re
from collections.abc import Callable
from random import Random
from urllib.parse import quote

from drills.fuzz.bodies import body
from drills.fuzz.memory import Memory, Request, Route
from drills.fuzz.queries import query
from drills.fuzz.request_words import HEADERS, METHODS, PATHS, TYPES, WEIGHTS
from drills.fuzz.words import bytes_of, mostly, spoiled, text, value


class Visitor:
    """Makes requests for the routes given, from one seed."""

    def __init__(self, random: Random, targets: list[Route], signer: Callable[[object], str]):
        self.random, self.targets, self.signer, self.memory = random, targets, signer, Memory()
        self.endpoint = ""
        self.weights = [WEIGHTS.get(route.method, 1.0) for route in targets]

    def request(self) -> Request:
        """The next request: for a route, seldom to nowhere, and at times spoiled as a whole."""
        random = self.random
        (route,) = random.choices(self.targets, self.weights)
        self.endpoint = route.endpoint
        is_api = route.rule.startswith("/api/")
        path = self.path(route.rule) if random.random() < 0.97 else self.path(quote(text(random), errors="replace"))
        if random.random() < 0.01:
            path = random.choice(PATHS).encode()
        method = route.method if random.random() < 0.95 else random.choice(METHODS)
        has_body = method in {"POST", "PUT", "PATCH"}
        content_type, content = body(random, self.memory, route, is_api) if has_body else ("", b"")
        if random.random() < 0.02 and not content:
            content_type, content = random.choice(TYPES), bytes_of(random, text(random))
        if random.random() < 0.12:
            content = spoiled(random, content)
        if random.random() < 0.04:
            content_type = random.choice(TYPES)
        headers = self.headers(method, is_api, content_type)
        return Request(method, path, query(random, self.memory, is_api), headers, content)

    def path(self, rule: str) -> bytes:
        """The rule with something in each of its places."""

        def fill(match: re.Match) -> str:
            kind = match[1].partition(":")[0]
            if kind.startswith("any"):
                return mostly(self.random, self.random.choice(["done", "open"]), 0.9)
            if kind == "path":
                return mostly(self.random, self.random.choice([*self.memory.statics, "style.css", "../config.py"]))
            return mostly(self.random, str(self.random.choice(self.memory.ids)), 0.85)

        filled = re.sub(r"<([^>]*)>", fill, rule).encode("utf-8", "surrogatepass")
        made = quote(filled, safe="/").encode() if self.random.random() < 0.98 else spoiled(self.random, filled)
        return b"/" + made.removeprefix(b"/")

    def headers(self, method: str, is_api: bool, content_type: str) -> tuple[tuple[str, str], ...]:
        """Headers, mostly such that the request is let in, with some that are odd."""
        random = self.random
        made = {"Host": "localhost"}
        if method not in {"GET", "HEAD"} and not is_api and random.random() < 0.95:
            made["Origin"] = "http://localhost"
        if is_api and method in {"PUT", "PATCH", "DELETE"} and random.random() < 0.9:
            made["If-Match"] = random.choice(HEADERS["If-Match"][:5])
        if content_type:
            made["Content-Type"] = content_type
        if random.random() < 0.1:
            made["Cookie"] = self.cookie()
        for name in random.sample(list(HEADERS), random.choice([0, 0, 0, 1, 1, 2, 4])):
            made[name] = mostly(random, random.choice(HEADERS[name]), 0.8)
        return tuple((name, on_the_wire(given)) for name, given in made.items())

    def cookie(self) -> str:
        """A session: one of ours, a changed one, or one with another content, signed as by a release of other days."""
        random = self.random
        known = random.choice(self.memory.cookies or ["session=x"])
        kind = random.random()
        if kind < 0.3:
            return known
        if kind < 0.6:
            return spoiled(random, known.encode()).decode("latin-1")
        inner = {"text": text(random), "undo": random.choice(["open", "restore", text(random)]), "ids": [value(random)]}
        flashes = random.choice([[["message", inner]], [["message", "text"]], value(random), [value(random)]])
        made = {"_flashes": flashes} if random.random() < 0.8 else value(random)
        # Without half characters: those were refused before they could come into a session.
        return f"session={self.signer(json.loads(json.dumps(made, ensure_ascii=False).encode('utf-8', 'replace')))}"


def on_the_wire(given: str) -> str:
    """The text as a header's value can come through nginx and Gunicorn: no NUL and no line's end; any other byte."""
    return re.sub(r"[\0\r\n]", "", given.encode("utf-8", "surrogatepass").decode("latin-1")).strip(" \t")[:4000]
