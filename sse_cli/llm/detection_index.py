"""An index of the conditions by which our formats are detected, so that few of them are asked.

Parsing and compiling the `detect` of fifty formats takes several milliseconds, and most of them
cannot be true of the event at hand. `formats/detect.json` holds, by the text of a condition, its
syntax tree and *clues*: properties that an event must have, or else the condition is false. The
file is generated
(`python -m tests.support.detection_index`). A condition that is not in it, such as that of a
user's own format, is parsed and always asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from sse_cli.query.jmespath import Node
from sse_cli.query.jmespath.knowledge import NULL, Constant, Fields, Kind, Knowledge, refined
from sse_cli.query.jmespath.looks import Reads
from sse_cli.query.jmespath.specialize import is_never_true, specialize

FILE: Final = Path(__file__).with_name("formats") / "detect.json"
_DEFAULT_EVENT: Final = "message"  # the type of an event without one (WHATWG HTML 9.2.6)
_NO_FIELDS: Final[dict[str, Any]] = {}
_OTHER_KINDS: Final = (int, float, bool, list, dict)


class Clues(NamedTuple):
    """Properties that an event must have, or else a condition is false.

    `named`: a type of its own; `events`: one of these types. Of each of `keys` at least one must
    not be null in the data; of `strings`, each key must have one of these values in the data.
    """

    named: bool = False
    events: list[str] | None = None
    keys: list[list[str]] = []  # noqa: RUF012 (never changed)
    strings: dict[str, list[str]] = {}  # noqa: RUF012

    def may_fit(self, envelope: Mapping[str, Any]) -> bool:
        """Return whether the condition may be true of an event; if not, it is false."""
        event, data = envelope["event"], envelope["data"]
        if (self.named and event == _DEFAULT_EVENT) or (self.events and event not in self.events):
            return False
        fields = data if data.__class__ is dict else _NO_FIELDS
        for key, strings in self.strings.items():  # loops, since `all` takes twice as long
            value = fields.get(key)
            if value.__class__ is not str or value not in strings:
                return False
        for keys in self.keys:
            for key in keys:
                if fields.get(key) is not None:
                    break
            else:
                return False
        return True


class Entry(NamedTuple):
    """The clues and the syntax tree (JSON) of a condition."""

    clues: Clues
    tree: str


@cache
def index() -> Mapping[str, Entry]:
    """Return the index by the text of a condition, empty if the file is missing."""
    try:
        table = json.loads(FILE.read_bytes())
    except OSError:
        return {}
    return {text: Entry(Clues(*clues), tree) for text, (clues, tree) in table.items()}


def may_fit(text: str, envelope: Mapping[str, Any]) -> bool:
    """Return whether the condition `text` may be true of an event; if not, it is false."""
    entry = index().get(text)
    return entry is None or entry.clues.may_fit(envelope)


def syntax_of(text: str) -> Node | None:
    """Return the syntax tree of a condition, None if the index does not have it."""
    entry = index().get(text)
    return entry and json.loads(entry.tree)


def clues_of(condition: Node) -> Clues:
    """Return the clues of a condition, each of which follows from the condition."""
    reads = Reads(condition)
    keys = sorted({path[1] for path in reads.paths if path[0] == "data" and len(path) > 1})
    strings: dict[str, list[str]] = {}
    for key in keys:
        compared = sorted(reads.strings.get(("data", key), ()))
        if compared and _is_false(condition, _others(("data", key), compared)):
            strings[key] = compared
    needed = [[key] for key in keys if key not in strings and _is_false(condition, _without([key]))]
    if keys and not needed and not strings and _is_false(condition, _without(keys)):
        needed = [keys]
    events = sorted(reads.strings.get(("event",), ()))
    is_one_of = events and _is_false(condition, _others(("event",), events)[:1])
    named = _is_false(condition, [Fields({"event": Constant(_DEFAULT_EVENT)})])
    return Clues(named, events if is_one_of else None, needed, strings)


def _is_false(condition: Node, cases: Iterable[Knowledge]) -> bool:
    """Return whether a condition is false, or fails, in each of some cases."""
    return all(is_never_true(specialize(condition, knows).node) for knows in cases)


def _without(keys: Iterable[str]) -> list[Knowledge]:
    return [Fields({"data": Fields(dict.fromkeys(keys, NULL))})]


def _others(path: tuple[str, ...], strings: Iterable[str]) -> list[Knowledge]:
    """Return what is known if the value at `path` is a string, or not, but none of `strings`."""
    kinds: list[Knowledge] = [Kind(str, frozenset(strings)), NULL, *map(Kind, _OTHER_KINDS)]
    return [refined(None, path, kind) for kind in kinds]
