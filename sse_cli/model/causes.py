"""Causes: short, stable names of problems for which there is advice.

The packages below `cli` know neither options nor commands. They report a problem with a sentence of
evidence and its cause, and `cli/hints.py` turns the cause into advice. The names are stored in
recordings, so a name never changes and is never reused.

Strings in a plain class: making an enum of seventy takes a millisecond of each start.
"""

from __future__ import annotations

from typing import Final


class Cause:
    """The cause of an ending, or of an error."""

    # The connection could not be made.
    NAME_LOOKUP: Final = "name-lookup"
    CONNECTION_REFUSED: Final = "connection-refused"
    NETWORK: Final = "network"
    CONNECT_TIMEOUT: Final = "connect-timeout"
    TLS_HANDSHAKE: Final = "tls-handshake"
    CERTIFICATE_UNTRUSTED: Final = "certificate-untrusted"
    CERTIFICATE_NOT_YET_VALID: Final = "certificate-not-yet-valid"
    CERTIFICATE_EXPIRED: Final = "certificate-expired"
    CERTIFICATE_NAME: Final = "certificate-name"
    CA_FILE: Final = "ca-file"
    CLIENT_CERTIFICATE: Final = "client-certificate"
    PROXY_REFUSED: Final = "proxy-refused"
    PROXY_INVALID: Final = "proxy-invalid"
    PROXY_SOCKS: Final = "proxy-socks"

    # The request got no reply, or none that can be read.
    HEADER_INVALID: Final = "header-invalid"
    NO_REPLY: Final = "no-reply"
    NOT_HTTP: Final = "not-http"
    TLS_ON_HTTP: Final = "tls-on-http"
    HTTP_ON_TLS: Final = "http-on-tls"
    HTTP2_ONLY: Final = "http2-only"
    HTTP1_ONLY: Final = "http1-only"
    HTTP2_REFUSED: Final = "http2-refused"
    HTTP2_BROKEN: Final = "http2-broken"
    REDIRECT_ORIGIN: Final = "redirect-origin"
    REDIRECT_LOOP: Final = "redirect-loop"
    CONTENT_ENCODING: Final = "content-encoding"
    CODING_UNNAMED: Final = "coding-unnamed"
    CODING_UNTRUE: Final = "coding-untrue"

    # The reply is not an event stream.
    STATUS_101: Final = "status-101"
    STATUS_204: Final = "status-204"
    STATUS_3XX: Final = "status-3xx"
    STATUS_400: Final = "status-400"
    STATUS_401: Final = "status-401"
    STATUS_403: Final = "status-403"
    STATUS_404: Final = "status-404"
    STATUS_405: Final = "status-405"
    STATUS_406: Final = "status-406"
    ACCEPT_BOTH: Final = "accept-both"
    STATUS_415: Final = "status-415"
    STATUS_422: Final = "status-422"
    STATUS_429: Final = "status-429"
    STATUS_5XX: Final = "status-5xx"
    STATUS_OTHER: Final = "status-other"
    TYPE_JSON: Final = "type-json"
    TYPE_HTML: Final = "type-html"
    TYPE_OTHER: Final = "type-other"

    # The stream did not end as it should.
    CONNECTION_CUT: Final = "connection-cut"
    TRUNCATED: Final = "truncated"
    EVENT_CUT: Final = "event-cut"
    BLANK_LINE: Final = "blank-line"
    BLANK_LINES: Final = "blank-lines"
    MALFORMED: Final = "malformed"
    MESSAGE_CORRUPT: Final = "message-corrupt"
    TOO_LARGE: Final = "too-large"
    ERROR_EVENT: Final = "error-event"
    ERROR_LINE: Final = "error-line"
    RECORDING_CUT: Final = "recording-cut"

    # Time ran out.
    IDLE_TIMEOUT: Final = "idle-timeout"
    REPLY_TIMEOUT: Final = "reply-timeout"
    MAX_TIME: Final = "max-time"
    READING_TIME: Final = "reading-time"
    EXPECTED_TIME: Final = "expected-time"

    # A file or a port can't be used.
    STDIN_CLOSED: Final = "stdin-closed"
    FILE_EXISTS: Final = "file-exists"
    NOT_RECORDING: Final = "not-recording"
    RECORDING_EMPTY: Final = "recording-empty"
    RECORDING_TYPE: Final = "recording-type"
    NO_SPEED: Final = "no-speed"
    LISTEN_REMOTE: Final = "listen-remote"
    PORT: Final = "port"

    # Less came, or is shown, than a person may expect.
    NO_EVENTS: Final = "no-events"
    UNKNOWN_FORMAT: Final = "unknown-format"
    OWN_OUTPUT: Final = "own-output"
    HIDDEN_EVENTS: Final = "hidden-events"

    BUG: Final = "bug"
