"""Bodies: the forms of the pages, entries as JSON, files to import, and what is none of them."""

from random import Random

from drills.fuzz.memory import Memory, Route
from drills.fuzz.queries import cursor, encoded
from drills.fuzz.request_words import FORM, HEADINGS, JSON, LIST_WORDS, MERGE_PATCH, MULTIPART, PART_HEADERS
from drills.fuzz.words import MALFORMED_JSON, as_json, bytes_of, mostly, plain, spoiled, text, value


def body(random: Random, memory: Memory, route: Route, is_api: bool) -> tuple[str, bytes]:
    """The body of a request that changes something, and its type."""
    if is_api:
        return json_body(random, route.method)
    given = fields(random, memory)
    if "import" in route.rule:
        given = [*given[-2:], ("action", mostly(random, "check", 0.7))]
        return MULTIPART, multipart(random, given, table(random))
    if random.random() < 0.9:
        return FORM, encoded(random, given)
    return MULTIPART, multipart(random, given, None)


def fields(random: Random, memory: Memory) -> list[tuple[str, str]]:
    """What the forms of the pages have."""
    page = f"&cursor={cursor(random, memory)}" if random.random() < 0.3 else ""
    made = [
        ("title", mostly(random, plain(random), 0.4)),
        ("description", mostly(random, plain(random), 0.4)),
        ("status", mostly(random, random.choice(["open", "done"]), 0.85)),
        ("version", mostly(random, random.choice(["1", "2"]), 0.85)),
        ("list", mostly(random, f"sort={random.choice(LIST_WORDS['sort'])}{page}", 0.85)),
        ("key", mostly(random, "key", 0.5)),
        ("action", mostly(random, random.choice(["done", "open", "delete", "restore"]), 0.9)),
        *(("id", mostly(random, str(random.choice(memory.ids)), 0.9)) for _ in range(random.randrange(4))),
    ]
    if random.random() < 0.2:
        made = random.sample(made, random.randrange(len(made)))
    if random.random() < 0.03:
        made += [("id", str(number)) for number in range(1, random.choice([60, 101, 300]))]
    return made


def json_body(random: Random, method: str) -> tuple[str, bytes]:
    """An entry as JSON, or what is none."""
    if random.random() < 0.1:
        return JSON, random.choice(MALFORMED_JSON)
    data: object = {
        "title": mostly(random, plain(random), 0.5),
        "description": mostly(random, plain(random), 0.5),
        "status": mostly(random, random.choice(["open", "done"]), 0.9),
    }
    for name in list(data):
        if random.random() < 0.1:
            data[name] = value(random)
        elif random.random() < 0.15:
            del data[name]
    if random.random() < 0.05:
        data[text(random)] = value(random)
    return MERGE_PATCH if method == "PATCH" else JSON, as_json(
        random, data if random.random() < 0.95 else value(random)
    )


def multipart(random: Random, fields: list[tuple[str, str]], table: bytes | None) -> bytes:
    """A form with parts; at times one of its boundaries or headers is broken."""
    parts = [(f'form-data; name="{name}"', bytes_of(random, given)) for name, given in fields]
    if table is not None:
        name = mostly(random, "file.csv", 0.8).replace("\r", "").replace("\n", "")
        parts.append((f'form-data; name="file"; filename="{name}"', table))
    made = b""
    for disposition, content in parts:
        end = b"\r\n" if random.random() < 0.99 else random.choice([b"\n", b"\r", b"", b"\r\r\n"])
        head = f"Content-Disposition: {disposition}".encode("utf-8", "surrogatepass")
        if random.random() < 0.1:
            extra = random.choice(PART_HEADERS)
            head += b"\r\n" + extra.encode()
        made += b"--xBOUNDARYx" + end + head + end + end + content + end
    return made + (b"--xBOUNDARYx--\r\n" if random.random() < 0.97 else b"")


def table(random: Random) -> bytes:
    """A CSV file with a heading, as spreadsheets make it or as nothing does."""
    separator = random.choice([",", ",", ";", "\t", "|"])
    heading = random.choice(HEADINGS)
    lines = [separator.join(mostly(random, name, 0.97) for name in heading)]
    for _ in range(random.choice([0, 1, 3, 8])):
        row = [mostly(random, random.choice(["open", "a title"]), 0.5) for _ in heading]
        lines.append(separator.join(cell(random, given) for given in row[: random.choice([1, 9, 9, 9])]))
    end = random.choice(["\n", "\r\n", "\r"])
    encoding = random.choice(["utf-8", "utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"])
    made = end.join(lines).encode(encoding, "surrogatepass")
    return spoiled(random, made) if random.random() < 0.2 else made


def cell(random: Random, given: str) -> str:
    doubled = given.replace('"', '""')
    return f'"{doubled}"' if random.random() < 0.6 else given
