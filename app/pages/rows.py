"""An entry as a row of the list.

Written here and not in a template, since there are fifty on a page: a template that yields each piece of each row took
a third of the whole request. See docs/decisions/0030-rows-written-in-python.md.
"""

from collections.abc import Iterable
from datetime import datetime
from html import escape  # text to text: with a Markup for each piece the rows took half as long again

from jinja2.filters import do_truncate
from markupsafe import Markup

from app.models import DONE, OPEN
from app.store import StoredEntry

SHOWN = 110  # characters of a description, and a few more rather than cut
LEEWAY = 5
# Status: (its class, what the row's button does, and says).
STATUSES = {OPEN: ("", DONE, "Mark as done"), DONE: (" class=done", OPEN, "Open again")}


def time(moment: datetime) -> Markup:
    """A time that needs no attribute to be read by a script, which shows it in the zone of the visitor."""
    return Markup(time_tag(moment))  # noqa: S704  a time holds no text


def time_tag(moment: datetime) -> str:
    return f"<time>{moment.isoformat(' ', 'minutes')}Z</time>"


def rows(env, entries: Iterable[StoredEntry]) -> Markup:
    """The entries as rows of the list. All text of theirs is escaped here."""
    return Markup("".join(row(env, entry) for entry in entries))  # noqa: S704


def row(env, entry: StoredEntry) -> str:
    # Short on purpose: no quotes around numbers, buttons named by their text and the title's id.
    n, title, description, status, created_at, updated_at, _ = entry
    kind, other, action = STATUSES[status]
    if len(description) > SHOWN + LEEWAY:
        description = do_truncate(env, description, SHOWN, leeway=LEEWAY)
    text = f"<p>{escape(description)}</p>" if description else ""
    changed = f"<span>changed {time_tag(updated_at)}</span>" if updated_at != created_at else ""
    return (
        f"\n<li{kind}><input type=checkbox name=id value={n} aria-labelledby=e{n}>"
        f'<button id=s{n} formaction=/entries/{n}/{other} aria-labelledby="s{n} e{n}">{action}</button>'
        f"<div><h2><a id=e{n} href=/entries/{n}/edit>{escape(title)}</a></h2>{text}</div>"
        f"<p><b>{status.capitalize()}</b> {time_tag(created_at)}{changed}</p>"
        f'<button id=d{n} formaction=/entries/{n}/delete aria-labelledby="d{n} e{n}">Delete</button>'
    )
