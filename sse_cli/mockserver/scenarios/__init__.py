"""Scenarios: the replies of the mock server, each write with its wait.

Rule 1: a scenario is data. It is a tuple of steps, each of them one write of exactly these bytes
after exactly this wait. Rule 2: the same name gives the same bytes and the same waits on every
machine: no clock, and no randomness but `Dice`. Rule 3: loading a bundled scenario (`NAME.toml` in
this folder) imports little more than tomllib and json, because `sse demo` has to start at once.
"""
