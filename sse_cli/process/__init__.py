"""The process: signals, crash reports and deferred imports.

    signals.py          Ctrl-C, SIGTERM and crashed threads interrupt the main thread
    crash_reports.py    a bug is reported without data that may be secret
    key_echo.py         typed keys are not echoed while something is drawn at the cursor
    lazy_imports.py     modules that most runs never use are loaded on first use

`cli/main.py` installs all but the echo when the program starts, and only there: a program that
imports the package keeps its own handlers and hooks.
"""
