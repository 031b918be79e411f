"""Answers of AI APIs: wire formats, and the assembly of an answer from its messages."""
