"""An entry as a row of the list.

Written here and not in a template, since there are fifty on a page: a template that yields each piece of each row took
a third of the whole request. See docs/decisions/0030-rows-written-in-python.md.
"""

from collections.abc import Iterable
from datetime import datetime

from jinja2.filters import do_truncate
from markupsafe import Markup, escape

from app.models import DONE, OPEN
from app.store import StoredEntry

SHOWN = 110  # characters of a description, and a few more rather than cut
LEEWAY = 5
# Status: (its class, what the row's button does, and says).
STATUSES = {OPEN: ("", DONE, "Mark as done"), DONE: (" class=done", OPEN, "Open again")}


def time(moment: datetime) -> Markup:
    """A time that needs no attribute to be read by a script, which shows it in the zone of the visitor."""
    return Markup(f"<time>{moment.isoformat(' ', 'minutes')}Z</time>")  # noqa: S704  a time holds no text


def rows(env, entries: Iterable[StoredEntry]) -> Markup:
    """The entries as rows of the list. All text of theirs is escaped here."""
    return Markup("".join(row(env, entry) for entry in entries))  # noqa: S704


def row(env, e: StoredEntry) -> str:
    # Short on purpose: no quotes around numbers, buttons named by their text and the title's id.
    kind, other, action = STATUSES[e.status]
    text = f"<p>{escape(do_truncate(env, e.description, SHOWN, leeway=LEEWAY))}</p>" if e.description else ""
    changed = f"<span>changed {time(e.updated_at)}</span>" if e.updated_at != e.created_at else ""
    return (
        f"\n<li{kind}><input type=checkbox name=id value={e.id} aria-labelledby=e{e.id}>"
        f'<button id=s{e.id} formaction=/entries/{e.id}/{other} aria-labelledby="s{e.id} e{e.id}">{action}</button>'
        f"<div><h2><a id=e{e.id} href=/entries/{e.id}/edit>{escape(e.title)}</a></h2>{text}</div>"
        f"<p><b>{e.status.capitalize()}</b> {time(e.created_at)}{changed}</p>"
        f'<button id=d{e.id} formaction=/entries/{e.id}/delete aria-labelledby="d{e.id} e{e.id}">Delete</button>'
    )
