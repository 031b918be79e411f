"""Hints: one table with the advice for each cause. Every hint says what to do next.

Layers below the command line do not know its options, so only this table names options for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sse_cli.model.causes import Cause

_NETWORK: Final = "check the address, the network and firewalls in between"
_SHOW_BYTES: Final = "sse watch -o raw shows the bytes"
_BOTH_TYPES: Final = "-H 'Accept: application/json, text/event-stream'"

HINTS: Final[Mapping[str, str]] = {
    Cause.NAME_LOOKUP: "check the host's name, the network, and whether a VPN or proxy (-x) is "
    "needed",
    Cause.CONNECTION_REFUSED: "check that the server is running, and on that port",
    Cause.NETWORK: _NETWORK,
    Cause.CONNECT_TIMEOUT: f"{_NETWORK}; a larger --connect-timeout waits longer",
    Cause.TLS_HANDSHAKE: "try http://, in case that port does not speak https",
    Cause.CERTIFICATE_UNTRUSTED: "--cacert FILE trusts another CA; -k skips the check",
    Cause.CERTIFICATE_NOT_YET_VALID: "check the clock of this machine; -k skips the check",
    Cause.CERTIFICATE_EXPIRED: "the server needs a new certificate; -k skips the check",
    Cause.CERTIFICATE_NAME: "use a host name that the certificate is for; -k skips the check",
    Cause.CA_FILE: "give --cacert the certificates of a CA, as -----BEGIN CERTIFICATE-----",
    Cause.CLIENT_CERTIFICATE: "give --cert a certificate and its key in one PEM file, or the key "
    "with --key",
    Cause.PROXY_REFUSED: "check the proxy that -x, --proxy or the environment names",
    Cause.PROXY_INVALID: "write the proxy as http://HOST:PORT in -x, --proxy or the environment",
    Cause.PROXY_SOCKS: "use an http:// or https:// proxy with -x",
    Cause.HEADER_INVALID: "check -H, -b and -A",
    Cause.NO_REPLY: "try https:// instead of http://, or the other way round",
    Cause.NOT_HTTP: "check the port: another protocol may be spoken there",
    Cause.TLS_ON_HTTP: "use https:// for that port",
    Cause.HTTP_ON_TLS: "use http:// for that port: it does not speak TLS",
    Cause.HTTP2_ONLY: "--http2-prior-knowledge speaks HTTP/2 from the start",
    Cause.HTTP1_ONLY: "leave out --http2-prior-knowledge: the server speaks HTTP/1.1 there",
    Cause.HTTP2_REFUSED: "try again, or with --http1.1; the server's log may say why it refused",
    Cause.HTTP2_BROKEN: "look for the server or proxy that writes bad HTTP/2; try --http1.1",
    Cause.REDIRECT_ORIGIN: "-L follows it, without your headers and body; or use that URL itself",
    Cause.REDIRECT_LOOP: "check the URL, and the rules by which the server redirects",
    Cause.CONTENT_ENCODING: "find the server or proxy that ignores Accept-Encoding: sse reads "
    "identity, gzip and deflate",
    Cause.CODING_UNNAMED: "find the server or proxy that encodes the body and does not say so",
    Cause.CODING_UNTRUE: "find the server or proxy that names a Content-Encoding without encoding",
    Cause.STATUS_101: "use the URL of the event stream: sse does not speak WebSocket",
    Cause.STATUS_204: "check the request: the server says that it has nothing to stream",
    Cause.STATUS_3XX: "check the URL: the server redirects to something that is not a valid URL",
    Cause.STATUS_400: "see the reply above for what the server rejected in the request",
    Cause.STATUS_401: "send credentials: --bearer env:NAME, -u USER:PASSWORD or -H 'Name: value'",
    Cause.STATUS_403: "check the key and its rights: it was read but not accepted for this",
    Cause.STATUS_404: "check the path of the URL",
    Cause.STATUS_405: "use another method: -d DATA or --json DATA sends a POST, -X sets any",
    Cause.STATUS_406: f"the server does not accept text/event-stream alone: try {_BOTH_TYPES}, "
    "which MCP servers ask for",
    Cause.ACCEPT_BOTH: f"MCP servers want both types accepted: {_BOTH_TYPES}",
    Cause.STATUS_415: "send another Content-Type: --json DATA sends application/json",
    Cause.STATUS_422: "see the reply above for the field of the body that the server rejected",
    Cause.STATUS_429: "slow down: the server limits the rate of requests",
    Cause.STATUS_5XX: "look in the server's log, by the request id if -v shows one",
    Cause.STATUS_OTHER: "check the URL and the method: an event stream has status 200",
    Cause.TYPE_JSON: 'ask for a stream ("stream": true): the reply is one JSON document',
    Cause.TYPE_HTML: "check that this is the API's URL, not that of a login page or a proxy",
    Cause.TYPE_OTHER: "--any-type reads it anyway, as its first bytes suggest",
    Cause.CONNECTION_CUT: "look in the server's log for a crash, a deploy or a proxy's time limit",
    Cause.TRUNCATED: "all that came is shown; look in the log of the server or a proxy",
    Cause.EVENT_CUT: f"{_SHOW_BYTES}: the body ended before its last event did",
    Cause.BLANK_LINE: f"{_SHOW_BYTES}: the server must end its last event with a blank line, too",
    Cause.BLANK_LINES: f"{_SHOW_BYTES}: the server must end each event with a blank line",
    Cause.MALFORMED: "look for the server or proxy that writes bad HTTP; -v shows the reply's head",
    Cause.MESSAGE_CORRUPT: f"{_SHOW_BYTES}: find the server or proxy that changes them",
    Cause.TOO_LARGE: "--max-size SIZE raises the limit",
    Cause.ERROR_EVENT: "sse watch -o jsonl shows the whole event: the server reports an error",
    Cause.ERROR_LINE: f"{_SHOW_BYTES}: the server reports an error outside of any event",
    Cause.RECORDING_CUT: "record the stream again for the rest; all that was recorded is shown",
    Cause.IDLE_TIMEOUT: "check whether the server hangs or a proxy holds its writes back: "
    "keep-alive comments would show which",
    Cause.REPLY_TIMEOUT: "a larger --idle-timeout suits a server that thinks long: keep-alives "
    "can't come before the reply",
    Cause.MAX_TIME: "a larger --max-time, or none, waits longer",
    Cause.READING_TIME: "a longer --for waits longer",
    Cause.EXPECTED_TIME: "allow more time, or find out why the stream is slow",
    Cause.STDIN_CLOSED: "pipe a stream into it: curl -N URL | sse -",
    Cause.FILE_EXISTS: "--force overwrites it",
    Cause.NOT_RECORDING: "--record FILE makes a recording",
    Cause.RECORDING_EMPTY: "record a stream with --record FILE",
    Cause.RECORDING_TYPE: "drop --any-type and --ndjson",
    Cause.NO_SPEED: "drop --speed: it applies only to recordings",
    Cause.LISTEN_REMOTE: "--allow-remote lets other machines connect",
    Cause.PORT: "--port 0 picks a free port",
    Cause.NO_EVENTS: "sse watch --all shows comments and ignored lines, -o raw the bytes; -v the "
    "exchange",
    Cause.UNKNOWN_FORMAT: "-q EXPR takes the text from any JSON; sse watch shows the events; sse "
    "formats lists what is known",
    Cause.OWN_OUTPUT: "--record FILE keeps a stream so that sse can show it again; jq reads "
    "-o jsonl",
    Cause.HIDDEN_EVENTS: "--all shows them",
    Cause.BUG: "sse --debug … shows where; please report it",
}


def hint_of(cause: str) -> str:
    """Return the advice for a cause.

    Any other text (from an old recording, or from an error with its own advice) is returned
    unchanged.
    """
    return HINTS.get(cause, cause)
