"""Canaries: a secret in every place where a caller has one, and none of them gets out.

Each run carries a kit of secrets, every one a different word, through a situation. None may
be seen on standard output, on standard error, in a recording, or at a second origin; the
first origin gets them all, or a run would prove nothing.

A server that repeats a secret in its reply's *body* is out of scope: the body is what was
asked to be shown. In its headers it is not.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest

from tests.support.program import Ran, error_and_hint, sse
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.terminal import Terminal
from tests.support.wire import Handler, Peer, Wire

MARK = "canary-"
EVENTS = b"id: 1\nretry: 100\ndata: one\n\ndata: [DONE]\n\n"
CUT = b"id: 1\nretry: 100\ndata: one\n\n"
TOLD = ["-v", "-o", "jsonl", "--all", "--summary"]


def canary(place: str) -> str:
    return f"{MARK}{place}"


@dataclass(frozen=True)
class Kit:
    """Secrets of one command line: what comes before the host of the URL and after it, and
    the options. `{folder}` in an option is where the kit's files are."""

    options: tuple[str, ...]
    userinfo: str = ""
    query: str = ""
    environment: tuple[tuple[str, str], ...] = ()

    def url(self, origin: str) -> str:
        userinfo = f"{self.userinfo}@" if self.userinfo else ""
        return f"{origin.replace('//', '//' + userinfo)}/v1/stream{self.query}"

    def words(self, folder: Path) -> list[str]:
        (folder / "key").write_text(canary("bearer-file") + "\n")
        (folder / "headers").write_text(f"X-Filed: {canary('header-file')}\n")
        (folder / "body").write_text(json.dumps({"key": canary("body-file")}))
        return [option.replace("{folder}", str(folder)) for option in self.options]


KITS = {
    "header, query, userinfo, cookie, data": Kit(
        (
            *("-H", f"X-Api-Key: {canary('header')}", "-H", f"Cookie2: {canary('cookie2')}"),
            *("-b", f"sid={canary('cookie')}", "-d", f"key={canary('data')}"),
        ),
        userinfo=f"ann:{canary('userinfo')}",
        query=f"?key={canary('query')}&{canary('bare')}#{canary('fragment')}",
    ),
    "authorization, bearer, json": Kit(
        ("--bearer", canary("bearer"), "--json", json.dumps({"key": canary("json")})),
        query=f"?a=1&token={canary('query')}",
    ),
    "bearer of the environment, files, referer": Kit(
        (
            *("--bearer", "env:API_KEY", "-H", "@{folder}/headers", "-d", "@{folder}/body"),
            *("-e", f"http://ann:{canary('referer-userinfo')}@h/?k={canary('referer')}"),
        ),
        environment=(("API_KEY", canary("bearer-env")),),
    ),
    "bearer of a file, data in the URL": Kit(
        (
            *("--bearer", "@{folder}/key", "-G", "--data-urlencode", f"q={canary('urlencoded')}"),
            *("--last-event-id", "7", "-A", "probe/1"),
        ),
        userinfo=canary("user-alone"),
    ),
    "user, authorization by hand": Kit(
        ("-u", f"ann:{canary('user')}", "-H", f"Proxy-Authorization: Basic {canary('by-hand')}"),
    ),
}  # fmt: skip


class Situation(NamedTuple):
    """What the first origin does, what else is asked, how it must end."""

    handler: Callable[[str], Handler]  # given the second origin
    words: tuple[str, ...]
    code: int


def replies(*each: bytes) -> Callable[[str], Handler]:
    """The replies in turn, the last one again and again."""

    def make(_: str) -> Handler:
        rest = list(each)
        return lambda peer: peer.send(rest.pop(0) if len(rest) > 1 else rest[0])

    return make


def holding(start: bytes) -> Callable[[str], Handler]:
    def handler(peer: Peer) -> None:
        peer.send(start)
        peer.until_gone()

    return lambda _: handler


def moved(location: str, status: str = "307 Temporary Redirect") -> bytes:
    return head(f"Location: {location}", "Content-Length: 0", LEAKS, status=status)


def moving_away(status: str) -> Callable[[str], Handler]:
    secret = f"/there?key={canary('location')}"

    def make(second: str) -> Handler:
        return lambda peer: peer.send(moved(second + secret, status))

    return make


