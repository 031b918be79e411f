"""The error for an option of another command, with the replacement.

Everything but the table of replacements is read from the commands' own options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sse_cli.model.errors import UsageError

# Options with the same purpose, for commands that lack an option. By long names.
STAND_INS: Final[Mapping[str, tuple[str, ...]]] = {
    "--all-match": ("--where",),
    "--any": ("--where",),
    "--attempts": ("--reconnect",),
    "--choice": ("--query",),
    "--event": ("--expect-event", "--query"),
    "--exclude": ("--query",),
    "--expect-event": ("--event",),
    "--first-content-within": ("--idle-timeout",),
    "--first-event-within": ("--idle-timeout",),
    "--for": ("--max-time",),
    "--format": ("--query",),
    "--journal": ("--record",),
    "--keep": ("--record",),
    "--max-events": ("--max-time",),
    "--max-gap": ("--idle-timeout",),
    "--no-ignored": ("--all",),
    "--output": ("--to",),
    "--query": ("--expect",),
    "--record": ("--journal",),
    "--status": ("--verbose",),
    "--text": ("--where",),
    "--to": ("--output",),
    "--total-within": ("--max-time",),
    "--until": ("--max-time",),
    "--where": ("--any", "--query"),
}


def elsewhere(typed: str, ctx: Any) -> UsageError | None:
    """Return the error for an option that only other commands have, None if no command has it."""
    root = ctx.find_root()
    if _named(typed, root.command):
        hint = f"it goes before the command: {root.info_name} {typed} {ctx.info_name} …"
        return UsageError(f"{typed} is an option of {root.info_name} itself", hint)
    owners = {
        name: option
        for name in getattr(root.command, "commands", ())
        if (option := _named(typed, root.command.commands[name]))
    }
    if not owners:
        return None
    long = _long_name(next(iter(owners.values())))
    shown = typed if typed.startswith("--") else f"{typed} ({long})"
    names = _listed([f"{root.info_name} {name}" for name in owners])
    return UsageError(
        f"{shown} is not an option of {ctx.command_path}, only of {names}",
        "; ".join(_replacements(long, ctx)) or f"{ctx.command_path} {_help(ctx)} shows what it has",
    )


def _replacements(long: str, ctx: Any) -> Iterator[str]:
    """Yield the command's replacements for the option `long`, with their help texts."""
    for name in STAND_INS.get(long, ()):
        if option := _named(name, ctx.command):
            names = ", ".join(option.opts)
            yield f"{ctx.command_path} has {names}: {str(option.help).rstrip('.')}"


def _named(name: str, command: Any) -> Any:
    """Return the option of a command by one of its names, or None."""
    return next((p for p in command.params if name in (*p.opts, *p.secondary_opts)), None)


def _long_name(option: Any) -> str:
    return next((str(name) for name in option.opts if name.startswith("--")), str(option.opts[0]))


def _help(ctx: Any) -> str:
    return "--help-all" if _named("--help-all", ctx.command) else "--help"


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
