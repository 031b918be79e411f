"""JMESPath expressions as closures: several times as fast as the library's interpreter.

`compile_expression` takes the text of an expression and returns a function from a JSON value to the
value of the expression. The library (jmespath 1.x) parses, and its functions are called; the syntax
tree is walked once, when the expression is compiled, and each node becomes a closure.

    nodes.py          one compiler per type of node
    paths.py          plain paths of keys and indexes, the most frequent expressions
    projections.py    items[*], items[], values.*, items[?…]
    comparing.py      ==, !=, <, <=, >, >=
    infallible.py     expressions that cannot fail, so that evaluating them needs no checks
    knowledge.py      what is known about a value without the value
    specialize.py     expressions specialised to that knowledge
    looks.py          cheap questions about a value that tell much about expressions

Rule 1: an expression has the value that the library's `visitor.TreeInterpreter` returns, even where
that deviates from the specification. The only difference is our own error message for comparing the
order of a string and a number; the library leaves that to Python.
Rule 2: closures test `value.__class__ is dict`. That is faster than `isinstance`, and JSON values
have no subclasses; the expressions of a wire format run for every event.
"""

from __future__ import annotations

from jmespath.parser import Parser

from sse_cli.query.jmespath.infallible import is_total
from sse_cli.query.jmespath.nodes import compile_node
from sse_cli.query.jmespath.types import Evaluate, Node

__all__ = ["Evaluate", "Node", "compile_expression", "compile_syntax", "is_total", "parse"]


def compile_expression(text: str) -> Evaluate:
    """Return the function from a JSON value to the value of expression `text`.

    Raises jmespath.exceptions.ParseError (or LexerError). The returned function raises the
    library's exception if an argument of one of its functions is invalid.
    """
    return compile_syntax(parse(text))


def parse(text: str) -> Node:
    """Return the library's syntax tree of expression `text`."""
    return Parser().parse(text).parsed


def compile_syntax(tree: Node) -> Evaluate:
    """Return the function of a syntax tree. Raises RecursionError for a tree that is too deep."""
    return compile_node(tree)
