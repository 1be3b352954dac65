"""Values that break programs: texts, numbers, JSON and bytes, made by a random.Random: a seed repeats them."""

import json
import string
from random import Random

# What must never come back as markup: judged by answers.py, which looks for this element and this attribute.
CANARY = "x-canary"
MARKUP = [
    f"<{CANARY}>",
    f'"><{CANARY}>',
    f"'><{CANARY} a='",
    f'" {CANARY}="1',
    f"' {CANARY}='1",
    f" {CANARY}=1 ",
    f"</title><{CANARY}>",
    f"</textarea><{CANARY}>",
    f"</script><{CANARY}>",
    f"--><{CANARY}>",
    f"]]><{CANARY}>",
    f"&lt;{CANARY}&gt;",
    "{{7*7}}",
    "${7*7}",
    "javascript:alert(1)",
]
TEXTS = [
    *("", " ", "\t", "\n", "\r", "\r\n", "\0", "\x07", "\x1b[31m", "\x7f", "\x85", "\xa0", "\xad", "\u2028", "\u2029"),
    *("\ufeff", "\u200b", "\u202e", "\u2066", "\u180e", "\ufffe", "\uffff", "\ufffd", "\U0010ffff", "\U000e0041"),
    *(
        "é",
        "e\u0301",
        "ß",
        "ẞ",
        "\u017f",
        "İ",
        "\u0131",
        "ﬃ",
        "Ⅷ",
        "ﷺ",
        "ㄱ",
        "각",
        "漢",
        "ｱ",
        "ก็",
        "\u0345",
        "a" + "\u0301" * 60,
    ),
    *("😀", "👨‍👩‍👧‍👦", "🇦🇶", "\U0001d54f", "𒐫", "\ud800", "\udfff", "\ud83d", "\ude00\ud83d"),
    *("'", '"', "`", "\\", "\\'", "%", "_", "*", ";", "--", "#", "/*", "' OR '1'='1", "1; DROP TABLE entries", "\\x00"),
    *(
        "' UNION SELECT 1,2,3 -- ",
        "1) OR SLEEP(5)#",
        "'||(SELECT version())||'",
        ":1",
        "%(x)s",
        "?",
        "%s%n",
        "{0}",
        "$1",
    ),
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''=1", "|cmd", "=HYPERLINK(1)", '=cmd|"/C calc"!A0'),
    *(
        "../../etc/passwd",
        "..\\..\\",
        "/etc/passwd\0.png",
        "%2e%2e%2f",
        "//evil.example",
        "/\\evil.example",
        "file:///",
    ),
    *("a\r\nX-Evil: 1", "a\nSet-Cookie: evil=1", "%0d%0aX-Evil:%201", '{"event":"request"}', "null", "None", "true"),
    *(
        "0",
        "-0",
        "-1",
        "1",
        "2",
        "00",
        "01",
        "+1",
        "1.5",
        "1e3",
        "1e999",
        "NaN",
        "Infinity",
        "0x10",
        "1_000",
        "²",
        "٣",
        "१",
    ),
    *(
        str(2**31 - 1),
        str(2**31),
        str(2**32),
        str(2**63 - 1),
        str(2**63),
        str(2**64),
        str(10**18),
        "9" * 400,
        "9" * 5000,
    ),
    *("open", "done", "OPEN", "newest", "oldest", "updated", "title", "import", "check", "delete", "restore", "undo"),
    *MARKUP,
]
NUMBERS = [
    0,
    -1,
    1,
    2,
    255,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    10**18,
    10**30,
    0.5,
    -0.0,
    1e308,
    1e-320,
    True,
    False,
    None,
]
PLANES = [
    (0x20, 0x7F),
    (0, 0x20),
    (0x80, 0x100),
    (0x100, 0x3000),
    (0x3000, 0xA000),
    (0xD7FF, 0xE001),
    (0xF900, 0x110000),
]
ENDS = "[]{}()<>\"'\\,:;=&%+-*/#?@!|~^`._ \t\r\n\0"
DEEP = [b"[" * 20_000, b'{"title":' * 5_000, b'{"title":' + b"[" * 3_000 + b"]" * 3_000 + b"}", b"[[]," * 4_000]
MALFORMED_JSON = [
    *(
        b"",
        b"{",
        b"}",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b"NaN",
        b'{"title": NaN}',
        b'{"title": -Infinity}',
        b"{'title': 'a'}",
    ),
    *(
        b'{"title": "a", "title": "b"}',
        b'{"title": "a",}',
        b'{"title": "\\ud800"}',
        b'{"title": "\\u0000"}',
        b"\xef\xbb\xbf{}",
    ),
    *(b'{"title": "\xff"}', b'{"title": "\xed\xa0\x80"}', b'{"title": 1e999}', b'{"title": ' + b"9" * 5_000 + b"}"),
    *('{"title": "a"}'.encode("utf-16"), '{"title": "a"}'.encode("utf-32"), b'{"\\ud800": 1}', b'{"title": "\x01"}'),
    *DEEP,
]


