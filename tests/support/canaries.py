"""Canaries: kits of secrets, each secret a different word, and situations in which to use them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tests.support.program import Ran
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.wire import Handler, Peer, Wire

MARK = "canary-"
EVENTS = b"id: 1\nretry: 100\ndata: one\n\ndata: [DONE]\n\n"
CUT = b"id: 1\nretry: 100\ndata: one\n\n"
VERBOSE = ["-v", "-o", "jsonl", "--all", "--summary"]


def canary(place: str) -> str:
    return f"{MARK}{place}"


@dataclass(frozen=True)
class Kit:
    """The secrets of one command line: the URL's parts before and after the host, and the options.

    `{folder}` in an option stands for the folder of the kit's files.
    """

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
    """The first origin's behaviour, further arguments, and the expected exit code."""

    handler: Callable[[str], Handler]  # receives the second origin
    words: tuple[str, ...]
    code: int


def replies(*each: bytes) -> Callable[[str], Handler]:
    """Return handlers for the replies in turn, repeating the last one."""

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


# Secrets of the server's own, in headers that no list of secret headers names.
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
    "a web page": Situation(replies(whole(b"<p>", "Content-Type: text/html", LEAKS)), (), 4),
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
    "a reply that is not HTTP": Situation(replies(b"junk\r\n\r\n"), (), 5),
    "a cut": Situation(cutting, (), 5),
    "--reconnect after a cut": Situation(cutting, AGAIN, 5),
    "--reconnect after an end": Situation(replies(whole(CUT, STREAM, LEAKS)), AGAIN, 0),
}  # fmt: skip


def forms(secret: str) -> Iterator[str]:
    """Yield a secret as typed and in its encoded forms."""
    yield secret
    yield quote(secret, safe="")
    for prefix in ("", "ann:"):
        # Without the last three characters, which depend on the text after them.
        yield b64encode(f"{prefix}{secret}".encode()).decode().rstrip("=")[:-3]


def assert_silent(text: str, what: str) -> None:
    """Assert that `text` contains no canary at all, plain or encoded."""
    assert MARK not in text, f"{what} tells {text[text.index(MARK) :][:40]!r}"
    for start in (MARK, f"ann:{MARK}", f":{MARK}"):
        whole_groups = len(start) // 3 * 4
        encoded = b64encode(start.encode()).decode()[:whole_groups]
        assert encoded not in text, f"{what} tells {encoded}…"


def assert_nothing_leaked(ran: Ran) -> None:
    assert_silent(ran.text, "standard output")
    assert_silent(ran.talk, "standard error")


@contextmanager
def second_origin() -> Iterator[Wire]:
    with Wire(whole(EVENTS)) as server:
        yield server


def assert_delivered(server: Wire, kit: Kit) -> None:
    """Assert that the first origin got the secrets, so that the run could have leaked them."""
    first = server.requests[0]
    text = repr(first)
    for word in kit.options:
        if MARK in word and "fragment" not in word and ":" not in word:
            secret = MARK + word.partition(MARK)[2].rstrip('"}')
            assert any(form in text for form in forms(secret)), secret
