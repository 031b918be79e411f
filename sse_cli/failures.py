"""Why a connection could not be made, in words a person can act on."""

from __future__ import annotations

import socket
import ssl


def explain(error: BaseException, host: str, port: int) -> tuple[str, str]:
    """What happened and what to do next, from the innermost cause of a failed connection."""
    cause = _innermost(error)
    where = f"{host}:{port}"
    if isinstance(cause, socket.gaierror):
        return (
            f"can't find the host {host}: {cause.strerror or 'name lookup failed'}",
            "check the host's name, the network, and whether a VPN or proxy (-x) is needed",
        )
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the TLS certificate of {host} is not trusted: {cause.verify_message}",
            "--cacert FILE trusts another CA; -k skips the check",
        )
    if isinstance(cause, ssl.SSLError):
        reason = (cause.reason or "handshake failed").replace("_", " ").lower()
        return f"no TLS connection to {where}: {reason}", _TLS_HINT
    if isinstance(cause, ConnectionRefusedError):
        return f"nothing listens on {where}: connection refused", _REFUSED_HINT
    if isinstance(cause, OSError) and cause.strerror:
        return f"can't connect to {where}: {cause.strerror.lower()}", _NETWORK_HINT
    return f"can't connect to {where}: {cause}", _NETWORK_HINT


_TLS_HINT = "does that port speak https at all? try http://"
_REFUSED_HINT = "is the server running, and on that port?"
_NETWORK_HINT = "check the address, the network and firewalls in between"


def _innermost(error: BaseException) -> BaseException:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error
