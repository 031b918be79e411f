"""A request: built from options, or from a pasted curl command."""
