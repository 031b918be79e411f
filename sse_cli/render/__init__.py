"""Views of a run: items in, text out.

A renderer's `feed` takes what passes, in order (chunks as they are read, messages as rows,
other events as they are), and yields what to print. `table` and `summary` draw with Rich and
print to a `LiveRegion`; `text`, `jsonl`, `csvrows` and `raw` yield text or bytes for an `Output`.
Server text reaches a terminal through `safe` only.
"""
