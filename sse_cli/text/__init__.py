"""Text and values: functions without state that import nothing else of the package.

    escaping.py       server text made safe for a terminal
    redaction.py      URLs and headers without their secrets
    units.py          seconds, bytes and counts for people
    json_values.py    the data of a message as a JSON value, and JSON values as text
    json_problems.py  what is wrong with a text that should be JSON
    utf16.py          surrogate pairs that a server split between two fragments

Rule 1: text from a server, a file or a URL goes through `escaping` before a human format shows it,
and is then printed as Rich `Text`, never parsed as markup.
Rule 2: URLs and headers go through `redaction` before a person, a log or a recording gets them.
They still have to be escaped afterwards.
Rule 3: escaping and redaction never raise, whatever the text.
"""
