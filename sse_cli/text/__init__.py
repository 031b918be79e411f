"""Text and values: escaping for a terminal, redaction, units, UTF-16, JSON values."""
