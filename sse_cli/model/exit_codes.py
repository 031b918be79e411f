"""Exit codes of `sse`, and the code of each ending of a stream."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from sse_cli.model.events import Ending


class ExitCode(IntEnum):
    """Every exit code of `sse`, as documented in the README."""

    OK = 0
    EXPECTATION = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    BROKEN = 5
    TIMEOUT = 6
    OUTPUT = 7
    BUG = 70


EXIT_CODES: Final = {
    Ending.DONE: ExitCode.OK,
    Ending.EOF: ExitCode.OK,
    Ending.EOF_UNVERIFIED: ExitCode.OK,
    Ending.LIMIT: ExitCode.OK,
    Ending.EMPTY: ExitCode.BROKEN,
    Ending.ERROR_EVENT: ExitCode.BROKEN,
    Ending.TRUNCATED: ExitCode.BROKEN,
    Ending.MALFORMED: ExitCode.BROKEN,
    Ending.TOO_LARGE: ExitCode.BROKEN,
    Ending.REFUSED: ExitCode.REFUSED,
    Ending.UNREACHABLE: ExitCode.UNREACHABLE,
    Ending.STALLED: ExitCode.TIMEOUT,
    Ending.DEADLINE: ExitCode.TIMEOUT,
    Ending.INTERRUPTED: 128 + 2,
}
