"""Why a connection could not be made, in words a person can act on."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final


def explain(error: BaseException, host: str, where: str, via: str = "") -> tuple[str, str]:
    """What happened and what to do next, from the innermost cause of a failed connection.

    `where` is the address of `host` with its port. `via` describes what was dialled in its
    place (a proxy, a socket's path), "" for nothing.
    """
    cause = innermost(error)
    peer = via or where
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the TLS certificate of {host} is not trusted: {cause.verify_message.rstrip('.')}",
            _CERTIFICATE_HINTS.get(cause.verify_code, _CA_HINT),
        )
    if isinstance(cause, ssl.SSLError):
        return f"no TLS connection to {where}: {reason(cause)}", _TLS_HINT
    if isinstance(cause, socket.gaierror | UnicodeError):  # a name that IDNA can't encode
        text = getattr(cause, "strerror", None) or "not a valid host name"
        return f"can't find the host {f'of {via}' if via else host}: {text}", _NAME_HINT
    if isinstance(cause, ConnectionRefusedError):
        return f"nothing listens on {peer}: connection refused", _REFUSED_HINT
    return f"can't connect to {peer}: {reason(cause)}", _NETWORK_HINT


_CA_HINT = "--cacert FILE trusts another CA; -k skips the check"
_NAME_MISMATCH = "ask by a name that the certificate is for; -k skips the check"
# OpenSSL's X509_V_ERR_ codes, where no other CA would help: x509_vfy.h.
_CERTIFICATE_HINTS: Final = {
    9: "it is not valid yet: is this machine's clock right? -k skips the check",
    10: "its time is over: the server needs a new one; -k skips the check",
    62: _NAME_MISMATCH,
    64: _NAME_MISMATCH,
}
_TLS_HINT = "does that port speak https at all? try http://"
_NAME_HINT = "check the host's name, the network, and whether a VPN or proxy (-x) is needed"
_REFUSED_HINT = "is the server running, and on that port?"
_NETWORK_HINT = "check the address, the network and firewalls in between"


def reason(error: BaseException) -> str:
    """The innermost cause of a failed socket call, in lower case: "connection reset by peer"."""
    cause = innermost(error)
    if isinstance(cause, ssl.SSLError):
        return (cause.reason or "handshake failed").replace("_", " ").lower()
    return (getattr(cause, "strerror", None) or str(cause)).lower()


def innermost(error: BaseException) -> BaseException:
    """The first error of a chain: what the system said."""
    *_, first = chain(error)
    return first


def chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and what caused it, innermost last."""
    yield error
    while (inner := error.__cause__ or error.__context__) is not None:
        yield inner
        error = inner
