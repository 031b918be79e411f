"""Curl's request options, one handler each, over a draft of the request.

An option means what it means to curl (7.88), in the order it was typed: `OPTIONS` is the
table, by long name. Values are checked here, where the option's name is known; a value
that may be a secret is never part of an error.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from sse_cli.model.errors import UsageError
from sse_cli.request.values import duration
from sse_cli.text import redaction

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")

# Patterns that few runs need are compiled where they are used: 0.1 to 0.6 ms each.
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110, 5.6.2
_NOT_IN_VALUE = r"[\0\r\n\v\f\ud800-\udfff]"  # RFC 9110, 5.5
_CERT = r"((?:\\[\\:]|[^:])*)(?::(.*))?"


class Draft:
    """What the options said so far. `connection` holds fields of `Request` by name."""

    def __init__(self, stdin: Callable[[], bytes], environment: Mapping[str, str]) -> None:
        self.stdin = stdin
        self.environment = environment
        self.url: str | None = None
        self.method: str | None = None
        self.headers: list[tuple[str, str | None]] = []  # None: removed
        self.data: bytes | None = None
        self.json = False
        self.get = False
        self.compressed = False
        self.user: bytes | None = None
        self.bearer: str | None = None
        self.cookies: list[str] = []
        self.user_agent: str | None = None
        self.referer = ""
        self.connection: dict[str, Any] = {}

    def read(self, option: str, name: str) -> bytes:
        """The bytes of file `name`; `-` is standard input."""
        try:
            return self.stdin() if name == "-" else Path(name).read_bytes()
        except (OSError, ValueError) as error:
            raise _unreadable(option, name, error) from None


def _add_header(draft: Draft, text: str) -> None:
    lines = [text]
    if text.startswith("@"):
        content = draft.read("--header", text[1:]).decode("utf-8", "surrogateescape")
        lines = [line for line in re.split(r"[\r\n]+", content) if line]
    for line in lines:
        draft.headers.append(_header(line, len(draft.headers) + 1))


def _header(line: str, number: int) -> tuple[str, str | None]:
    """Name and value of curl's `Name: value`, `Name:` (removed, None) and `Name;` (empty)."""
    name, colon, value = line.partition(":")
    empty = not colon and line.rstrip().endswith(";")
    if empty:
        name = line.rstrip()[:-1]
    if not colon and not empty:  # the text may be a bare key: it is not shown
        raise UsageError(f"--header number {number} has no colon", "write -H 'Name: value'")
    if not re.fullmatch(_NAME, name):
        raise UsageError(
            f"--header number {number} has no valid name before its colon",
            "a name has letters, digits and !#$%&'*+-.^_`|~",
        )
    value = _value(f"--header '{name}'", value.strip(" \t"))
    if not value and not empty and name.lower() == "host":
        raise UsageError("--header 'Host:' can't be removed", "HTTP/1.1 requires it")
    return name, value if value or empty else None


def _value(what: str, text: str) -> str:
    if re.search(_NOT_IN_VALUE, text):
        raise UsageError(
            f"{what} holds a line break, NUL or bytes that are no UTF-8", "quote it as one line"
        )
    return text.strip(" \t")  # RFC 9110, 5.5: blanks around a value are no part of it


def _set_url(draft: Draft, value: str) -> None:
    if draft.url is not None:
        raise UsageError("there is more than one URL", "give one URL; run sse once for each")
    draft.url = value


def _set_method(draft: Draft, value: str) -> None:
    if not re.fullmatch(_NAME, value):
        raise UsageError(f"--request {value!r} is no method", "write GET, POST, …")
    draft.method = value


def _set_user(draft: Draft, value: str) -> None:
    if ":" not in value:
        raise UsageError(
            "--user has no password and sse does not ask for one",
            "write -u USER:PASSWORD, or -u USER: for an empty password",
        )
    draft.user = _encode("--user", value)


def _add_data(draft: Draft, value: str, *, option: str, separator: bytes = b"&") -> None:
    if value.startswith("@") and option != "--data-raw":
        piece = draft.read(option, value[1:])
        if option == "--data":  # curl drops these from a file, and only from a file
            piece = piece.translate(None, b"\r\n\0")
    else:
        piece = _encode(option, value)
    draft.data = piece if draft.data is None else draft.data + separator + piece


def _add_json(draft: Draft, value: str) -> None:
    draft.json = True
    _add_data(draft, value, option="--json", separator=b"")


def _add_urlencoded(draft: Draft, value: str) -> None:
    """`content`, `=content`, `name=content`, `@file`, `name@file`: "=" is looked for first."""
    option = "--data-urlencode"
    mark = "=" if "=" in value else "@"
    name, found, content = value.partition(mark)
    if not found:
        name, content = "", value
    is_file = bool(found) and mark == "@"
    raw = draft.read(option, content) if is_file else _encode(option, content)
    piece = (f"{name}=" if name else "") + quote_plus(raw)
    _add_data(draft, piece, option="--data-raw")


def _add_cookie(draft: Draft, value: str) -> None:
    if value and ("=" not in value or value.startswith("@")):
        raise UsageError(
            "--cookie without NAME=VALUE is a cookie file, which sse does not read",
            "write -b 'NAME=VALUE'; several are joined",
        )
    if value:
        draft.cookies.append(_value("--cookie", value))


