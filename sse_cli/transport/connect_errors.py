"""The reason why a connection could not be made: the evidence and the cause."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

from sse_cli.model.causes import Cause


def explain(error: BaseException, host: str, where: str, via: str = "") -> tuple[str, str]:
    """Return the evidence and the cause of a failed connection, from its innermost error.

    `where` is the address of `host` with its port. `via` describes the peer that was connected to
    instead (a proxy, a socket's path), "" for none.
    """
    first = innermost(error)
    peer = via or where
    if isinstance(first, ssl.SSLCertVerificationError):
        return (
            f"the TLS certificate of {host} is not trusted: {first.verify_message.rstrip('.')}",
            _CERTIFICATE_CAUSES.get(first.verify_code, Cause.CERTIFICATE_UNTRUSTED),
        )
    if isinstance(first, ssl.SSLError) and first.reason in _NO_TLS:
        return f"{where} does not speak TLS: {reason(first)}", Cause.HTTP_ON_TLS
    if isinstance(first, ssl.SSLError):
        return f"no TLS connection to {where}: {reason(first)}", Cause.TLS_HANDSHAKE
    if isinstance(first, socket.gaierror | UnicodeError):  # a name that IDNA can't encode
        text = getattr(first, "strerror", None) or "not a valid host name"
        return f"can't find the host {f'of {via}' if via else host}: {text}", Cause.NAME_LOOKUP
    if isinstance(first, ConnectionRefusedError):
        return f"nothing listens on {peer}: connection refused", Cause.CONNECTION_REFUSED
    return f"can't connect to {peer}: {reason(first)}", Cause.NETWORK


# OpenSSL's reasons if the first bytes that came were not TLS.
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
# OpenSSL's X509_V_ERR_ codes (x509_vfy.h) of the errors that another CA would not solve.
_CERTIFICATE_CAUSES: Final = {
    9: Cause.CERTIFICATE_NOT_YET_VALID,
    10: Cause.CERTIFICATE_EXPIRED,
    62: Cause.CERTIFICATE_NAME,
    64: Cause.CERTIFICATE_NAME,
}


def reason(error: BaseException) -> str:
    """Return the system's message for a failed socket call: "connection reset by peer"."""
    first = innermost(error)
    if isinstance(first, ssl.SSLError):
        return (first.reason or "handshake failed").replace("_", " ").lower()
    return (getattr(first, "strerror", None) or str(first)).lower()


def innermost(error: BaseException) -> BaseException:
    """Return the error that a chain began with, usually the system's."""
    *_, first = chain(error)
    return first


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and its causes, innermost last."""
    yield error
    while (inner := error.__cause__ or error.__context__) is not None:
        yield inner
        error = inner
