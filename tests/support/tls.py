"""Certificates for servers and clients on this machine."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


def make_certificate(folder: Path, name: str) -> Path:
    """Make a self-signed certificate for this machine, with its key in the same file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not there to make a certificate")
    file, key = folder / f"{name}.pem", folder / f"{name}.key"
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:api.test"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    options = ["-keyout", str(key), "-out", str(file), "-subj", f"/CN={name}", "-addext", names]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + key.read_bytes())
    return file


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return the TLS context of a server with this certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made
