"""Assembly of tool calls from their fragments.

APIs identify the call of a fragment in different ways, so a fragment is matched by its key, then
by its id. Without either it starts a new call if it has a name, and belongs to the last call if
it has not. The same key with another id and a name starts a new call. Keys are unique only within
a part (a message).

| key of a record | value |
|---|---|
| `key`, `id`, `name` | the call that the record belongs to, and its name |
| `args` | a fragment of the arguments, which is appended |
| `full` | the whole arguments, which replace those before |
| `initial` | arguments that count until a fragment comes |
| `either` | the whole arguments so far or a fragment, as the values that follow show |
| `action` | the whole arguments as an object whose null members mean nothing |
| `closing` | the whole arguments, repeated by an event at the end |
| `free` | true if the arguments are free text, and need not be JSON |
| `patch` | Gemini's `partialArgs`, values at JSONPaths |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sse_cli.llm.text_buffer import TextBuffer
from sse_cli.text import json_problems, json_values
from sse_cli.text.json_values import is_false
from sse_cli.text.utf16 import join_surrogates

_PATH_STEP: Final = re.compile(r"""\.?([^.\[\]]+)|\[([0-9]{1,9})\]|\['([^']*)'\]|\["([^"]*)"\]""")
_PATCH_VALUES: Final = ("stringValue", "numberValue", "boolValue", "nullValue")
_MAX_GAP: Final = 1000  # elements that a patch may skip: a server could name any index
ARGUMENT_KEYS: Final = ("args", "full", "initial", "either", "action", "closing")
_RECORD_KEYS: Final = (*ARGUMENT_KEYS, "id", "name", "patch")


class ToolCall(NamedTuple):
    """A tool call as it is given out.

    `arguments` is the exact string that the API sent, "{}" if it sent none.
    """

    id: str | None
    name: str | None
    arguments: str
    is_free: bool = False

    @property
    def problem(self) -> str:
        """Return why the arguments are not a JSON document, "" if they are one or free text."""
        return "" if self.is_free else json_problems.problem(self.arguments)

    @property
    def is_valid(self) -> bool:
        """Return whether the arguments are JSON, or free text."""
        return not self.problem

    def as_object(self) -> dict[str, Any]:
        """Return the call as JSON output shows it. Its keys are a contract (README)."""
        problem = self.problem
        found = {"id": self.id, "name": self.name, "arguments": self.arguments}
        return found | ({"valid": False, "problem": problem} if problem else {"valid": True})


@dataclass
class OpenCall:
    """A tool call that fragments are still merged into."""

    id: str | None = None
    name: str | None = None
    is_given: bool = False
    is_free: bool = False
    _sent: TextBuffer | None = None
    _initial: str = ""
    _patched: Any = None  # the object that Gemini's patches build

    @property
    def arguments(self) -> str:
        """Return the arguments so far."""
        if self._patched is not None:
            return join_surrogates(json_values.show(self._patched))
        return str(self._sent or "") or self._initial or ("" if self.is_free else "{}")

    @property
    def is_begun(self) -> bool:
        """Return whether any of the arguments have arrived."""
        return self._sent is not None or self._patched is not None or bool(self._initial)

    @property
    def snapshot(self) -> ToolCall:
        """Return the call as it is now. A server may add to it even after it is given out."""
        return ToolCall(self.id, self.name, self.arguments, self.is_free)

    def add(self, record: dict[str, Any]) -> None:
        """Merge a fragment: the first id and name win, arguments are appended or replaced."""
        self.id = self.id or _nonblank(record.get("id"))
        self.name = self.name or _nonblank(record.get("name"))
        self.is_free = self.is_free or record.get("free") is True
        if (whole := _whole(record)) is not None:
            self._sent = TextBuffer()
            self._sent.append(None, whole)
        if not is_false(initial := record.get("initial")):
            self._initial = _arguments(initial)
        if not is_false(args := record.get("args")):
            self._sent = self._sent or TextBuffer()
            self._sent.append(None, _arguments(args))
        if not is_false(either := record.get("either")):
            self._sent = self._sent or TextBuffer()
            self._sent.add_either(None, _arguments(either))
        patches = record.get("patch")
        for patch in patches if isinstance(patches, list) else [patches]:
            if isinstance(patch, dict):
                self._patch(patch)

    def _patch(self, patch: dict[str, Any]) -> None:
        """Merge one of Gemini's `partialArgs`: a value at a JSONPath; strings are appended to."""
        if self._patched is None:
            self._patched = {}
        steps = _steps(str(patch.get("jsonPath", "$")))
        key = next((key for key in _PATCH_VALUES if key in patch), None)
        if key and 0 < len(steps) <= json_values.MAX_DEPTH:
            _put(self._patched, steps, None if key == "nullValue" else patch[key])


