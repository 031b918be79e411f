"""Fuzz the parser against the character-by-character reference.

    python -m tests.benchmarks.fuzz_parser [--inputs 1000000] [--seed N] [--jobs 2]

Every input is a random event stream, half grammar and half noise, in random reads. Both
must report the same events from the same read. The seed is printed; a divergence is
shrunk, printed, and exits 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

from sse_cli.model.events import Event
from sse_cli.parser.event_stream import EventStreamParser
from sse_cli.parser.fields import EXCERPT
from tests.support.reference_parser import Reference

BOM = b"\xef\xbb\xbf"
LINE_ENDS = (b"\n", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r")
PLAIN = (b"data", b"data", b"data", b"event", b"id", b"retry")
# The parser has fast paths for bodies with one kind of line end, and for these shapes.
UNIFORM_ENDS = ((b"\n", b"\n\n"), (b"\r\n", b"\r\n\r\n"))
SHAPES = ((b"data: ",), (b"event: ", b"data: "))
NAMES = (b"data", b"data", b"event", b"id", b"retry", b"", b"Data", b"dat", b" data", b"datax")
COLONS = (b":", b": ", b":  ", b"", b"::", b" :", b":\t")
VALUES = (
    b"", b"x", b"1", b"3000", b"-1", b"1 ", b"\xd9\xa3", b"99999999999999999999", b"a b", b":",
    b"\0", b"a\0b", b"\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xe2\x80\xa8", b"\x85",
    b"\x0b\x0c\x1c", b"ping", b"{}", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xc0\x80",
    b"\xf4\x90\x80\x80", b"\xff", BOM,
)  # fmt: skip
NOISE = (b"\n", b"\r", b":", b" ", b"\0", b"\xef", b"\xbb", b"\xbf", b"\xe2", b"\x82", b"d", b"5")
STARTS = (b"", b"", b"", BOM, BOM + BOM, BOM[:1], BOM[:2], b"\xfe\xff", b"\n", b"\r\n")


@dataclass(frozen=True)
class Case:
    """A body, cut before each byte number in `cuts` (sorted; one twice is an empty read)."""

    body: bytes
    cuts: tuple[int, ...] = ()
    last_event_id: str = ""

    def chunks(self) -> list[bytes]:
        """Return the body as the reads that carry it."""
        places = (0, *(min(cut, len(self.body)) for cut in self.cuts), len(self.body))
        return [self.body[start:end] for start, end in pairwise(places)]


@dataclass(frozen=True)
class Outcome:
    """The observable result of one run; each event's `at` is the number of its read."""

    events: list[Event]
    last_event_id: str
    reconnection_time: int | None


def outcome(parser: EventStreamParser | Reference, chunks: Sequence[bytes]) -> Outcome:
    """Run `parser` over `chunks` to its end."""
    events: list[Event] = []
    for number, chunk in enumerate(chunks):
        events += parser.feed(chunk, at=number)
    events += parser.finish(at=len(chunks))
    return Outcome(events, parser.last_event_id, parser.reconnection_time)


class Eager(EventStreamParser):
    """The parser with its fast paths for many events applied to few, too."""

    large_read = 0
    small_batch = 2
    same_type_ratio = 0


def of_parser(case: Case, kind: type[EventStreamParser] = EventStreamParser) -> Outcome:
    """Return the parser's result for `case`."""
    return outcome(kind(case.last_event_id), case.chunks())


def of_reference(case: Case) -> Outcome:
    """Return the reference's result for `case`."""
    return outcome(Reference(case.last_event_id, excerpt=EXCERPT), case.chunks())


def diverges(case: Case) -> bool:
    """Return whether the two disagree, or the parser raises, on `case`."""
    try:
        expected = of_reference(case)
        return of_parser(case) != expected or of_parser(case, Eager) != expected
    except Exception:  # The parser never raises on input, so any exception is a finding.
        return True


def random_case(rng: random.Random) -> Case:
    """Return one input: mostly fields, comments and blank lines, some with bytes out of place."""
    ends = rng.choice((LINE_ENDS, *UNIFORM_ENDS))
    lines = (_line(rng, ends) for _ in range(rng.randrange(1, 9)))
    body = rng.choice(STARTS) + b"".join(lines)
    for _ in range(rng.choice((0, 0, 0, 1, 2, 5))):
        body = _disturbed(body, rng)
    return Case(body, _cuts(rng, len(body)), rng.choice(("", "", "first")))


