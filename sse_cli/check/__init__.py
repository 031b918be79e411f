"""The smoke check: streams described in a file, expectations, outcomes."""
