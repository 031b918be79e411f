"""Responses of AI APIs: wire formats, and the assembly of a response from its messages.

    wire_format.py        a format's expressions, read from `formats/NAME.toml`
    detection.py          finds the format of a stream by its first events
    extractor.py          evaluates a format's expressions on an event
    accumulator.py        assembles the response (`text_buffer.py`, `tool_calls.py`)
    response_object.py    the response as a JSON object (`response_timing.py`)
    finish_reasons.py     whether an answer finished for a failure or a limit
    highlights.py         the strings of an event that a person wants to read

The engine is the same for all APIs; a new API is a new TOML file.
"""
