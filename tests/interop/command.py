"""`sse watch` on a stream from a third-party server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from tests.interop.expected import Line, told
from tests.support.program import sse, start

ALL = ("-o", "jsonl", "--all", "-m", "30")


def events(*arguments: str, env: Mapping[str, str] | None = None) -> list[Line]:
    """Return the JSON Lines of `sse watch` for a stream that ends well."""
    ran = sse("watch", *arguments, *ALL, env=env)
    assert (ran.code, ran.talk) == (0, "")
    return lines(ran.out)


def lines(output: bytes) -> list[Line]:
    """Return JSON Lines without the keys that vary."""
    return [told(json.loads(line)) for line in output.splitlines()]


@contextmanager
def reading(*arguments: str) -> Iterator[IO[bytes]]:
    """Yield the output of `sse watch`, to be read while it runs; assert that it ends well."""
    with start("watch", *arguments, *ALL) as run:
        assert run.stdout
        yield run.stdout
        run.communicate()
        assert run.returncode == 0
