"""The vocabulary: signals, events, errors, media types and the pieces of an answer."""
