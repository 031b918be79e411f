"""Expressions beside the library that defines them, and `tail` beside merely parsing the JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import jmespath

from sse_cli.query.jmespath import compile_expression
from tests.benchmarks import corpora
from tests.benchmarks.measure import OURS, Benchmark, Samples, Setting, faster, interleaved, seconds

GROUP: Final = "expression"
LIBRARY: Final = "jmespath"
RANDOM_VALUES: Final = 30_000
EVALUATIONS: Final = 200_000
EXPRESSIONS: Final = (
    "choices[0].delta.content",
    "usage.total_tokens",
    "choices[].delta.tool_calls[].function.arguments",
)
_KEYS: Final = ("choices", "delta", "content", "usage", "total_tokens", "tool_calls", "function")
_MORE_KEYS: Final = ("arguments", "x")


def _random_value(rng: random.Random, depth: int = 0) -> Any:
    """Return a value with the expressions' keys, at the right places and at others."""
    kind = rng.randrange(8 if depth < 6 else 4)
    if kind < 4:
        return rng.choice((None, True, 0, 1.5, "", "text", [], {}))
    if kind < 6:
        return [_random_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    keys = rng.sample((*_KEYS, *_MORE_KEYS), rng.randrange(1, 6))
    return {key: _random_value(rng, depth + 1) for key in keys}


def _payloads(rng: random.Random) -> list[Any]:
    """Return payloads as an API sends them: text, a tool call's fragments, the usage at the end."""
    call = {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": '{"a":'}}
    deltas: tuple[Any, ...] = ({"content": "text"}, {"content": None, "tool_calls": [call]}, {})
    return [
        {
            "id": "chatcmpl-1",
            "choices": [{"index": 0, "delta": rng.choice(deltas), "finish_reason": None}],
            "usage": rng.choice((None, {"total_tokens": 12})),
        }
        for _ in range(100)
    ]


def _check(text: str) -> None:
    rng = random.Random(corpora.SEED)
    mine, theirs = compile_expression(text), jmespath.compile(text)
    for _ in range(RANDOM_VALUES):
        value = {key: _random_value(rng, 1) for key in ("choices", "usage")}
        # Compare as JSON, because Python takes 1 for True.
        if json.dumps(mine(value)) != json.dumps(theirs.search(value)):
            raise SystemExit(f"{text} gives another result than the library on {value!r}")


def _evaluating(text: str) -> Callable[[Setting, Sequence[str]], Samples]:
    def run(setting: Setting, _names: Sequence[str]) -> Samples:
        _check(text)
        values = _payloads(random.Random(corpora.SEED))
        rounds = range(setting.size(EVALUATIONS) // len(values))

        def all_of(evaluate: Callable[[Any], Any]) -> Callable[[], float]:
            def work() -> None:
                for _ in rounds:
                    for value in values:
                        evaluate(value)

            return lambda: seconds(work)

        search = jmespath.compile(text).search
        return interleaved(
            {OURS: all_of(compile_expression(text)), LIBRARY: all_of(search)}, setting.rounds
        )

    return run


BENCHMARKS: Final = tuple(
    Benchmark(GROUP, text, (faster(LIBRARY, 4),), _evaluating(text)) for text in EXPRESSIONS
)
