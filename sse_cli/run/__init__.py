"""The engine: signals in, rows and notes out to the observers."""
