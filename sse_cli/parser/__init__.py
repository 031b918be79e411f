"""Parsers: signals with bytes in, events out.

`Session` (session.py) is the entry point for a run. It takes the signals of any number of
connections, picks the parser that fits each body, and carries the last event ID from one
connection to the next. Programs that have a single body use `EventStreamParser` directly.

    bytes ─► event_stream.py    splits bytes into lines
             fast_paths.py      messages of the two most common shapes, many at a time
             fields.py          all other lines, as WHATWG HTML 9.2.6 interprets them
    bytes ─► lines.py           splits bytes into lines that end with LF
             ndjson.py          one message per line of JSON
             data_stream.py     one message per line `CODE:JSON`
    bytes ─► aws_event_stream.py  binary messages with CRCs; aws_messages.py reads their content
    bytes ─► plain_text.py      one message per read

`undecided.py` holds the first bytes of a body that may be any of these until they tell which.

Rule 1: no clock and no I/O; the stamp `at` (seconds since the run began) comes with the bytes.
Rule 2: no input raises. Anything that a browser drops silently comes out as `Ignored`.
Rule 3: stay in bytes. Line ends are ASCII, so decoding each value on its own gives the same text as
decoding the stream first, and costs less (decoding a chunk takes 1.6 times as long once it holds an
emoji).
"""
