"""Which reply a request gets from the mock server. Pure: a request in, a scenario out.

Rule 1: every reply is a `Scenario`, the list of routes and the error pages too; only the
streams themselves may be made something worse of (`Twist`). Rule 2: no reply repeats what the
peer sent, but for the origin and the header names that CORS allows. Rule 3: only whom
`admission` lets in is answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, NamedTuple

import h11

from sse_cli.mockserver.access_control import AccessControl, Pairs
from sse_cli.mockserver.faults import Asked
from sse_cli.mockserver.scenarios import NOTHING_LEFT, PHRASES, MockReply, Scenario

ALLOWED_METHODS: Final = "GET, HEAD, POST, OPTIONS"

# RFC 9112, 3.2.2: a server must take the absolute form too, and then its authority counts.
_TARGET = re.compile(r"(?:https?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*).*", re.IGNORECASE)

Twist = Callable[[str, Scenario, Asked], MockReply]


class Answer(NamedTuple):
    """A reply, and the name of the scenario that it is made of; None for all else."""

    reply: MockReply
    route: str | None = None


@dataclass(slots=True)
class Router:
    """What is served, to whom, and how fast. `scenarios` may grow while a server runs.

    `twist` has the last word on a scenario, not on the list and on errors.
    """

    scenarios: Mapping[str, Scenario]
    admission: AccessControl = field(default_factory=AccessControl)
    twist: Twist = lambda _name, scenario, _asked: scenario
    speed: float = 1.0
    _visits: dict[str, int] = field(default_factory=dict)
    _paced: dict[str, tuple[Scenario, Scenario]] = field(default_factory=dict)

    def answer(self, request: h11.Request) -> Answer:
        """What to reply to `request`: a scenario, the list of them, or an error."""
        if request.http_version not in (b"1.0", b"1.1"):  # h11 lets any HTTP/d.d through
            return Answer(refusal(505))
        target = _TARGET.fullmatch(request.target.decode("ascii"))
        authority, path = target.groups() if target else (None, "")
        hosts = header_values(request, b"host")
        if len(hosts) != 1:
            return Answer(refusal(400))
        origins = header_values(request, b"origin")
        if closed := self._shut_out([*hosts, *([] if authority is None else [authority])], origins):
            return Answer(closed)
        found = self._by_method(request, path)
        cors = self.admission.headers(origins)
        if isinstance(found, Scenario):
            return Answer(_with_headers(found, cors))
        left = self._resumed(found, request)
        scenario = _with_headers(left, cors)
        if left is NOTHING_LEFT:
            return Answer(scenario, found)
        return Answer(self.twist(found, scenario, Asked(path, hosts[0])), found)

    def _shut_out(self, hosts: Sequence[str], origins: Sequence[str]) -> Scenario | None:
        """The refusal of a request that names another host, or comes from a page elsewhere."""
        if not all(map(self.admission.knows_host, hosts)):
            return _plain(403, f"This server answers to {_names(self.admission)} only.\n")
        if not all(map(self.admission.welcomes, origins)):
            words = "This server answers pages of this machine, and of origins it was told of."
            return _plain(403, f"{words}\n")
        return None

    def _by_method(self, request: h11.Request, path: str) -> Scenario | str:
        """The name of the scenario that is asked for, or the reply if it is none."""
        allow = (("Allow", ALLOWED_METHODS),)
        method = request.method.decode("ascii")
        if method == "OPTIONS":
            asked = header_values(request, b"access-control-request-headers")
            more = self.admission.preflight(asked, ALLOWED_METHODS)
            return Scenario("", "", (), 204, "", (*allow, *more))
        if method not in ALLOWED_METHODS.split(", "):
            return _plain(405, f"Allowed: {ALLOWED_METHODS}\n", allow)
        if path in ("", "/"):
            return self._index(header_values(request, b"accept"))
        name = path.partition("/")[2].partition("/")[0]
        if name not in self.scenarios:
            return _plain(404, f"Nothing is served here. There is:\n{self._listing()}")
        return name

    def _index(self, accept: Sequence[str]) -> Scenario:
        """The list: a page for browsers, which say that they want one, text for all others."""
        if "text/html" not in ",".join(accept).lower():
            return _plain(200, self._listing(), (("Vary", "Accept"),))
        from sse_cli.mockserver import page  # noqa: PLC0415 (10 ms that only a browser's visit should cost)

        headers = (("Vary", "Accept"), *page.headers())
        return _plain(200, page.render(dict(self.scenarios)), headers, kind=page.KIND)

    def _listing(self) -> str:
        items = [*self.scenarios.items()]
        width = max((len(name) for name, _ in items), default=0)
        lines = (f"/{name:{width}}  {one.description}".rstrip() for name, one in items)
        return "".join(f"{line}\n" for line in lines)

    def _resumed(self, name: str, request: h11.Request) -> Scenario:
        """What is left of a scenario for whoever asks for it."""
        scenario = self._at_speed(name)
        # The header's bytes are UTF-8 (HTML 9.2.4); h11 gives them as they are.
        ids = [value for key, value in request.headers if key == b"last-event-id"]
        visits = self._visits[name] = self._visits.get(name, -1) + 1
        last = ids[-1].decode("utf-8", "replace") if ids else ""
        return scenario.after(last) if last else scenario.turn(visits)

    def _at_speed(self, name: str) -> Scenario:
        """A scenario at this server's speed; made once, for a long one takes its time."""
        scenario = self.scenarios[name]
        made, paced = self._paced.get(name, (None, None))
        if made is not scenario or paced is None:
            paced = scenario.at_speed(self.speed)
            self._paced[name] = (scenario, paced)
        return paced


def _with_headers(scenario: Scenario, headers: Pairs) -> Scenario:
    return replace(scenario, headers=(*scenario.headers, *headers)) if headers else scenario


def _names(admission: AccessControl) -> str:
    names = sorted(admission.names) + ["any address"] * admission.addresses
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _plain(
    status: int,
    text: str,
    headers: tuple[tuple[str, str], ...] = (),
    kind: str = "text/plain; charset=utf-8",
) -> Scenario:
    body = text.encode()
    length = ("Content-Length", str(len(body)))
    return Scenario.of(
        "", [(0.0, body)], status=status, content_type=kind, headers=(length, *headers)
    )


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
