"""Handlers of the request options: each applies one option's value to a draft of the request.

An option has the meaning that it has for curl (7.88). Values are validated here, because the
option's name is known; a value that may be a secret is never part of an error. All handlers raise
`UsageError`. The table in `options.py` names the handler of each option.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote_plus

from sse_cli.model.errors import UsageError
from sse_cli.request.option_values import duration
from sse_cli.text import redaction

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")

# Patterns that few runs need are compiled where they are used: 0.1 to 0.6 ms each.
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110, 5.6.2
_NOT_IN_VALUE = r"[\0\r\n\v\f\ud800-\udfff]"  # RFC 9110, 5.5
_CERT = r"((?:\\[\\:]|[^:])*)(?::(.*))?"


class Draft:
    """An unfinished request. `connection` holds fields of `Request` by name."""

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
        """Return the bytes of file `name`; `-` is standard input."""
        try:
            return self.stdin() if name == "-" else Path(name).read_bytes()
        except (OSError, ValueError) as error:
            raise _unreadable(option, name, error) from None


Handler: TypeAlias = Callable[[Draft, str], None]


def add_header(draft: Draft, text: str) -> None:
    lines = [text]
    if text.startswith("@"):
        content = draft.read("--header", text[1:]).decode("utf-8", "surrogateescape")
        lines = [line for line in re.split(r"[\r\n]+", content) if line]
    for line in lines:
        draft.headers.append(_header(line, len(draft.headers) + 1))


def _header(line: str, number: int) -> tuple[str, str | None]:
    """Split curl's `Name: value`, `Name:` (removed: None) or `Name;` (empty) into a pair."""
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


def _value(source: str, text: str) -> str:
    if re.search(_NOT_IN_VALUE, text):
        raise UsageError(
            f"{source} contains a line break, NUL or bytes that are not UTF-8",
            "quote it as one line",
        )
    return text.strip(" \t")  # RFC 9110, 5.5: blanks around a value are not part of it


def set_url(draft: Draft, value: str) -> None:
    if draft.url is not None:
        raise UsageError("there is more than one URL", "give one URL; run sse once for each")
    draft.url = value


def set_method(draft: Draft, value: str) -> None:
    if not re.fullmatch(_NAME, value):
        raise UsageError(
            f"invalid --request {value!r}: expected an HTTP method", "write GET, POST, …"
        )
    draft.method = value


def set_user(draft: Draft, value: str) -> None:
    if ":" not in value:
        raise UsageError(
            "--user has no password and sse does not ask for one",
            "write -u USER:PASSWORD, or -u USER: for an empty password",
        )
    draft.user = _encode("--user", value)


def add_data(draft: Draft, value: str, *, option: str, separator: bytes = b"&") -> None:
    if value.startswith("@") and option != "--data-raw":
        piece = draft.read(option, value[1:])
        if option == "--data":  # curl drops these from a file, and only from a file
            piece = piece.translate(None, b"\r\n\0")
    else:
        piece = _encode(option, value)
    draft.data = piece if draft.data is None else draft.data + separator + piece


def add_json(draft: Draft, value: str) -> None:
    draft.json = True
    add_data(draft, value, option="--json", separator=b"")


def add_urlencoded(draft: Draft, value: str) -> None:
    """Encode `content`, `=content`, `name=content`, `@file` or `name@file`; "=" wins over "@"."""
    option = "--data-urlencode"
    mark = "=" if "=" in value else "@"
    name, separator, content = value.partition(mark)
    if not separator:
        name, content = "", value
    is_file = separator == "@"
    raw = draft.read(option, content) if is_file else _encode(option, content)
    piece = (f"{name}=" if name else "") + quote_plus(raw)
    add_data(draft, piece, option="--data-raw")


def add_cookie(draft: Draft, value: str) -> None:
    if value and ("=" not in value or value.startswith("@")):
        raise UsageError(
            "--cookie without NAME=VALUE names a cookie file, which sse does not read",
            "write -b 'NAME=VALUE'; several are joined",
        )
    if value:
        draft.cookies.append(_value("--cookie", value))


def set_user_agent(draft: Draft, value: str) -> None:
    draft.user_agent = _value("--user-agent", value)


def set_referer(draft: Draft, value: str) -> None:
    draft.referer = _value("--referer", value.partition(";auto")[0])


def set_bearer(draft: Draft, value: str) -> None:
    where, token = "--bearer", value
    if value.startswith("env:"):
        where = f"--bearer: the environment variable {value[4:]!r}"
        if value[4:] not in draft.environment:
            # Shown only if it can be a name: after env:$KEY, typed by mistake, it is the key.
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


def set_oauth2_bearer(draft: Draft, value: str) -> None:
    draft.bearer = _value("--oauth2-bearer", value)


def set_cert(draft: Draft, value: str) -> None:
    """Split curl's FILE[:PASSWORD]; a backslash keeps a colon in the file's name."""
    found = re.fullmatch(_CERT, value, re.DOTALL)
    name = re.sub(r"\\([\\:])", r"\1", found[1]) if found else value
    set_file(draft, name, option="cert")
    draft.connection["cert_password"] = found[2] if found else None


def set_file(draft: Draft, value: str, *, option: str) -> None:
    try:
        if Path(value).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        Path(value).stat()
    except (OSError, ValueError) as error:
        raise _unreadable(f"--{option}", value, error) from None
    draft.connection[option] = value


def set_proxy(draft: Draft, value: str) -> None:
    proxy = value if "://" in value or not value else f"http://{value}"
    if proxy and proxy.partition("://")[0].lower() not in PROXY_SCHEMES:
        raise UsageError(
            f"invalid --proxy {redaction.url(value)!r}: expected an HTTP or SOCKS proxy",
            "write -x http://HOST:PORT",
        )
    draft.connection["proxy"] = proxy


def set_timeout(draft: Draft, value: str, *, option: str) -> None:
    seconds = duration(value, f"--{option}")
    draft.connection[option.replace("-", "_")] = seconds or None  # as for curl, 0 means no limit


def set_text(draft: Draft, value: str, *, name: str) -> None:
    """Set a field of the connection to the value as typed."""
    draft.connection[name] = value


def set_constant(draft: Draft, _: str, *, name: str, value: object) -> None:
    """Set a field of the connection to the value that a flag stands for."""
    draft.connection[name] = value


def set_flag(draft: Draft, _: str, *, name: str) -> None:
    """Set an attribute of the draft itself to True."""
    setattr(draft, name, True)


def _encode(option: str, text: str) -> bytes:
    """Return the bytes that the shell passed."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UsageError(
            f"{option} contains half of a surrogate pair", "send it from a file"
        ) from None


def _unreadable(option: str, name: str, error: Exception) -> UsageError:
    reason = error.strerror if isinstance(error, OSError) else "not a valid file name"
    return UsageError(f"{option}: can't read {name!r}: {reason}", "give the path of a file")
