"""Faults: ways to break a reply of the mock server, as functions from a scenario to a reply."""
