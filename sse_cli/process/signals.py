"""Ctrl-C, SIGTERM and the crash of a thread, none of which gets lost.

Python runs signal handlers between two steps of the main thread. A signal that arrives just
before that thread blocks in a system call only leaves a note, and nobody reads it until the
call returns: for a silent stream, never. So a thread of ours, woken by the C-level handler
(`signal.set_wakeup_fd`), interrupts the call by a second signal until the note is read.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Final, NoReturn

from sse_cli.model.errors import Crashed, Terminated

PATIENCE: Final = 0.05  # seconds that the main thread has to notice by itself
TRIES: Final = 200  # two signals may come as one: not every byte has a handler's run
_OURS: Final = (signal.SIGINT, signal.SIGTERM)
_WAKE: Final = getattr(signal, "SIGURG", None)  # ignored by default, and used by nobody here

_noticed = threading.Event()
_crashes: list[BaseException] = []  # the first one alone; later ones come of its wreckage
_crash_noticed = threading.Event()


def install() -> None:
    """Let SIGINT raise KeyboardInterrupt and SIGTERM raise Terminated, without fail."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, a script's background job
            signal.signal(number, _raise)
    if _WAKE is None:
        return
    signal.signal(_WAKE, _wake)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_insist, args=(reader,), daemon=True, name="sse-signals").start()


def is_installed() -> bool:
    """Whether this is our own program: whoever else uses the package has signals of its own."""
    return _WAKE is not None and signal.getsignal(_WAKE) is _wake


def uninstall() -> None:
    """Let signals end the process without any code of ours: it is leaving anyway."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is _raise:
            signal.signal(number, signal.SIG_DFL)
    if _WAKE is not None and signal.getsignal(_WAKE) is _wake:
        signal.signal(_WAKE, signal.SIG_IGN)


def crash(error: BaseException) -> None:
    """Raise Crashed in the main thread, whatever it waits for: `error` ended this one."""
    main = threading.main_thread().ident
    if _crashes or main is None or _WAKE is None or signal.getsignal(_WAKE) is not _wake:
        return
    _crashes.append(error)
    for _ in range(TRIES):
        signal.pthread_kill(main, _WAKE)
        if _crash_noticed.wait(PATIENCE):
            break


def _wake(_number: int, _frame: object) -> None:
    if _crashes and not _crash_noticed.is_set():
        _crash_noticed.set()
        raise Crashed(_crashes[0])


def _raise(number: int, _frame: object) -> NoReturn:
    _noticed.set()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Terminated(number)


def _insist(reader: int) -> None:
    main = threading.main_thread().ident
    while number := os.read(reader, 1):
        if number[0] not in _OURS or main is None or _WAKE is None:
            continue
        for _ in range(TRIES):
            if _noticed.wait(PATIENCE):
                break
            signal.pthread_kill(main, _WAKE)
        _noticed.clear()