def cutting(_: str) -> Handler:
    return lambda peer: peer.send(head(STREAM, CHUNKED, LEAKS), chunk(CUT), b"ff\r\ndata")


# Secrets of the server's own, in headers that nobody has on a list.
LEAKS = (
    f"Set-Cookie: session={canary('set-cookie')}; Path=/\r\n"
    f"X-Issued-Token: {canary('issued')}\r\n"
    f"Content-Location: http://ann:{canary('content-location')}@h/?k={canary('content-query')}"
)
STREAMED = whole(EVENTS, STREAM, LEAKS)
AGAIN = ("--reconnect", "--max-reconnects", "1", "--retry-delay", "100ms")
SITUATIONS = {
    "success": Situation(replies(STREAMED), (), 0),
    "401": Situation(replies(whole(b"{}", LEAKS, status="401 Unauthorized")), (), 4),
    "no event stream": Situation(replies(whole(b"<p>", "Content-Type: text/html", LEAKS)), (), 4),
    "redirect within the origin": Situation(
        replies(moved(f"/again?key={canary('again')}"), STREAMED), (), 0
    ),
    "redirect elsewhere, blocked": Situation(moving_away("307 Temporary Redirect"), (), 4),
    "redirect elsewhere, -L, 307": Situation(moving_away("307 Temporary Redirect"), ("-L",), 0),
    "redirect elsewhere, -L, 302": Situation(moving_away("302 Found"), ("-L",), 0),
    "redirect elsewhere, -L, --reconnect": Situation(
        moving_away("307 Temporary Redirect"), ("-L", *AGAIN), 0
    ),
    "redirects in a circle": Situation(replies(moved(f"?key={canary('again')}")), (), 4),
    "--max-time": Situation(holding(b""), ("-m", "500ms"), 6),
    "--max-time in the body": Situation(
        holding(head(STREAM, CHUNKED, LEAKS) + chunk(CUT)), ("-m", "1"), 6
    ),
    "--idle-timeout": Situation(
        holding(head(STREAM, CHUNKED, LEAKS) + chunk(CUT)), ("--idle-timeout", "1s"), 6
    ),
    "no reply": Situation(replies(b""), (), 3),
    "a reply that is no HTTP": Situation(replies(b"junk\r\n\r\n"), (), 5),
    "a cut": Situation(cutting, (), 5),
    "--reconnect after a cut": Situation(cutting, AGAIN, 5),
    "--reconnect after an end": Situation(replies(whole(CUT, STREAM, LEAKS)), AGAIN, 0),
}  # fmt: skip


def forms(secret: str) -> Iterator[str]:
    """A secret as typed, and as it would look encoded."""
    yield secret
    yield quote(secret, safe="")
    for prefix in ("", "ann:"):
        # Less its last three characters: those depend on what follows.
        yield b64encode(f"{prefix}{secret}".encode()).decode().rstrip("=")[:-3]


def assert_silent(text: str, what: str) -> None:
    """No canary at all in `text`, whatever its place; nor one that is encoded."""
    assert MARK not in text, f"{what} tells {text[text.index(MARK) :][:40]!r}"
    for start in (MARK, f"ann:{MARK}", f":{MARK}"):
        whole_groups = len(start) // 3 * 4
        encoded = b64encode(start.encode()).decode()[:whole_groups]
        assert encoded not in text, f"{what} tells {encoded}…"


def assert_nothing_told(ran: Ran) -> None:
    assert_silent(ran.text, "standard output")
    assert_silent(ran.talk, "standard error")


@contextmanager
def second_origin() -> Iterator[Wire]:
    with Wire(whole(EVENTS)) as server:
        yield server


