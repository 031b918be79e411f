"""Sources: a target in, signals out.

    target.py     the kind of a target: standard input, a URL or a file
    network.py    a URL, over one connection or several (through `transport`)
    files.py      a file or standard input: a recording or a raw stream
    body_reading.py  the decision how a body is read
    clock.py      the clock of a run

Rule 1: the clock is read here and in `transport`, where a signal is created, and nowhere later. The
signals of a recording keep the stamps they had.
Rule 2: a stream that fails ends with a `Closed` signal. Only an invalid target, file or request
raises an exception (`UsageError`).
"""
