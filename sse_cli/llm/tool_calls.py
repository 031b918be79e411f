"""Fragments of tool calls to whole calls.

APIs name a call in different ways, so a fragment is matched by its key, then by its id; one
with a name and neither is a new call; one with nothing belongs to the last call. The same key
with another id and a name is a new call. Keys are unique only within a part (a message).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sse_cli.text import json_values
from sse_cli.text.json_values import is_false
from sse_cli.text.utf16 import Rope, joined

_PATH_STEP: Final = re.compile(r"""\.?([^.\[\]]+)|\[([0-9]{1,9})\]|\['([^']*)'\]|\["([^"]*)"\]""")
_PATCH_VALUES: Final = ("stringValue", "numberValue", "boolValue", "nullValue")


class ToolCall(NamedTuple):
    """A call as it is told. `arguments` is the exact string that the API sent, "{}" when it sent
    none."""

    id: str | None
    name: str | None
    arguments: str

    @property
    def is_valid(self) -> bool:
        """Whether the arguments are JSON."""
        try:
            json.loads(self.arguments)
        except (ValueError, RecursionError):
            return False
        return True


@dataclass
class OpenCall:
    """A call while it grows."""

    id: str | None = None
    name: str | None = None
    told: bool = False
    _sent: Rope | None = None
    _patched: Any = None

    @property
    def arguments(self) -> str:
        """The arguments so far."""
        if self._patched is not None:
            return joined(json_values.show(self._patched))
        return joined(str(self._sent or "")) or "{}"

    @property
    def is_begun(self) -> bool:
        """Whether any of its arguments came."""
        return self._sent is not None or self._patched is not None

    @property
    def now(self) -> ToolCall:
        """The call as it is now: more of it may follow, against all sense, after it is told."""
        return ToolCall(self.id, self.name, self.arguments)

    def add(self, record: dict[str, Any]) -> None:
        """Merge a fragment: the first id and name win, arguments are appended or replaced."""
        self.id = self.id or _word(record.get("id"))
        self.name = self.name or _word(record.get("name"))
        if not is_false(full := record.get("full")):
            self._sent = Rope(_arguments(full))
        if not is_false(args := record.get("args")):
            self._sent = self._sent or Rope()
            self._sent.add(_arguments(args))
        patches = record.get("patch")
        for patch in patches if isinstance(patches, list) else [patches]:
            if isinstance(patch, dict):
                self._patch(patch)

    def _patch(self, patch: dict[str, Any]) -> None:
        """Gemini's `partialArgs`: a value at a JSON path; strings grow."""
        if self._patched is None:
            self._patched = {}
        steps = _steps(str(patch.get("jsonPath", "$")))
        key = next((key for key in _PATCH_VALUES if key in patch), None)
        if key and 0 < len(steps) <= json_values.MAX_DEPTH:
            _put(self._patched, steps, None if key == "nullValue" else patch[key])


class ToolCalls:
    """The calls of one answer, in order. `feed` gives those that are complete, each once."""

    def __init__(self) -> None:
        self.calls: list[OpenCall] = []
        self._by_key: dict[Any, OpenCall] = {}
        self._by_id: dict[str, OpenCall] = {}
        self._current: OpenCall | None = None

    def feed(self, found: Any, part: Any) -> Iterator[ToolCall]:
        """Merge the fragments of one event; the calls that a new one shows to be complete."""
        for record in _records(found):
            known, before = len(self.calls), self._current
            call = self._current = self._call(record, part)
            call.add(record)
            if call.id:
                self._by_id[call.id] = call
            # Calls may be mixed: one whose arguments are missing, or no JSON yet, may go on.
            if len(self.calls) > known and before and before.is_begun and before.now.is_valid:
                yield from _told(before)

    def finish(self) -> Iterator[ToolCall]:
        """All calls that were not given yet: nothing follows any more."""
        for call in self.calls:
            yield from _told(call)

    def _call(self, record: dict[str, Any], part: Any) -> OpenCall:
        key, id_, name = record.get("key"), _word(record.get("id")), _word(record.get("name"))
        if key is not None:
            place = (part, _hashable(key))
            call = self._by_key.get(place)
            if call is None or (id_ and name and call.id and call.id != id_):
                call = self._by_key[place] = self._new()
            return call
        if id_:
            return self._by_id.get(id_) or self._new()
        return self._new() if name or not self.calls else self.calls[-1]

    def _new(self) -> OpenCall:
        call = OpenCall()
        self.calls.append(call)
        return call


def _told(call: OpenCall) -> Iterator[ToolCall]:
    if not call.told:
        call.told = True
        yield call.now


def _records(found: Any) -> Iterator[dict[str, Any]]:
    """The records in what an expression gave: one, a list, or lists of lists."""
    if isinstance(found, dict):
        if any(not is_false(found.get(key)) for key in ("id", "name", "args", "full", "patch")):
            yield found
    elif isinstance(found, list):
        for item in found:
            yield from _records(item)


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _arguments(value: Any) -> str:
    return value if isinstance(value, str) else json_values.show(value)


def _hashable(key: Any) -> Any:
    # All else as JSON, for to Python 1, 1.0 and true are the same key.
    return key if key.__class__ in (str, int) else (json_values.dump(key),)


def _steps(path: str) -> list[str | int]:
    """The steps of a JSONPath of names and indexes: $.city, $.days[0], $['a b']."""
    found = _PATH_STEP.findall(path.removeprefix("$"))
    return [int(index) if index else name or one or other for name, index, one, other in found]


def _put(target: Any, steps: list[str | int], value: Any) -> None:
    for step, following in pairwise(steps):
        target = _child(target, step, [] if isinstance(following, int) else {})
    old = _child(target, steps[-1], None)
    whole = old + value if isinstance(old, str) and isinstance(value, str) else value
    if isinstance(target, dict):
        target[steps[-1]] = whole
    elif isinstance(target, list) and isinstance(index := steps[-1], int) and index < len(target):
        target[index] = whole


def _child(target: Any, step: str | int, empty: Any) -> Any:
    """What is at `step`, put there if there is nothing."""
    if isinstance(target, dict):
        return target.setdefault(step, empty)
    if isinstance(target, list) and isinstance(step, int) and step <= len(target) + _MAX_HOLE:
        target += [None] * (step + 1 - len(target))
        if target[step] is None:
            target[step] = empty
        return target[step]
    return {}


# A list is not grown further than this beyond its end, whatever index a server names.
_MAX_HOLE: Final = 1000