def assert_delivered(server: Wire, kit: Kit) -> None:
    """The first origin got the secrets: the run had them to lose."""
    first = server.requests[0]
    text = repr(first)
    for word in kit.options:
        if MARK in word and "fragment" not in word and ":" not in word:
            secret = MARK + word.partition(MARK)[2].rstrip('"}')
            assert any(form in text for form in forms(secret)), secret


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
@pytest.mark.parametrize("kit", KITS.values(), ids=KITS.keys())
def test_no_secret_gets_out(kit: Kit, situation: Situation, tmp_path: Path) -> None:
    with second_origin() as second, Wire(situation.handler(second.origin)) as first:
        words = [kit.url(first.origin), *kit.words(tmp_path), *situation.words, *TOLD]
        kept = tmp_path / "kept.rec"
        ran = sse(*words, "--record", kept, env=dict(kit.environment))
        assert_delivered(first, kit)
    assert ran.code == situation.code, ran.talk
    assert_nothing_told(ran)
    assert_silent(kept.read_text(), "the recording")
    for request in second.requests:
        # Its own URL is what the first origin made it.
        assert_silent(repr(request._replace(target="")), "the second origin")
        assert not {name.lower() for name, _ in request.headers} & {"authorization", "cookie"}
        assert request.body == b""
    assert bool(second.requests) == ("-L" in situation.words)


