"""The server in a thread of its own, where no signal handler can run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial

from sse_cli.mockserver.server import Server


@contextmanager
def running(server: Server) -> Iterator[str]:
    """Run `server` in a thread, yield its base URL, and stop it at the end of the block."""
    ready: Future[str] = Future()
    run = partial(_run_in_thread, server, ready)
    thread = threading.Thread(target=run, name="sse-serve", daemon=True)
    thread.start()
    try:
        yield ready.result()
    finally:
        server.stop()
        thread.join()


def serve_forever(server: Server, on_ready: Callable[[str], object]) -> None:
    """Run `server` until it is stopped.

    Raises the exception that interrupted this thread (KeyboardInterrupt, or the one of a signal
    handler) once everything is closed; and the OutputError of a request log that can't be written.

    The event loop has a thread of its own here too, because an exception that a signal handler
    raises inside the loop would end an arbitrary stream.
    """
    with running(server) as url:
        on_ready(url)
        server.wait()
    if server.failure is not None:
        raise server.failure


def _run_in_thread(server: Server, ready: Future[str]) -> None:
    try:
        asyncio.run(server.run(ready.set_result))
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)
