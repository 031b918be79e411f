"""Short cuts for the two shapes that AI APIs send: `data`, and `event` + `data`.

They give what `Interpreter` would give. Whoever calls them has lines that all end with LF, no
block open, and not more bytes than an event may have.
"""

from __future__ import annotations

from itertools import accumulate, count, repeat
from typing import ClassVar

from sse_cli.model.events import Event, Message, new
from sse_cli.parser.fields import BETWEEN, CR, LF, Interpreter, decoded


class Runs(Interpreter):
    """Reads usual events, one by one or many at once."""

    many: ClassVar = 4096  # bytes of a read that is likely to hold many events
    few: ClassVar = 8  # events that are sooner made one by one than all at once
    alike: ClassVar = 4  # events of one type for each place of others, to be read as a run

    def __init__(self, last_event_id: str, max_size: int) -> None:
        super().__init__(last_event_id, max_size)
        self._most = min(self.many, max_size)  # bytes of a read that is likely to be one event

    def _one(self, chunk: bytes, at: float) -> Message | None:
        """The event of a read that is one of the two usual shapes, whole: most reads, live."""
        size = len(chunk)
        if self._open is not BETWEEN or CR in chunk:
            return None
        if size > self._most and not self._may_be_one(chunk, size):
            return None
        kind, rows = "message", 2
        line, _, rest = chunk.partition(b"\n")  # in half the time that `find` takes
        if rest != b"\n" and (kind := self._types.get(line, "")):
            rows = 3
            line, _, rest = rest.partition(b"\n")
        if rest != b"\n" or line[:6] != b"data: ":
            return None
        try:  # as in `_interpret`
            text = line[6:].decode()
        except UnicodeDecodeError:
            text = decoded(line[6:])
        offset = self._offset
        self._offset = offset + size
        self._line_number += rows
        self.messages = n = self.messages + 1
        last_id, attempt, read = self.last_event_id, self.attempt, self.reads
        return new(Message, (kind, text, last_id, None, at, offset, size, n, attempt, read))

    def _may_be_one(self, chunk: bytes, size: int) -> bool:
        """Whether a large read may be one event, without a copy of it."""
        stop = chunk.find(b"\n")
        if chunk[:6] != b"data: ":
            stop = chunk.find(b"\n", stop + 1)
        return stop == size - 2 and size <= self._max_size

    def _usual(self, lines: list[bytes], at: float, out: list[Event]) -> list[bytes]:
        """Read usual events, one by one, until another comes: the lines that are left."""
        types, append, rest = self._types, out.append, iter(lines)
        last_id, attempt, read = self.last_event_id, self.attempt, self.reads
        offset, n, total = self._offset, self.messages, 0
        for line in rest:
            if line[:6] == b"data: ":
                kind = "message"
                data = line
                size = rows = 2
            elif kind := types.get(line, ""):
                data = next(rest, b"")
                size = len(line) + 3
                rows = 3
                if data[:6] != b"data: ":
                    break
            else:
                break
            if next(rest, b"none"):
                break
            size += len(data)
            try:  # as in `_interpret`
                text = data[6:].decode()
            except UnicodeDecodeError:
                text = decoded(data[6:])
            n += 1
            append(new(Message, (kind, text, last_id, None, at, offset, size, n, attempt, read)))
            offset += size
            total += rows
        self._offset, self.messages = offset, n
        self._line_number += total
        return lines[total:]

    def _runs(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """Read events of a usual shape, most of them of one type, all at once: what divides them
        is always the same. What is left is to be read line by line."""
        end = chunk.rfind(b"\n\n")
        kind, stop = "message", 6
        if chunk[:6] != b"data: ":
            stop = chunk.find(b"\n") + 1
            kind = self._types.get(chunk[: stop - 1], "")
            if not kind or not chunk.startswith(b"data: ", stop):
                return chunk
            stop += 6
        if end < stop:
            return chunk
        before = chunk[:stop]
        values = chunk[stop:end].split(b"\n\n" + before)
        rows = 2 if stop == 6 else 3
        others = [n for n, value in enumerate(values) if LF in value]
        if len(others) * self.alike > len(values):
            return chunk
        more, begun = (stop + 2, rows), 0
        for index in others:
            value, _, rest = values[index].partition(b"\n\n")
            run = values[begun:index]
            if rest and LF not in value:
                run.append(value)
            else:
                rest = before + values[index]
            self._run(run, kind, more, at, out)
            self._interpret((rest + b"\n").split(b"\n"), at, out)
            begun = index + 1
        self._run(values[begun:], kind, more, at, out)
        return chunk[end + 2 :]

    def _run(
        self, values: list[bytes], kind: str, more: tuple[int, int], at: float, out: list[Event]
    ) -> None:
        """Messages of one type; each has `more` bytes and lines than its value."""
        extra, rows = more
        n, offset, total = self.messages, self._offset, len(values)
        last_id, attempt, read = self.last_event_id, self.attempt, self.reads
        sizes = [len(value) + extra for value in values]
        if total < self.few:
            for value, size in zip(values, sizes, strict=True):
                n += 1
                text = value.decode("utf-8", "replace")
                out.append(
                    new(Message, (kind, text, last_id, None, at, offset, size, n, attempt, read))
                )
                offset += size
        else:
            try:  # as in `_interpret`
                texts = [*map(bytes.decode, values)]
            except UnicodeDecodeError:
                texts = [*map(decoded, values)]
            same = repeat(last_id), repeat(None), repeat(at)
            numbers = count(n + 1), repeat(attempt), repeat(read)
            offsets = accumulate(sizes, initial=offset)
            fields = zip(repeat(kind), texts, *same, offsets, sizes, *numbers, strict=False)
            out.extend(map(new, repeat(Message), fields))
            offset += sum(sizes)
        self.messages += total
        self._line_number += rows * total
        self._offset = offset
