"""The peers: how to find, feed and get each. Nothing is installed."""

from __future__ import annotations

import codecs
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

Feed = Callable[[Iterable[bytes]], Iterable[Any]]
_BENCH: Final = "pip install -e '.[bench]'"
_DEBIAN: Final = "apt-get install {}"


class Seen(NamedTuple):
    """A message, reduced to the fields that all clients have."""

    type: str
    data: str


def httpx_sse(chunks: Iterable[bytes]) -> Iterable[Any]:
    """Read as `httpx_sse.EventSource.iter_sse` does: text, lines, events."""
    peer = import_module("httpx_sse._decoders")
    text = codecs.getincrementaldecoder("utf-8")("replace")
    lines, events = peer.SSELineDecoder(), peer.SSEDecoder()
    for chunk in chunks:
        for line in lines.decode(text.decode(chunk)):
            if (event := events.decode(line)) is not None:
                yield event


def launchdarkly(chunks: Iterable[bytes]) -> Iterable[Any]:
    """Read as `ld_eventsource.SSEClient` does."""
    peer = import_module("ld_eventsource.reader")
    found: Iterable[Any] = peer._SSEReader(
        peer._BufferedLineReader.lines_from(chunks)
    ).events_and_comments()
    return found


def sseclient_py(chunks: Iterable[bytes]) -> Iterable[Any]:
    """Read as the client of sseclient-py does."""
    found: Iterable[Any] = import_module("sseclient").SSEClient(chunks).events()
    return found


def openai(chunks: Iterable[bytes]) -> Iterable[Any]:
    """Read with the decoder of OpenAI's SDK."""
    found: Iterable[Any] = import_module("openai._streaming").SSEDecoder().iter_bytes(iter(chunks))
    return found


def anthropic(chunks: Iterable[bytes]) -> Iterable[Any]:
    """Read with the decoder of Anthropic's SDK."""
    found: Iterable[Any] = (
        import_module("anthropic._streaming").SSEDecoder().iter_bytes(iter(chunks))
    )
    return found


# name, module, feed
DECODERS: Final[dict[str, tuple[str, Feed]]] = {
    "httpx-sse": ("httpx_sse", httpx_sse),
    "launchdarkly-eventsource": ("ld_eventsource", launchdarkly),
    "sseclient-py": ("sseclient", sseclient_py),
    "openai": ("openai", openai),
    "anthropic": ("anthropic", anthropic),
}
_TOOLS: Final = {"curl": "curl", "jq": "jq", "sed | grep | jq": "jq"}


def missing(name: str) -> str:
    """Return how to get a missing peer, or "" if it is there."""
    if name in DECODERS:
        return "" if importlib.util.find_spec(DECODERS[name][0]) else _BENCH
    if name == "HTTPie":
        return "" if httpie() else _BENCH
    if name == "eventsource-parser":
        return (
            ""
            if node_folder()
            else "apt-get install nodejs npm, then npm install eventsource-parser here"
        )
    if name in _TOOLS:
        return "" if shutil.which(_TOOLS[name]) else _DEBIAN.format(_TOOLS[name])
    return ""


def seen(event: Any) -> Seen | None:
    """Return a peer's event in the common form; None for events that an EventSource ignores."""
    data = getattr(event, "data", None)
    if not isinstance(data, str) or not data:
        return None
    return Seen(event.event or "message", data)


def httpie() -> str | None:
    """Return HTTPie's command, from this environment or else from the PATH."""
    own = Path(sys.executable).with_name("http")
    return str(own) if own.exists() else shutil.which("http")


def node_folder() -> Path | None:
    """Return the folder from which Node finds eventsource-parser: this one, or one above it."""
    if not shutil.which("node"):
        return None
    here = Path.cwd()
    known = (folder for folder in (here, *here.parents) if _has_parser(folder))
    return next(known, None)


def _has_parser(folder: Path) -> bool:
    return (folder / "node_modules" / "eventsource-parser").is_dir()


_NODE: Final = """
import {createParser} from 'eventsource-parser'
import {readFileSync} from 'node:fs'
const [path, size] = process.argv.slice(-2)
const body = readFileSync(path), reads = []
for (let at = 0; at < body.length; at += +size) reads.push(body.subarray(at, at + +size))
const began = process.hrtime.bigint()
const text = new TextDecoder()
let messages = 0
const parser = createParser({onEvent: () => { messages += 1 }})
for (const read of reads) parser.feed(text.decode(read, {stream: true}))
console.log(Number(process.hrtime.bigint() - began) / 1e9, messages)
"""


def node_seconds(path: Path, size: int) -> tuple[float, int]:
    """Return eventsource-parser's seconds for a file in reads of `size`, and its message count."""
    command: Sequence[str] = (
        "node",
        "--input-type=module",
        "-e",
        _NODE,
        "--",
        str(path),
        str(size),
    )
    done = subprocess.run(command, cwd=node_folder(), capture_output=True, text=True, check=True)
    time, messages = done.stdout.split()
    return float(time), int(messages)
