"""Requests as bytes, which no client of HTTP would send: heads that are too long, and lengths that two readers may read
differently, so that one takes for a body what the other takes for the next request.
"""

import re
import socket

LONGEST_WAIT = 0.5  # seconds without another byte, after which that was the answer

HOST = b"Host: a.example\r\n"
CLOSE = b"Connection: close\r\n"
POST = b"POST /api/v1/entries HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
BODY = b'{"title": ""}'  # refused by the application, which stores nothing
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
HIDDEN = b"GET /hidden HTTP/1.1\r\n" + HOST + b"X-Request-Id: hidden-hidden-hidden\r\n\r\n"
HIDDEN_CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)


def get(more: bytes = b"", path: bytes = b"/") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + more + CLOSE + b"\r\n"


BOMBS = {
    "address of 9 kB": get(path=b"/?search=" + b"a" * 9_000),
    "address of 1 MB": get(path=b"/?search=" + b"a" * 1_000_000),
    "header of 9 kB": get(b"X-Long: " + b"a" * 9_000 + b"\r\n"),
    "cookie of 1 MB": get(b"Cookie: a=" + b"a" * 1_000_000 + b"\r\n"),
    "10,000 headers": get(b"".join(b"X-%d: a\r\n" % number for number in range(10_000))),
    "a header of 10,000 lines": get(b"X-Long: a\r\n" + b" a\r\n" * 10_000),
}

# Each hides a request, or part of one, where one reader may see it and another not.
SMUGGLERS = {
    "length and chunks": POST + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + CHUNKED + b"Content-Length: 4\r\n\r\n" + HIDDEN_CHUNK,
    "chunks twice": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + CHUNK + HIDDEN,
    "chunks in a list": POST + b"Transfer-Encoding: identity, chunked\r\n" + LENGTH + b"\r\n" + CHUNK + HIDDEN,
    "chunks misspelt": POST + b"Transfer-Encoding: xchunked\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN,
    "chunks after a tab": POST + b"Transfer-Encoding:\tchunked\r\n\r\n" + CHUNK + HIDDEN,
    "chunks before a space": POST + b"Transfer-Encoding : chunked\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN,
    "chunks on a folded line": POST + b"Transfer-Encoding:\r\n chunked\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN,
    "chunks behind a fold": POST + b"X-A: b\r\n Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN,
    "chunks behind a bare CR": POST + b"X-A: b\r" + CHUNKED + LENGTH + b"\r\n" + BODY + HIDDEN,
    "chunks behind a NUL": POST + b"X-A: b\0\r\n" + CHUNKED + b"\r\n" + CHUNK + HIDDEN,
    "chunks with an underscore": POST + b"Transfer_Encoding: chunked\r\n" + LENGTH + b"\r\n" + BODY,
    "chunks in HTTP/1.0": POST.replace(b"/1.1", b"/1.0") + CHUNKED + b"\r\n" + CHUNK + HIDDEN,
    "two lengths": POST + LENGTH + b"Content-Length: 3\r\n\r\n" + BODY + HIDDEN,
    "one length twice": POST + LENGTH + LENGTH + b"\r\n" + BODY + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 13, 13\r\n\r\n" + BODY + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +13\r\n\r\n" + BODY + HIDDEN,
    "a length below zero": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "a length in hexadecimal": POST + b"Content-Length: 0xd\r\n\r\n" + BODY + HIDDEN,
    "a length beyond numbers": POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n" + BODY + HIDDEN,
    "a length with an underscore": POST + b"Content_Length: 0\r\n" + LENGTH + b"\r\n" + BODY,
    "lines that end in LF": (POST + LENGTH).replace(b"\r\n", b"\n") + b"\n" + BODY,
    "a chunk's extension": POST + CHUNKED + b"\r\n" + CHUNK.replace(b"\r\n", b";a=b\r\n", 1) + HIDDEN,
    "a chunk's extension that ends in LF": POST + CHUNKED + b"\r\n" + CHUNK.replace(b"\r\n", b";\n", 1) + HIDDEN,
    "a chunk below zero": POST + CHUNKED + b"\r\n-1\r\n" + BODY + b"\r\n0\r\n\r\n" + HIDDEN,
    "a chunk beyond numbers": POST + CHUNKED + b"\r\n" + b"f" * 16 + b"\r\n" + BODY + b"\r\n0\r\n\r\n" + HIDDEN,
    "a header behind the chunks": POST + CHUNKED + b"\r\n" + CHUNK[:-2] + b"Content-Length: 9\r\n\r\n" + HIDDEN,
    "a request as a body": POST + CLOSE + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "a request as a chunk": POST + CLOSE + CHUNKED + b"\r\n" + HIDDEN_CHUNK,
    "a request as the body of a GET": get(b"Content-Length: %d\r\n" % len(HIDDEN)) + HIDDEN,
    "headers that nginx sets": get(b"X_Request_Id: hidden-hidden-hidden\r\nX_Forwarded_For: 6.6.6.6\r\n"),
    "two hosts": get(b"Host: b.example\r\n"),
    "HTTP/2 from the start": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    "an upgrade to HTTP/2": get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
    "twenty in a row": (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") * 19 + get(),
}


def exchange(port: int, request: bytes) -> bytes:
    """Send a request and return what comes back, until nothing more does."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(request)
            connection.settimeout(LONGEST_WAIT)
            while piece := connection.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionError):
            pass  # it keeps the connection, or has cut it off while we were still sending
    return answer


def statuses(answer: bytes) -> list[str]:
    """The status of each answer in what came back."""
    return [status.decode() for status in re.findall(rb"(?m)^HTTP/1\.1 (\d{3}) ", answer) if status != b"100"]
