"""Redaction of URLs and headers for people, logs and recordings.

Header values are shown by an allowlist, so the value of an unknown header is hidden. A URL keeps
its scheme, host, path and query names, and loses its password, query values and fragment. No
function here raises, whatever the text. The results still have to be escaped for a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

MARK = "***"

_NAMES = """
    accept accept-charset accept-encoding accept-language accept-ranges age allow alt-svc
    anthropic-version cache-control cf-cache-status cf-ray connection content-digest
    content-encoding content-language content-length content-type date digest dnt expect expires
    grpc-message grpc-status host keep-alive
    last-event-id last-modified openai-processing-ms openai-version pragma priority repr-digest
    retry-after server server-timing strict-transport-security te trailer transfer-encoding
    upgrade upgrade-insecure-requests user-agent vary via www-authenticate x-accel-buffering
    x-cache x-content-type-options x-frame-options x-powered-by x-served-by
    """
SHOWN = frozenset(_NAMES.split())
SHOWN_FAMILIES = (
    "access-control-*",
    "anthropic-ratelimit-*",
    "ratelimit*",
    "sec-ch-ua*",
    "sec-fetch-*",
    "x-envoy-*",
    "x-ratelimit-*",
    # The IDs by which a server's log is searched, request-id and x-amzn-requestid among them.
    *("*request-id", "*requestid", "*correlation-id", "*trace-id", "traceparent"),
    *("x-amz-cf-id", "x-amz-id-2", "x-vercel-id"),
)
URLS = frozenset({"content-location", "location", "origin", "referer"})

# RFC 3986, appendix B. `url` ends the userinfo at the last "@", because people paste raw passwords.
_URL = re.compile(
    r"(?P<scheme>[^:/?#@]*://|//|)(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(?P<query>\?[^#]*)?(?:#.*)?",
    re.DOTALL,
)
_PORT = re.compile(r":[0-9]*\Z")


def url(text: str) -> str:
    """Return a URL without its password, query values and fragment.

    A user name alone (`https://KEY@host/`) is a key at many services, so it is hidden, too.
    """
    match = _URL.fullmatch(text)
    if match is None:  # the pattern matches any text; this must not raise if it ever changes
        return MARK
    authority, path = _split_authority(match["authority"], match["path"])
    userinfo, at, host = authority.rpartition("@")
    if not at:
        host = _host(host)
    return match["scheme"] + _userinfo(userinfo) + at + host + path + _query(match["query"])


def header(name: str, value: str) -> str:
    """Return the value of header `name` if it is known to hold no secret, else `MARK`."""
    key = name.strip().lower()
    if key in URLS:
        return url(value)
    if key in SHOWN or any(fnmatchcase(key, family) for family in SHOWN_FAMILIES):
        return value
    return MARK


def headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers in order, with values redacted by `header`."""
    return tuple((name, header(name, value)) for name, value in pairs)


def _split_authority(authority: str, path: str) -> tuple[str, str]:
    # In "user:pa/ss@host" the apparent port "pa" is the start of a password with a raw slash.
    if "@" in authority or "@" not in path or ":" not in authority or authority.endswith("]"):
        return authority, path
    if _PORT.search(authority):
        return authority, path
    password, _, rest = path.rpartition("@")
    host, slash, tail = rest.partition("/")
    return f"{authority}{password}@{host}", slash + tail


def _host(text: str) -> str:
    """Hide an invalid port: it may be a password before a forgotten host, `https://ann:pw`."""
    name, colon, port = text.partition(":")
    is_port = not port or (port.isascii() and port.isdecimal())
    return text if is_port or text.startswith("[") else f"{name}{colon}{MARK}"


def _userinfo(text: str) -> str:
    user, colon, _ = text.partition(":")
    return f"{user}:{MARK}" if colon else MARK if text else ""


def _query(text: str | None) -> str:
    if text is None:
        return ""
    return "?" + "&".join(map(_pair, text[1:].split("&")))


def _pair(text: str) -> str:
    name, equals, value = text.partition("=")
    if not equals:  # a name without a value may be a key
        return MARK if name else ""
    return f"{name}={MARK if value else ''}"
