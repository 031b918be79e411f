"""Values of `text` and `reasoning` expressions: fragments, content parts and directives.

| value | meaning |
|---|---|
| a string | a fragment, which is appended |
| a number | its digits |
| null, true, false | nothing |
| a list | each of its items |
| an object with a directive | text that stands in a relation to the text before, see below |
| another object | a content part: its `text` if its `type` is a type of text or missing |

An object with neither `text` nor `type` is structured output: its JSON is the text.

| directive | its value is |
|---|---|
| `full` | the whole text so far, which replaces the text before |
| `closing` | the whole text, repeated by an event at the end: only a missing rest is added |
| `segment` | the whole of what was appended since the last `segment` |
| `either` | the whole text so far, or a fragment: the values that follow decide |
| `line` | a line of its own, such as a progress message |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sse_cli.text import json_values

DIRECTIVES: Final = ("full", "closing", "segment", "either", "line")
_DIRECTIVE_KEYS: Final = frozenset({*DIRECTIVES, "part"})


def directive(found: dict[str, Any]) -> str:
    """Return the name of an object's directive, "" if the object is a content part."""
    if len(found) > 2 or not found.keys() <= _DIRECTIVE_KEYS:
        return ""
    return next((name for name in DIRECTIVES if name in found), "")


def strings(found: Any) -> Sequence[str]:
    """Return the fragments of text in an expression's value, those of a directive included."""
    kind = found.__class__
    if kind is str:
        return (found,)
    if kind is list:
        return [text for item in found if item is not None for text in strings(item)]
    if kind is int or kind is float:
        return (json_values.dump(found),)
    return _strings_of_object(found) if kind is dict else ()


def _strings_of_object(found: dict[str, Any]) -> Sequence[str]:
    if name := directive(found):
        return strings(found[name])
    text = found.get("text")
    if isinstance(text, dict):  # as OpenAI's Assistants have it, with annotations beside the value
        text = text.get("value")
    if isinstance(text, str):
        return (text,) if _is_text(found.get("type")) else ()
    return () if not found or "type" in found or "text" in found else (json_values.show(found),)


def _is_text(kind: Any) -> bool:
    """Return whether a content part of this `type` is text, as `output_text` and `text_delta`."""
    if kind is None:
        return True
    return isinstance(kind, str) and "text" in kind and "reason" not in kind
