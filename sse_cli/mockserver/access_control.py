"""Access control: programs and pages of this machine, and the hosts and origins the user allows.

A web page can point its own name at 127.0.0.1 (DNS rebinding), and can send simple requests
anywhere. So the Host has to be a name of this server, and the Origin has to be allowed.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
WILDCARDS: Final = frozenset({"0.0.0.0", "::"})
ANY: Final = "*"
_MAX_AGE: Final = "600"  # seconds for which a browser may cache the answer to a preflight

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?")
_ORIGIN: Final = re.compile(r"https?://(?P<host>[^/?#@]+)", re.IGNORECASE)
# An origin as in RFC 6454, 6.2; browser extensions and apps have schemes of their own.
_LISTED: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s*,]+|null")
_NAMES: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z, -]{1,4096}")  # a list of header names

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AccessControl:
    """The hosts that a server answers to, and the origins that may read its replies.

    `names` are host names and addresses in lower case, IPv6 in brackets; with `addresses`, any
    IP address is accepted too. Pages of `origins` may read the replies (`*` for all origins).
    """

    names: frozenset[str] = LOOPBACK_NAMES
    addresses: bool = False
    origins: frozenset[str] = frozenset()

    def knows_host(self, value: str) -> bool:
        """Return whether a Host header, with or without a port, names this server."""
        match = _HOST.fullmatch(value)
        if match is None:
            return False
        host = match[1].lower()
        return host in self.names or (self.addresses and _is_address(host))

    def accepts_origin(self, origin: str) -> bool:
        """Return whether pages of this origin may send requests."""
        if self.shares_with(origin):
            return True
        match = _ORIGIN.fullmatch(origin)
        return match is not None and self.knows_host(match["host"])

    def shares_with(self, origin: str) -> bool:
        """Return whether pages of this origin may read the replies too."""
        return ANY in self.origins or origin.lower() in self.origins

    def headers(self, origins: Sequence[str]) -> Pairs:
        """Return the headers by which a browser lets a page read the reply (Fetch, 3.3)."""
        if not self.origins:
            return ()
        if ANY in self.origins:
            return (("Access-Control-Allow-Origin", ANY),)
        vary = ("Vary", "Origin")
        if len(origins) != 1 or not self.shares_with(origins[0]):
            return (vary,)
        allowed = ("Access-Control-Allow-Origin", origins[0])
        return (allowed, ("Access-Control-Allow-Credentials", "true"), vary)

    def preflight(self, requested: Sequence[str], methods: str) -> Pairs:
        """Return more headers for a preflight: every header that it `requested` is allowed."""
        if not self.origins:
            return ()
        listed = ", ".join(requested)
        names = (("Access-Control-Allow-Headers", listed),) if _NAMES.fullmatch(listed) else ()
        return (
            ("Access-Control-Allow-Methods", methods),
            *names,
            ("Access-Control-Max-Age", _MAX_AGE),
        )


def for_host(host: str, origins: Iterable[str] = (), *, remote: bool = False) -> AccessControl:
    """Return the access control of a server that listens on `host`.

    Raises UsageError for an origin or a host that is not valid, and for a host that other
    machines reach unless `remote` is set.
    """
    listed = frozenset(map(_origin, origins))
    if is_loopback(host):
        return AccessControl(LOOPBACK_NAMES | {_bracketed(host)}, origins=listed)
    if not host:
        words = "the host to listen on is empty"
        raise UsageError(words, "name an address; 0.0.0.0 and :: stand for all of them")
    if not remote:
        raise UsageError(
            f"the mock server listens on loopback only, not on {host}",
            Cause.LISTEN_REMOTE,
        )
    own = {_bracketed(host), socket.gethostname().lower()}
    return AccessControl(LOOPBACK_NAMES | own, host in WILDCARDS, listed)


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server on `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _origin(text: str) -> str:
    if text != ANY and not _LISTED.fullmatch(text):
        raise UsageError(
            f"invalid CORS origin {text!r}",
            "write scheme://host[:port] without a path, or * for all",
        )
    return text.lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host.lower()}]" if ":" in host else host.lower()
