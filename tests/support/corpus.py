"""The streams of the corpus with their expected answers, and the rule by which they are compared.

`formats` holds one or more streams of each wire format, `reports` public bug reports, rebuilt
small, and `real` streams of real servers, with the answer that the server's own client assembled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.paths import CORPUS

FOLDERS: Final = ("formats", "reports", "real")
MEDIA: Final = {".sse": "text/event-stream", ".ndjson": "application/x-ndjson", ".txt": "text/plain"}
# Headers of a real reply that matter to a reader.
HEADERS: Final = {
    "graphql-yoga": ("Content-Encoding: none",),
    "ai-sdk4-data-stream": ("X-Vercel-AI-Data-Stream: v1",),
}
EXACT: Final = ("format", "ending", "text", "finish_reason", "usage")
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


def differences(found: dict[str, Any], stream: Stream) -> dict[str, tuple[Any, Any]]:
    """Return the keys of an answer that differ from a stream's expectation, with both values."""
    expected = stream.expected
    if stream.path.stem in RAISED:
        expected = {key: expected[key] for key in ("text", "error")}
    return dict(_differing(found, expected))


def _differing(found: dict[str, Any], expected: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in EXACT:
        if key in expected and found[key] != expected[key]:
            yield key, (found[key], expected[key])
    if not _is_reasoning(found["reasoning"], expected.get("reasoning", "")):
        yield "reasoning", (found["reasoning"], expected["reasoning"])
    if "tool_calls" in expected:
        calls = calls_of(found["tool_calls"]), calls_of(expected["tool_calls"])
        if calls[0] != calls[1]:
            yield "tool_calls", calls
    if "error" in expected and not is_same_error(found["error"], expected["error"]):
        yield "error", (found["error"], expected["error"])
    for number, choice in enumerate(expected.get("choices", ())):
        ours = {key: found["choices"][number][key] for key in choice}
        if ours != choice:
            yield f"choices[{number}]", (ours, choice)


def _is_reasoning(found: str, expected: str) -> bool:
    """Return whether reasoning is as expected: a client without any may lack progress texts."""
    return found == expected or not expected


def calls_of(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tool calls with their arguments as values, and without other keys."""
    return [
        {"id": call["id"], "name": call["name"], "arguments": _value(call["arguments"])}
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


