"""The TLS context that a request asks for."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.request.model import Request


def context(request: Request, *, secure: bool) -> ssl.SSLContext:
    """Return a client context that trusts the system's CAs (certifi's where it has none), or
    those of the request's CA file.

    Without `secure` it is empty, since loading CAs costs 30 ms. Raises UsageError for files that
    hold no certificates.
    """
    empty = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not secure:
        return empty
    made = empty
    if request.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif request.cacert:
        _load(made.load_verify_locations, request.cacert, "CA file", Cause.CA_FILE)
    else:
        made = _system()
    if request.cert:
        _load_certificate(made, request)
    return made


def _system() -> ssl.SSLContext:
    made = ssl.create_default_context()
    if not made.cert_store_stats()["x509_ca"]:
        import certifi  # noqa: PLC0415 (httpx's own; only where the system has no CAs)

        made.load_verify_locations(certifi.where())
    return made


def _load_certificate(made: ssl.SSLContext, request: Request) -> None:
    password = request.cert_password or None

    def load(certificate: str) -> None:
        made.load_cert_chain(certificate, request.key, lambda: password or "")

    _load(load, request.cert or "", "client certificate", Cause.CLIENT_CERTIFICATE)


def _load(load: Callable[[str], None], path: str, kind: str, cause: Cause) -> None:
    try:
        load(path)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "unreadable"
        raise UsageError(
            f"the {kind} {path}: not a usable PEM file ({str(reason).lower()})", cause
        ) from None
