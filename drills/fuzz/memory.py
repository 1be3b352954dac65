"""A request, a route, and what a visitor remembers of the answers."""

import re
from typing import NamedTuple


class Request(NamedTuple):
    """One request as bytes go over the wire; path and query are percent-encoded as far as whoever sent them did it."""

    method: str
    path: bytes
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Route(NamedTuple):
    """An endpoint, its rule with <...> for what varies, and a method that it takes."""

    endpoint: str
    rule: str
    method: str


class Memory:
    """What the answers so far gave away, a bounded lot of each."""

    def __init__(self):
        self.ids, self.lists, self.cookies, self.statics = [1], ["cursor=W10"], [], ["style.css"]

    def learn(self, body: bytes, headers) -> None:
        """Keep what an answer holds."""
        page = body[:30_000].decode("utf-8", "replace")
        # The links to the pages after and before; not what was sent and stands in the page again.
        links = re.findall(r'"(?:/api/v1/entries|/)\?([^"]*cursor=[\w-]+)"(?: rel="(?:next|prev)"|[,}])', page)
        self._keep(self.lists, [link.replace("&amp;", "&") for link in links])
        self._keep(self.ids, map(int, re.findall(r'(?:"id": ?|/entries/)(\d{1,18})\b', page)[:4]))
        self._keep(self.statics, re.findall(r"/static/([\w.-]+)", page)[:3])
        self._keep(self.cookies, [given.partition(";")[0] for name, given in headers if name.lower() == "set-cookie"])

    def _keep(self, known: list, found) -> None:
        known.extend(found)
        del known[:-60]


def routes(app) -> list[Route]:
    """Every route of the application, once for each method that it takes."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
    return [Route(rule.endpoint, rule.rule, method) for rule in rules for method in sorted(rule.methods)]
