"""The engine: one run over one stream, from its settings to a report.

    settings.py             the settings of a target, as plain values
    open_target.py          the session, clock, recorder and signals of a run, from its settings
    stream_run.py           the loop, which reads signals and hands rows and notes to observers
    measurements.py         the observers of every run, and their report
    observers.py            observers that end a run early or assemble an answer
    time_limit.py           the observer that limits the time of a run
    response_observer.py    the observer that writes an answer as it arrives
    unread_events.py        events that are not JSON among events that are

A command builds settings, chooses a list of observers, and calls `StreamRun.read` with the signals
of the target. Observers share one protocol (`model/observer.py`). Filters, limits, recorders and
views are observers; each message passes them in the order of the list.

Rule 1: a run has one thread and one blocking loop.
Rule 2: Ctrl-C and SIGTERM end a stream like any other ending. Everything before them is shown.
Rule 3: an exception of an observer ends the run, and never passes through the source.
"""
