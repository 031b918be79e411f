"""The TLS context of a request."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.request.model import Request


def context(request: Request, *, secure: bool) -> ssl.SSLContext:
    """Return a client context that trusts the CAs of the request's file, else the system's.

    certifi's are used if the system has none. Without `secure` the context is empty, because
    loading CAs takes 30 ms. Raises UsageError for a file without usable certificates.
    """
    tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not secure:
        return tls_context
    if request.insecure:
        tls_context.check_hostname = False
        tls_context.verify_mode = ssl.CERT_NONE
    elif request.cacert:
        _load(tls_context.load_verify_locations, request.cacert, "CA file", Cause.CA_FILE)
    else:
        tls_context = _system()
    if request.cert:
        _load_certificate(tls_context, request)
    return tls_context


def _system() -> ssl.SSLContext:
    tls_context = ssl.create_default_context()
    if not tls_context.cert_store_stats()["x509_ca"]:
        import certifi  # noqa: PLC0415 (httpx's own; only where the system has no CAs)

        tls_context.load_verify_locations(certifi.where())
    return tls_context


def _load_certificate(tls_context: ssl.SSLContext, request: Request) -> None:
    password = request.cert_password or None

    def load(certificate: str) -> None:
        tls_context.load_cert_chain(certificate, request.key, lambda: password or "")

    _load(load, request.cert or "", "client certificate", Cause.CLIENT_CERTIFICATE)


def _load(load: Callable[[str], None], path: str, kind: str, cause: str) -> None:
    try:
        load(path)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "unreadable"
        raise UsageError(
            f"the {kind} {path}: not a usable PEM file ({str(reason).lower()})", cause
        ) from None
