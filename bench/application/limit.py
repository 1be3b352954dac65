"""The limit: the least that does what the application does, in WSGI and PyMySQL alone.

The same tables and addresses, statements written by hand, a page of 50 entries found by key, a plain template. Without
everything else that the application promises: CSRF, headers, request ids, logs, validation, time-outs, retries,
idempotency keys, notices.
"""

import json
import os
import re
import threading
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import jinja2
import pymysql

COLUMNS = "id, title, description, status, created_at, updated_at, version"
PAGE = 51  # one more tells whether there is another page
TEMPLATES = jinja2.Environment(autoescape=True)
LIST = TEMPLATES.from_string("""\
<!doctype html>
<title>Entries</title>
<form action="/"><input name="q"><button>Search</button></form>
<form method="post">
<ul>
{% for id, title, description, status, created_at, updated_at, version in entries %}<li>
<a href="/entries/{{ id }}/edit">{{ title }}</a> <p>{{ description }}</p> {{ status }} {{ created_at }} {{ updated_at }}
<button formaction="/entries/{{ id }}/done">Done</button> <button formaction="/entries/{{ id }}/delete">Delete</button>
{% endfor %}</ul>
</form>
{% if before %}<a href="?before={{ before }}">Next</a>{% endif %}
""")
ENTRY = TEMPLATES.from_string("""\
<!doctype html>
<title>Entry</title>
<form method="post"><input type="hidden" name="version" value="{{ version }}">
<input name="title" value="{{ title }}"><textarea name="description">{{ description }}</textarea>
<input name="status" value="{{ status }}"><button>Save</button></form>
<p>{{ created_at }} {{ updated_at }}</p>
""")
kept = threading.local()


def cursor():
    """A cursor of this thread's own connection, which reads without a transaction."""
    if not hasattr(kept, "connection"):
        kept.connection = pymysql.connect(
            host=os.environ["DATABASE_HOST"],
            port=int(os.environ["DATABASE_PORT"]),
            user=os.environ["DATABASE_USERNAME"],
            password=os.environ["DATABASE_PASSWORD"],
            database=os.environ["DATABASE_NAME"],
            autocommit=True,
            ssl_disabled=True,
        )
    return kept.connection.cursor()


def rows(statement: str, *values) -> tuple:
    with cursor() as asked:
        asked.execute(statement, values)
        return asked.fetchall()


def chosen(query: dict[str, str]) -> tuple:
    """The entries of a list, and one more."""
    before = int(query.get("before", 2**62))
    if "q" in query:
        return rows(
            f"SELECT STRAIGHT_JOIN {COLUMNS} FROM (SELECT entry_id FROM entry_words WHERE word = %s AND entry_id < %s"
            f" ORDER BY entry_id DESC LIMIT {PAGE}) found JOIN entries ON id = entry_id ORDER BY id DESC",
            query["q"].lower(),
            before,
        )
    filtered = "status = %s AND" if "status" in query else "%s = '' AND"
    return rows(
        f"SELECT {COLUMNS} FROM entries WHERE {filtered} id < %s ORDER BY id DESC LIMIT {PAGE}",
        query.get("status", ""),
        before,
    )


def list_page(query: dict[str, str]) -> bytes:
    entries = chosen(query)
    before = entries[PAGE - 2][0] if len(entries) == PAGE else None
    return LIST.render(entries=entries[: PAGE - 1], before=before).encode()


def list_json(query: dict[str, str]) -> bytes:
    names = COLUMNS.split(", ")
    entries = [dict(zip(names, entry, strict=True)) for entry in chosen(query)[: PAGE - 1]]
    return json.dumps({"entries": entries}, default=datetime.isoformat).encode()


def entry_page(entry_id: int) -> bytes:
    (entry,) = rows(f"SELECT {COLUMNS} FROM entries WHERE id = %s", entry_id)
    return ENTRY.render(zip(COLUMNS.split(", "), entry, strict=True)).encode()


def words(entry_id: int, form: dict[str, str]) -> list[tuple]:
    text = f"{form['title']} {form.get('description', '')}".lower()
    return [(word, entry_id) for word in sorted(set(re.findall(r"\w+", text)))]


def create(form: dict[str, str]) -> None:
    now = datetime.now(UTC)
    with cursor() as asked:
        asked.execute("BEGIN")
        asked.execute(
            "INSERT INTO entries (title, description, status, created_at, updated_at) VALUES (%s, %s, %s, %s, %s)",
            (form["title"], form["description"], form["status"], now, now),
        )
        asked.executemany("INSERT INTO entry_words (word, entry_id) VALUES (%s, %s)", words(asked.lastrowid, form))
        asked.execute("COMMIT")


def update(entry_id: int, form: dict[str, str]) -> None:
    with cursor() as asked:
        asked.execute("BEGIN")
        changed = asked.execute(
            "UPDATE entries SET title = %s, description = %s, status = %s, updated_at = %s, version = version + 1"
            " WHERE id = %s AND version = %s",
            (form["title"], form["description"], form["status"], datetime.now(UTC), entry_id, form["version"]),
        )
        if not changed:
            asked.execute("ROLLBACK")
            raise LookupError(entry_id)
        asked.execute("DELETE FROM entry_words WHERE entry_id = %s", (entry_id,))
        asked.executemany("INSERT INTO entry_words (word, entry_id) VALUES (%s, %s)", words(entry_id, form))
        asked.execute("COMMIT")


def toggle(entry_id: int, status: str) -> None:
    rows(
        "UPDATE entries SET status = %s, updated_at = %s, version = version + 1 WHERE id = %s",
        status,
        datetime.now(UTC),
        entry_id,
    )


def delete(entry_id: int) -> None:
    """Move it to the deleted ones; its words go by the foreign key."""
    with cursor() as asked:
        asked.execute("BEGIN")
        asked.execute(
            f"INSERT INTO deleted_entries ({COLUMNS}, deleted_at) SELECT {COLUMNS}, %s FROM entries WHERE id = %s",
            (datetime.now(UTC), entry_id),
        )
        if not asked.execute("DELETE FROM entries WHERE id = %s", (entry_id,)):
            asked.execute("ROLLBACK")
            raise LookupError(entry_id)
        asked.execute("COMMIT")


def changed(path: str, form: dict[str, str]) -> None:
    """Do what a form asks."""
    _, _, entry_id, *what = path.split("/")
    if entry_id == "new":
        create(form)
    elif what == ["edit"]:
        update(int(entry_id), form)
    elif what == ["delete"]:
        delete(int(entry_id))
    else:
        toggle(int(entry_id), what[0])


def application(environ, start_response):
    """Answer a request; one that cannot be answered ends in the server's error 500."""
    path, query = environ["PATH_INFO"], dict(parse_qsl(environ["QUERY_STRING"]))
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
        changed(path, dict(parse_qsl(body.decode())))
        start_response("303 See Other", [("Location", "/"), ("Content-Length", "0")])
        return [b""]
    kind = "text/html; charset=utf-8"
    if path == "/":
        answer = list_page(query)
    elif path == "/api/v1/entries":
        answer, kind = list_json(query), "application/json"
    else:
        answer = entry_page(int(path.split("/")[2]))
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(answer)))])
    return [answer]
