"""The output of `watch`: the requested or default format, and the view for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sse_cli.cli.options.stream import Format, OutputOptions
from sse_cli.model.errors import UsageError
from sse_cli.query.selection import Query
from sse_cli.render.renderer import Renderer
from sse_cli.render.stdout import is_terminal, standard_output
from sse_cli.render.stdout_views import RawView, TextView


def choose(options: OutputOptions, queries: Sequence[Query], *, force: bool = False) -> Format:
    """Return the requested format, or the default: a table on a terminal, lines in a pipe.

    Raises UsageError for conflicting options, OutputError if standard output is closed.
    """
    standard_output()
    chosen = options.output
    if chosen is None:
        if options.join:
            chosen = Format.TEXT
        elif is_terminal():
            chosen = Format.TABLE
        else:
            chosen = Format.TEXT if queries else Format.JSONL
    _check(chosen, options, queries)
    if chosen is Format.RAW and is_terminal() and not force:
        raise UsageError(
            "-o raw would let the server write to your terminal unescaped",
            "send it to a file or a pipe, or add --force",
        )
    return chosen


def make(chosen: Format, options: OutputOptions, queries: Sequence[Query]) -> TextView | RawView:
    """Return the view for any format except the table."""
    if chosen is Format.RAW:
        return RawView()
    return TextView(_RENDERERS[chosen](options, queries))


def _check(chosen: Format, options: OutputOptions, queries: Sequence[Query]) -> None:
    names = [query.name for query in queries]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"two queries are named {twice!r}", "name each: -q NAME=EXPR")
    if options.join and chosen is not Format.TEXT:
        raise UsageError("--join joins text", f"drop -o {chosen.value}, or --join")
    if options.full and chosen is not Format.TABLE:
        raise UsageError("--full wraps the rows of a table", "add -o table, or drop --full")
    if chosen is Format.RAW and queries:
        raise UsageError("-o raw writes the body as it is", "drop --query, or use -o text")


def _text(options: OutputOptions, queries: Sequence[Query]) -> Renderer:
    from sse_cli.render.text_renderer import TextRenderer  # noqa: PLC0415 (only the chosen format)

    return TextRenderer(queries=bool(queries), join=options.join, escaped=is_terminal())


def _jsonl(options: OutputOptions, queries: Sequence[Query]) -> Renderer:
    from sse_cli.render.json_lines_renderer import JSONLinesRenderer  # noqa: PLC0415

    return JSONLinesRenderer(queries, everything=options.everything)


def _csv(_options: OutputOptions, queries: Sequence[Query]) -> Renderer:
    from sse_cli.render.csv_renderer import CSVRenderer  # noqa: PLC0415

    return CSVRenderer(queries, escaped=is_terminal())


_RENDERERS: dict[Format, Callable[[OutputOptions, Sequence[Query]], Renderer]] = {
    Format.TEXT: _text,
    Format.JSONL: _jsonl,
    Format.CSV: _csv,
}
