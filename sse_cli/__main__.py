"""The entry point: the version at once, all else from `cli/program.py`.

Scripts and shells ask for the version a lot, so nothing is imported to answer that.
"""

from __future__ import annotations

import gc
import sys

import sse_cli

TYPE_CHECKING = False  # typing takes as long to import as the interpreter to start
if TYPE_CHECKING:
    from typing import NoReturn

# Objects made since the last search for garbage in circles. At Python's 700 the search runs two
# hundred times while modules are imported, which is a tenth of the time to start, and in every
# read of many events; what a stream leaves behind holds no circles.
SEARCH_EVERY = 50_000
VERSION_OPTIONS = (["--version"], ["-V"])


def main() -> NoReturn:
    """Run `sse`; leave with the exit code of the README's table, or die by the signal."""
    if sys.argv[1:] in VERSION_OPTIONS and _tell_version():
        sys.exit(0)
    gc.set_threshold(SEARCH_EVERY)
    try:
        from sse_cli.cli import main as program  # noqa: PLC0415 (it costs 50 ms, the version none)
    except KeyboardInterrupt:  # nobody is there yet who could tell of it
        _die()
    program.main()


def _die() -> NoReturn:
    """End as Ctrl-C ends a program that knows nothing of it."""
    import os  # noqa: PLC0415 (as above)
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
    os._exit(128 + signal.SIGINT)


def _tell_version() -> bool:
    """Whether the version could be told; if it couldn't, the program knows what to say."""
    try:
        sys.stdout.write(f"sse-cli {sse_cli.__version__}\n")
        sys.stdout.flush()
    except (AttributeError, OSError):  # no standard output, a full disk, a reader that is gone
        return False
    return True


if __name__ == "__main__":
    main()
