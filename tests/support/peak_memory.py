"""The peak memory of a run of `sse`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.support.process import DEVNULL, Process
from tests.support.program import Ran, finish

UNIT: Final = 1 if sys.platform == "darwin" else 1024  # The unit of ru_maxrss (getrusage(2)).
# A small process in between: a child's maximum includes its parent's memory at the fork.
MEASURE: Final = """
import os, sys
child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-m", "sse_cli", *sys.argv[1:]])
_, status, used = os.wait4(child, 0)
print("peak", used.ru_maxrss, file=sys.stderr)
os._exit(os.waitstatus_to_exitcode(status))
"""


def measured(*words: str | Path, stdin: int = DEVNULL) -> tuple[Ran, int]:
    """Run `sse WORDS`; return the result, and the largest resident size in bytes."""
    with Process(words, stdin=stdin, program=(sys.executable, "-c", MEASURE)) as process:
        ran = finish(process)
    talk, _, peak = ran.talk.rpartition("peak ")
    return ran._replace(err=talk.encode()), int(peak) * UNIT