@pytest.mark.parametrize("kit", KITS.values(), ids=KITS.keys())
def test_a_connection_that_comes_too_late_tells_none(kit: Kit, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # not a byte of TLS
        url = kit.url(f"https://127.0.0.1:{silent.getsockname()[1]}")
        words = [url, *kit.words(tmp_path), "--connect-timeout", "300ms", *TOLD]
        ran = sse(*words, env=dict(kit.environment))
    assert ran.code == 6
    assert_nothing_told(ran)


OUTPUTS = [
    ["-o", "table", "--all", "--summary", "--color", "always"],
    ["-o", "text", "-v"],
    ["-o", "csv", "-v", "--summary"],
    ["-o", "raw"],
]


@pytest.mark.parametrize("name", ["success", "401", "redirect elsewhere, blocked", "a cut"])
@pytest.mark.parametrize("output", OUTPUTS, ids=" ".join)
def test_no_output_format_tells_one(output: list[str], name: str, tmp_path: Path) -> None:
    situation = SITUATIONS[name]
    kit = next(iter(KITS.values()))
    with second_origin() as second, Wire(situation.handler(second.origin)) as first:
        ran = sse(kit.url(first.origin), *kit.words(tmp_path), *output)
    assert ran.code == situation.code
    assert_nothing_told(ran)


@pytest.mark.parametrize("name", ["success", "401", "redirect elsewhere, -L, 307", "a cut"])
@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_tail_tells_none(form: str, name: str, tmp_path: Path) -> None:
    situation = SITUATIONS[name]
    kit = next(iter(KITS.values()))
    with second_origin() as second, Wire(situation.handler(second.origin)) as first:
        words = [*kit.words(tmp_path), *situation.words, "-o", form, "-v", "--summary"]
        ran = sse("tail", kit.url(first.origin), *words)
    assert ran.code == situation.code
    assert_nothing_told(ran)


def test_a_pasted_curl_command_tells_none() -> None:
    with Wire(STREAMED) as server:
        ran = sse(
            *("-v", "-o", "jsonl", "--all", "curl", f"{server.origin}?key={canary('query')}"),
            *("-H", f"Authorization: Bearer {canary('bearer')}", "-d", canary("data")),
            *("--cookie", f"a={canary('cookie')}", "-u", f"ann:{canary('user')}"),
        )
    assert ran.code == 0
    assert_nothing_told(ran)


BROKEN_HEADERS = {
    "a header with a NUL": b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=%s\0\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\n%s\r\n\r\n",
    "a trailer with a NUL": head(STREAM, CHUNKED) + b"0\r\nX-Token: %s\0\r\n\r\n",
}


@pytest.mark.parametrize("reply", BROKEN_HEADERS.values(), ids=BROKEN_HEADERS.keys())
def test_a_header_that_breaks_http_is_not_quoted(reply: bytes) -> None:
    with Wire(reply % canary("broken").encode()) as server:
        ran = sse(server.origin, *TOLD)
    assert ran.code == 5
    assert "illegal header line" in ran.talk
    assert_nothing_told(ran)


# Proxies


@pytest.mark.parametrize("by_environment", [False, True])
@pytest.mark.parametrize("name", ["success", "401", "--max-time", "no reply", "a cut"])
def test_a_proxy_s_password_is_for_the_proxy_alone(name: str, by_environment: bool) -> None:
    situation = SITUATIONS[name]
    with Wire(situation.handler("")) as proxy:
        address = proxy.origin.replace("//", f"//ann:{canary('proxy')}@")
        env = {"http_proxy": address} if by_environment else {}
        words = [] if by_environment else ["-x", address]
        ran = sse("http://api.test/", *words, *situation.words, *TOLD, env=env)
    assert ran.code == situation.code, ran.talk
    assert_nothing_told(ran)
    sent = dict(proxy.requests[0].headers)["Proxy-Authorization"]
    assert sent == "Basic " + b64encode(f"ann:{canary('proxy')}".encode()).decode()


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_refuses_a_tunnel_learns_nothing_of_the_request(refusal: str) -> None:
    with Wire(head("Content-Length: 0", status=refusal)) as proxy:
        address = proxy.origin.replace("//", f"//ann:{canary('proxy')}@")
        ran = sse(
            *("https://api.test/?key=" + canary("query"), "-x", address),
            *("--bearer", canary("bearer"), "-d", canary("data"), *TOLD),
        )
    assert ran.code == 3
    assert_nothing_told(ran)
    (request,) = proxy.requests
    others = [header for header in request.headers if header[0] != "Proxy-Authorization"]
    assert_silent(repr(request._replace(headers=others)), "the tunnel's request")


def unused() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_proxy_or_a_host_that_is_not_there_is_named_without_secrets() -> None:
    address = f"127.0.0.1:{unused()}"
    for words in (
        ["http://api.test/", "-x", f"http://ann:{canary('proxy')}@{address}"],
        [f"http://ann:{canary('userinfo')}@{address}/?key={canary('query')}"],
        [f"https://ann:{canary('userinfo')}@no-such-host.invalid/?key={canary('query')}"],
    ):
        ran = sse(*words, *TOLD)
        assert ran.code == 3
        error_and_hint(Ran(ran.code, b"", b"\n".join(ran.err.splitlines()[-2:])))
        assert_nothing_told(ran)


# A bug of ours

CRASHES = {
    "while connecting": ("httpx", "HTTPTransport.handle_request"),
    "while reading": ("sse_cli.parser.session", "Session.feed"),
    "while judging": ("sse_cli.analysis.verdict", "Verdict.finish"),
    "while rendering": ("sse_cli.render.json_lines", "JSONLinesRenderer.rows"),
    "while building the request": ("sse_cli.request.model", "build"),
}
# Where a thread of ours is at work; the main thread waits for a server that holds the stream.
IN_THREADS = {
    "in the watchdog": ("sse_cli.transport.watchdog", "Watchdog._look"),
    "in the thread of signals": ("sse_cli.process.signals", "_insist"),
}
# The exception says what it was working on, as many do, and so does what it came of.
CRASH = """
import sys
import {module} as module
def broken(*given, **named):
    try:
        raise KeyError(*sys.argv)
    except KeyError as cause:
        raise ZeroDivisionError(repr((given, named, sys.argv))) from cause
module.{name} = broken
from sse_cli.__main__ import main
main()
"""


def crashing(where: tuple[str, str], words: list[str], tmp_path: Path, *, debug: bool) -> Ran:
    """`sse` with one of its functions broken, its URL and options full of secrets."""
    module, name = where
    program = (sys.executable, "-c", CRASH.format(module=module, name=name))
    kit = next(iter(KITS.values()))
    reply = head(STREAM, CHUNKED, LEAKS) + chunk(CUT)
    with Wire(holding(reply)("") if "-m" in words else STREAMED) as server:
        given = ["--debug"] if debug else []
        return sse(
            *given, kit.url(server.origin), *kit.words(tmp_path), *words, *TOLD, program=program
        )


def assert_apology(ran: Ran, *, debug: bool) -> None:
    assert ran.code == 70, ran.talk
    last_two = ran.talk.splitlines()[-2:]
    assert last_two[0] == "error: a bug in sse: ZeroDivisionError"
    assert ("Traceback" in ran.talk) == debug
    if debug:  # which line it was, and what it came of
        assert "in broken" in ran.talk
        assert ran.talk.index("\nKeyError\n") < ran.talk.index("\nZeroDivisionError\n")
    assert_nothing_told(ran)


@pytest.mark.parametrize("where", CRASHES)
@pytest.mark.parametrize("debug", [False, True])
def test_a_bug_of_ours_tells_none(debug: bool, where: str, tmp_path: Path) -> None:
    assert_apology(crashing(CRASHES[where], [], tmp_path, debug=debug), debug=debug)


@pytest.mark.parametrize("where", IN_THREADS)
@pytest.mark.parametrize("debug", [False, True])
def test_a_thread_of_ours_that_dies_ends_the_program_and_tells_none(
    debug: bool, where: str, tmp_path: Path
) -> None:
    ran = crashing(IN_THREADS[where], ["-m", "1"], tmp_path, debug=debug)
    assert_apology(ran, debug=debug)


def test_a_crash_of_the_live_line_ends_the_program_and_tells_none(tmp_path: Path) -> None:
    program = CRASH.format(module="sse_cli.render.summary", name="footer")
    kit = next(iter(KITS.values()))
    with Wire(holding(head(STREAM, CHUNKED, LEAKS) + chunk(CUT))("")) as server:
        words = [kit.url(server.origin), *kit.words(tmp_path), "-m", "30"]
        with Terminal([sys.executable, "-c", program, *words]) as terminal:
            assert terminal.finish() == 70
            text = terminal.text
    assert "error: a bug in sse: ZeroDivisionError" in text
    assert "Traceback" not in text
    assert_silent(terminal.raw.decode(), "the terminal")


CLEAN_UP = """
import sys
from sse_cli.parser import session
from sse_cli.__main__ import main
class Broken:
    def __del__(self):
        raise ZeroDivisionError(repr(sys.argv))
feed = session.Session.feed
def dropping(self, signal):
    Broken()
    return feed(self, signal)
session.Session.feed = dropping
main()
"""


@pytest.mark.parametrize("debug", [False, True])
def test_a_clean_up_that_fails_tells_none_and_changes_nothing(debug: bool, tmp_path: Path) -> None:
    program = (sys.executable, "-c", CLEAN_UP)
    kit = next(iter(KITS.values()))
    with Wire(STREAMED) as server:
        given = ["--debug"] if debug else []
        given += [kit.url(server.origin), *kit.words(tmp_path), "-o", "text"]
        ran = sse(*given, program=program, env={"PYTHONWARNINGS": ""})
    assert (ran.code, ran.text) == (0, "one\n[DONE]\n")
    assert ("Exception ignored:" in ran.talk) == debug
    assert "Traceback" not in ran.talk
    assert_nothing_told(ran)


def test_a_bug_in_the_telling_of_an_error_tells_none(tmp_path: Path) -> None:
    where = ("sse_cli.render.http_messages", "error_of")
    ran = crashing(where, ["--no-such-option"], tmp_path, debug=False)
    assert ran.code == 70
    assert error_and_hint(ran)[0] == "a bug in sse: ZeroDivisionError"
    assert_nothing_told(ran)


SECOND = """
import os, signal
from sse_cli.render import reply
def interrupted(error):
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("a signal raises before the next line")
reply.error_of = interrupted
from sse_cli.__main__ import main
main()
"""


def test_a_ctrl_c_while_an_error_is_told_ends_without_a_traceback(tmp_path: Path) -> None:
    program = (sys.executable, "-c", SECOND)
    kit = next(iter(KITS.values()))
    ran = sse(kit.url("ftp://h"), *kit.words(tmp_path), program=program)
    assert (ran.code, ran.out, ran.err) == (-signal.SIGINT, b"", b"")


# Words that are wrong

WRONG = [
    ["h.example", "-H", canary("x")],
    ["h.example", "-H", f"a b: {canary('x')}"],
    ["h.example", "-H", f"a: {canary('x')}\nb: c"],
    ["h.example", "-H", f"a: ok\n{canary('x')}"],
    ["h.example", "-b", canary("x")],
    ["h.example", "-b", f"a={canary('x')}\n"],
    ["h.example", "-u", canary("x")],
    ["h.example", "--bearer", f"{canary('x')}\n{canary('y')}"],
    ["h.example", "--bearer", "@{folder}/broken"],
    ["h.example", "-H", "@{folder}/broken"],
    ["h.example", "-A", f"{canary('x')}\n"],
    ["h.example", "-e", f"http://h/?{canary('x')}\n"],
    ["h.example", "-E", f"no-such.pem:{canary('x')}"],
    ["h.example", "-E", "{folder}/broken:" + canary("x")],
    ["h.example", "-x", f"ftp://ann:{canary('x')}@h"],
    ["h.example", "-x", f"http://ann:{canary('x')}@h:bad"],
    ["h.example", "-x", f"http://ann:{canary('x')}@[::1"],
    ["h.example", "-x", f"http://ann:{canary('x')}"],
    ["h.example", "-x", f"socks5://ann:{canary('x')}@h"],
    [f"http://ann:{canary('x')}@h:bad/?key={canary('y')}"],
    [f"http://ann:{canary('x')}@[::1/?key={canary('y')}"],
    [f"http://ann:{canary('x')}@/?key={canary('y')}"],
    [f"http://ann:{canary('x')}@h/?key={canary('y')} z"],
    [f"http://ann:{canary('x')}@h/\x01?key={canary('y')}"],
    [f"http://ann:{canary('x')}@h..example/?key={canary('y')}"],
    [f"ftp://ann:{canary('x')}@h/?key={canary('y')}"],
    [f"http://ann:{canary('x')}"],
    [f"http://ann:pa/{canary('x')}@h/ z"],
    ["h.example", f"http://ann:{canary('x')}@h/?key={canary('y')}"],
    ["h.example", "-H", "Authorization:", "Bearer", canary("x")],
    ["h.example", "-d", "{key:", canary("x"), "}"],
    ["h.example", "-H", f"X-Key: {canary('x')}", "--no-such-option"],
    ["h.example", f"--baerer={canary('x')}"],
    ["h.example", f"--haeder=X-Key: {canary('x')}"],
    ["h.example", "-H", f"X-Key: {canary('x')}", "-m", "soon"],
    ["h.example", "-H", f"X-Key: {canary('x')}", "-o", "xml"],
    ["h.example", "-H", f"X-Key: {canary('x')}", "-q", "a["],
    ["h.example", "-X", "A B", "-H", f"X-Key: {canary('x')}"],
    ["one.sse", "-H", f"X-Key: {canary('x')}"],
    ["curl", "h.example", "-H", canary("x")],
    ["curl", "h.example", "--haeder", f"a: {canary('x')}"],
    ["curl", "h.example", "-H", "Authorization:", "Bearer", canary("x")],
    ["curl", f"http://ann:{canary('x')}@h:bad/?key={canary('y')}"],
    ["curl", "h.example", "-F", f"key={canary('x')}"],
    [f"curl h.example -H 'X-Key: {canary('x')}"],
    [f"curl h.example -H 'X-Key: {canary('x')}' | jq ."],
    [f"curl h.example -d {canary('x')} > {canary('y')}"],
]  # fmt: skip


@pytest.mark.parametrize(
    "words", WRONG, ids=lambda words: " ".join(words)[:50].encode("unicode_escape").decode()
)
def test_a_command_line_that_is_wrong_tells_none(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "one.sse").write_bytes(CUT)
    (tmp_path / "broken").write_bytes(f"{canary('a')}\n{canary('b')}: \xff".encode("latin-1"))
    given = [word.replace("{folder}", str(tmp_path)) for word in words]
    given = [str(tmp_path / "one.sse") if word == "one.sse" else word for word in given]
    ran = sse(*given, "-m", "1s") if "curl" not in given[0] else sse(*given)
    assert ran.code in (2, 3), ran.talk
    assert_nothing_told(ran)
    error_and_hint(ran)


SERVER_CRASH = """
import sys
from sse_cli.serve.connection import Connection
async def broken(self):
    raise ZeroDivisionError({secret!r})
Connection._exchange = broken
from sse_cli.__main__ import main
main()
"""


def test_a_bug_of_the_server_ends_it_and_tells_none() -> None:
    program = (sys.executable, "-c", SERVER_CRASH.format(secret=canary("server")))
    ran = sse("demo", "-o", "text", program=program)
    assert ran.code == 70, ran.talk
    assert "a bug in sse: ZeroDivisionError" in ran.talk
    assert "Traceback" not in ran.talk
    assert_nothing_told(ran)
