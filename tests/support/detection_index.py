"""Write what is generated from our format files: the index of detection, and their tables.

python -m tests.support.detection_index
"""

from __future__ import annotations

import json
import tomllib

from sse_cli.llm import format_tables, wire_format
from sse_cli.llm.detection_index import FILE, clues_of
from sse_cli.query.selection import Expression


def text_of_index() -> str:
    """Return the text of the index of our formats, a line for each condition."""
    ours = (wire for wire in wire_format.known() if wire.path.parent == wire_format.FOLDER)
    conditions = (
        wire.texts[key] for wire in ours for key in ("detect", "against") if key in wire.texts
    )
    lines = [_line(text) for text in sorted(set(conditions))]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(text: str) -> str:
    tree = Expression(text, "detect").syntax
    entry = [clues_of(tree), json.dumps(tree, separators=(",", ":"))]
    return f"{json.dumps(text)}: {json.dumps(entry)}"


def text_of_tables() -> str:
    """Return the text of the tables of our files by checksum, a line for each file."""
    files = [path.read_bytes() for path in sorted(wire_format.FOLDER.glob("*.toml"))]
    tables = {format_tables.checksum(file): tomllib.loads(file.decode()) for file in files}
    lines = [f"{json.dumps(key)}: {json.dumps(table)}" for key, table in tables.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    format_tables.FILE.write_text(text_of_tables(), encoding="utf-8")
    FILE.write_text(text_of_index(), encoding="utf-8")
