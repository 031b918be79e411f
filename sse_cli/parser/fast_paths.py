"""Fast paths for the two shapes of events that AI APIs send: `data`, and `event` + `data`.

They yield exactly the events that `Interpreter` would. Their callers make sure that every line ends
with LF, that no block is open, and that the bytes do not exceed the size limit of an event.
"""

from __future__ import annotations

from itertools import accumulate, count, repeat
from typing import ClassVar

from sse_cli.model.events import Event, Message, new
from sse_cli.parser.fields import CR, LF, NO_BLOCK, Interpreter, decode_value


class FastPaths(Interpreter):
    """An interpreter with fast paths for one message, several, or many of the same type."""

    large_read: ClassVar = 4096  # bytes; a larger read probably holds many events
    small_batch: ClassVar = 8  # messages; fewer are made faster one by one
    same_type_ratio: ClassVar = 4  # messages of one type per other event that make it worthwhile

    def __init__(self, last_event_id: str, max_size: int) -> None:
        super().__init__(last_event_id, max_size)
        self._single_read = min(self.large_read, max_size)  # bytes; tried as one event unchecked

    def _single_message(self, chunk: bytes, at: float) -> Message | None:
        """Return the message if `chunk` is exactly one event of a common shape, else None.

        Most reads of a live stream are that.
        """
        size = len(chunk)
        if self._open is not NO_BLOCK or CR in chunk:
            return None
        if size > self._single_read and not self._may_be_single(chunk, size):
            return None
        kind, rows = "message", 2
        line, _, rest = chunk.partition(b"\n")  # takes half as long as `find`
        if rest != b"\n" and (kind := self._types.get(line, "")):
            rows = 3
            line, _, rest = rest.partition(b"\n")
        if rest != b"\n" or line[:6] != b"data: ":
            return None
        try:  # as in `_interpret`
            text = line[6:].decode()
        except UnicodeDecodeError:
            text = decode_value(line[6:])
        offset = self._offset
        self._offset = offset + size
        self._line_number += rows
        self.messages = n = self.messages + 1
        last_id, attempt, read = self.last_event_id, self.attempt, self.reads
        return new(Message, (kind, text, last_id, None, at, offset, size, n, attempt, read))

    def _may_be_single(self, chunk: bytes, size: int) -> bool:
        """Return whether a large read may be a single event.

        Unlike `partition`, the search copies nothing.
        """
        stop = chunk.find(b"\n")
        if chunk[:6] != b"data: ":
            stop = chunk.find(b"\n", stop + 1)
        return stop == size - 2 and size <= self._max_size

    def _common_messages(self, lines: list[bytes], at: float, out: list[Event]) -> list[bytes]:
        """Append messages of a common shape one by one; return the lines from the first other."""
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
            if next(rest, b"none"):  # not the blank line that ends the event
                break
            size += len(data)
            try:  # as in `_interpret`
                text = data[6:].decode()
            except UnicodeDecodeError:
                text = decode_value(data[6:])
            n += 1
            append(new(Message, (kind, text, last_id, None, at, offset, size, n, attempt, read)))
            offset += size
            total += rows
        self._offset, self.messages = offset, n
        self._line_number += total
        return lines[total:]

    def _similar_messages(self, chunk: bytes, at: float, out: list[Event]) -> bytes:
        """Append messages of one type all at once; return the bytes after the last blank line.

        The same bytes stand between two such messages, so one `split` yields all values. Events of
        other shapes among them are interpreted line by line; if there are too many of them, or the
        first event is one, `chunk` is returned as it is.
        """
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
        if len(others) * self.same_type_ratio > len(values):
            return chunk
        overhead, done = (stop + 2, rows), 0
        for index in others:
            value, _, rest = values[index].partition(b"\n\n")
            run = values[done:index]
            if rest and LF not in value:
                run.append(value)
            else:
                rest = before + values[index]
            self._append_messages(run, kind, overhead, at, out)
            self._interpret((rest + b"\n").split(b"\n"), at, out)
            done = index + 1
        self._append_messages(values[done:], kind, overhead, at, out)
        return chunk[end + 2 :]

    def _append_messages(
        self, values: list[bytes], kind: str, overhead: tuple[int, int], at: float, out: list[Event]
    ) -> None:
        """Append messages of one type.

        `overhead` is the number of bytes of each block without its value, and its number of lines.
        """
        extra, rows = overhead
        n, offset, total = self.messages, self._offset, len(values)
        last_id, attempt, read = self.last_event_id, self.attempt, self.reads
        sizes = [len(value) + extra for value in values]
        if total < self.small_batch:
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
                texts = [*map(decode_value, values)]
            same = repeat(last_id), repeat(None), repeat(at)
            numbers = count(n + 1), repeat(attempt), repeat(read)
            offsets = accumulate(sizes, initial=offset)
            fields = zip(repeat(kind), texts, *same, offsets, sizes, *numbers, strict=False)
            out.extend(map(new, repeat(Message), fields))
            offset += sum(sizes)
        self.messages += total
        self._line_number += rows * total
        self._offset = offset
