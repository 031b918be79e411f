"""Draw the picture of the README: a real run of `sse demo`, as an SVG that Rich exports.

    python examples/picture.py examples/demo.svg

The run is complete; the picture shows its first and last rows.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

WIDTH = 96
HEAD, TAIL = 15, 12
COMMAND = ["demo", "openai-chat"]
# Leave web fonts out: every viewer has a monospaced font.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def run() -> list[str]:
    """Return the lines of a run, colours included."""
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "sse_cli", *COMMAND, "-o", "table", "--color", "always"]
    query = ["-q", "text=choices[0].delta.content"]
    done = subprocess.run(
        [*command, *query], env=environment, capture_output=True, check=True, encoding="utf-8"
    )
    return done.stdout.splitlines()


def draw(lines: list[str]) -> str:
    """Return the lines as an SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in [*lines[:HEAD], "    ⋮", *lines[-TAIL:]]:
        console.print(Text.from_ansi(line), no_wrap=True, crop=True)
    return console.export_svg(title="sse demo", code_format=FORMAT, unique_id="sse-demo")


def main() -> None:
    """Write the picture to the path given, or to standard output."""
    svg = draw(run())
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(svg, encoding="utf-8")
    else:
        print(svg)


if __name__ == "__main__":
    main()
