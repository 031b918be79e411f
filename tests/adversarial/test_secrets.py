"""Canaries: a secret in every place where a caller may put one, and none of them leaks.

Each run uses a kit of secrets, each a different word, in one situation. No secret may appear on
standard output, on standard error, in a recording, or at a second origin; the first origin must
get them all, or the run would prove nothing.

A server that repeats a secret in its reply's *body* is out of scope: the user asked to see the
body. Its headers are in scope.
"""

from __future__ import annotations

import signal
import socket
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.canaries import (
    CUT,
    KITS,
    LEAKS,
    SITUATIONS,
    STREAMED,
    VERBOSE,
    Kit,
    Situation,
    assert_delivered,
    assert_nothing_leaked,
    assert_silent,
    canary,
    holding,
    second_origin,
)
from tests.support.program import Ran, error_and_hint, sse
from tests.support.replies import CHUNKED, STREAM, chunk, head
from tests.support.sockets import unused_port
from tests.support.terminal import Terminal
from tests.support.wire import Wire


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
@pytest.mark.parametrize("kit", KITS.values(), ids=KITS.keys())
def test_no_secret_leaks(kit: Kit, situation: Situation, tmp_path: Path) -> None:
    with second_origin() as second, Wire(situation.handler(second.origin)) as first:
        words = [kit.url(first.origin), *kit.words(tmp_path), *situation.words, *VERBOSE]
        kept = tmp_path / "kept.rec"
        ran = sse(*words, "--record", kept, env=dict(kit.environment))
        assert_delivered(first, kit)
    assert ran.code == situation.code, ran.talk
    assert_nothing_leaked(ran)
    assert_silent(kept.read_text(), "the recording")
    for request in second.requests:
        # The first origin chose its URL.
        assert_silent(repr(request._replace(target="")), "the second origin")
        assert not {name.lower() for name, _ in request.headers} & {"authorization", "cookie"}
        assert request.body == b""
    assert bool(second.requests) == ("-L" in situation.words)


