"""An event stream server for the benchmarks, in a process of its own.

    python -m tests.benchmarks.server

Prints its port. Paths: `/events/RATE/NUMBER` sends NUMBER events, RATE a second, each with the
clock's nanoseconds in it; `/flood/BYTES` as fast as they are read. One HTTP chunk an event.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)
BATCH = 64 * 1024


@contextmanager
def running() -> Iterator[str]:
    """Run a server; yield its URL."""
    command = (sys.executable, "-m", "tests.benchmarks.server")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def event(number: int) -> bytes:
    """Return an event as an API sends it, with a time stamp."""
    choice = {"index": 0, "delta": {"content": f"token {number}"}, "finish_reason": None}
    body = {"id": "chatcmpl-1", "stamp": time.monotonic_ns(), "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _serve(client: socket.socket) -> None:
    with client, contextlib.suppress(OSError):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(BATCH)
        what, *numbers = head.split(b" ")[1].decode().strip("/").split("/")
        client.sendall(HEAD)
        if what == "flood":
            _flood(client, int(numbers[0]))
        else:
            _events(client, int(numbers[0]), int(numbers[1]))
        client.sendall(_chunk(b""))


def _events(client: socket.socket, rate: int, number: int) -> None:
    start = time.monotonic()
    for n in range(number):
        wait = start + n / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        client.sendall(_chunk(event(n)))


def _flood(client: socket.socket, size: int) -> None:
    one = _chunk(event(0))
    batch = one * (BATCH // len(one))
    sent = 0
    while sent < size:
        client.sendall(batch)
        sent += len(batch)


def main() -> None:
    """Serve until the process is killed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()
