"""The router of the mock server, without I/O: a request in, a reply out.

Rule 1: every reply is a `Scenario`, also the list of routes and the error pages; a fault changes
only the replies with a stream (`ApplyFault`). Rule 2: no reply repeats bytes of the request, except
for the origin and the header names that CORS allows; what a scenario takes from a body (the ID of a
JSON-RPC request) is a number or a short string, encoded as JSON. Rule 3: a request that the access
control does not accept gets 403.
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
from sse_cli.mockserver.faults.reply_parts import RequestInfo
from sse_cli.mockserver.scenarios.api_paths import api_of, path_of
from sse_cli.mockserver.scenarios.scenario import (
    NOTHING_LEFT,
    PHRASES,
    MockReply,
    RequestContent,
    Scenario,
)

ALLOWED_METHODS: Final = "GET, HEAD, POST, OPTIONS"

# RFC 9112, 3.2.2: a server must take the absolute form too, and then its authority counts.
_TARGET = re.compile(r"(?:https?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*).*", re.IGNORECASE)

ApplyFault = Callable[[str, Scenario, RequestInfo], MockReply]


class Answer(NamedTuple):
    """A reply, and the name of the scenario in it; None for the list and for errors."""

    reply: MockReply
    route: str | None = None


@dataclass(slots=True)
class Router:
    """The scenarios that are served, the access control, and the speed.

    `scenarios` may grow while the server runs. `apply_fault` makes the reply of a scenario; it is
    not called for the list and for errors.
    """

    scenarios: Mapping[str, Scenario]
    access: AccessControl = field(default_factory=AccessControl)
    apply_fault: ApplyFault = lambda _name, scenario, _request: scenario
    speed: float = 1.0
    _visits: dict[str, int] = field(default_factory=dict)
    _paced: dict[str, tuple[Scenario, Scenario]] = field(default_factory=dict)

    def answer(self, request: h11.Request, body: bytes = b"") -> Answer:
        """Return the reply to a request: a scenario, the list of scenarios, or an error.

        The `body` is needed for a scenario that responds to it.
        """
        if request.http_version not in (b"1.0", b"1.1"):  # h11 lets any HTTP/d.d through
            return Answer(refusal(505))
        target = _TARGET.fullmatch(request.target.decode("ascii"))
        authority, path = target.groups() if target else (None, "")
        hosts = header_values(request, b"host")
        if len(hosts) != 1:
            return Answer(refusal(400))
        origins = header_values(request, b"origin")
        named_hosts = hosts if authority is None else [*hosts, authority]
        if forbidden := self._forbidden(named_hosts, origins):
            return Answer(forbidden)
        route = self._route(request, path)
        cors = self.access.headers(origins)
        if isinstance(route, Scenario):
            return Answer(_with_headers(route, cors))
        responded = self._responded(route, request, body)
        rest = responded or self._resumed(route, request)
        scenario = _with_headers(rest, cors)
        if rest is NOTHING_LEFT or (responded and rest.status != 200):  # a fault is for streams
            return Answer(scenario, route)
        return Answer(self.apply_fault(route, scenario, RequestInfo(path, hosts[0])), route)

    def _forbidden(self, hosts: Sequence[str], origins: Sequence[str]) -> Scenario | None:
        """Return a 403 for a request that names another host or comes from another origin."""
        if not all(map(self.access.knows_host, hosts)):
            return _plain(403, f"This server answers to {_names(self.access)} only.\n")
        if not all(map(self.access.accepts_origin, origins)):
            words = "This server answers pages of this machine, and of origins it was told of."
            return _plain(403, f"{words}\n")
        return None

    def _route(self, request: h11.Request, path: str) -> Scenario | str:
        """Return the name of the requested scenario, or else the reply."""
        allow = (("Allow", ALLOWED_METHODS),)
        method = request.method.decode("ascii")
        if method == "OPTIONS":
            requested = header_values(request, b"access-control-request-headers")
            more = self.access.preflight(requested, ALLOWED_METHODS)
            return Scenario("", "", (), 204, "", (*allow, *more))
        if method not in ALLOWED_METHODS.split(", "):
            return _plain(405, f"Allowed: {ALLOWED_METHODS}\n", allow)
        if path in ("", "/"):
            return self._index(header_values(request, b"accept"))
        name = path.partition("/")[2].partition("/")[0]
        if name not in self.scenarios:
            return _plain(404, f"Nothing is served at this path. Available:\n{self._listing()}")
        own = self.scenarios[name].api
        if own and (api := api_of(path.removeprefix(f"/{name}"))) not in ("", own):
            words = f"This path belongs to the API {api}, this scenario to {own}."
            return _plain(404, f"{words} Available:\n{self._listing(paths=True)}")
        return name

    def _index(self, accept: Sequence[str]) -> Scenario:
        """Return the list of routes: a page if the client accepts HTML, else text."""
        if "text/html" not in ",".join(accept).lower():
            return _plain(200, self._listing(), (("Vary", "Accept"),))
        from sse_cli.mockserver.page import document  # noqa: PLC0415 (10 ms, for browsers only)

        headers = (("Vary", "Accept"), *document.headers())
        return _plain(
            200, document.render(dict(self.scenarios)), headers, content_type=document.CONTENT_TYPE
        )

    def _listing(self, *, paths: bool = False) -> str:
        """Return a line for each scenario; with `paths`, where the client of its API looks."""
        items = [
            (name + path_of(one.api) if paths else name, one)
            for name, one in self.scenarios.items()
        ]
        width = max((len(name) for name, _ in items), default=0)
        lines = (f"/{name:{width}}  {one.description}".rstrip() for name, one in items)
        return "".join(f"{line}\n" for line in lines)

    def reads_body(self, request: h11.Request) -> bool:
        """Return whether the reply may depend on the body of a request."""
        target = _TARGET.fullmatch(request.target.decode("ascii"))
        name = target["path"].partition("/")[2].partition("/")[0] if target else ""
        return name in self.scenarios and self.scenarios[name].respond is not None

    def _responded(self, name: str, request: h11.Request, body: bytes) -> Scenario | None:
        respond = self._at_speed(name).respond
        if respond is None:
            return None
        headers = {key.decode("ascii"): value.decode("latin-1") for key, value in request.headers}
        return respond(RequestContent(request.method.decode("ascii"), headers, body))

    def _resumed(self, name: str, request: h11.Request) -> Scenario:
        """Return the part of a scenario that the client has not received yet."""
        scenario = self._at_speed(name)
        # The header's bytes are UTF-8 (HTML 9.2.4); h11 gives them as they are.
        ids = [value for key, value in request.headers if key == b"last-event-id"]
        visits = self._visits[name] = self._visits.get(name, -1) + 1
        last = ids[-1].decode("utf-8", "replace") if ids else ""
        return scenario.resume_after(last) if last else scenario.for_connection(visits)

    def _at_speed(self, name: str) -> Scenario:
        """Return a scenario at this server's speed; cached, because a long one takes its time."""
        scenario = self.scenarios[name]
        source, paced = self._paced.get(name, (None, None))
        if source is not scenario or paced is None:
            paced = scenario.at_speed(self.speed)
            self._paced[name] = (scenario, paced)
        return paced


