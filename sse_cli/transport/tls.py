"""The TLS context that a request asks for."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

from sse_cli.model.errors import UsageError
from sse_cli.request.model import Request


def context(request: Request, *, secure: bool) -> ssl.SSLContext:
    """A client context: the system's CAs (certifi's where it has none), or `--cacert`'s.

    Without `secure` an empty one, since loading CAs costs 30 ms. Raises UsageError for
    files that are no certificates.
    """
    empty = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not secure:
        return empty
    made = empty
    if request.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif request.cacert:
        _load(made.load_verify_locations, "--cacert", request.cacert)
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

    _load(load, "--cert", request.cert or "")


_PEM_HINTS: Final = {
    "--cacert": "give the certificates of a CA, as -----BEGIN CERTIFICATE-----",
    "--cert": "curl's --cert wants certificate and key, in one PEM file or with --key",
}


def _load(load: Callable[[str], None], option: str, path: str) -> None:
    try:
        load(path)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "unreadable"
        raise UsageError(
            f"{option} {path}: no usable PEM file ({str(reason).lower()})",
            _PEM_HINTS.get(option, "give a PEM file"),
        ) from None
