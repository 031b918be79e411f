"""A server of one HTTP/2 connection, spoken by h2."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import h2.config
import h2.connection
import h2.events

from tests.support.listener import PATIENCE

EVENT = b"data: one\n\n"
OK = [(":status", "200"), ("content-type", "text/event-stream")]

Act = Callable[[h2.connection.H2Connection, socket.socket], None]
Seen = list[list[tuple[bytes, bytes]]]


@contextlib.contextmanager
def serving(act: Act) -> Iterator[tuple[str, Seen]]:
    """Serve one connection: `act` answers stream 1. Yield the origin and the headers received."""
    seen: Seen = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, act, seen))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
        thread.join(PATIENCE)
        assert not thread.is_alive()


def _serve(listener: socket.socket, act: Act, seen: Seen) -> None:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    with listener.accept()[0] as peer, contextlib.suppress(OSError):
        peer.settimeout(PATIENCE)
        while not seen:
            for event in connection.receive_data(peer.recv(65536)):
                if isinstance(event, h2.events.RequestReceived):
                    seen.append([(bytes(name), bytes(value)) for name, value in event.headers])
            peer.sendall(connection.data_to_send())
        act(connection, peer)
        peer.sendall(connection.data_to_send())
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass


def begin(connection: h2.connection.H2Connection, *more: tuple[str, str]) -> None:
    connection.send_headers(1, [*OK, *more])
    connection.send_data(1, EVENT)
