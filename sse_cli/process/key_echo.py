"""The echo of typed keys, which is off while something is drawn at the cursor.

The terminal's driver echoes Enter as a line feed, so a line that is drawn at the cursor would stay
on the screen above it. Keys typed meanwhile are kept for the shell. Ctrl-Z gives the echo back
until the program goes on, because not every shell restores the modes of its terminal.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any, Final

try:
    import termios
except ImportError:  # Windows
    _ECHO = 0
else:
    _ECHO = termios.ECHO | termios.ECHONL
_SUSPEND: Final[Any] = getattr(signal, "SIGTSTP", None)
_LOCAL: Final = 3  # the index of the flags with the echo (termios.tcgetattr)


class KeyEcho:
    """The echo of the terminal that is open as `descriptor`.

    It is changed only by the terminal's foreground job: the kernel stops any other that tries.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._flags = 0  # those that were turned off
        self._is_handler = False  # of SIGTSTP

    def off(self) -> None:
        """Turn the echo off until `on`."""
        self._turn_off()
        if self._flags and threading.current_thread() is threading.main_thread():
            self._is_handler = signal.getsignal(_SUSPEND) is signal.SIG_DFL
            if self._is_handler:
                signal.signal(_SUSPEND, self._suspend)

    def on(self) -> None:
        """Restore the echo."""
        if self._is_handler:
            signal.signal(_SUSPEND, signal.SIG_DFL)
            self._is_handler = False
        self._turn_on()

    def _suspend(self, number: int, _frame: object) -> None:
        """Stop the process with the echo on; go on with the echo off."""
        self._turn_on()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._suspend)
        self._turn_off()

    def _turn_off(self) -> None:
        if modes := self._modes():
            self._flags = modes[_LOCAL] & _ECHO
            modes[_LOCAL] &= ~self._flags
            self._set(modes)

    def _turn_on(self) -> None:
        if self._flags and (modes := self._modes()):
            modes[_LOCAL] |= self._flags
            self._flags = 0
            self._set(modes)

    def _modes(self) -> list[Any] | None:
        """Return the modes of the terminal, None if this process may not change them."""
        try:
            is_ours = _ECHO and os.tcgetpgrp(self._descriptor) == os.getpgrp()
            return termios.tcgetattr(self._descriptor) if is_ours else None
        except (OSError, termios.error):  # gone, or not the controlling terminal
            return None

    def _set(self, modes: list[Any]) -> None:
        try:
            termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)
        except (OSError, termios.error):
            self._flags = 0
