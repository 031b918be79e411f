"""Scenarios: the replies of the mock server, each write with its wait.

Rule 1: a scenario is data. It is a tuple of steps, each of them one write of exactly these bytes
after exactly this wait. Rule 2: the same name gives the same bytes and the same waits on every
machine: no clock, and no randomness but `SeededRandom`. Rule 3: loading a bundled scenario imports
little more than tomllib and json, because `sse demo` has to start at once.

`NAME.toml` is a bundled scenario. Its key `api` names the module beside it that makes its events:
each has the fields, in the order, that the API's own server sends, even those that only the
official SDKs read.
"""