def shrink(case: Case, fails: Callable[[Case], bool] = diverges) -> Case:
    """Return a small case that still `fails`, by dropping cuts and runs of bytes while possible."""
    while smaller := next(filter(fails, _smaller(case)), None):
        case = smaller
    return case


def find(seed: str, inputs: int) -> tuple[int, Case | None]:
    """Try `inputs` random cases; return their number, and the first that diverges."""
    rng = random.Random(seed)
    for number in range(1, inputs + 1):
        case = random_case(rng)
        if diverges(case):
            return number, shrink(case)
    return inputs, None


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz in `--jobs` processes and print the findings; return 1 if there are any."""
    options = _options(arguments)
    print(f"seed {options.seed}, {options.inputs} inputs, {options.jobs} processes", flush=True)
    started = time.perf_counter()
    shares = [options.inputs // options.jobs] * options.jobs
    shares[0] += options.inputs % options.jobs
    seeds = [f"{options.seed}/{job}" for job in range(options.jobs)]
    with ProcessPoolExecutor(options.jobs) as pool:
        results = list(pool.map(find, seeds, shares))
    tried = sum(count for count, _ in results)
    failures = [case for _, case in results if case is not None]
    for case in failures:
        print(_told(case))
    rate = tried / (time.perf_counter() - started)
    print(f"{tried} inputs, {len(failures)} divergences, {rate:.0f} inputs/s")
    return 1 if failures else 0


def _line(rng: random.Random, ends: Sequence[bytes]) -> bytes:
    kind = rng.choices((_noise, _long, _field, _odd_field, _event), (4, 2, 50, 30, 14))[0]
    return kind(rng, ends)


def _noise(rng: random.Random, _: Sequence[bytes]) -> bytes:
    return b"".join(rng.choices(NOISE, k=rng.randrange(12)))


def _long(rng: random.Random, ends: Sequence[bytes]) -> bytes:
    return b"data: " + rng.choice(VALUES) * rng.randrange(400) + rng.choice(ends)


def _field(rng: random.Random, ends: Sequence[bytes]) -> bytes:
    colon = rng.choice((b":", b": "))
    return rng.choice(PLAIN) + colon + rng.choice(VALUES) + rng.choice(ends)


def _odd_field(rng: random.Random, ends: Sequence[bytes]) -> bytes:
    return rng.choice(NAMES) + rng.choice(COLONS) + rng.choice(VALUES) + rng.choice(ends)


def _event(rng: random.Random, ends: Sequence[bytes]) -> bytes:
    fields = rng.choice(SHAPES)
    return b"".join(name + rng.choice(VALUES) + ends[0] for name in fields) + ends[0]


def _disturbed(body: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(body) + 1)
    added = rng.choice((b"", rng.choice(NOISE), rng.randbytes(1)))
    return body[:place] + added + body[place + rng.randrange(2) :]


def _cuts(rng: random.Random, size: int) -> tuple[int, ...]:
    how = rng.randrange(6)
    if how == 0:
        return ()
    if how == 1:
        return tuple(range(1, size))
    count = rng.randrange(1, 2 + size // 4)
    return tuple(sorted(rng.randrange(size + 1) for _ in range(count)))


def _smaller(case: Case) -> Iterator[Case]:
    if case.cuts:
        yield Case(case.body, (), case.last_event_id)
    for index in range(len(case.cuts)):
        cuts = case.cuts[:index] + case.cuts[index + 1 :]
        yield Case(case.body, cuts, case.last_event_id)
    width = len(case.body)
    while width:
        for start in range(len(case.body) - width + 1):
            yield _without(case, start, start + width)
        width //= 2
    if case.last_event_id:
        yield Case(case.body, case.cuts)


def _without(case: Case, start: int, end: int) -> Case:
    def moved(cut: int) -> int:
        return cut if cut <= start else max(start, cut - (end - start))

    body = case.body[:start] + case.body[end:]
    return Case(body, tuple(moved(cut) for cut in case.cuts), case.last_event_id)


def _told(case: Case) -> str:
    try:
        got: object = of_parser(case)
    except Exception as error:  # As in diverges: the exception is the finding.
        got = repr(error)
    lines = (f"DIVERGES on {case!r}", f"reads     {case.chunks()}")
    return "\n".join((*lines, f"parser    {got}", f"reference {of_reference(case)}"))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz_parser", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
