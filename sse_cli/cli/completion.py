"""Shell completion of names; the shell itself completes file names."""

from __future__ import annotations

from collections.abc import Iterable


def scenario(incomplete: str) -> list[str]:
    """Complete the name of a bundled scenario."""
    from sse_cli.mockserver.scenarios import bundled  # noqa: PLC0415 (here and below: only for completion)

    return _beginning(incomplete, bundled.names())


def fault(incomplete: str) -> list[str]:
    """Complete the name of a fault."""
    from sse_cli.mockserver.faults.registry import FAULTS  # noqa: PLC0415

    return _beginning(incomplete, FAULTS)


def wire_format(incomplete: str) -> list[str]:
    """Complete the name of a wire format, bundled or the user's own."""
    from sse_cli.llm import wire_format  # noqa: PLC0415

    return _beginning(incomplete, (wire.name for wire in wire_format.known(skip_broken=True)))


def ending(incomplete: str) -> list[str]:
    """Complete the last of a comma-separated list of endings."""
    from sse_cli.model.events import Ending  # noqa: PLC0415

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in _beginning(last, Ending)]


def _beginning(start: str, names: Iterable[str]) -> list[str]:
    return [str(name) for name in names if name.startswith(start)]
