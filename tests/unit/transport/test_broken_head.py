"""Replies whose head can't be read: the bytes that show why, the advice, and the raw head."""

from __future__ import annotations

import gzip
import zlib

import pytest

from sse_cli.model.causes import Cause
from sse_cli.model.events import Closed, Ending
from sse_cli.transport.broken_head import LINES, head_lines
from tests.support.program import error_and_hint, sse
from tests.support.replies import STREAM, head, whole
from tests.support.signals import ask, closed
from tests.support.wire import Peer, Wire

EVENT = b"data: one\n\n" * 9
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
INVALID = "the reply is not valid HTTP: "
CASES: dict[str, tuple[bytes, str, str]] = {
    "a TLS alert": (b"\x15\x03\x03\0\x02\x02\x50", "not HTTP: it is TLS", Cause.TLS_ON_HTTP),
    "frames of HTTP/2": (b"\0\0\0\x04\0\0\0\0\0", "it is HTTP/2", Cause.HTTP2_ONLY),
    "a chunk": (b"1f\r\ndata: x\n\n\r\n", "the size of a chunk, '1f', stands", Cause.MALFORMED),
    "a long header": (OK + b"X: " + b"x" * 200_000, "over 100 KiB", Cause.MALFORMED),
    "many headers": (OK + b"X-Y: z\r\n" * 40_000 + b"\r\n", "over 100 KiB", Cause.MALFORMED),
    "an invalid length": (
        OK + b"Content-Length: x\r\n\r\nab",
        f"{INVALID}bad Content-Length: Content-Length: x",
        Cause.MALFORMED,
    ),
    "two lengths": (
        OK + b"Content-Length: 1\r\ncontent-length: 2\r\n\r\nab",
        "Content-Length: 1; content-length: 2",
        Cause.MALFORMED,
    ),
    "an unknown framing": (
        OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
        ": Transfer-Encoding: chunked, gzip",
        Cause.MALFORMED,
    ),
    "a NUL": (OK + b"Server: a\0b\r\n\r\n", r"Server: a\x00b (a NUL in", Cause.MALFORMED),
    "a NUL in a secret": (
        OK + b"Set-Cookie: a\0b\r\n\r\n",
        "Set-Cookie: *** (a NUL in its value)",
        Cause.MALFORMED,
    ),
    "a control character": (
        OK + b"Via: a\x0bb\r\n\r\n",
        "the control character 0x0b",
        Cause.MALFORMED,
    ),
    "no colon": (OK + b"nonsense\r\n\r\n", "a line of 8 bytes without a colon", Cause.MALFORMED),
    "a space in a name": (OK + b"X Y: 12\r\n\r\n", "a value of 3 bytes", Cause.MALFORMED),
    "an invalid status": (b"HTTP/1.1 2000 OK\r\n\r\n", "'HTTP/1.1 2000 OK'", Cause.MALFORMED),
}


@pytest.mark.parametrize("name", CASES)
def test_the_bytes_that_break_http_are_shown(name: str) -> None:
    reply, words, cause = CASES[name]
    with Wire(reply) as server:
        (end,) = ask(server.origin)
    assert isinstance(end, Closed)
    assert (end.ending, end.cause) == (Ending.MALFORMED, cause)
    assert words in end.detail.replace("\0", r"\x00")


def test_a_switch_of_protocols_is_a_refusal() -> None:
    with Wire(head("Upgrade: websocket", status="101 Switching Protocols")) as server:
        end = closed(ask(server.origin))
    assert (end.ending, end.cause) == (Ending.REFUSED, Cause.STATUS_101)
    assert end.detail == "101 Switching Protocols to websocket: a WebSocket endpoint?"


REFUSALS = {
    "nginx": b"<center>The plain HTTP request was sent to HTTPS port</center>",
    "Go": b"Client sent an HTTP request to an HTTPS server.\n",
    "Apache": b"Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
}


