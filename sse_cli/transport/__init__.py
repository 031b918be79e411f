"""HTTP: the package takes a request and yields signals. No other package imports httpx.

A request passes through the modules in this order:

    connect.py            the entry point: one exchange as `Phase`s, `Opened`, `Chunk`s, `Closed`
    redirects.py          repeats the exchange for each redirect that may be followed
    exchange.py           connects, sends and waits for the headers, in a thread of its own
    httpx_request.py      builds httpx's request
    httpx_transport.py    builds httpx's transport (proxy, unix socket; `tls.py`)
    network.py            looks up, connects, reads and writes, below httpcore
    tap.py                stamps the phases, numbers the reads, keeps the start of the reply
    http2_frames.py       judges the frames of HTTP/2 before httpcore sees them
    body.py               reads the body (`content_decoder.py`), a `Chunk` for each read

Beside them, `watchdog.py` ends whichever step takes too long. Errors become a `Closed` signal in
`error_mapping.py`, those of connecting in `connect_errors.py`, and a head that can't be read is
explained in `broken_head.py`. `reconnect.py` stands above all of them: it calls `connect` again as
HTML 9.2.2 says.

Rule 1: the failure of a connection is its `Closed` signal, never an exception.
Rule 2: bytes are passed on as each read returned them, with content coding removed and without
delay. If a read holds many HTTP chunks, the first is yielded and the others are pushed together
before the socket is read again.
Rule 3: deadlines follow the wall clock. Name lookup, connecting and waiting for headers run in a
thread that can be abandoned. A body is ended by shutting down its socket, because a read timeout
never notices a trickle.
Rule 4: nothing of the caller's (headers, cookies, body, certificate) crosses to another origin.

httpx's transport is used without its `Client`, which adds headers of its own, prepares redirects
that are not followed, and loads the CA store even for http (30 ms).
"""