def _with_headers(scenario: Scenario, headers: Pairs) -> Scenario:
    return replace(scenario, headers=(*scenario.headers, *headers)) if headers else scenario


def _names(access: AccessControl) -> str:
    names = sorted(access.names) + ["any address"] * access.addresses
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _plain(
    status: int,
    text: str,
    headers: tuple[tuple[str, str], ...] = (),
    content_type: str = "text/plain; charset=utf-8",
) -> Scenario:
    body = text.encode()
    length = ("Content-Length", str(len(body)))
    return Scenario.of(
        "", [(0.0, body)], status=status, content_type=content_type, headers=(length, *headers)
    )


def refusal(status: int) -> Scenario:
    """Return the last reply of a connection: an error status for a request that can't be read."""
    return _plain(status, f"{HTTPStatus(status).phrase}\n", (("Connection", "close"),))


def head(scenario: Scenario) -> h11.Response:
    """Return the reply's head. h11 adds the framing: chunks, or for HTTP/1.0 an end by closing."""
    own = [("Date", formatdate(usegmt=True)), ("Cache-Control", "no-cache")]
    if scenario.content_type:
        own.append(("Content-Type", scenario.content_type))
    headers = [(name.encode(), value.encode()) for name, value in (*own, *scenario.headers)]
    reason = PHRASES.get(scenario.status, "").encode()
    return h11.Response(status_code=scenario.status, headers=headers, reason=reason)


def header_values(request: h11.Request, name: bytes) -> list[str]:
    """Return every value of a request header; `name` is in lower case."""
    return [value.decode("latin-1") for key, value in request.headers if key == name]
