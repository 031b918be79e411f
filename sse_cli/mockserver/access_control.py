"""Who may ask the mock server: this machine's programs and pages, and whom its user named.

A web page can point its own name at 127.0.0.1 (DNS rebinding), and can send simple requests
anywhere; so the Host has to be a name of this server's, and the Origin one that is welcome.
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
_SECONDS: Final = "600"  # a browser may keep the answer to a preflight

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?")
_ORIGIN: Final = re.compile(r"https?://(?P<host>[^/?#@]+)", re.IGNORECASE)
# An origin as RFC 6454, 6.2 writes it; extensions and apps have schemes of their own.
_LISTED: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s*,]+|null")
_NAMES: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z, -]{1,4096}")  # header names in a list

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AccessControl:
    """`names` are the hosts that it answers to, in lower case, IPv6 in brackets; `addresses`
    says that any address will do, too. `origins` are those of pages elsewhere that may read
    it (`*` for all)."""

    names: frozenset[str] = LOOPBACK_NAMES
    addresses: bool = False
    origins: frozenset[str] = frozenset()

    def knows_host(self, value: str) -> bool:
        """Whether a Host header, port and all, names this server."""
        found = _HOST.fullmatch(value)
        if found is None:
            return False
        host = found[1].lower()
        return host in self.names or (self.addresses and _is_address(host))

    def welcomes(self, origin: str) -> bool:
        """Whether pages of this origin may ask."""
        if self.allows(origin):
            return True
        found = _ORIGIN.fullmatch(origin)
        return found is not None and self.knows_host(found["host"])

    def allows(self, origin: str) -> bool:
        """Return whether pages of this origin may read the replies, too."""
        return ANY in self.origins or origin.lower() in self.origins

    def headers(self, origins: Sequence[str]) -> Pairs:
        """What tells a browser that a page may read the reply (Fetch, 3.3)."""
        if not self.origins:
            return ()
        if ANY in self.origins:
            return (("Access-Control-Allow-Origin", ANY),)
        vary = ("Vary", "Origin")
        if len(origins) != 1 or not self.allows(origins[0]):
            return (vary,)
        allowed = ("Access-Control-Allow-Origin", origins[0])
        return (allowed, ("Access-Control-Allow-Credentials", "true"), vary)

    def preflight(self, asked: Sequence[str], methods: str) -> Pairs:
        """What a preflight is answered on top: all headers that it `asked` for are fine."""
        if not self.origins:
            return ()
        wanted = ", ".join(asked)
        names = (("Access-Control-Allow-Headers", wanted),) if _NAMES.fullmatch(wanted) else ()
        return (
            ("Access-Control-Allow-Methods", methods),
            *names,
            ("Access-Control-Max-Age", _SECONDS),
        )


def of(host: str, origins: Iterable[str] = (), *, remote: bool = False) -> AccessControl:
    """Who may ask a server that listens on `host`.

    Raises UsageError for an origin or a host that is none, and for one that other machines
    reach unless `remote` says that they may.
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
    """Whether only this machine reaches a server on `host`."""
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
