"""The cost of `sse tail --markdown`, which must grow with the answer and not with its square.

    python -m tests.benchmarks.markdown_growth [--size 100] [--rounds 3]

An answer of SIZE KB (code blocks, tables, lists) and one of twice that are rendered on a
terminal; the program's CPU time is the kernel's figure, the best of the rounds. The time
to start is measured with an empty answer, and reported separately. Exits 1 above 2.5 times.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path

LIMIT = 2.5
WORDS = (
    "stream", "event", "token", "latency", "buffer", "socket", "日本語", "naïve", "🚀", "parser",
    "**bold**", "*it*", "`code`", "the", "a", "of", "and", "[link](https://example.com)", "retry",
    "chunk", "gzip", "header", "reads", "writes", "never", "always", "12.5", "%",
)  # fmt: skip


def answer(size: int, seed: int = 3) -> str:
    """Return an answer of `size` characters, as models write them: every kind of block in turn."""
    dice = random.Random(seed)
    kinds = (_paragraph, _list, _code, _paragraph, _table, _numbers, _quote)
    parts: list[str] = []
    length = 0
    while length < size:
        parts.append(kinds[len(parts) % len(kinds)](dice))
        length += len(parts[-1])
    return "".join(parts)[:size]


def _words(dice: random.Random, number: int) -> str:
    return " ".join(dice.choice(WORDS) for _ in range(number))


def _paragraph(dice: random.Random) -> str:
    return f"## {_words(dice, 4)}\n\n{_words(dice, 60)}.\n\n"


def _list(dice: random.Random) -> str:
    items = [f"- {_words(dice, 9)}\n  - {_words(dice, 6)}\n" for _ in range(6)]
    return f"{_words(dice, 5)}:\n\n{''.join(items)}\n"


def _numbers(dice: random.Random) -> str:
    code = "   ```sh\n   curl -N http://127.0.0.1\n   ```\n"
    return "".join(f"{n}. {_words(dice, 9)}\n{code if n == 2 else ''}" for n in range(1, 6)) + "\n"


def _code(dice: random.Random) -> str:
    lines = [f"def function_{n}(x: int) -> str:  # {n}\n    return f'{{x}}'\n" for n in range(8)]
    dice.shuffle(lines)
    return f"```python\n{''.join(lines)}\nprint(1)\n```\n\n"


def _table(dice: random.Random) -> str:
    rows = [f"| {_words(dice, 2)} | {dice.random():.3f} | {_words(dice, 3)} |" for _ in range(8)]
    return "\n".join(("| name | value | note |", "|---|---:|---|", *rows)) + "\n\n"


def _quote(dice: random.Random) -> str:
    return f"> {_words(dice, 12)}\n> {_words(dice, 9)}\n\n---\n\n"


def write_stream(path: Path, text: str) -> None:
    """Write `text` as OpenAI sends it, a few characters a piece."""
    pieces = (text[at : at + 4] for at in range(0, len(text), 4))
    choices = ([{"index": 0, "delta": {"content": piece}}] for piece in pieces)
    lines = [f"data: {json.dumps({'choices': choice})}\n\n" for choice in choices]
    path.write_text("".join([*lines, "data: [DONE]\n\n"]), encoding="utf-8")


def cpu_seconds(path: Path) -> float:
    """Return the CPU time of rendering a stream on a terminal of 80 x 24."""
    command = [sys.executable, "-m", "sse_cli", "tail", str(path), "--markdown", "--no-summary"]
    pid, master = os.forkpty()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": "80", "LINES": "24"}
        os.execv(command[0], command)
    try:
        while os.read(master, 1 << 16):
            pass
    except OSError:  # Linux: EIO once the program has ended.
        pass
    os.close(master)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"sse tail ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Measure and print; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=100, help="thousands of characters")
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for size in (0, asked.size, 2 * asked.size):
            paths.append(Path(folder) / f"{size}.sse")
            write_stream(paths[-1], answer(1000 * size) if size else "x")
        rounds = [[cpu_seconds(path) for path in paths] for _ in range(asked.rounds)]
    start, once, twice = map(min, zip(*rounds, strict=True))
    ratio = (twice - start) / (once - start)
    print(
        f"to start {start:.2f} s, {asked.size} KB {once:.2f} s, {2 * asked.size} KB {twice:.2f} s"
    )
    print(f"ratio {twice / once:.2f}, without the start {ratio:.2f} (limit {LIMIT})")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
