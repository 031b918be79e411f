"""The URL of a request: its validation, and a default scheme.

An invalid URL is reported before anything is sent, and without its secrets.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from sse_cli.model.errors import UsageError
from sse_cli.text import escaping, redaction

SCHEMES = ("http", "https")

_NOT_IN_URL = re.compile(r"[\s\0-\x20\x7f]")
_NOT_IN_HOST = re.compile(r"[\"<>\\^`{|}]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NO_SCHEME = re.compile(r"[^/?#@:\[\]]*:/")


def target_url(text: str) -> str:
    """Return `text` with a scheme: its own, else http for localhost and loopback, else https.

    Raises `UsageError` for an empty text and for a malformed scheme, as in `http:/host`.
    """
    if not text:
        raise UsageError("the URL is empty", "give a URL such as https://api.example.com/stream")
    if _SCHEME.match(text):
        return text
    if _NO_SCHEME.match(text):
        raise UsageError(
            f"{redaction.url(text)!r} is not a valid URL", "start it with https:// or http://"
        )
    authority = re.split(r"[/?#]", text, maxsplit=1)[0].rpartition("@")[2]
    bracketed = re.match(r"\[([^\]]*)\]", authority)
    host = bracketed[1] if bracketed else authority.partition(":")[0]
    return f"{'http' if _is_here(host) else 'https'}://{text}"


def _is_here(host: str) -> bool:
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def checked(url: str) -> SplitResult:
    """Split an absolute http or https URL. Raises `UsageError` if it can't be requested."""
    shown = redaction.url(url)
    if _NOT_IN_URL.search(url) or escaping.without_surrogates(url) != url:
        raise UsageError(
            f"the URL {shown!r} contains a space or a control character",
            "quote the URL; inside it a space is %20, or use -G --data-urlencode NAME=VALUE",
        )
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:  # its text may quote the userinfo
        raise UsageError(
            f"the URL {shown!r} has a bad port or host", "a port is 1 to 65535, IPv6 is in [ ]"
        ) from None
    if parts.scheme not in SCHEMES:
        close = difflib.get_close_matches(parts.scheme, SCHEMES, n=1)
        raise UsageError(
            f"the URL {shown!r} has the scheme {parts.scheme}",
            f"did you mean {close[0]}?" if close else "only http and https carry event streams",
        )
    if not host:
        raise UsageError(f"the URL {shown!r} has no host", "write https://HOST/PATH")
    if port == 0 or _NOT_IN_HOST.search(host):
        raise UsageError(f"the URL {shown!r} has a bad port or host", "fill in its placeholders")
    return parts


def with_query(url: str, data: str) -> str:
    """Join `data` to the query of `url` as curl's `-G` does, and drop the fragment."""
    url = url.partition("#")[0]
    _, mark, query = url.partition("?")
    if not mark:
        return f"{url}?{data}"
    return url + data if not query or query.endswith("&") else f"{url}&{data}"
