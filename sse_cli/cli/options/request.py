"""The options of a request: curl's, by its names.

Their values are read from the command line in the order typed (`parsing.py`), for `-d` and its
kin are joined in that order; here they are only declared. No annotation is a string, as in
`options.py`.
"""

from typing import Annotated, Any, NamedTuple

from sse_cli.cli.options.stream import Texts, option

REQUEST = "Request (as curl)"
CONNECTION = "Connection (as curl)"


def _request(*names: str, text: str, metavar: str | None = None, rare: bool = False) -> Any:
    return option(*names, panel=REQUEST, text=text, metavar=metavar, hidden=rare)


def _connection(*names: str, text: str, metavar: str | None = None, rare: bool = True) -> Any:
    return option(*names, panel=CONNECTION, text=text, metavar=metavar, hidden=rare)


class RequestOptions(NamedTuple):
    """What to ask for; each field is named after curl's option."""

    request: Annotated[
        Texts, _request("-X", "--request", metavar="METHOD", text="Method; POST if there is data.")
    ] = None
    header: Annotated[
        Texts, _request("-H", "--header", metavar="LINE", text="'Name: value', or @FILE of them.")
    ] = None
    json: Annotated[
        Texts, _request("--json", metavar="DATA", text="JSON body; @FILE, or @- for stdin.")
    ] = None
    data: Annotated[
        Texts, _request("-d", "--data", metavar="DATA", text="Body; @FILE, or @- for stdin.")
    ] = None
    data_raw: Annotated[
        Texts, _request("--data-raw", metavar="DATA", text="Body; @ has no meaning.", rare=True)
    ] = None
    data_binary: Annotated[
        Texts, _request("--data-binary", metavar="DATA", text="Body, byte for byte.", rare=True)
    ] = None
    data_urlencode: Annotated[
        Texts, _request("--data-urlencode", metavar="DATA", text="NAME=VALUE, encoded.", rare=True)
    ] = None
    get: Annotated[bool, _request("-G", "--get", text="Put the data into the URL.", rare=True)] = (
        False
    )
    bearer: Annotated[
        Texts,
        _request("--bearer", metavar="KEY", text="API key; env:NAME or @FILE hide it."),
    ] = None
    user: Annotated[
        Texts, _request("-u", "--user", metavar="USER:PW", text="Basic authentication.", rare=True)
    ] = None
    cookie: Annotated[
        Texts, _request("-b", "--cookie", metavar="N=V", text="Cookies to send.", rare=True)
    ] = None
    user_agent: Annotated[
        Texts, _request("-A", "--user-agent", metavar="NAME", text="User agent.", rare=True)
    ] = None
    referer: Annotated[
        Texts, _request("-e", "--referer", metavar="URL", text="Referring page.", rare=True)
    ] = None
    location: Annotated[
        bool, _request("-L", "--location", text="Follow redirects to other hosts, anonymously.")
    ] = False
    compressed: Annotated[
        bool, _request("--compressed", text="Ask for gzip or deflate.", rare=True)
    ] = False

    insecure: Annotated[
        bool, _connection("-k", "--insecure", text="Don't check the TLS certificate.", rare=False)
    ] = False
    proxy: Annotated[
        Texts, _connection("-x", "--proxy", metavar="URL", text="HTTP proxy.", rare=False)
    ] = None
    connect_timeout: Annotated[
        Texts, _connection("--connect-timeout", metavar="TIME", text="Limit for connecting.")
    ] = None
    max_time: Annotated[
        Texts,
        _connection(
            "-m", "--max-time", metavar="TIME", text="Limit for it all (exit 6).", rare=False
        ),
    ] = None
    unix_socket: Annotated[
        Texts, _connection("--unix-socket", metavar="PATH", text="Connect to this socket.")
    ] = None
    cacert: Annotated[
        Texts, _connection("--cacert", metavar="FILE", text="CA certificates to trust (PEM).")
    ] = None
    cert: Annotated[
        Texts, _connection("-E", "--cert", metavar="FILE[:PW]", text="Client certificate (PEM).")
    ] = None
    key: Annotated[Texts, _connection("--key", metavar="FILE", text="Its private key.")] = None
    http1_0: Annotated[
        bool,
        _connection("-0", "--http1.0", text="HTTP/1.1 with Connection: close; no 1.0 is written."),
    ] = False
    http1_1: Annotated[bool, _connection("--http1.1", text="HTTP/1.1 only.")] = False
    http2: Annotated[bool, _connection("--http2", text="Offer HTTP/2 (the default for https).")] = (
        False
    )
    http2_prior_knowledge: Annotated[
        bool, _connection("--http2-prior-knowledge", text="HTTP/2 without asking, http:// too.")
    ] = False
    ipv4: Annotated[bool, _connection("-4", "--ipv4", text="IPv4 addresses only.")] = False
    ipv6: Annotated[bool, _connection("-6", "--ipv6", text="IPv6 addresses only.")] = False
    verbose: Annotated[
        bool,
        _connection("-v", "--verbose", text="Show the exchange, secrets redacted.", rare=False),
    ] = False