@pytest.mark.parametrize("server_name", REFUSALS)
def test_a_port_that_wants_tls_and_says_so_gets_that_advice(server_name: str) -> None:
    said = REFUSALS[server_name]
    reply = head("Content-Type: text/html", f"Content-Length: {len(said)}", status="400 Bad")
    with Wire(reply + said) as server:
        end = closed(ask(server.origin))
    assert (end.ending, end.cause) == (Ending.REFUSED, Cause.TLS_ON_HTTP)


CODINGS = {
    "gzip": gzip.compress(EVENT),
    "deflate": zlib.compress(EVENT),
    "zstd": bytes.fromhex("28b52ffd0458") + b"\0" * 9,
}


@pytest.mark.parametrize("name", CODINGS)
def test_an_encoded_body_that_is_not_called_so_is_recognized(name: str) -> None:
    with Wire(whole(CODINGS[name])) as server:
        end = closed(ask(server.origin))
    assert (end.ending, end.cause) == (Ending.REFUSED, Cause.CODING_UNNAMED)
    assert f"encoded with {name}," in end.detail


@pytest.mark.parametrize("start", [b"x^2 is not a coding\n", b"x\x01", b"data: \x1f\x8b\n\n"])
def test_text_that_resembles_a_coding_is_read(start: bytes) -> None:
    with Wire(whole(start + EVENT)) as server:
        assert closed(ask(server.origin)).ending is not Ending.REFUSED or start == b"x\x01"


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_a_plain_body_that_is_called_encoded_is_recognized(name: str) -> None:
    with Wire(whole(EVENT, STREAM, f"Content-Encoding: {name}")) as server:
        end = closed(ask(server.origin))
    assert (end.ending, end.cause) == (Ending.MALFORMED, Cause.CODING_UNTRUE)
    assert end.detail == f"the body is plain text, but Content-Encoding says {name}"


def test_a_body_of_another_coding_than_it_is_called_is_named() -> None:
    with Wire(whole(CODINGS["deflate"], STREAM, "Content-Encoding: gzip")) as server:
        end = closed(ask(server.origin))
    assert end.detail.endswith("it is not valid gzip but deflate")


# The raw head


def test_the_log_shows_the_head_that_could_not_be_read() -> None:
    reply = OK + b"Set-Cookie: sid=secret\r\nContent-Length: x\r\n\r\n"
    with Wire(reply) as server:
        ran = sse("watch", "-v", server.origin)
    shown = [line for line in ran.talk.splitlines() if line.startswith("< ")]
    assert shown == [
        "< HTTP/1.1 200 OK",
        "< Content-Type: text/event-stream",
        "< Set-Cookie: ***",
        "< Content-Length: x",
    ]
    assert error_and_hint(ran)[0].startswith("the reply is not valid HTTP")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nServer: half", ["HTTP/1.1 200 OK", "Server: half"]),
        (b"SSH-2.0-x\r\nkey: secret\r\n\r\n", ["SSH-2.0-x"]),
        (head("Location: http://other.test/", status="302 Found"), ["HTTP/1.1 302 Found"]),
    ],
)
def test_a_head_is_kept_however_the_exchange_failed(reply: bytes, words: list[str]) -> None:
    with Wire(reply) as server:
        (end,) = ask(server.origin)
    assert isinstance(end, Closed)
    assert [*end.head[: len(words)]] == words


def test_a_head_that_stays_unfinished_is_kept_at_the_deadline() -> None:
    def handler(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nServer: slow")
        peer.until_gone()

    with Wire(handler) as server:
        end = closed(ask(server.origin, max_time=0.3))
    assert (end.ending, end.head) == (Ending.DEADLINE, ("HTTP/1.1 200 OK", "Server: slow"))


def test_a_long_head_is_cut() -> None:
    lines = head_lines(b"HTTP/1.1 200 " + b"x" * 999 + b"\r\nVia: y" * 99 + b"\r\n\r\nbody")
    assert (len(lines), len(lines[0])) == (LINES, 200)
    assert "body" not in lines
