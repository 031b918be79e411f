"""Queries: JMESPath expressions over payloads, and the selection of messages by them.

`Selection` (selection.py) is an observer of a run. Rows come in; the rows that pass its filters go
out, with the values of its queries. `Expression` is a single compiled expression; the command line,
the check file and the wire formats use it, too. `jmespath/` compiles expressions to closures.

Rule 1: an expression is checked when it is compiled. Invalid syntax and unknown functions raise
`ExpressionError`, with the column.
Rule 2: evaluating an expression never raises. A runtime error means "no value" and is counted.
"""
