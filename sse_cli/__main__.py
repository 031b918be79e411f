"""The entry point of `sse`. It prints the version itself and leaves the rest to `cli/main.py`.

Scripts and shells often ask for the version, so nothing is imported to print it.
"""

from __future__ import annotations

import gc
import sys

import sse_cli

TYPE_CHECKING = False  # importing typing takes as long as starting the interpreter
if TYPE_CHECKING:
    from typing import NoReturn

# The threshold of the cyclic garbage collector (allocations). With Python's default of 700, it runs
# two hundred times while modules are imported, which takes a tenth of the time to start, and again
# in every read of many events. The objects of a stream are not in reference cycles.
GC_THRESHOLD = 50_000
VERSION_OPTIONS = (["--version"], ["-V"])


def main() -> NoReturn:
    """Run `sse`; leave with the exit code of the README's table, or die by the signal."""
    if sys.argv[1:] in VERSION_OPTIONS and _print_version():
        sys.exit(0)
    gc.set_threshold(GC_THRESHOLD)
    try:
        from sse_cli.cli import main as program  # noqa: PLC0415 (takes 50 ms; the version does not)
    except KeyboardInterrupt:  # before `program`, which handles it, was imported
        _die()
    program.main()


def _die() -> NoReturn:
    """End the process by SIGINT, as Ctrl-C ends a program without a handler."""
    import os  # noqa: PLC0415 (as above)
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
    os._exit(128 + signal.SIGINT)


def _print_version() -> bool:
    """Print the version; return whether that succeeded. If not, the program reports the error."""
    try:
        sys.stdout.write(f"sse-cli {sse_cli.__version__}\n")
        sys.stdout.flush()
    except (AttributeError, OSError):  # no standard output, a full disk, a closed pipe
        return False
    return True


if __name__ == "__main__":
    main()
