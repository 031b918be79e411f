"""Reliable handling of Ctrl-C, SIGTERM and crashed threads.

Python runs signal handlers between two bytecode instructions of the main thread. If a signal
arrives just before that thread blocks in a system call, the C-level handler only sets a flag, and
Python does not check it until the call returns; on a silent stream, that is never. So a watcher
thread is woken by the C-level handler, too (`signal.set_wakeup_fd`), and interrupts the system call
by sending a second signal until the Python handler has run.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Final, NoReturn

from sse_cli.model.errors import Crashed, Terminated

PATIENCE: Final = 0.05  # seconds that the main thread has to run the handler by itself
TRIES: Final = 200  # limited, because two pending signals may merge and run the handler only once
_OURS: Final = (signal.SIGINT, signal.SIGTERM)
_WAKE: Final = getattr(signal, "SIGURG", None)  # ignored by default, and not used otherwise

_handled = threading.Event()
_crashes: list[BaseException] = []  # the first one only; later ones are usually its consequences
_crash_handled = threading.Event()


def install() -> None:
    """Make SIGINT raise KeyboardInterrupt and SIGTERM raise Terminated, even in a system call."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a script's background job
            signal.signal(number, _raise)
    if _WAKE is None:
        return
    signal.signal(_WAKE, _handle_wake)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(
        target=_interrupt_main, args=(reader,), daemon=True, name="sse-signals"
    ).start()


def is_installed() -> bool:
    """Return whether our handlers are installed; programs that use the package have their own."""
    return _WAKE is not None and signal.getsignal(_WAKE) is _handle_wake


def uninstall() -> None:
    """Restore the default handlers, for a process that is about to end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is _raise:
            signal.signal(number, signal.SIG_DFL)
    if _WAKE is not None and signal.getsignal(_WAKE) is _handle_wake:
        signal.signal(_WAKE, signal.SIG_IGN)


def crash(error: BaseException) -> None:
    """Raise Crashed in the main thread, even in a system call, because `error` ended this one."""
    main = threading.main_thread().ident
    if _crashes or main is None or _WAKE is None or signal.getsignal(_WAKE) is not _handle_wake:
        return
    _crashes.append(error)
    for _ in range(TRIES):
        signal.pthread_kill(main, _WAKE)
        if _crash_handled.wait(PATIENCE):
            break


def _handle_wake(_number: int, _frame: object) -> None:
    """Raise Crashed once after a crash; else do nothing: the signal only interrupts a call."""
    if _crashes and not _crash_handled.is_set():
        _crash_handled.set()
        raise Crashed(_crashes[0])


def _raise(number: int, _frame: object) -> NoReturn:
    _handled.set()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Terminated(number)


def _interrupt_main(reader: int) -> None:
    """Run the watcher thread: `reader` yields one byte per signal, its number."""
    main = threading.main_thread().ident
    while number := os.read(reader, 1):
        if number[0] not in _OURS or main is None or _WAKE is None:
            continue
        for _ in range(TRIES):
            if _handled.wait(PATIENCE):
                break
            signal.pthread_kill(main, _WAKE)
        _handled.clear()
