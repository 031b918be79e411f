"""Recordings: signals to and from a file, so that a stream can be shown again later or elsewhere.

    format.py     the header
    writer.py     `Recorder`, an observer that writes the signals of a run
    reader.py     `Recording`: the header and the signals of a file

A recording is JSON Lines, similar to asciicast. Line 1 is an object: `{"sse-recording":2,
"started":…,"by":…,"request":{…}}`. Each further line is an array `[t, kind, value]`, with `t` in
seconds since the run began:

    [0.0004,"phase",{"name":"dns",…}]            the beginning of a step on the way to a reply
    [0.1821,"open",{"url":…,"status":200,…}]     the head of a reply, or a file
    [0.4120,"chunk","data: {…}\\n\\n"]             the bytes of one read; "chunk64" is base64,
                                                 where they are not valid UTF-8; then the number
                                                 of the socket read, and the encoded size where
                                                 the body has a content coding
    [0.9,"reconnect",{"attempt":2,"delay":3.0,…}]
    [1.9,"close",{"ending":"eof","detail":…}]     always the last line

Version 1 had no phases, and neither of the two numbers after a chunk. It can still be read.

Rule 1: bytes are read back exactly as they were written.
Rule 2: secrets of URLs and headers are not in the file (`text/redaction.py`), nor is the body of a
request, only its size.
Rule 3: each line is a single write, so the file is readable up to the point where its writer was
killed.
Rule 4: the reader trusts nothing. An unknown key or a value of the wrong type is an error with its
line and column.
"""
