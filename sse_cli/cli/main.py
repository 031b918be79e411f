"""The entry point of the program, which turns every result and error into an exit code."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from sse_cli.model.causes import Cause
from sse_cli.model.errors import Crashed, OutputError, ReaderGone, SSEError, Terminated, UsageError
from sse_cli.model.exit_codes import ExitCode
from sse_cli.process import crash_reports, lazy_imports, signals

_NOT_ONE_OF: Final = r"'([^']*)' is not one of "
_WORDS: Final = {
    "is not a valid int range": "is not a whole number",
    "is not a valid int": "is not a whole number",
    "is not a valid float range": "is not a number",
    "is not a valid float": "is not a number",
    ". Choose from: ": ": ",
}


def main() -> NoReturn:
    """Run `sse`; exit with a code from the README's table, or die by the signal that stopped it."""
    try:
        crash_reports.install(debug=_is_debugging())
        signals.install()
        lazy_imports.install()
        code = _program(sys.argv[1:])
    except SystemExit:  # raised at the end of a completion script
        raise
    except BaseException as error:
        code = _handle(error)
    _leave(code)


def _handle(error: BaseException) -> int:
    """Report an exception to the user; return its exit code.

    A second Ctrl-C meanwhile, or a bug in the reporting itself, must not end in a traceback.
    """
    try:
        return _code(error)
    except (KeyboardInterrupt, Terminated, Crashed) as second:
        return ExitCode.BUG if isinstance(second, Crashed) else _code(second)
    except Exception as second:
        _trace(second)
        from sse_cli.cli import hints  # noqa: PLC0415 (only for an error)

        hint = hints.hint_of(Cause.BUG)
        crash_reports.say(f"error: {crash_reports.words(second)}\nhint: {hint}")
        return ExitCode.BUG


def _code(error: BaseException) -> int:
    if isinstance(error, OutputError | ReaderGone) and (number := signals.first()):
        return 128 + number  # the terminal went away with its window, or a reader by Ctrl-C, too
    if isinstance(error, KeyboardInterrupt):
        return 128 + signal.SIGINT
    if isinstance(error, Terminated):
        return 128 + error.signal_number
    if isinstance(error, ReaderGone):
        return 128 + signal.SIGPIPE
    if isinstance(error, SSEError):
        return _print_error(error)
    return _report_bug(error.error if isinstance(error, Crashed) else error)


def _program(arguments: list[str]) -> int:
    """Run the command line; return the exit code. Raises every error."""
    from typer.main import get_command  # noqa: PLC0415 (it costs 48 ms)

    from sse_cli.cli.commands import app  # noqa: PLC0415
    from sse_cli.render.stdout import failing_output  # noqa: PLC0415

    command = get_command(app)
    if "_SSE_COMPLETE" in os.environ or "_SSE_CLI_COMPLETE" in os.environ:
        command.main(arguments, prog_name=_name())
    try:
        # Not Command.main, which would turn Ctrl-C into an exit code and a closed pipe into 1.
        with command.make_context(_name(), list(arguments)) as context:
            command.invoke(context)
    except OSError:  # Typer prints the help and the version
        with failing_output():
            raise
    except SystemExit:  # Rich exits if the pipe is closed
        raise ReaderGone from None
    except Exception as error:
        return _handle_typer(error)
    return ExitCode.OK


def _handle_typer(error: Any) -> int:
    """Return the code of Typer's `Exit`; raise UsageError for its usage errors.

    Typer's exceptions are recognised by name and attributes.
    """
    if type(error).__name__ == "Exit":
        return int(error.exit_code)
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return ExitCode.USAGE
    if not hasattr(error, "format_message"):
        raise error
    path = error.ctx.command_path if error.ctx else "sse"
    options = error.ctx.command.params if error.ctx else []
    has_more = any("--help-all" in option.opts for option in options)
    hint = f"{path} {'--help-all' if has_more else '--help'} lists the options"
    if type(error).__name__ == "NoSuchOption":
        from sse_cli.cli import unknown_option  # noqa: PLC0415 (only for an unknown option)
        from sse_cli.request import curl  # noqa: PLC0415 (for its table of options)

        name = error.option_name
        if error.ctx and (wrong := unknown_option.elsewhere(name, error.ctx)):
            raise wrong
        curl.refuse(name)
        close = ", ".join(error.possibilities or ())
        raise UsageError(f"no such option: {name}", f"did you mean {close}?" if close else hint)
    raise UsageError(*_usage(error, hint))


def _usage(error: Any, hint: str) -> tuple[str, str]:
    """Return Typer's message about a value in our words, and a hint at the nearest valid one."""
    message = error.format_message().rstrip(".").replace("\n\t", " ")
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    choices = getattr(getattr(getattr(error, "param", None), "type", None), "choices", ())
    if match := re.search(_NOT_ONE_OF, message):
        import difflib  # noqa: PLC0415 (at the top it would be imported before imports are deferred)

        close = difflib.get_close_matches(match[1], [str(choice) for choice in choices], n=1)
        hint = f"did you mean {close[0]}?" if close else hint
    return message[:1].lower() + message[1:], hint


def _print_error(error: SSEError) -> int:
    from sse_cli.cli import hints  # noqa: PLC0415 (only for an error)
    from sse_cli.render import console, error_messages  # noqa: PLC0415 (Rich costs 40 ms)

    if sys.stderr is not None:
        console.print_lines(
            console.make(stderr=True), error_messages.error_of(error, hints.hint_of(error.hint))
        )
    return error.exit_code


def _report_bug(error: BaseException) -> int:
    _trace(error)
    return _print_error(SSEError(crash_reports.words(error), Cause.BUG))


def _trace(error: BaseException) -> None:
    if _is_debugging():
        crash_reports.show(error)


def _is_debugging() -> bool:
    return "--debug" in sys.argv


def _leave(code: int) -> NoReturn:
    """Exit; if a signal stopped the program, die by that signal, so that the shell knows."""
    signals.hold()
    with contextlib.suppress(KeyboardInterrupt, Terminated):  # a write that no reader takes
        code = code if signals.is_cut_off() else _flushed(code)
    signals.uninstall()
    number = code - 128
    if number in (*signals.ENDING, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    # Not sys.exit, because a thread that waits for a name server must not delay the exit.
    os._exit(code)


def _flushed(code: int) -> int:
    """Flush the outputs; return the exit code, another one if that fails."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                code = code or ExitCode.OUTPUT
    return code


def _name() -> str:
    """Return the program name that was typed, because a completion script serves one name only."""
    name = Path(sys.argv[0]).name
    return name if name == "sse-cli" else "sse"
