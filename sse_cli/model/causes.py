"""Causes: short, stable names of problems for which there is advice.

The packages below `cli` know neither options nor commands. They report a problem with a sentence of
evidence and its cause, and `cli/hints.py` turns the cause into advice. The names are stored in
recordings, so a name never changes and is never reused.
"""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """The cause of an ending, or of an error."""

    # The connection could not be made.
    NAME_LOOKUP = "name-lookup"
    CONNECTION_REFUSED = "connection-refused"
    NETWORK = "network"
    CONNECT_TIMEOUT = "connect-timeout"
    TLS_HANDSHAKE = "tls-handshake"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NAME = "certificate-name"
    CA_FILE = "ca-file"
    CLIENT_CERTIFICATE = "client-certificate"
    PROXY_REFUSED = "proxy-refused"
    PROXY_INVALID = "proxy-invalid"
    PROXY_SOCKS = "proxy-socks"

    # The request got no reply, or none that can be read.
    HEADER_INVALID = "header-invalid"
    NO_REPLY = "no-reply"
    NOT_HTTP = "not-http"
    REDIRECT_ORIGIN = "redirect-origin"
    REDIRECT_LOOP = "redirect-loop"
    CONTENT_ENCODING = "content-encoding"

    # The reply is not an event stream.
    STATUS_204 = "status-204"
    STATUS_3XX = "status-3xx"
    STATUS_400 = "status-400"
    STATUS_401 = "status-401"
    STATUS_403 = "status-403"
    STATUS_404 = "status-404"
    STATUS_405 = "status-405"
    STATUS_406 = "status-406"
    STATUS_415 = "status-415"
    STATUS_422 = "status-422"
    STATUS_429 = "status-429"
    STATUS_5XX = "status-5xx"
    STATUS_OTHER = "status-other"
    TYPE_JSON = "type-json"
    TYPE_HTML = "type-html"
    TYPE_AWS = "type-aws"
    TYPE_OTHER = "type-other"

    # The stream did not end as it should.
    CONNECTION_CUT = "connection-cut"
    TRUNCATED = "truncated"
    EVENT_CUT = "event-cut"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    ERROR_EVENT = "error-event"
    ERROR_LINE = "error-line"
    RECORDING_CUT = "recording-cut"

    # Time ran out.
    IDLE_TIMEOUT = "idle-timeout"
    REPLY_TIMEOUT = "reply-timeout"
    MAX_TIME = "max-time"
    READING_TIME = "reading-time"
    EXPECTED_TIME = "expected-time"

    # A file or a port can't be used.
    STDIN_CLOSED = "stdin-closed"
    FILE_EXISTS = "file-exists"
    NOT_RECORDING = "not-recording"
    RECORDING_EMPTY = "recording-empty"
    RECORDING_TYPE = "recording-type"
    NO_SPEED = "no-speed"
    LISTEN_REMOTE = "listen-remote"
    PORT = "port"

    # Less came, or is shown, than a person may expect.
    NO_EVENTS = "no-events"
    UNKNOWN_FORMAT = "unknown-format"
    OWN_OUTPUT = "own-output"
    HIDDEN_EVENTS = "hidden-events"
    EMPTY_CHECK = "empty-check"

    BUG = "bug"
