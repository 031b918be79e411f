"""Servers that nobody here wrote, each a process of its own on a free loopback port.

Rule 1: a server inherits a socket that listens already, so nobody waits for it to come up:
a client that is early queues in the kernel. Rule 2: a server starts when the first test
asks for it, and is gone when the tests are over. Rule 3: a missing program skips its tests,
saying so; with SSE_REQUIRE_REAL=1 it fails them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from string import Template
from types import TracebackType
from typing import NamedTuple, NoReturn, Self

import pytest

SERVERS = Path(__file__).with_name("servers")
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # where nginx lives, often not on a user's PATH
MAKE_CERTIFICATE = (
    *"req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(),
    *"-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1".split(),
)


class Lane(NamedTuple):
    """A way to the stream: the URL it is below, and what `sse` needs to get there.

    `line_ends` are those that the server at its end can be asked for.
    """

    base: str
    options: tuple[str, ...]
    http_version: str
    line_ends: tuple[str, ...] = ("lf", "cr", "crlf")


class Certificate(NamedTuple):
    """A self-signed certificate for localhost and 127.0.0.1, as PEM files."""

    file: Path
    key: Path


class Town:
    """All servers, started on demand; ended with the `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def lane(self, name: str) -> Lane:
        """The way of that name in `LANES`."""
        return LANES[name](self)

    @cached_property
    def certificate(self) -> Certificate:
        """Made now: a certificate in the repository would run out."""
        made = Certificate(self.folder / "certificate.pem", self.folder / "key.pem")
        files = ("-out", str(made.file), "-keyout", str(made.key))
        command = (program("openssl"), *MAKE_CERTIFICATE, *files)
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
        """The ports of nginx before uvicorn and Node: PLAIN, H2C and TLS."""
        command = program("nginx")
        with ExitStack() as stack:
            names = ("PLAIN", "H2C", "TLS")
            listeners = {name: stack.enter_context(listen()) for name in names}
            ports = {name: port_of(listener) for name, listener in listeners.items()}
            # The variable that nginx hands sockets over with when it is upgraded on the fly.
            inherited = "".join(f"{listener.fileno()};" for listener in listeners.values())
            options = ("-p", str(self.folder), "-c", str(self._nginx_configuration(ports)))
            self._start((command, *options), [*listeners.values()], {"NGINX": inherited})
        return ports

    def _nginx_configuration(self, ports: Mapping[str, int]) -> Path:
        values = {f"{name}_PORT": str(port) for name, port in ports.items()}
        values |= {"UVICORN_PORT": str(self.uvicorn), "NODE_PORT": str(self.node)}
        values |= {"CERTIFICATE": str(self.certificate.file), "KEY": str(self.certificate.key)}
        template = Template((SERVERS / "nginx.conf").read_text("utf-8"))
        file = self.folder / "nginx.conf"
        file.write_text(template.substitute(values, FOLDER=str(self.folder)), "utf-8")
        return file

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
            bind = ("--bind", f"fd://{listener.fileno()}")
            command = (sys.executable, "-m", "hypercorn", *bind, *options, "starlette_app:app")
            self._start(command, [listener])
            return port_of(listener)

    def _start(
        self,
        command: tuple[str, ...],
        inherited: list[socket.socket],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start a server; its log goes to the folder. Our copy of its sockets is the caller's
        to close: then a server that died refuses connections."""
        log = self._stack.enter_context((self.folder / f"{Path(command[0]).name}.log").open("ab"))
        process = subprocess.Popen(
            command,
            cwd=SERVERS,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno() for listener in inherited],
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)


def listen() -> socket.socket:
    """A socket that listens on a free port of 127.0.0.1."""
    return socket.create_server(("127.0.0.1", 0))


def port_of(listener: socket.socket) -> int:
    """Its port."""
    return int(listener.getsockname()[1])


def program(name: str) -> str:
    """The path of a program; skips the test where there is none."""
    path = shutil.which(name) or shutil.which(name, path=SBIN)
    return path or missing(name)


def require_module(*names: str) -> None:
    """Skip the test where one of these Python packages is missing."""
    for name in names:
        if find_spec(name) is None:
            missing(name)


def missing(name: str) -> NoReturn:
    """Skip, or fail where everything has to be there."""
    if os.environ.get("SSE_REQUIRE_REAL") == "1":
        pytest.fail(f"{name} is not installed, and SSE_REQUIRE_REAL=1 asks for it")
    pytest.skip(f"{name} is not installed")


def _plain(name: str) -> Callable[[Town], Lane]:
    return lambda town: Lane(f"http://127.0.0.1:{getattr(town, name)}", (), "HTTP/1.1")


def _h2c(name: str) -> Callable[[Town], Lane]:
    def lane(town: Town) -> Lane:
        base = f"http://127.0.0.1:{getattr(town, name)}"
        return Lane(base, ("--http2-prior-knowledge",), "HTTP/2")

    return lane


def _tls(name: str, http_version: str, *options: str) -> Callable[[Town], Lane]:
    def lane(town: Town) -> Lane:
        base = f"https://localhost:{getattr(town, name)}"
        options_ = ("--cacert", str(town.certificate.file), *options)
        return Lane(base, options_, http_version)

    return lane


def _nginx(way: str, behind: str) -> Callable[[Town], Lane]:
    def lane(town: Town) -> Lane:
        port = town.nginx[way]
        lanes = {
            "PLAIN": Lane(f"http://127.0.0.1:{port}/{behind}", (), "HTTP/1.1"),
            "H2C": Lane(
                f"http://127.0.0.1:{port}/{behind}", ("--http2-prior-knowledge",), "HTTP/2"
            ),
            "TLS": Lane(
                f"https://localhost:{port}/{behind}",
                ("--cacert", str(town.certificate.file)),
                "HTTP/2",
            ),
        }
        return lanes[way]

    return lane


def _unix_socket(town: Town) -> Lane:
    return Lane("http://localhost", ("--unix-socket", str(town.uvicorn_socket)), "HTTP/1.1")


LANES: dict[str, Callable[[Town], Lane]] = {}
