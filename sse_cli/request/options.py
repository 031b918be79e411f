"""The request options: one table for the command line, pasted curl commands and check files.

`RequestOption` describes the columns of a row. Derived from `OPTIONS` are the options of `sse
watch`, `tail` and `check` (`cli/options/request.py`), the curl options that are sent (`curl.py`),
and the keys of a check file (`check/config_keys.py`) with their JSON Schema; `build` applies the
handlers. A new option is one row, and a function in `option_handlers.py` unless one there fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final, Literal, NamedTuple

from sse_cli.request import option_handlers
from sse_cli.request.option_handlers import Handler

Group = Literal["request", "connection", "pasted"]
Value = Literal["flag", "text", "texts", "path", "duration", "headers", "json"]


class RequestOption(NamedTuple):
    """One option of a request.

    `name` is its long name without dashes, `letter` its short one or "". `value` is the kind of
    value that it takes: `flag` none, `texts` one that adds to the values before it, `path` the
    name of a file, `headers` and `json` a table or JSON value in a check file; a command line
    passes strings. Options of the group `pasted` exist in pasted curl commands only. `is_rare`
    options are listed by `--help-all`, but not by `--help`.
    """

    name: str
    apply: Handler
    value: Value = "flag"
    letter: str = ""
    group: Group = "request"
    metavar: str | None = None
    help: str = ""
    is_rare: bool = False
    is_ours: bool = False  # curl has no option of this name
    aliases: tuple[str, ...] = ()  # curl's other names for it
    at_file: bool = False  # @FILE as the value means the content of a file
    key: str | None = ""  # in a check file: "" for the name itself, None for no key
    description: str = ""  # of the key in the JSON Schema; "" for `help`

    @property
    def takes_value(self) -> bool:
        """Return whether a value follows the option."""
        return self.value != "flag"

    @property
    def check_key(self) -> str | None:
        """Return the option's key in a check file, None if a check file can't hold it."""
        return self.name if self.key == "" else self.key

    @property
    def curl_names(self) -> tuple[str, ...]:
        """Return the long names by which curl knows the option."""
        return () if self.is_ours else (self.name, *self.aliases)


_connection = partial(RequestOption, group="connection")

OPTIONS: Final = (
    RequestOption("url", option_handlers.set_url, "text", group="pasted", key=None),
    RequestOption(
        "request",
        option_handlers.set_method,
        "text",
        letter="X",
        metavar="METHOD",
        help="Method; POST if there is data.",
        key="method",
        description="HTTP method; POST if there is data.",
    ),
    RequestOption(
        "header",
        option_handlers.add_header,
        "headers",
        letter="H",
        metavar="LINE",
        help="'Name: value', or @FILE of them.",
        key="headers",
        description="Headers by their names; an empty value removes one.",
    ),
    RequestOption(
        "json",
        option_handlers.add_json,
        "json",
        metavar="DATA",
        help="JSON body; @FILE, or @- for stdin.",
        at_file=True,
        description="JSON body: a table or an array, or @FILE.",
    ),
    RequestOption(
        "data",
        partial(option_handlers.add_data, option="--data"),
        "texts",
        letter="d",
        metavar="DATA",
        help="Body; @FILE, or @- for stdin.",
        aliases=("data-ascii",),
        at_file=True,
        description="Body as curl's --data; @FILE, several are joined by &.",
    ),
    RequestOption(
        "data-raw",
        partial(option_handlers.add_data, option="--data-raw"),
        "texts",
        metavar="DATA",
        help="Body; @ has no meaning.",
        is_rare=True,
    ),
    RequestOption(
        "data-binary",
        partial(option_handlers.add_data, option="--data-binary"),
        "texts",
        metavar="DATA",
        help="Body, byte for byte.",
        is_rare=True,
        at_file=True,
        description="Body, byte for byte; @FILE.",
    ),
    RequestOption(
        "data-urlencode",
        option_handlers.add_urlencoded,
        "texts",
        metavar="DATA",
        help="NAME=VALUE, encoded.",
        is_rare=True,
    ),
    RequestOption(
        "get",
        partial(option_handlers.set_flag, name="get"),
        letter="G",
        help="Put the data into the URL.",
        is_rare=True,
    ),
    RequestOption(
        "bearer",
        option_handlers.set_bearer,
        "text",
        metavar="KEY",
        help="API key; env:NAME or @FILE hide it.",
        is_ours=True,
        at_file=True,
        description="API key: ${NAME}, env:NAME or @FILE keep it out of this file.",
    ),
    RequestOption(
        "oauth2-bearer", option_handlers.set_oauth2_bearer, "text", group="pasted", key=None
    ),
    RequestOption(
        "user",
        option_handlers.set_user,
        "text",
        letter="u",
        metavar="USER:PW",
        help="Basic authentication.",
        is_rare=True,
        description="USER:PASSWORD for Basic authentication.",
    ),
    RequestOption(
        "cookie",
        option_handlers.add_cookie,
        "texts",
        letter="b",
        metavar="N=V",
        help="Cookies to send.",
        is_rare=True,
        description="Cookies to send, NAME=VALUE.",
    ),
    RequestOption(
        "user-agent",
        option_handlers.set_user_agent,
        "text",
        letter="A",
        metavar="NAME",
        help="User agent.",
        is_rare=True,
    ),
    RequestOption(
        "referer",
        option_handlers.set_referer,
        "text",
        letter="e",
        metavar="URL",
        help="Referring page.",
        is_rare=True,
    ),
    RequestOption(
        "location",
        partial(option_handlers.set_constant, name="location", value=True),
        letter="L",
        help="Follow redirects to other hosts, anonymously.",
    ),
    RequestOption(
        "compressed",
        partial(option_handlers.set_flag, name="compressed"),
        help="Ask for gzip or deflate.",
        is_rare=True,
    ),
    _connection(
        "insecure",
        partial(option_handlers.set_constant, name="insecure", value=True),
        letter="k",
        help="Don't check the TLS certificate.",
    ),
    _connection(
        "proxy",
        option_handlers.set_proxy,
        "text",
        letter="x",
        metavar="URL",
        help="HTTP proxy.",
    ),
    _connection(
        "connect-timeout",
        partial(option_handlers.set_timeout, option="connect-timeout"),
        "duration",
        metavar="TIME",
        help="Limit for connecting.",
        is_rare=True,
    ),
    _connection(
        "max-time",
        partial(option_handlers.set_timeout, option="max-time"),
        "duration",
        letter="m",
        metavar="TIME",
        help="Limit for it all (exit 6).",
        description="Limit for the whole request; 2 minutes by default, 0 for none.",
    ),
    _connection(
        "unix-socket",
        partial(option_handlers.set_text, name="unix_socket"),
        "path",
        metavar="PATH",
        help="Connect to this socket.",
        is_rare=True,
    ),
    _connection(
        "cacert",
        partial(option_handlers.set_file, option="cacert"),
        "path",
        metavar="FILE",
        help="CA certificates to trust (PEM).",
        is_rare=True,
    ),
    _connection(
        "cert",
        option_handlers.set_cert,
        "path",
        letter="E",
        metavar="FILE[:PW]",
        help="Client certificate (PEM).",
        is_rare=True,
    ),
    _connection(
        "key",
        partial(option_handlers.set_file, option="key"),
        "path",
        metavar="FILE",
        help="Its private key.",
        is_rare=True,
    ),
    _connection(
        "http1.0",
        partial(option_handlers.set_constant, name="http_version", value="1.0"),
        letter="0",
        help="HTTP/1.1 with Connection: close; no 1.0 is written.",
        is_rare=True,
        key=None,
    ),
    _connection(
        "http1.1",
        partial(option_handlers.set_constant, name="http_version", value="1.1"),
        help="HTTP/1.1 only.",
        is_rare=True,
    ),
    _connection(
        "http2",
        partial(option_handlers.set_constant, name="http_version", value="2"),
        help="Offer HTTP/2 (the default for https).",
        is_rare=True,
        description="Offer HTTP/2, as https does by default.",
    ),
    _connection(
        "http2-prior-knowledge",
        partial(option_handlers.set_constant, name="http_version", value="2-prior-knowledge"),
        help="HTTP/2 without asking, http:// too.",
        is_rare=True,
        description="HTTP/2 without asking.",
    ),
    _connection(
        "ipv4",
        partial(option_handlers.set_constant, name="ip_family", value="4"),
        letter="4",
        help="IPv4 addresses only.",
        is_rare=True,
    ),
    _connection(
        "ipv6",
        partial(option_handlers.set_constant, name="ip_family", value="6"),
        letter="6",
        help="IPv6 addresses only.",
        is_rare=True,
    ),
    _connection(
        "verbose",
        partial(option_handlers.set_constant, name="verbose", value=True),
        letter="v",
        help="Show the exchange, secrets redacted.",
        key=None,
    ),
)

BY_NAME: Final[Mapping[str, RequestOption]] = {option.name: option for option in OPTIONS}
