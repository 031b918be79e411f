"""Measurements taken while a stream runs: timing, verdict, event counts, resume audit."""
