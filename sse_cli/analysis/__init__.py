"""Measurements of a run: observers that get its signals, rows and notes and keep figures.

    timing.py           first byte, first event, gaps between messages, bytes
    verdict.py          the ending of the stream as a whole, and its exit code
    error_events.py     events that report an error; error_lines.py: such lines outside of events
    error_text.py       the words of an error; refused_reply.py: the error of a refused reply
    unfinished.py       an event that the end of the body left unfinished
    event_counts.py     counts of connections and of events that are not messages
    resume_audit.py     messages that a resume repeated or lost

Rule 1: every figure comes from stamps and events, never from the clock, so a recording gives the
same figures as the live stream.
Rule 2: memory is constant, however long the stream runs.
"""
