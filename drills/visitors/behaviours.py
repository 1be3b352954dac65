"""What visitors do who mean ill, or whose line is bad. Each behaviour takes a Visit and says what came of it."""

import asyncio
import socket
from dataclasses import dataclass

PAUSE = 1.0  # seconds between two bytes of who is slow
SMALL_BUFFER = 4096  # bytes that the system takes in for a slow reader
PIECE = bytes(64 * 1024)
EARLY = 64 * 1024 * 1024  # bytes: more than all buffers between hold
LARGE, HUGE = 10 * 1024**2, 1024**3
PAGE_OF_LONG_ENTRIES = "/api/v1/entries?limit=20&sort=oldest"
# Paths that nobody else asks for; they have the limits of forms and of files.
LARGE_FORM, UPLOAD = "/nothing/new", "/nothing/import"
FORM = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"


@dataclass
class Visit:
    """A connection of the visitor with this number."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int

    async def say(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()

    async def ask(self, line: str, more: str = "") -> None:
        """Send a request's head, as from an address of the visitor's own, as a load balancer adds it."""
        address = f"10.{self.number // 62500 % 250}.{self.number // 250 % 250}.{self.number % 250}"
        await self.say(f"{line} HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: {address}\r\n{more}\r\n")

    async def answer(self) -> str:
        """Take a whole answer in and return its status, with what it lacks."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if "content-length" in headers:
            await self.reader.readexactly(int(headers["content-length"]))
        else:
            await self.reader.read()
        status = head[9:12]
        clear = status not in {"429", "503"} or headers.get("retry-after", "").isdigit()
        return status if clear else f"{status} without Retry-After"


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect with small buffers, which fill up when nobody reads."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    line.setblocking(False)
    try:
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port)), 10)
    except BaseException:
        line.close()
        raise
    return await asyncio.open_connection(sock=line, limit=SMALL_BUFFER * 4)


async def slow_headers(visit: Visit) -> str:
    """A line of the head, and another one, and another one."""
    await visit.say("GET / HTTP/1.1\r\nHost: a.example\r\n")
    for number in range(10_000):
        await asyncio.sleep(PAUSE)
        await visit.say(f"X-{number}: a\r\n")
    return "never cut off"


async def slow_body(visit: Visit) -> str:
    """A form, one letter at a time."""
    await visit.ask("POST /entries/new", f"{FORM}Content-Length: 60000\r\n")
    await visit.say("title=")
    for _ in range(10_000):
        await asyncio.sleep(PAUSE)
        await visit.say("a")
    return "never cut off"


async def slow_reader(visit: Visit) -> str:
    """Ask for a long page and take it in by single bytes."""
    await visit.ask(f"GET {PAGE_OF_LONG_ENTRIES}")
    for _ in range(10_000):
        await visit.reader.readexactly(1)
        await asyncio.sleep(PAUSE)
    return "never cut off"


async def hog(visit: Visit) -> str:
    """Keep the connection, and ask for a little now and then so that it stays."""
    for _ in range(10_000):
        await visit.ask("GET /static/icon.svg")
        if (status := await visit.answer()) != "200":
            return status
        await asyncio.sleep(3 * PAUSE)
    return "never cut off"


async def impatient(visit: Visit) -> str:
    """Ask for the list once, like everybody else at this moment."""
    await visit.ask("GET /", "Connection: close\r\n")
    return await visit.answer()


async def impatient_of_one(visit: Visit) -> str:
    """The same, all from one address."""
    visit.number = 0
    return await impatient(visit)


async def aborted_upload(visit: Visit) -> str:
    """Send half a file and hang up."""
    length = 2 * 1024 * 1024
    await visit.ask(f"POST {UPLOAD}", f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n")
    visit.writer.write(bytes(length // 2))
    await visit.writer.drain()
    return "hung up"


def body_of(size: int, chunked: bool):
    """A behaviour: send a body of so many bytes, until there is an answer."""

    async def send(visit: Visit) -> str:
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        await visit.ask(f"POST {LARGE_FORM}", f"{FORM}{length}\r\n")
        piece = b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE
        answer = asyncio.create_task(visit.answer())
        sent = 0
        while not answer.done() and sent < size:
            visit.writer.write(piece)
            await asyncio.wait([answer, asyncio.create_task(drained(visit))], return_when=asyncio.FIRST_COMPLETED)
            sent += len(PIECE)
            if sent > EARLY:
                answer.cancel()
                return "not refused early"
        return await asyncio.wait_for(answer, 30)

    return send


async def drained(visit: Visit) -> None:
    """Wait until more can be sent, or nothing any more."""
    try:
        await visit.writer.drain()
    except OSError:
        await asyncio.sleep(0.1)  # the answer was sent before that


BEHAVIOURS = {
    "slow-headers": slow_headers,
    "slow-body": slow_body,
    "slow-reader": slow_reader,
    "hog": hog,
    "impatient": impatient,
    "impatient-of-one": impatient_of_one,
    "aborted-upload": aborted_upload,
    "large-body": body_of(LARGE, chunked=False),
    "large-chunked-body": body_of(LARGE, chunked=True),
    "huge-body": body_of(HUGE, chunked=False),
    "huge-chunked-body": body_of(HUGE, chunked=True),
}
