"""The vocabulary of the package: types that all other packages exchange.

    events.py         signals (of a connection) and events (of a stream)
    row.py            a message with everything that a run adds to it
    delta.py          the part of an answer that one message added
    observer.py       the protocol by which a run hands out rows and notes
    media_type.py     the kind of a body, by status and content type
    errors.py         exceptions and exit codes
    exit_codes.py     the exit codes, and the one of each ending
    causes.py         names of problems, from which the command line derives its advice

Rule 1: signals and events are tuples that nothing changes; only a `Row` gathers values.
Rule 2: the failure of a stream is not an exception. It is the `Ending` of its `Closed` signal, so a
recording fails in the same way.
"""
