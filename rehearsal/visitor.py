"""A visitor of the application, as a browser would be: says which site a form is from, keeps the cookies."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from rehearsal.server import load_balancer_request


class VisitError(Exception):
    """The application did not do what a visitor expects; the text says which request and what came back."""


@dataclass
class Visitor:
    """Sends requests through the load balancer `dns_name` of the embedded AWS at `url`; `requests` is what was said."""

    url: str
    dns_name: str
    cookies: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """One request; its status and the page."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"http://{self.dns_name}"
            body = urlencode(form).encode()
        status, answer, content = load_balancer_request(
            self.url, self.dns_name, path, method=method, headers=headers, body=body
        )
        for cookie in answer.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.requests.append(f"{method} http://{self.dns_name}{path}  ->  HTTP {status}")
        return status, content.decode(errors="replace")

    def expect(self, status: int, method: str, path: str, form: dict[str, str] | None = None) -> str:
        """The page, if the request is answered with this status."""
        got, page = self.send(method, path, form)
        if got != status:
            raise VisitError(f"{self.requests[-1]}, expected {status}: {' '.join(page.split())[:300]}")
        return page

    def create_and_read_back(self, title: str) -> None:
        """Add an entry through the form and find it on the list."""
        if 'name="title"' not in self.expect(200, "GET", "/entries/new"):
            raise VisitError("GET /entries/new: the form has no title")
        self.expect(303, "POST", "/entries/new", {"title": title, "status": "open"})
        if title not in self.expect(200, "GET", "/"):
            raise VisitError(f"GET /: the entry {title!r} is not on the page")
