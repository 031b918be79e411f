"""Reliable handling of Ctrl-C, of the signals that end a program, and of crashed threads.

Python runs signal handlers between two bytecode instructions of the main thread. If a signal
arrives just before that thread blocks in a system call, the C-level handler only sets a flag, and
Python does not check it until the call returns; on a silent stream, that is never. So a watcher
thread is woken by the C-level handler, too (`signal.set_wakeup_fd`), and interrupts the system call
by sending a second signal until the Python handler has run.

Rule 1: a signal that is ignored when the program starts stays ignored: SIGHUP under `nohup`, SIGINT
in a script's background job.
Rule 2: only the first signal ends a run. From then on, and once a run has ended by itself (`hold`),
a signal waits, because the program tells the end of the run and leaves. It raises its exception
only if the program is still there `GRACE` seconds later: a write may block for ever.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final, NoReturn

from sse_cli.model.errors import Crashed, Terminated

PATIENCE: Final = 0.05  # seconds that the main thread has to run the handler by itself
TRIES: Final = 200  # limited, because two pending signals may merge and run the handler only once
GRACE: Final = 1.0  # seconds in which the end of a run may be written before a signal cuts it off
# Windows lacks the last two.
ENDING: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)
)
_WAKE: Final = getattr(signal, "SIGURG", None)  # ignored by default, and not used otherwise

_handled = threading.Event()
_crashes: list[BaseException] = []  # the first one only; later ones are usually its consequences
_crash_handled = threading.Event()


class _Ending:
    """The state of a program that ends."""

    first = 0  # the number of the first signal, 0 for none
    is_held = False  # a signal waits
    is_cut_off = False  # a signal has waited long enough
    waiting: tuple[int, float] | None = None  # such a signal, and when it came (monotonic clock)


_ending = _Ending()


def install() -> None:
    """Make SIGINT raise KeyboardInterrupt, and the others in `ENDING` Terminated.

    They do so even in a system call.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)
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


def hold() -> None:
    """Let signals wait from now on (rule 2): the run has ended, and how it did is being told.

    A thread other than the main one gets no signals, and its run is not the program's: there, this
    does nothing.
    """
    if threading.current_thread() is threading.main_thread():
        _ending.is_held = True


def first() -> int:
    """Return the number of the first signal that came, 0 for none."""
    return _ending.first


def name_of(number: int) -> str:
    """Return the name of a signal as people know it."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def is_cut_off() -> bool:
    """Return whether the end of the run could not be written within `GRACE` seconds of a signal."""
    return _ending.is_cut_off


def uninstall() -> None:
    """Ignore all signals from now on: the process is about to end, and its exit code is known."""
    for number in ENDING:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_IGN)
    if _WAKE is not None and is_installed():
        signal.signal(_WAKE, signal.SIG_IGN)


def crash(error: BaseException) -> None:
    """Raise Crashed in the main thread, even in a system call, because `error` ended this one."""
    main = threading.main_thread().ident
    if _crashes or main is None or _WAKE is None or not is_installed():
        return
    _crashes.append(error)
    for _ in range(TRIES):
        signal.pthread_kill(main, _WAKE)
        if _crash_handled.wait(PATIENCE):
            break


def _handle(number: int, _frame: object) -> None:
    """Raise the exception of a signal, or let it wait."""
    _ending.first = _ending.first or number
    if _ending.is_held and not _ending.is_cut_off:
        _ending.waiting = _ending.waiting or (number, time.monotonic())
        return  # not `_handled`: the watcher goes on waking
    _raise(number)


def _handle_wake(_number: int, _frame: object) -> None:
    """Raise Crashed once after a crash, and the exception of a signal that has waited too long.

    Otherwise do nothing: the signal only interrupts a call.
    """
    if _crashes and not _crash_handled.is_set():
        _crash_handled.set()
        raise Crashed(_crashes[0])
    if _ending.waiting and time.monotonic() - _ending.waiting[1] >= GRACE:
        number, _ = _ending.waiting
        _ending.waiting, _ending.is_cut_off = None, True
        _raise(number)


def _raise(number: int) -> NoReturn:
    _ending.is_held = True
    _handled.set()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Terminated(number)


def _interrupt_main(reader: int) -> None:
    """Run the watcher thread: `reader` yields one byte per signal, its number."""
    main = threading.main_thread().ident
    while number := os.read(reader, 1):
        if number[0] not in ENDING or main is None or _WAKE is None:
            continue
        for _ in range(TRIES):
            if _handled.wait(PATIENCE):
                break
            signal.pthread_kill(main, _WAKE)
        _handled.clear()
