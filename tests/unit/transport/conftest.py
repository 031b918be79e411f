"""Fixtures shared by the tests of the transport."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.support.tls import make_certificate, server_context


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run without the proxies of this machine."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for this machine, its key in the same file."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "server")


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    """The TLS context of a server with that certificate."""
    return server_context(certificate)
