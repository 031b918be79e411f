"""The list of streams as a web page."""
