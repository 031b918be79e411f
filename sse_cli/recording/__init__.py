"""Signals to and from a file: a stream that can be shown again, on another desk, years later.

JSON Lines, in the spirit of asciicast. Line 1 is an object: `{"sse-recording":1,"started":…,
"by":…,"request":{…}}`. Each line after it is an array, `[t, kind, value]`, with `t` in seconds
since the run began:

    [0.1821,"open",{"url":…,"status":200,…}]     the head of a reply, or a file
    [0.4120,"chunk","data: {…}\\n\\n"]             what one read returned; "chunk64" is base64,
                                                 where the bytes are no UTF-8
    [0.9,"reconnect",{"attempt":2,"delay":3.0,…}]
    [1.9,"close",{"ending":"eof","detail":…}]     always the last

Rule 1: bytes come back as they were. Rule 2: what a URL, a header or a body may keep secret is
not in the file (`redact.py`; of a request's body only the size). Rule 3: a line is one write,
so that whatever kills the writer leaves a file that can be read up to there. Rule 4: reading
takes nothing on trust: an unknown key or a wrong type is an error with its line and column.
"""