@pytest.mark.parametrize("kit", KITS.values(), ids=KITS.keys())
def test_a_connection_timeout_reveals_no_secret(kit: Kit, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # never answers TLS
        url = kit.url(f"https://127.0.0.1:{silent.getsockname()[1]}")
        words = [url, *kit.words(tmp_path), "--connect-timeout", "300ms", *VERBOSE]
        ran = sse(*words, env=dict(kit.environment))
    assert ran.code == 6
    assert_nothing_leaked(ran)


OUTPUTS = [
    ["-o", "table", "--all", "--summary", "--color", "always"],
    ["-o", "text", "-v"],
    ["-o", "csv", "-v", "--summary"],
    ["-o", "raw"],
]


@pytest.mark.parametrize("name", ["success", "401", "redirect elsewhere, blocked", "a cut"])
@pytest.mark.parametrize("output", OUTPUTS, ids=" ".join)
def test_no_output_format_reveals_a_secret(output: list[str], name: str, tmp_path: Path) -> None:
    situation = SITUATIONS[name]
    kit = next(iter(KITS.values()))
    with second_origin() as second, Wire(situation.handler(second.origin)) as first:
        ran = sse(kit.url(first.origin), *kit.words(tmp_path), *output)
    assert ran.code == situation.code
    assert_nothing_leaked(ran)


@pytest.mark.parametrize("name", ["success", "401", "redirect elsewhere, -L, 307", "a cut"])
@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_tail_reveals_no_secret(form: str, name: str, tmp_path: Path) -> None:
    situation = SITUATIONS[name]
    kit = next(iter(KITS.values()))
    with second_origin() as second, Wire(situation.handler(second.origin)) as first:
        words = [*kit.words(tmp_path), *situation.words, "-o", form, "-v", "--summary"]
        ran = sse("tail", kit.url(first.origin), *words)
    assert ran.code == situation.code
    assert_nothing_leaked(ran)


def test_a_pasted_curl_command_reveals_no_secret() -> None:
    with Wire(STREAMED) as server:
        ran = sse(
            *("-v", "-o", "jsonl", "--all", "curl", f"{server.origin}?key={canary('query')}"),
            *("-H", f"Authorization: Bearer {canary('bearer')}", "-d", canary("data")),
            *("--cookie", f"a={canary('cookie')}", "-u", f"ann:{canary('user')}"),
        )
    assert ran.code == 0
    assert_nothing_leaked(ran)


BROKEN_HEADERS = {
    "a header with a NUL": b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=%s\0\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\n%s\r\n\r\n",
    "a trailer with a NUL": head(STREAM, CHUNKED) + b"0\r\nX-Token: %s\0\r\n\r\n",
}


@pytest.mark.parametrize("reply", BROKEN_HEADERS.values(), ids=BROKEN_HEADERS.keys())
def test_an_invalid_header_is_not_quoted(reply: bytes) -> None:
    with Wire(reply % canary("broken").encode()) as server:
        ran = sse(server.origin, *VERBOSE)
    assert ran.code == 5
    assert "illegal header line" in ran.talk
    assert_nothing_leaked(ran)


# Proxies


@pytest.mark.parametrize("by_environment", [False, True])
@pytest.mark.parametrize("name", ["success", "401", "--max-time", "no reply", "a cut"])
def test_a_proxy_s_password_is_sent_to_the_proxy_alone(name: str, by_environment: bool) -> None:
    situation = SITUATIONS[name]
    with Wire(situation.handler("")) as proxy:
        address = proxy.origin.replace("//", f"//ann:{canary('proxy')}@")
        env = {"http_proxy": address} if by_environment else {}
        words = [] if by_environment else ["-x", address]
        ran = sse("http://api.test/", *words, *situation.words, *VERBOSE, env=env)
    assert ran.code == situation.code, ran.talk
    assert_nothing_leaked(ran)
    sent = dict(proxy.requests[0].headers)["Proxy-Authorization"]
    assert sent == "Basic " + b64encode(f"ann:{canary('proxy')}".encode()).decode()


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_refuses_a_tunnel_receives_nothing_of_the_request(refusal: str) -> None:
    with Wire(head("Content-Length: 0", status=refusal)) as proxy:
        address = proxy.origin.replace("//", f"//ann:{canary('proxy')}@")
        ran = sse(
            *("https://api.test/?key=" + canary("query"), "-x", address),
            *("--bearer", canary("bearer"), "-d", canary("data"), *VERBOSE),
        )
    assert ran.code == 3
    assert_nothing_leaked(ran)
    (request,) = proxy.requests
    others = [header for header in request.headers if header[0] != "Proxy-Authorization"]
    assert_silent(repr(request._replace(headers=others)), "the tunnel's request")


def test_an_unreachable_proxy_or_host_is_named_without_secrets() -> None:
    address = f"127.0.0.1:{unused_port()}"
    for words in (
        ["http://api.test/", "-x", f"http://ann:{canary('proxy')}@{address}"],
        [f"http://ann:{canary('userinfo')}@{address}/?key={canary('query')}"],
        [f"https://ann:{canary('userinfo')}@no-such-host.invalid/?key={canary('query')}"],
    ):
        ran = sse(*words, *VERBOSE)
        assert ran.code == 3
        error_and_hint(Ran(ran.code, b"", b"\n".join(ran.err.splitlines()[-2:])))
        assert_nothing_leaked(ran)


# Bugs in `sse`

CRASHES = {
    "while connecting": ("sse_cli.transport.httpx_transport", "TappedTransport.handle_request"),
    "while reading": ("sse_cli.parser.session", "Session.feed"),
    "while judging": ("sse_cli.analysis.verdict", "Verdict.finish"),
    "while rendering": ("sse_cli.render.json_lines_renderer", "JSONLinesRenderer.rows"),
    "while building the request": ("sse_cli.request.builder", "build"),
}
# Functions that run in threads of ours; the main thread waits for a silent server.
IN_THREADS = {
    "in the watchdog": ("sse_cli.transport.watchdog", "Watchdog._check"),
    "in the thread of signals": ("sse_cli.process.signals", "_interrupt_main"),
}
# As many exceptions do, this one and its cause contain the values they were raised over.
CRASH = """
import sys
import {module} as module
def broken(*given, **named):
    try:
        raise KeyError(*sys.argv)
    except KeyError as cause:
        raise ZeroDivisionError(repr((given, named, sys.argv))) from cause
assert module.{name}
module.{name} = broken
from sse_cli.__main__ import main
main()
"""


def crashing(where: tuple[str, str], words: list[str], tmp_path: Path, *, debug: bool) -> Ran:
    """Run `sse` with one of its functions broken, its URL and options full of secrets."""
    module, name = where
    program = (sys.executable, "-c", CRASH.format(module=module, name=name))
    kit = next(iter(KITS.values()))
    reply = head(STREAM, CHUNKED, LEAKS) + chunk(CUT)
    with Wire(holding(reply)("") if "-m" in words else STREAMED) as server:
        given = ["--debug"] if debug else []
        return sse(
            *given, kit.url(server.origin), *kit.words(tmp_path), *words, *VERBOSE, program=program
        )


def assert_crash_reported(ran: Ran, *, debug: bool) -> None:
    assert ran.code == 70, ran.talk
    last_two = ran.talk.splitlines()[-2:]
    assert last_two[0] == "error: a bug in sse: ZeroDivisionError"
    assert ("Traceback" in ran.talk) == debug
    if debug:  # the line, and the cause
        assert "in broken" in ran.talk
        assert ran.talk.index("\nKeyError\n") < ran.talk.index("\nZeroDivisionError\n")
    assert_nothing_leaked(ran)


@pytest.mark.parametrize("where", CRASHES)
@pytest.mark.parametrize("debug", [False, True])
def test_a_crash_reveals_no_secret(debug: bool, where: str, tmp_path: Path) -> None:
    assert_crash_reported(crashing(CRASHES[where], [], tmp_path, debug=debug), debug=debug)


@pytest.mark.parametrize("where", IN_THREADS)
@pytest.mark.parametrize("debug", [False, True])
def test_a_crash_in_a_thread_ends_the_program_and_reveals_no_secret(
    debug: bool, where: str, tmp_path: Path
) -> None:
    ran = crashing(IN_THREADS[where], ["-m", "1"], tmp_path, debug=debug)
    assert_crash_reported(ran, debug=debug)


def test_a_crash_in_the_footer_ends_the_program_and_reveals_no_secret(tmp_path: Path) -> None:
    program = CRASH.format(module="sse_cli.render.footer", name="footer")
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
def test_a_failed_clean_up_reveals_no_secret_and_changes_nothing(
    debug: bool, tmp_path: Path
) -> None:
    program = (sys.executable, "-c", CLEAN_UP)
    kit = next(iter(KITS.values()))
    with Wire(STREAMED) as server:
        given = ["--debug"] if debug else []
        given += [kit.url(server.origin), *kit.words(tmp_path), "-o", "text"]
        ran = sse(*given, program=program, env={"PYTHONWARNINGS": ""})
    assert (ran.code, ran.text) == (0, "one\n[DONE]\n")
    assert ("Exception ignored:" in ran.talk) == debug
    assert "Traceback" not in ran.talk
    assert_nothing_leaked(ran)


def test_a_crash_while_an_error_is_reported_reveals_no_secret(tmp_path: Path) -> None:
    where = ("sse_cli.render.error_messages", "error_of")
    ran = crashing(where, ["--no-such-option"], tmp_path, debug=False)
    assert ran.code == 70
    assert error_and_hint(ran)[0] == "a bug in sse: ZeroDivisionError"
    assert_nothing_leaked(ran)


SECOND = """
import os, signal
from sse_cli.render import error_messages
def interrupted(error, hint):
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("a signal raises before the next line")
error_messages.error_of = interrupted
from sse_cli.__main__ import main
main()
"""


def test_ctrl_c_while_an_error_is_reported_ends_without_a_traceback(tmp_path: Path) -> None:
    program = (sys.executable, "-c", SECOND)
    kit = next(iter(KITS.values()))
    ran = sse(kit.url("ftp://h"), *kit.words(tmp_path), program=program)
    assert (ran.code, ran.out, ran.err) == (-signal.SIGINT, b"", b"")


# Invalid arguments

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
def test_an_invalid_command_line_reveals_no_secret(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "one.sse").write_bytes(CUT)
    (tmp_path / "broken").write_bytes(f"{canary('a')}\n{canary('b')}: \xff".encode("latin-1"))
    given = [word.replace("{folder}", str(tmp_path)) for word in words]
    given = [str(tmp_path / "one.sse") if word == "one.sse" else word for word in given]
    ran = sse(*given, "-m", "1s") if "curl" not in given[0] else sse(*given)
    assert ran.code in (2, 3), ran.talk
    assert_nothing_leaked(ran)
    error_and_hint(ran)


SERVER_CRASH = """
import sys
from sse_cli.mockserver.connection import Connection
async def broken(self):
    raise ZeroDivisionError({secret!r})
Connection._exchange = broken
from sse_cli.__main__ import main
main()
"""


def test_a_crash_of_the_server_ends_it_and_reveals_no_secret() -> None:
    program = (sys.executable, "-c", SERVER_CRASH.format(secret=canary("server")))
    ran = sse("demo", "-o", "text", program=program)
    assert ran.code == 70, ran.talk
    assert "a bug in sse: ZeroDivisionError" in ran.talk
    assert "Traceback" not in ran.talk
    assert_nothing_leaked(ran)
