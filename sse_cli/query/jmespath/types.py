"""Types of syntax trees and of compiled expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Node: TypeAlias = Any  # a dict of the library with the keys type, value and children
Evaluate: TypeAlias = Callable[[Any], Any]
