"""The mock server: scenarios over real HTTP/1.1. The only importer of asyncio; h11 speaks HTTP.

Rule 1: everything it answers is a `Scenario` (`routes.py` picks it), or what a fault made of
one (`faults.py`): a scenario again, or a `RawReply`, so there are two ways to write a reply.
Rule 2: one step is one write, and of a scenario one HTTP chunk. Rule 3: no peer can hurt
another one: heads, bodies and connections are bounded, whoever is slowest to ask makes room
for the next, and what a peer does wrong ends its own connection in silence.
"""
