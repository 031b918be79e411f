"""Requests, built from options or from a pasted curl command.

    options.py          the table of all request options
    option_handlers.py  applies the value of an option to a draft of the request
    option_values.py    reads durations, sizes and statuses
    url.py              completes and validates a URL
    builder.py          builds the request from options
    curl.py             reads a pasted curl command into such options
    shell_words.py      splits a quoted command into words
    model.py            the request itself

The transport sends it; this package does no network I/O.
"""
