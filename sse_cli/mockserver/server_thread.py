"""The server in a thread of its own, where no signal handler runs."""

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
    """Run `server` in a thread of its own; yields its base URL, stops it on the way out."""
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
    """Run `server` until it is stopped. Whatever interrupts this thread (KeyboardInterrupt,
    or what a signal handler raises) comes out of here once everything is closed; so does
    what stopped the server, if its journal can't be written.

    The event loop has a thread of its own here, too: an exception that a signal raises
    inside a loop lands in whichever stream is at work just then.
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