class ToolCalls:
    """The tool calls of one choice, in order; each is given out once, when it is complete."""

    def __init__(self) -> None:
        self.calls: list[OpenCall] = []
        self._by_key: dict[Any, OpenCall] = {}
        self._by_id: dict[str, OpenCall] = {}
        self._current: OpenCall | None = None

    def feed(self, found: Any, part: Any) -> Iterator[ToolCall]:
        """Merge the fragments of one event. Yields the calls that they show to be complete."""
        for record in _records(found):
            known, before = len(self.calls), self._current
            call = self._current = self._call(record, part)
            call.add(record)
            if call.id:
                self._by_id[call.id] = call
            # A new call ends the one before it, unless the arguments of that one are missing or
            # incomplete: APIs may interleave the fragments of several calls.
            is_new = len(self.calls) > known
            if is_new and before and before.is_begun and before.snapshot.is_valid:
                yield from _give_out(before)

    def finish(self) -> Iterator[ToolCall]:
        """Yield the calls that were not given out yet, at the end of the stream."""
        for call in self.calls:
            yield from _give_out(call)

    def _call(self, record: dict[str, Any], part: Any) -> OpenCall:
        key = record.get("key")
        id_, name = _nonblank(record.get("id")), _nonblank(record.get("name"))
        if "closing" in record:
            return self._by_id.get(id_ or "") or self._same(record) or self._new()
        if key is not None:
            full_key = (part, _hashable(key))
            call = self._by_key.get(full_key)
            if call is None or (id_ and name and call.id and call.id != id_):
                call = self._by_key[full_key] = self._new()
            return call
        if id_:
            return self._by_id.get(id_) or self._new()
        return self._new() if name or not self.calls else self.calls[-1]

    def _same(self, record: dict[str, Any]) -> OpenCall | None:
        """Return the call with the name, if it has one yet, and the arguments of a record."""
        name = _nonblank(record.get("name"))
        arguments = json_values.parse(_whole(record) or "{}")
        for call in self.calls:
            if call.name in (name, None) and json_values.parse(call.arguments) == arguments:
                return call
        return None

    def _new(self) -> OpenCall:
        call = OpenCall()
        self.calls.append(call)
        return call


def _give_out(call: OpenCall) -> Iterator[ToolCall]:
    if not call.is_given:
        call.is_given = True
        yield call.snapshot


def _records(found: Any) -> Iterator[dict[str, Any]]:
    """Yield the records in an expression's value: one record, a list, or nested lists."""
    if isinstance(found, dict):
        if any(not is_false(found.get(key)) for key in _RECORD_KEYS):
            yield found
    elif isinstance(found, list):
        for item in found:
            yield from _records(item)


def _nonblank(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _whole(record: dict[str, Any]) -> str | None:
    """Return the whole arguments of a record, None if it has only fragments of them."""
    for key in ("full", "closing"):
        if not is_false(value := record.get(key)):
            return _arguments(value)
    action = record.get("action")
    if isinstance(action, dict) and action:
        action = {key: value for key, value in action.items() if value is not None}
    return None if is_false(action) else _arguments(action)


def _arguments(value: Any) -> str:
    return value if isinstance(value, str) else json_values.show(value)


def _hashable(key: Any) -> Any:
    # Other types as JSON: 1, 1.0 and true are one key of a dict in Python.
    return key if key.__class__ in (str, int) else (json_values.dump(key),)


def _steps(path: str) -> list[str | int]:
    """Return the steps of a JSONPath of names and indexes: $.city, $.days[0], $['a b']."""
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
    """Return the value at `step` of an object or array, `empty` put there if there is none."""
    if isinstance(target, dict):
        return target.setdefault(step, empty)
    if isinstance(target, list) and isinstance(step, int) and step <= len(target) + _MAX_GAP:
        target += [None] * (step + 1 - len(target))
        if target[step] is None:
            target[step] = empty
        return target[step]
    return {}
