"""Signals that reach a main thread blocked in a system call."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

# The main thread blocks the signal, so that another thread takes it: the main thread's read is
# not interrupted, just as when the signal comes right before the read begins.
PROGRAM = """
import os, signal, threading
from sse_cli.process import signals
from sse_cli.model.errors import Terminated

signals.install()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
reader, _writer = os.pipe()
try:
    print("blocked", flush=True)
    os.read(reader, 1)
except (KeyboardInterrupt, Terminated) as error:
    print(type(error).__name__, flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "Terminated")]
)
def test_a_signal_taken_by_another_thread_interrupts_a_blocked_read(
    number: signal.Signals, name: str
) -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process, ExitStack() as stack:
        stack.callback(process.kill)  # lest it be waited for
        assert process.stdout is not None
        assert process.stdout.readline() == b"blocked\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
        assert out.decode().split() == [name]
