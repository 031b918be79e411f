"""What expressions are made of and made into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Node: TypeAlias = Any  # a dict of the library's; type, value, children
Evaluate: TypeAlias = Callable[[Any], Any]
