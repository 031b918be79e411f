"""Which reply a request gets from the mock server. Pure: a request in, a scenario out.

Rule 1: every reply is a `Scenario`, the list of routes and the error pages too; only the
streams themselves may be made something worse of (`Twist`). Rule 2: no
reply repeats what the peer sent. Rule 3: only programs and pages of this machine may ask:
Host and Origin are checked, because a web page can point its own name at 127.0.0.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus

import h11

from sse_cli.faults import Asked
from sse_cli.scenarios import Reply, Scenario

ALLOWED_METHODS = "GET, HEAD, POST, OPTIONS"
PHRASES = {status.value: status.phrase for status in HTTPStatus}

_LOOPBACK = r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{0,5})?"
_HOST = re.compile(_LOOPBACK, re.IGNORECASE)
_ORIGIN = re.compile(rf"https?://{_LOOPBACK}", re.IGNORECASE)
# RFC 9112, 3.2.2: a server must take the absolute form too, and then its authority counts.
_TARGET = re.compile(r"(?:https?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*).*", re.IGNORECASE)

Twist = Callable[[Scenario, Asked], Reply]


def answer(
    request: h11.Request,
    scenarios: Mapping[str, Scenario],
    twist: Twist = lambda scenario, _: scenario,
) -> Reply:
    """What to reply to `request`: a scenario of `scenarios`, the list of them, or an error.

    `twist` has the last word on a scenario, not on the list and on errors."""
    if request.http_version not in (b"1.0", b"1.1"):  # h11 lets any HTTP/d.d through
        return refusal(505)
    target = _TARGET.fullmatch(request.target.decode("ascii"))
    authority, path = target.groups() if target else (None, "")
    hosts = header_values(request, b"host")
    if len(hosts) != 1:
        return refusal(400)
    if not all(_HOST.fullmatch(host) for host in (*hosts, authority) if host is not None):
        return _plain(403, "This server answers to 127.0.0.1, localhost and [::1] only.\n")
    if not all(_ORIGIN.fullmatch(origin) for origin in header_values(request, b"origin")):
        return _plain(403, "This server answers pages of this machine only.\n")
    found = _by_method(request.method.decode("ascii"), path, scenarios)
    if any(found is scenario for scenario in scenarios.values()):
        ids = header_values(request, b"last-event-id")
        return _resumed(found, ids, lambda left: twist(left, Asked(path, hosts[0])))
    return found


def _resumed(scenario: Scenario, ids: Sequence[str], twist: Callable[[Scenario], Reply]) -> Reply:
    """What is left of `scenario`; a 204 where nothing is: don't come back (HTML 9.2.2)."""
    left = scenario.after(ids[-1] if ids else "")
    return twist(left) if left.steps or not scenario.steps else Scenario("", "", (), 204, "")


def _by_method(method: str, path: str, scenarios: Mapping[str, Scenario]) -> Scenario:
    allow = (("Allow", ALLOWED_METHODS),)
    if method == "OPTIONS":
        return Scenario("", "", (), 204, "", allow)
    if method not in ALLOWED_METHODS.split(", "):
        return _plain(405, f"Allowed: {ALLOWED_METHODS}\n", allow)
    if path in ("", "/"):
        return _plain(200, _listing(scenarios))
    name = path.partition("/")[2].partition("/")[0]
    if name not in scenarios:
        return _plain(404, f"Nothing is served here. There is:\n{_listing(scenarios)}")
    return scenarios[name]


def _listing(scenarios: Mapping[str, Scenario]) -> str:
    width = max(map(len, scenarios), default=0)
    lines = (f"/{name:{width}}  {item.description}".rstrip() for name, item in scenarios.items())
    return "".join(f"{line}\n" for line in lines)


def _plain(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Scenario:
    body = text.encode()
    length = ("Content-Length", str(len(body)))
    steps = [(0.0, body)]
    kind = "text/plain; charset=utf-8"
    return Scenario.of("", steps, status=status, content_type=kind, headers=(length, *headers))


def refusal(status: int) -> Scenario:
    """The last words to a peer whose request could not be read."""
    return _plain(status, f"{HTTPStatus(status).phrase}\n", (("Connection", "close"),))


def head(scenario: Scenario) -> h11.Response:
    """The reply's head. h11 adds the framing: chunks, or for HTTP/1.0 an end by closing."""
    own = [("Date", formatdate(usegmt=True)), ("Cache-Control", "no-cache")]
    if scenario.content_type:
        own.append(("Content-Type", scenario.content_type))
    headers = [(name.encode(), value.encode()) for name, value in (*own, *scenario.headers)]
    reason = PHRASES.get(scenario.status, "").encode()
    return h11.Response(status_code=scenario.status, headers=headers, reason=reason)


def header_values(request: h11.Request, name: bytes) -> list[str]:
    """Every value of the request header `name` (given in lower case)."""
    return [value.decode("latin-1") for key, value in request.headers if key == name]
