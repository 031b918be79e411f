"""Bytes to events: the event stream parser, the NDJSON parser, and the session over both."""
