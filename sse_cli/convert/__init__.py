"""Conversions of a recording to other formats."""
