"""The list of streams as a page for browsers."""
