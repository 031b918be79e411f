"""The parsers of bodies that are not event streams, by media."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sse_cli.model.events import Media
from sse_cli.parser.aws_event_stream import AWSEventStreamParser
from sse_cli.parser.data_stream import DataStreamParser
from sse_cli.parser.lines import LineParser
from sse_cli.parser.ndjson import NDJSONParser
from sse_cli.parser.plain_text import PlainTextParser

PARSERS: Final[
    Mapping[Media, type[LineParser] | type[AWSEventStreamParser] | type[PlainTextParser]]
] = {
    "ndjson": NDJSONParser,
    "aws-event-stream": AWSEventStreamParser,
    "data-stream": DataStreamParser,
    "text": PlainTextParser,
}
