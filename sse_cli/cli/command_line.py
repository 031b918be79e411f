"""Extensions of Typer's reading of the command line.

- If the first argument is not a command, the command is `watch`.
- The order in which request options were typed is kept.
- Everything after the word `curl` is parsed as curl's own options.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from sse_cli.cli.options.groups import expanded
from sse_cli.cli.target_settings import CURL, kind_of
from sse_cli.model.errors import UsageError
from sse_cli.request import options as request_options

PAIRS: Final = "sse.request"
PARSER: Final = "sse.parser"
DEFAULT_COMMAND: Final = "watch"
HELP: Final = "help"


Place = tuple[str, type[TyperCommand] | None]


class Group(TyperGroup):
    """The program's commands; `sse URL` is `sse watch URL`."""

    later: ClassVar[Mapping[str, Place]] = {}  # by name: "module:function", the command's class

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = Commands(self.later, self.commands)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert `watch` into a command line that does not begin with a command."""
        own = self._own_options(ctx)
        start = next((n for n, word in enumerate(args) if word not in own), len(args))
        if args[start : start + 1] == [HELP] and not Path(HELP).exists():
            args = [*args[:start], *args[start + 1 :], "--help"]
        elif start < len(args) and (word := args[start]) not in self.commands:
            if not word.startswith("-") and not _is_curl(word):
                kind_of(word, [*self.commands, CURL])
            args = [*args[:start], DEFAULT_COMMAND, *args[start:]]
        return super().parse_args(ctx, args)

    def _own_options(self, ctx: Any) -> set[str]:
        return {name for option in self.get_params(ctx) for name in option.opts}


class Commands(UserDict[str, Any]):
    """Commands by name, each imported and built on first access: a run needs only one of them,
    and importing all takes 40 ms."""

    def __init__(self, later: Mapping[str, Place], built: Mapping[str, Any]) -> None:
        super().__init__(later)
        self._built = dict(built)
        self.data.update(built)

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = _build(name, *self.data[name])
        return self._built[name]


def _build(name: str, place: str, kind: type[TyperCommand] | None) -> Any:
    """Build the command `name`, whose function is at `place`: `module:function`."""
    module, _, function = place.partition(":")
    single = Typer(add_completion=False)
    single.command(name, cls=kind)(expanded(getattr(import_module(module), function)))
    return get_command(single)


class StreamCommand(TyperCommand):
    """A command that takes a TARGET, request options, or a pasted curl command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note the request options in typed order; options of a pasted curl command come last."""
        rest = self._target_and_rest(ctx, args)
        pasted: list[tuple[str, str]] = []
        if rest and _is_curl(rest[0]):
            from sse_cli.cli import unknown_option  # noqa: PLC0415
            from sse_cli.request import curl  # noqa: PLC0415 (it costs 3 ms)

            command = curl.parse(
                rest,
                self._own_options(ctx),
                elsewhere=lambda name: unknown_option.elsewhere(name, ctx),
            )
            pasted = command.request
            args = [*args[: len(args) - len(rest)], *command.ours, CURL]
        ctx.meta[PAIRS] = [*self._pairs(ctx, args), *pasted]
        return super().parse_args(ctx, args)

    def make_parser(self, ctx: Any) -> Any:
        """Return one parser per command line, because building it takes a millisecond."""
        if PARSER not in ctx.meta:
            ctx.meta[PARSER] = super().make_parser(ctx)
        return ctx.meta[PARSER]

    def _target_and_rest(self, ctx: Any, args: list[str]) -> list[str]:
        """Return the arguments from the first that is neither an option nor an option's value."""
        parser = self.make_parser(ctx)
        parser.allow_interspersed_args = False
        values, rest, _ = parser.parse_args(list(args))
        parser.allow_interspersed_args = True
        target = values.get("target") or ()
        return [*([target] if isinstance(target, str) else target), *rest]

    def _pairs(self, ctx: Any, args: list[str]) -> Iterable[tuple[str, str]]:
        """Yield the request options of `args` as curl's long names and values, in typed order."""
        values, extra, order = self.make_parser(ctx).parse_args(list(args))
        if extra:  # not shown, because they may be parts of an unquoted header with a secret
            raise UsageError(
                f"{len(extra)} {'argument' if len(extra) == 1 else 'arguments'} too many: "
                "only one TARGET is allowed",
                "put quotes around a header, body or expression that contains spaces",
            )
        seen: dict[str, int] = {}
        parameter: Any
        for parameter in order:
            if (name := _request_option(parameter)) is None:
                continue
            value = values[parameter.name]
            if isinstance(value, list):
                index = seen.get(parameter.name, 0)
                seen[parameter.name] = index + 1
                value = value[index]
            yield name, "" if isinstance(value, bool) else str(value)

    def _own_options(self, ctx: Any) -> dict[str, bool]:
        """Return the long options that curl does not have, and whether each takes a value."""
        options: list[Any] = self.get_params(ctx)
        return {
            name.removeprefix("--"): not option.is_flag
            for option in options
            if _request_option(option) is None
            for name in (*option.opts, *option.secondary_opts)
            if name.startswith("--")
        }


def _is_curl(word: str) -> bool:
    """Return whether a word is `curl`, or a whole curl command that was quoted."""
    return word.split(maxsplit=1)[:1] == [CURL]


def _request_option(parameter: Any) -> str | None:
    """Return the long name of a request option, None for any other parameter."""
    names = (name[2:] for name in parameter.opts if name.startswith("--"))
    return next((name for name in names if name in request_options.BY_NAME), None)
