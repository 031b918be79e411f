"""Faults: functions that make a bad reply of a good scenario.

Rule 1: a fault is a pure function of the scenario and the request; its own waits are the same at
any speed. Rule 2: a fault in the middle sends the events before it whole. Rule 3: `Step.says` holds
the bytes of the stream that a client can read from a write, so that the exchanges of the server are
what the client has to show, no more and no less.
"""
