"""The JSON Schema of a check file, for editors: generated from the keys and their kinds.

It conforms to JSON Schema draft 2020-12. `sse check --schema` prints it.
"""

from __future__ import annotations

import json
from typing import Any

from sse_cli.check.config_keys import KEYS, Key
from sse_cli.check.config_value_types import VALUE_KINDS


def text() -> str:
    """Return the schema as indented JSON that ends with a newline."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Build the schema of a whole file: `[streams.NAME]` tables and `[defaults]`."""
    stream = {"$ref": "#/$defs/stream"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Streams for sse check",
        "description": "A TOML file of streams, each with a request and expectations.",
        "type": "object",
        "additionalProperties": False,
        "required": ["streams"],
        "properties": {
            "defaults": {
                **stream,
                "description": "Keys for all streams; a stream's own keys override them.",
            },
            "streams": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"allOf": [stream]},
            },
        },
        "$defs": {
            **{name: dict(kind.schema) for name, kind in VALUE_KINDS.items()},
            "stream": {
                "type": "object",
                "additionalProperties": False,
                "properties": {name: _property(key) for name, key in KEYS.items()},
            },
        },
    }


def _property(key: Key) -> dict[str, Any]:
    """Build a reference to the key's kind; `false` cancels a default expectation."""
    kind: dict[str, Any] = {"$ref": f"#/$defs/{key.kind}"}
    if key.part == "expectation" and key.kind != "flag":
        kind = {"anyOf": [kind, {"const": False}]}
    return {**kind, "description": key.description}
