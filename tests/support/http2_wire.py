"""An HTTP/2 server whose frames a test writes itself, correct or not.

h2 reads the client's frames, acknowledges them and encodes headers. A frame that h2 would refuse
to write is made with hyperframe, the layer below it, and takes its place among h2's own.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from socket import SHUT_WR, socket
from typing import TypeAlias

import h2.config
import h2.connection
import h2.events
from hyperframe.frame import Frame, HeadersFrame, PingFrame

from tests.support.listener import Listener

EVENTS = 6
HALF = EVENTS // 2
BARRIER = b"barrier!"  # the payload of the PING whose acknowledgement is waited for
OK = [(":status", "200"), ("content-type", "text/event-stream")]
Headers: TypeAlias = list[tuple[str, str]]


def event(number: int) -> bytes:
    """Return an event: a client resumes at its ID, and `tail` types out its text."""
    return b'id: %d\ndata: {"text":"<%d>"}\n\n' % (number, number)


class Http2Peer:
    """The server's end of one connection, after a request was read whole."""

    def __init__(self, connection: socket, server: Http2Server) -> None:
        self.socket = connection
        self.closing = server.closing
        self.stream = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.acknowledged: list[bytes] = []
        self._server = server
        self._out = b""
        self._opens_window = True
        options = h2.config.H2Configuration(
            client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self._h2 = h2.connection.H2Connection(options)

    def read_request(self) -> bool:
        """Shake hands and read a request; return False if the client leaves instead."""
        return self._read_until(h2.events.StreamEnded)

    def read_head(self) -> bool:
        """Shake hands and read the head of a request; its body is then discarded, unread."""
        done = self._read_until(h2.events.RequestReceived)
        self._opens_window = False
        return done

    def _read_until(self, wanted: type[h2.events.Event]) -> bool:
        self._h2.initiate_connection()
        self.flush()
        while (events := self._receive()) is not None:
            if any(isinstance(event, wanted) for event in events):
                return True
        return False

    def until_gone(self) -> None:
        """Read until the client closes the connection."""
        while self._receive() is not None:
            pass

    def _receive(self) -> list[h2.events.Event] | None:
        """Process one read; None at the end of the connection."""
        data = self.socket.recv(65536)
        if not data:
            return None
        events = self._h2.receive_data(data)
        for event in events:
            if isinstance(event, h2.events.RequestReceived):
                self.stream, self.headers = event.stream_id, dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.body += event.data
                if self._opens_window:
                    self._h2.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
            elif isinstance(event, h2.events.PingAckReceived):
                self.acknowledged.append(event.ping_data)
        self.flush()
        return events

    def head(self, *more: tuple[str, str], status: str = "200", end: bool = False) -> None:
        """Write the head of the reply."""
        headers = [(":status", status), *OK[1:], *more]
        self._h2.send_headers(self.stream, headers, end_stream=end)

    def block(self, headers: Headers) -> bytes:
        """Return headers as a block, which must be sent: the encoder counts on it."""
        return bytes(self._h2.encoder.encode(headers, huffman=False))

    def headers_frame(self, block: bytes, *flags: str) -> HeadersFrame:
        """Return the frame that begins a head; it ends the head with the flag END_HEADERS."""
        return HeadersFrame(self.stream, block, flags=flags)

    def data(self, data: bytes, *, padding: int | None = None) -> None:
        """Write a DATA frame, once the client's windows have room for it."""
        size = len(data) + (0 if padding is None else padding + 1)
        while self._h2.local_flow_control_window(self.stream) < size:
            self.flush()
            if self._receive() is None:
                raise ConnectionError
        self._h2.send_data(self.stream, data, pad_length=padding)

    def events(self, first: int = 1, last: int = EVENTS) -> None:
        """Write events, each in a frame of its own, from the one after which the client resumes."""
        for number in range(max(first, self.resumed_after + 1), last + 1):
            self.data(event(number))
            self._server.sent.append(f"<{number}>")

    def sent(self, number: int) -> None:
        """Note that an event was written in another way."""
        self._server.sent.append(f"<{number}>")

    def end(self, trailers: Headers | None = None) -> None:
        """Write the end of the stream."""
        if trailers:
            self._h2.send_headers(self.stream, trailers, end_stream=True)
        else:
            self._h2.end_stream(self.stream)

    def raw(self, *frames: Frame | bytes) -> None:
        """Write frames, or anything else."""
        self._out += self._h2.data_to_send()
        for frame in frames:
            self._out += frame if isinstance(frame, bytes) else frame.serialize()

    def flush(self) -> None:
        """Send what was written."""
        self.raw()
        out, self._out = self._out, b""
        if out:
            self.socket.sendall(out)

    def step(self) -> None:
        """Send the frames so far and wait until the client has read them, if they go apart."""
        if self._server.apart:
            self.barrier()

    def barrier(self) -> None:
        """Send the frames so far and wait until the client has read them."""
        self.raw(PingFrame(0, BARRIER))
        self.flush()
        known = self.acknowledged.count(BARRIER)
        while self.acknowledged.count(BARRIER) == known:
            if self._receive() is None:
                raise ConnectionError

    def close(self) -> None:
        """Send the frames so far and end our side of the connection."""
        self.flush()
        self.socket.shutdown(SHUT_WR)

    @property
    def resumed_after(self) -> int:
        """The number of the event after which the client resumes, 0 for none."""
        return int(self.headers.get(b"last-event-id", b"0"))


Act: TypeAlias = Callable[[Http2Peer], None]


def whole(peer: Http2Peer) -> None:
    """Answer with the events after the last one that the client has, or 204 if it has all."""
    if peer.resumed_after == EVENTS:
        peer.head(status="204", end=True)
    else:
        peer.head()
        peer.events()
        peer.end()


class Http2Server(Listener):
    """A server that answers by `act` on its first `times` connections, by `whole` on later ones.

    With `apart`, the client reads the frames before each step of `act` before those after it are
    sent; otherwise one read may return all. `sent` lists the text of each event sent, in order.
    Without `shakes_hands`, `act` runs before the first frame.
    """

    def __init__(
        self,
        act: Act,
        *,
        times: int | None = None,
        apart: bool = False,
        tls: ssl.SSLContext | None = None,
        shakes_hands: bool = True,
    ) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.connections = 0
        self.apart = apart
        self.origin = f"{'https' if tls else 'http'}://{self.address}"
        self._act, self._times, self._tls = act, times, tls
        self._shakes_hands = shakes_hands
        self._counting = threading.Lock()
        if tls:
            tls.set_alpn_protocols(["h2"])

    def serve(self, connection: socket) -> None:
        """Answer one request."""
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection:
            with self._counting:
                self.connections += 1
                is_broken = self._times is None or self.connections <= self._times
            peer = Http2Peer(connection, self)
            if is_broken and not self._shakes_hands:
                self._act(peer)
                return
            if peer.read_request():
                (self._act if is_broken else whole)(peer)
                peer.flush()
                peer.until_gone()
