"""The bare clients that ours is measured against: minimal programs with httpx alone."""

from __future__ import annotations

from typing import Final

# Prints the data of each event.
PRINTING: Final = """
import sys, httpx
with httpx.stream("GET", sys.argv[1], timeout=None) as response:
    for line in response.iter_lines():
        if line.startswith("data: "):
            print(line[6:], flush=True)
"""

# Writes the bytes.
WRITING: Final = """
import sys, httpx
with httpx.stream("GET", sys.argv[1], timeout=None) as response:
    for data in response.iter_raw():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
"""

# Prints one Rich Text an event, as wide as the terminal.
RICH: Final = """
import sys, httpx
from rich.console import Console
from rich.text import Text
console = Console(highlight=False, markup=False)
with httpx.stream("GET", sys.argv[1], timeout=None) as response:
    for line in response.iter_lines():
        if line.startswith("data: "):
            console.print(Text(line[6:], no_wrap=True, overflow="ellipsis"))
"""
