"""Third-party servers, each a process of its own on a free loopback port.

Rule 1: a server inherits a listening socket, so no test waits for it to come up: early clients
queue in the kernel (nginx and Caddy can't inherit one, and report when they listen).
Rule 2: a server starts when the first test needs it, and ends with the last test.
Rule 3: a missing program skips its tests with a reason; with SSE_REQUIRE_REAL=1 it fails them.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from string import Template
from typing import NamedTuple, Self

from tests.support.other_programs import program, require_module

SERVERS = Path(__file__).with_name("servers")
MAKE_CERTIFICATE = """req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
-subj /CN=localhost -addext subjectAltName=DNS:localhost"""


class Certificate(NamedTuple):
    """A self-signed certificate for localhost, but for no address, as PEM files."""

    file: Path
    key: Path


class Nginx(NamedTuple):
    """The ports of an nginx, and `nginx -s reload`, which returns once the old worker leaves."""

    ports: Mapping[str, int]
    reload: Callable[[], None]


class Servers:
    """All servers, started on demand and ended with the `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def certificate(self) -> Certificate:
        """A certificate made for this run: one in the repository would expire."""
        made = Certificate(self.folder / "certificate.pem", self.folder / "key.pem")
        files = ("-out", str(made.file), "-keyout", str(made.key))
        command = (program("openssl"), *MAKE_CERTIFICATE.split(), *files)
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return made

    @cached_property
    def uvicorn(self) -> int:
        """The port of uvicorn with sse-starlette."""
        require_module("uvicorn", "sse_starlette")
        return self._python_server(SERVERS / "starlette_app.py")

    @cached_property
    def uvicorn_socket(self) -> Path:
        """The path of a unix socket that uvicorn listens on."""
        require_module("uvicorn", "sse_starlette")
        path = self.folder / "uvicorn.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            command = (sys.executable, str(SERVERS / "starlette_app.py"), str(listener.fileno()))
            self._start(command, [listener])
        return path

    @cached_property
    def node(self) -> int:
        """The port of Node's `http`."""
        return self._node()

    @cached_property
    def node_h2c(self) -> int:
        """The port of Node's `http2` without TLS."""
        return self._node("h2c")

    @cached_property
    def node_h2(self) -> int:
        """The port of Node's `http2` with TLS."""
        return self._node("h2", str(self.certificate.file), str(self.certificate.key))

    @cached_property
    def hypercorn(self) -> int:
        """The port of hypercorn, which speaks HTTP/1.1 and HTTP/2 without TLS."""
        return self._hypercorn()

    @cached_property
    def hypercorn_tls(self) -> int:
        """The port of hypercorn with TLS."""
        certificate, key = map(str, self.certificate)
        return self._hypercorn("--certfile", certificate, "--keyfile", key)

    @cached_property
    def nginx(self) -> Mapping[str, int]:
        """The ports of nginx in front of uvicorn and Node: PLAIN, H2C and TLS."""
        return self._nginx("nginx").ports

    def reloading_nginx(self) -> Nginx:
        """Return an nginx of its own, with a master that replaces its worker on a reload."""
        return self._nginx(f"nginx-{len(list(self.folder.iterdir()))}", master="on")

    @cached_property
    def caddy(self) -> int:
        """The port of Caddy with TLS in front of Node."""
        command = program("caddy")
        port = port_of(self._reserve())
        values = {"PORT": str(port), "NODE_PORT": str(self.node)} | self._certificate_values()
        file = self._configure("Caddyfile", values, self.folder)
        # It saves its configuration and looks after its certificates below these.
        homes = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(self.folder))
        options = ("run", "--config", str(file), "--adapter", "caddyfile")
        process = self._start((command, *options), [], log=subprocess.PIPE, env=homes)
        self._told(process, b"serving initial configuration")
        return port

    def _nginx(self, name: str, master: str = "off") -> Nginx:
        command, folder = program("nginx"), self.folder / name
        folder.mkdir()
        ports = {name: port_of(self._reserve()) for name in ("PLAIN", "H2C", "TLS")}
        values = {f"{name}_PORT": str(port) for name, port in ports.items()}
        values |= {"UVICORN_PORT": str(self.uvicorn), "NODE_PORT": str(self.node)}
        values |= {"FOLDER": str(folder), "MASTER": master} | self._certificate_values()
        file = self._configure("nginx.conf", values, folder)
        run = (command, "-p", str(folder), "-c", str(file))
        process = self._start(run, [], log=subprocess.PIPE)
        if master == "on":  # A master that is killed leaves its workers behind.
            self._stack.callback(process.wait, 10)
            self._stack.callback(process.terminate)
        self._told(process, b"event method")  # printed once it listens
        return Nginx(ports, lambda: self._reload(run, process))

    def _reload(self, run: tuple[str, ...], process: subprocess.Popen[bytes]) -> None:
        subprocess.run((*run, "-s", "reload"), check=True, capture_output=True, timeout=10)
        self._told(process, b"gracefully shutting down")  # by the worker that leaves

    def _told(self, process: subprocess.Popen[bytes], words: bytes) -> None:
        """Wait until a server has printed these words on its standard error."""
        assert process.stderr
        told = b""
        while words not in told:
            line = process.stderr.readline()
            assert line, told
            told += line

    def _certificate_values(self) -> dict[str, str]:
        return {"CERTIFICATE": str(self.certificate.file), "KEY": str(self.certificate.key)}

    def _configure(self, name: str, values: Mapping[str, str], folder: Path) -> Path:
        """Return a server's configuration file, written with these values."""
        file = folder / name
        template = Template((SERVERS / name).read_text("utf-8"))
        file.write_text(template.substitute(values), "utf-8")
        return file

    def _reserve(self) -> socket.socket:
        """Return a bound socket that keeps its port free for a server that uses SO_REUSEPORT."""
        reserved = self._stack.enter_context(socket.socket())
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        return reserved

    def _node(self, *options: str) -> int:
        command = program("node")
        with listen() as listener:
            script = str(SERVERS / "node_server.mjs")
            self._start((command, script, str(listener.fileno()), *options), [listener])
            return port_of(listener)

    def _python_server(self, script: Path) -> int:
        with listen() as listener:
            self._start((sys.executable, str(script), str(listener.fileno())), [listener])
            return port_of(listener)

    def _hypercorn(self, *options: str) -> int:
        require_module("hypercorn", "sse_starlette")
        with listen() as listener:
            words = ["--bind", f"fd://{listener.fileno()}", *options]
            words += ["--workers", "0"]  # A worker would outlive a killed hypercorn.
            command = (sys.executable, "-m", "hypercorn", *words, "starlette_app:app")
            self._start(command, [listener])
            return port_of(listener)

    def _start(
        self,
        command: tuple[str, ...],
        inherited: list[socket.socket],
        *,
        log: int | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a server; its log goes to the folder.

        The caller closes our copy of its sockets, so that a server that died refuses connections.
        """
        file = self._stack.enter_context((self.folder / f"{Path(command[0]).name}.log").open("ab"))
        process = subprocess.Popen(
            command,
            cwd=SERVERS,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=log or file,
            pass_fds=[listener.fileno() for listener in inherited],
        )
        if process.stderr:
            self._stack.enter_context(process.stderr)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


def listen() -> socket.socket:
    """Return a socket that listens on a free port of 127.0.0.1."""
    return socket.create_server(("127.0.0.1", 0))


def port_of(listener: socket.socket) -> int:
    """Return the port of a socket."""
    return int(listener.getsockname()[1])
