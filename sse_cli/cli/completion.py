"""What the shell offers for a word that is one of our names; files it offers by itself."""

from __future__ import annotations

from collections.abc import Iterable


def scenario(incomplete: str) -> list[str]:
    """Scenarios that ship, which begin so."""
    from sse_cli.mockserver.scenarios import bundled  # noqa: PLC0415 (as below: for completion alone)

    return _beginning(incomplete, bundled.names())


def fault(incomplete: str) -> list[str]:
    """Faults, which begin so."""
    from sse_cli.mockserver.faults.registry import FAULTS  # noqa: PLC0415

    return _beginning(incomplete, FAULTS)


def wire_format(incomplete: str) -> list[str]:
    """Wire formats, the user's own too, which begin so."""
    from sse_cli.llm import wire_format  # noqa: PLC0415

    return _beginning(incomplete, (one.name for one in wire_format.known(skip_broken=True)))


def ending(incomplete: str) -> list[str]:
    """Endings that `check` can expect, the last of a list of them."""
    from sse_cli.model.events import Ending  # noqa: PLC0415

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in _beginning(last, Ending)]


def _beginning(start: str, names: Iterable[str]) -> list[str]:
    return [str(name) for name in names if name.startswith(start)]
