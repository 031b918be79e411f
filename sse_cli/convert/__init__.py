"""Conversions of a recording to other formats, for `sse convert`.

Both take the signals of a recording and the `Session` that turns them into events.

    event_stream.py     the bodies of all connections as one raw event stream
    har.py              an HTTP archive (HAR 1.2) with one entry per connection
"""
