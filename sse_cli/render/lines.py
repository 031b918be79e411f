"""The type of what is drawn, without the time that importing Rich takes (40 ms)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.text import Text

Lines: TypeAlias = "Iterable[Text]"
