"""Failed connections: the message, the host or proxy it names, and the cause."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import pytest

from sse_cli.model.causes import Cause
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


CASES: list[tuple[Exception, str, str]] = [
    (
        socket.gaierror(-2, "Name not known"),
        Cause.NAME_LOOKUP,
        "can't find the host api.test: Name not known",
    ),
    (
        UnicodeError("label too long"),
        Cause.NAME_LOOKUP,
        "can't find the host api.test: not a valid host name",
    ),
    (
        untrusted(),
        Cause.CERTIFICATE_EXPIRED,
        "the TLS certificate of api.test is not trusted: certificate has expired",
    ),
    (
        tls_error("WRONG_VERSION_NUMBER"),
        Cause.HTTP_ON_TLS,
        "api.test:443 does not speak TLS: wrong version number",
    ),
    (tls_error(""), Cause.TLS_HANDSHAKE, "no TLS connection to api.test:443: handshake failed"),
    (
        os_error(errno.ECONNREFUSED),
        Cause.CONNECTION_REFUSED,
        "nothing listens on api.test:443: connection refused",
    ),
    (
        os_error(errno.ENETUNREACH),
        Cause.NETWORK,
        "can't connect to api.test:443: network is unreachable",
    ),
    (
        os_error(errno.ECONNRESET),
        Cause.NETWORK,
        "can't connect to api.test:443: connection reset by peer",
    ),
    (OSError("Odd"), Cause.NETWORK, "can't connect to api.test:443: odd"),
]


@pytest.mark.parametrize(("error", "cause", "said"), CASES, ids=[case[-1] for case in CASES])
def test_a_failure_is_explained_with_its_evidence_and_cause(
    error: Exception, cause: str, said: str
) -> None:
    assert connect_errors.explain(error, HOST, WHERE) == (said, cause)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (9, Cause.CERTIFICATE_NOT_YET_VALID),
        (10, Cause.CERTIFICATE_EXPIRED),
        (18, Cause.CERTIFICATE_UNTRUSTED),
        (62, Cause.CERTIFICATE_NAME),
        (64, Cause.CERTIFICATE_NAME),
    ],
)
def test_a_certificate_that_another_ca_would_not_fix_has_a_cause_of_its_own(
    code: int, cause: str
) -> None:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message, error.verify_code = "Why.", code
    detail, found = connect_errors.explain(error, HOST, WHERE)
    assert detail.endswith("not trusted: Why")
    assert found is cause


def test_the_innermost_exception_is_explained() -> None:
    with pytest.raises(RuntimeError) as caught:
        try:
            try:
                raise os_error(errno.ECONNREFUSED)
            except OSError as error:
                raise ValueError("outer") from error
        except ValueError:
            raise RuntimeError("outermost")  # noqa: B904 (a context without a cause counts too)
    assert connect_errors.explain(caught.value, HOST, WHERE)[0].startswith("nothing listens on")


def test_a_proxy_is_named_when_the_connection_to_it_fails() -> None:
    via = "the proxy http://p:1"
    refused = connect_errors.explain(os_error(errno.ECONNREFUSED), HOST, WHERE, via)
    unknown = connect_errors.explain(socket.gaierror(-2, "Name not known"), HOST, WHERE, via)
    distrusted = connect_errors.explain(untrusted(), HOST, WHERE, via)
    assert refused[0] == "nothing listens on the proxy http://p:1: connection refused"
    assert unknown[0] == "can't find the host of the proxy http://p:1: Name not known"
    assert HOST in distrusted[0]
