"""Failed connections in words: what happened, to what, and what to do next."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import pytest

from sse_cli.transport import connect_errors

HOST, WHERE = "api.test", "api.test:443"


def os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "x")
    error.reason = reason
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = "certificate has expired"
    error.verify_code = 10
    return error


CASES: list[tuple[Exception, str]] = [
    (socket.gaierror(-2, "Name not known"), "can't find the host api.test: Name not known"),
    (UnicodeError("label too long"), "can't find the host api.test: not a valid host name"),
    (untrusted(), "the TLS certificate of api.test is not trusted: certificate has expired"),
    (tls_error("WRONG_VERSION_NUMBER"), "no TLS connection to api.test:443: wrong version number"),
    (tls_error(""), "no TLS connection to api.test:443: handshake failed"),
    (os_error(errno.ECONNREFUSED), "nothing listens on api.test:443: connection refused"),
    (os_error(errno.ENETUNREACH), "can't connect to api.test:443: network is unreachable"),
    (os_error(errno.ECONNRESET), "can't connect to api.test:443: connection reset by peer"),
    (OSError("Odd"), "can't connect to api.test:443: odd"),
]


@pytest.mark.parametrize(("error", "said"), CASES, ids=[said for _, said in CASES])
def test_a_failure_is_explained_with_a_hint(error: Exception, said: str) -> None:
    detail, hint = connect_errors.explain(error, HOST, WHERE)
    assert detail == said
    assert hint


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (9, "clock right?"),
        (10, "needs a new one"),
        (18, "--cacert FILE"),
        (62, "by a name that the certificate is for"),
        (64, "by a name that the certificate is for"),
    ],
)
def test_a_certificate_that_no_other_ca_would_mend_has_a_hint_of_its_own(
    code: int, hint: str
) -> None:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message, error.verify_code = "Why.", code
    detail, found = connect_errors.explain(error, HOST, WHERE)
    assert detail.endswith("not trusted: Why")
    assert hint in found


def test_the_innermost_cause_is_what_is_explained() -> None:
    with pytest.raises(RuntimeError) as caught:
        try:
            try:
                raise os_error(errno.ECONNREFUSED)
            except OSError as error:
                raise ValueError("outer") from error
        except ValueError:
            raise RuntimeError("outermost")  # noqa: B904 (a context without a cause counts too)
    assert connect_errors.explain(caught.value, HOST, WHERE)[0].startswith("nothing listens on")


def test_what_was_dialled_in_the_hosts_place_is_named_where_it_failed() -> None:
    via = "the proxy http://p:1"
    refused = connect_errors.explain(os_error(errno.ECONNREFUSED), HOST, WHERE, via)
    unknown = connect_errors.explain(socket.gaierror(-2, "Name not known"), HOST, WHERE, via)
    distrusted = connect_errors.explain(untrusted(), HOST, WHERE, via)
    assert refused[0] == "nothing listens on the proxy http://p:1: connection refused"
    assert unknown[0] == "can't find the host of the proxy http://p:1: Name not known"
    assert HOST in distrusted[0]