def _set_user_agent(draft: Draft, value: str) -> None:
    draft.user_agent = _value("--user-agent", value)


def _set_referer(draft: Draft, value: str) -> None:
    draft.referer = _value("--referer", value.partition(";auto")[0])


def _set_bearer(draft: Draft, value: str) -> None:
    where, token = "--bearer", value
    if value.startswith("env:"):
        where = f"--bearer: the environment variable {value[4:]!r}"
        if value[4:] not in draft.environment:
            # Not named unless it is a name: env:$KEY, typed by mistake, would be the key itself.
            if not value[4:].replace("_", "").isalpha():
                hint = "write env:NAME, without a $, and export it"
                raise UsageError("--bearer: that environment variable is not set", hint)
            raise UsageError(f"{where} is not set", f"run: export {value[4:]}=…")
        token = draft.environment[value[4:]]
    elif value.startswith("@"):
        where = f"--bearer: the file {value[1:]!r}"
        token = draft.read("--bearer", value[1:]).decode("utf-8", "surrogateescape")
    token = token.strip()
    if not token:
        raise UsageError(f"{where} is empty", "give --bearer KEY, env:NAME or @FILE")
    draft.bearer = _value(where, token)


def _set_oauth2_bearer(draft: Draft, value: str) -> None:
    draft.bearer = _value("--oauth2-bearer", value)


def _set_cert(draft: Draft, value: str) -> None:
    """curl's FILE[:PASSWORD], where a backslash keeps a colon in the file's name."""
    found = re.fullmatch(_CERT, value, re.DOTALL)
    name = re.sub(r"\\([\\:])", r"\1", found[1]) if found else value
    _set_file(draft, name, option="cert")
    draft.connection["cert_password"] = found[2] if found else None


def _set_file(draft: Draft, value: str, *, option: str) -> None:
    try:
        if Path(value).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        Path(value).stat()
    except (OSError, ValueError) as error:
        raise _unreadable(f"--{option}", value, error) from None
    draft.connection[option] = value


def _set_proxy(draft: Draft, value: str) -> None:
    proxy = value if "://" in value or not value else f"http://{value}"
    if proxy and proxy.partition("://")[0].lower() not in PROXY_SCHEMES:
        raise UsageError(
            f"--proxy {redaction.url(value)!r} is no proxy sse can use",
            "write -x http://HOST:PORT",
        )
    draft.connection["proxy"] = proxy


def _set_timeout(draft: Draft, value: str, *, option: str) -> None:
    seconds = duration(value, f"--{option}")
    draft.connection[option.replace("-", "_")] = seconds or None  # curl: 0 is no limit


def _set_text(draft: Draft, value: str, *, name: str) -> None:
    draft.connection[name] = value


def _put(draft: Draft, _: str, *, name: str, value: object) -> None:
    draft.connection[name] = value


def _mark(draft: Draft, _: str, *, name: str) -> None:
    setattr(draft, name, True)


def _encode(option: str, text: str) -> bytes:
    """The bytes as the shell passed them."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UsageError(f"{option} holds half a surrogate pair", "send it from a file") from None


def _unreadable(option: str, name: str, error: Exception) -> UsageError:
    reason = error.strerror if isinstance(error, OSError) else "no file has such a name"
    return UsageError(f"{option}: can't read {name!r}: {reason}", "give the path of a file")


OPTIONS: Mapping[str, Callable[[Draft, str], None]] = {
    "url": _set_url,
    "request": _set_method,
    "header": _add_header,
    "data": partial(_add_data, option="--data"),
    "data-raw": partial(_add_data, option="--data-raw"),
    "data-binary": partial(_add_data, option="--data-binary"),
    "data-urlencode": _add_urlencoded,
    "json": _add_json,
    "get": partial(_mark, name="get"),
    "compressed": partial(_mark, name="compressed"),
    "user": _set_user,
    "bearer": _set_bearer,
    "oauth2-bearer": _set_oauth2_bearer,
    "cookie": _add_cookie,
    "user-agent": _set_user_agent,
    "referer": _set_referer,
    "cacert": partial(_set_file, option="cacert"),
    "cert": _set_cert,
    "key": partial(_set_file, option="key"),
    "proxy": _set_proxy,
    "unix-socket": partial(_set_text, name="unix_socket"),
    "connect-timeout": partial(_set_timeout, option="connect-timeout"),
    "max-time": partial(_set_timeout, option="max-time"),
    "insecure": partial(_put, name="insecure", value=True),
    "location": partial(_put, name="location", value=True),
    "verbose": partial(_put, name="verbose", value=True),
    "http1.0": partial(_put, name="http_version", value="1.0"),
    "http1.1": partial(_put, name="http_version", value="1.1"),
    "http2": partial(_put, name="http_version", value="2"),
    "http2-prior-knowledge": partial(_put, name="http_version", value="2-prior-knowledge"),
    "ipv4": partial(_put, name="ip_family", value="4"),
    "ipv6": partial(_put, name="ip_family", value="6"),
}
