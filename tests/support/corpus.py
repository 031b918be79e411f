"""The streams of the corpus with their expected answers, and the rule by which they are compared.

`formats` holds one or more streams of each wire format, `reports` public bug reports, rebuilt
small, and `real` streams of real servers, with the answer that the server's own client assembled.
`judged` holds shapes that the APIs document, with the answer of the API's official client
(tests/interop/judges.py): text that stands only in a closing event, several parts, parallel calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.paths import CORPUS

FOLDERS: Final = ("formats", "reports", "real", "judged")
MEDIA: Final = {
    ".sse": "text/event-stream",
    ".ndjson": "application/x-ndjson",
    ".txt": "text/plain",
}
# Headers of a real reply that matter to a reader.
HEADERS: Final = {
    "graphql-yoga": ("Content-Encoding: none",),
    "ai-sdk4-data-stream": ("X-Vercel-AI-Data-Stream: v1",),
}
EXACT: Final = ("format", "ending", "text", "finish_reason")
# The client raised an exception, so it has no usage and no reasoning to compare.
RAISED: Final = frozenset({"litellm-messages-upstream-reset"})


class Stream(NamedTuple):
    """A stream of the corpus."""

    path: Path

    @property
    def name(self) -> str:
        """The folder and the name."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers of the reply."""
        return (f"Content-Type: {MEDIA[self.path.suffix]}", *HEADERS.get(self.path.stem, ()))

    @property
    def options(self) -> tuple[str, ...]:
        """The options that a stream of this media type needs."""
        return ("--any-type",) if self.path.suffix == ".txt" else ()

    @property
    def expected(self) -> dict[str, Any]:
        """The expected answer: some or all keys of `tail -o json`, and `exit`."""
        file = self.path.with_name(f"{self.path.stem}.expected.json")
        found: dict[str, Any] = json.loads(file.read_bytes())
        if self.path.stem in RAISED:
            found = {key: found[key] for key in ("text", "error")}
        return found

    @property
    def exit_code(self) -> int:
        """The expected exit code of `tail`."""
        expected = self.expected
        return int(expected.get("exit", 5 if expected.get("error") else 0))


def streams(*folders: str) -> list[Stream]:
    """Return the streams of some folders, of all by default."""
    return [
        Stream(path)
        for folder in folders or FOLDERS
        for path in sorted((CORPUS / folder).iterdir())
        if path.suffix in MEDIA
    ]


def stream_of(name: str) -> Stream:
    """Return the stream with a name."""
    folder, _, stem = name.partition("/")
    return next(stream for stream in streams(folder) if stream.path.stem == stem)


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the keys of an answer that differ from those expected, with both values."""
    return dict(_differing(found, expected))


def _differing(found: dict[str, Any], expected: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in EXACT:
        if key in expected and found[key] != expected[key]:
            yield key, (found[key], expected[key])
    usage = without_nulls(found["usage"]), without_nulls(expected.get("usage"))
    if "usage" in expected and usage[0] != usage[1]:
        yield "usage", usage
    if not _is_reasoning(found["reasoning"], expected.get("reasoning", "")):
        yield "reasoning", (found["reasoning"], expected["reasoning"])
    if "tool_calls" in expected:
        wanted = calls_of(expected["tool_calls"])
        calls = calls_of(found["tool_calls"], has_id=all("id" in one for one in wanted))
        if calls != wanted:
            yield "tool_calls", (calls, wanted)
    if "error" in expected and not is_same_error(found["error"], expected["error"]):
        yield "error", (found["error"], expected["error"])
    for number, choice in enumerate(expected.get("choices", ())):
        [ours] = [one for one in found.get("choices", [found]) if one.get("choice", 0) == number]
        for key, values in _differing(ours | {"usage": None, "error": None}, choice):
            yield f"choices[{number}].{key}", values


def without_nulls(value: Any) -> Any:
    """Return a value without the keys whose value is null: clients drop or add them."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def _is_reasoning(found: str, expected: str) -> bool:
    """Return whether reasoning is as expected: a client without any may lack progress texts."""
    return found == expected or not expected


def calls_of(calls: list[dict[str, Any]], *, has_id: bool = True) -> list[dict[str, Any]]:
    """Return tool calls with their arguments as values, and without other keys."""
    keys = ("id", "name", "arguments") if has_id else ("name", "arguments")
    return [
        {key: _value(call[key]) if key == "arguments" else call[key] for key in keys if key in call}
        for call in calls
    ]


def _value(arguments: Any) -> Any:
    try:
        return json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments


def is_same_error(found: Any, expected: Any) -> bool:
    """Return whether two errors are both null, or one text contains the other.

    Clients put the name of their exception in front of the server's words.
    """
    if found is None or expected is None:
        return found is expected
    ours, theirs = _text(found), _text(expected)
    return bool(ours and theirs) and (ours in theirs or theirs in ours)


def _text(error: Any) -> str:
    """Return the words of an error, as `sse` shows them."""
    if isinstance(error, str):
        return error
    if isinstance(error, dict):
        inner = next((error[key] for key in ("message", "error", "detail") if error.get(key)), None)
        if inner is not None:
            return _text(inner)
    return json.dumps(error, ensure_ascii=False)
