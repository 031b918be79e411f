"""The mock server: scenarios over real HTTP/1.1. The only importer of asyncio; h11 speaks HTTP.

Rule 1: every answer is a `Scenario` that `router.py` picks, or the reply that a fault made of it:
another `Scenario`, or a `RawReply`. So there are two ways to write a reply. Rule 2: one step is one
write; a scenario's step is also one HTTP chunk. Rule 3: no client can hurt another one: heads,
bodies and connections are bounded, the connection that is slowest to send its request is closed
when a new one needs its place, and a client's error ends its own connection without a message.
"""
