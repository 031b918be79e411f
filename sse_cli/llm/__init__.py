"""Responses of AI APIs: wire formats, and the assembly of a response from its messages."""