def text(random: Random) -> str:
    """A text: one that is known to hurt, a mixture, one out of random characters, or a long one."""
    kind = random.random()
    if kind < 0.5:
        return random.choice(TEXTS)
    if kind < 0.7:
        return "".join(random.choice(TEXTS)[:300] for _ in range(random.randint(2, 4)))
    if kind < 0.95:
        return "".join(character(random) for _ in range(random.randint(1, 12)))
    return random.choice(TEXTS)[:10] * random.choice([33, 201, 2001]) + character(random)


def character(random: Random) -> str:
    """A character of any plane, half of a surrogate pair too, or one that ends something in some language."""
    return random.choice(ENDS) if random.random() < 0.2 else chr(random.randrange(*random.choice(PLANES)))


def plain(random: Random) -> str:
    """A text that is fine."""
    return " ".join(
        "".join(random.choices(string.ascii_lowercase, k=random.randint(1, 9))) for _ in range(random.randint(1, 5))
    )


def mostly(random: Random, good: str, share: float = 0.6) -> str:
    """Mostly the good text; else another, or the good one spoiled."""
    kind = random.random()
    if kind < share:
        return good
    return text(random) if kind < share + (1 - share) * 0.7 else good + text(random)


def value(random: Random, depth: int = 3) -> object:
    """A value of JSON of any type."""
    kind = random.random()
    if depth and kind < 0.15:
        return [value(random, depth - 1) for _ in range(random.randint(0, 4))]
    if depth and kind < 0.3:
        return {text(random): value(random, depth - 1) for _ in range(random.randint(0, 4))}
    return random.choice(NUMBERS) if kind < 0.6 else text(random)


def as_json(random: Random, data: object) -> bytes:
    """The data as JSON: its surrogates escaped or raw, in UTF-8 mostly."""
    if random.random() < 0.5:
        return json.dumps(data).encode()
    encoding = "utf-8" if random.random() < 0.95 else random.choice(["utf-16", "utf-32", "utf-7"])
    return json.dumps(data, ensure_ascii=False).encode(encoding, "surrogatepass" if encoding != "utf-7" else "ignore")


def bytes_of(random: Random, whole: str) -> bytes:
    """The text as bytes, surrogates too."""
    return whole.encode("utf-8", "surrogatepass") if random.random() < 0.97 else whole.encode("latin-1", "replace")


def spoiled(random: Random, data: bytes) -> bytes:
    """The bytes, changed at some places: overwritten, cut out, doubled, cut short, or with something between."""
    made = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 3, 8])):
        at = random.randrange(len(made) + 1)
        length = random.choice([1, 1, 2, 4, 16, 64])
        match random.randrange(6):
            case 0:
                made[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del made[at : at + length]
            case 2:
                made[at:at] = made[at : at + length]
            case 3:
                made[at:at] = text(random).encode("utf-8", "surrogatepass")[:64]
            case 4:
                made[at : at + 1] = random.choice(ENDS).encode()
            case 5 if random.random() < 0.3:
                del made[at:]
    return bytes(made)
