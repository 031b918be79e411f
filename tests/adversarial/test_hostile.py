"""Hostile text in every field and format, on a real pty: no server can control the terminal.

The terminal's input is judged twice. Without our own colour codes and cursor moves, no control
sequence may remain (and on a dumb terminal, where we write none, not one escape character).
And each payload must appear as harmless text, whole.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.text import escaping
from tests.support.terminal import SSE, Terminal, watching
from tests.support.wire import Wire

WIDE: Final = 4000  # columns: the longest payload fits into one cell of the table
LEFT, RIGHT = "\xab", "\xbb"  # Marks around each payload, by which it is found again.
# Rich assumes 80 columns for a dumb terminal unless told otherwise.
DUMB = {"TERM": "dumb", "COLUMNS": str(WIDE), "LINES": "24"}

# Forbidden characters

FORBIDDEN_CATEGORIES: Final = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
JOINERS = "\u200c\u200d"  # Emoji and several scripts need them, and they move nothing.
# Our own sequences: the theme's attributes and colours, and the erasing of the footer.
_COLORS = r"\x1b\[(?:0|(?:[1-3];)?(?:[1-3]|3[1-6]))m"
_MOVES = r"\r\x1b\[K(?:\x1b\[C\x1b\[J\r)?|\r(?:\x1b\[\d+A)?"
OURS = re.compile(rf"{_COLORS}|{_MOVES}|\r(?=\n)")


def is_forbidden(character: str) -> bool:
    """Return whether a character is invisible, and neither a space nor a joiner.

    This states the rule of `text/escaping` independently.
    """
    code = ord(character)
    noncharacter = 0xFDD0 <= code < 0xFDF0 or code % 0x10000 >= 0xFFFE
    category = unicodedata.category(character)
    return noncharacter or (category in FORBIDDEN_CATEGORIES and character not in JOINERS)


def harmless(terminal: Terminal, *, allowed: str = "\n", encoding: str = "utf-8") -> str:
    """Return the terminal's input without our own codes; assert that the rest is harmless."""
    text = OURS.sub("", bytes(terminal.raw).decode(encoding))
    assert [c for c in sorted(set(text)) if is_forbidden(c) and c not in allowed] == []
    assert "Traceback" not in text
    return text


def visible(text: str, keep: str = "") -> str:
    """Return `text` as it must appear: dangerous characters as Python's literals write them."""
    names = {c: c.encode("unicode_escape", "surrogatepass").decode() for c in set(text)}
    shown = {c: names[c] if c not in keep and is_forbidden(c) else c for c in names}
    return "".join(map(shown.__getitem__, text))


def in_body(text: str) -> str:
    """Return `text` as `visible` does, but keep its line ends and tabs."""
    return visible(text, "\n\t").replace(r"\r", r"\x0d")


# The payloads

ESC, BEL = "\x1b", "\a"
CSI_8, OSC_8, ST_8 = "\x9b", "\x9d", "\x9c"  # introducers and terminator in eight bits
FINALS = [chr(code) for code in range(0x40, 0x7F)]
CONTROL_STRINGS = [
    "0;title", "1;icon", "2;window", "4;1;rgb:00/00/00", "7;file:///etc", "9;notify", "8;;",
    "8;;http://evil.example", "8;id=1;file:///etc/passwd", "10;?", "11;#000000", "12;red",
    "50;font", "52;c;ZXZpbA==", "52;c;?", "104", "112", "133;A", "777;notify;a;b", "1337;File=:AA",
]  # fmt: skip
DEVICE_STRINGS = ["", "evil", '$q"p', "+q544e", "1;1|17/41", "q#0;2;0;0;0"]
TAGS = [
    "bold", "red", "/", "/bold", "/nope", "blink", "reverse", "on red", "link=http://evil.example",
    "@click=app.bell", "@click=app.quit()", "link", "not bold", "#ff0000", "rgb(1,2,3)", "u",
    "conceal", "bold red on blue", "[", "]", "\\", "bold]x[/bold", "repr.str", "sse.error",
]  # fmt: skip
WORDS = [
    ":smile:", ":warning:", ":bomb:", "{x}", "%s%n", "$(id)", "`id`", "../../x", r"\x1b[31m",
    r"\033[0m", "^[[A",
]  # fmt: skip
LETTERS = ["", "a", "中", "e\u0301", "\U0001f469\u200d\U0001f467"]


def controls() -> Iterator[str]:
    """Yield all of C0, DEL and all of C1, alone and in company."""
    for code in [*range(0x20), *range(0x7F, 0xA0)]:
        yield chr(code)
        yield f"left{chr(code)}right"
        yield f"中{chr(code)}\u0301{chr(code)}"


def formats() -> Iterator[str]:
    """Yield Unicode's format characters: bidi, zero width, tags, annotations, soft hyphen, BOM."""
    every = map(chr, range(sys.maxunicode + 1))
    yield from (f"a{c}b" for c in every if unicodedata.category(c) in ("Cf", "Zl", "Zp"))
    yield "\u202egnp.exe\u202c \u2066x\u2069"
    yield "".join(chr(0xE0000 + ord(c)) for c in "cat /etc/passwd")


def strangers() -> Iterator[str]:
    """Yield noncharacters, private use, and the lone surrogates that only JSON can bring."""
    yield from (chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    yield from map(chr, range(0xFDD0, 0xFDF0))
    yield from (f"p{chr(code)}" for code in (0xE000, 0xE0A0, 0xF8FF, 0xF0000, 0x100000, 0x10FFFD))
    yield from (f"s{chr(code)}s" for code in range(0xD800, 0xE000, 64))
    yield from ("\udc00\ud800", "\udfff", "\ud800" * 3, "\ud83d x", "\udc80\udc9b31m")


def sequences() -> Iterator[str]:
    """Yield CSI, SS2, SS3 and two-byte escapes, in seven and eight bits, whole and cut short."""
    for start, final in product((ESC + "[", CSI_8), FINALS):
        yield from (start + argument + final for argument in ("", "2", "?1049", "5;41;38;5;1"))
    yield from (ESC + chr(code) for code in range(0x20, 0x7F))
    yield from (ESC + "O" + final for final in FINALS)
    cuts = ("", "[", "[3", "[3;", "[?", "[\x1b")
    yield from map("".join, product((ESC, CSI_8, "\x8e", "\x8f"), cuts))


def strings() -> Iterator[str]:
    """Yield OSC, DCS, APC, PM and SOS with every terminator, and without one."""
    ends = (BEL, ESC + "\\", ST_8, "", "\x18", "\n" + ESC + "\\")
    yield from map("".join, product((ESC + "]", OSC_8), CONTROL_STRINGS, ends[:4]))
    starts = (*(ESC + character for character in "P_^X"), *"\x90\x9f\x9e\x98")
    yield from map("".join, product(starts, DEVICE_STRINGS, ends))


def markup() -> Iterator[str]:
    """Yield text that Rich would read as markup, a link or an emoji."""
    for tag in TAGS:
        yield from (f"[{tag}]", f"[{tag}]x[/]", f"a[{tag}", f"\\[{tag}]", f"[/{tag}]")
    yield from WORDS


def mixtures() -> Iterator[str]:
    """Yield sequences before, between and inside other text, once and many times."""
    attacks = (f"{ESC}[2J", f"{ESC}]52;c;ZQ=={BEL}", f"\r{ESC}[2K", "\b\b\b", f"{CSI_8}1A")
    for before, attack, after in product(LETTERS, attacks, LETTERS):
        yield f"{before}{attack}{after}[bold]\u202e"
    yield from (attack * 50 for attack in attacks)
    yield f"{ESC}[31m" * 200 + "end"


@cache
def payloads() -> tuple[str, ...]:
    """Return every payload once."""
    kinds = (controls, formats, strangers, sequences, strings, markup, mixtures)
    return tuple(dict.fromkeys(payload for kind in kinds for payload in kind()))


INVALID_UTF8 = [bytes([byte]) for byte in range(0x80, 0x100)]
INVALID_UTF8 += [b"a%c31mb" % byte for byte in (0x9B, 0x9D, 0x90, 0x85, 0x8E, 0x98)]
INVALID_UTF8 += [b"\xc0\x9b", b"\xc1\x9b[31m", b"\xe0\x80\x9b", b"\xf0\x80\x80\x9b", b"\xc0\x80"]
INVALID_UTF8 += [b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80"]
INVALID_UTF8 += [b"\xe2\x80", b"\xe2\x1b[31m", b"\xf0\x9f\x1b]0;x\a", b"\xc2\x1b[2J", b"\xff\xfe"]


def test_there_are_more_than_1700_payloads() -> None:
    assert len(payloads()) > 1700


# In every field of a stream


def on_a_line(text: str) -> str:
    """Return the part of `text` that fits on a line: no line ends, and no surrogates, which cannot
    be encoded.
    """
    return re.sub("[\r\n\ud800-\udfff]", "", text)


def blocks(payload: str) -> str:
    """Return a payload in every field: comment, field name and value, retry; type and id of a block
    without data; type, id and JSON; and data that is not JSON.
    """
    raw = LEFT + on_a_line(payload) + RIGHT
    value = json.dumps({"v": LEFT + payload + RIGHT})
    lines = f": {raw}\nx{raw}: y\nfield: {raw}\nretry: {raw}\nevent: {raw}\nid: {raw}\n\n"
    return f"{lines}event: {raw}\nid: {raw}\ndata: {value}\n\ndata: {raw}\n\n"


def invalid(payload: bytes) -> bytes:
    """Return bytes that are not valid UTF-8 in every field."""
    return b": %s\nfoo%s: %s\ndata: %s\nid: %s\nevent: %s\n\n" % ((payload,) * 6)


@cache
def steps(every: int = 1) -> list[tuple[float, bytes]]:
    """Return the stream of all payloads, or of one in `every`, in a few writes."""
    made = [blocks(payload).encode() for payload in payloads()[::every]]
    made += map(invalid, INVALID_UTF8)
    return [(0.0, b"".join(made[n : n + 100])) for n in range(0, len(made), 100)]


def watched(
    *options: str, encoding: str = "", dumb: bool = False, allowed: str = "\n", every: int = 1
) -> str:
    """Return the harmless text that a terminal shows of the stream; `dumb` turns our codes off."""
    env = {"PYTHONIOENCODING": encoding} if encoding else {}
    env |= DUMB if dumb else {}
    with watching(steps(every), *options, columns=WIDE, env=env) as terminal:
        assert terminal.finish(60) == 0
        assert not dumb or b"\x1b" not in terminal.raw
        return harmless(terminal, allowed=allowed, encoding=encoding or "utf-8")


def found(text: str) -> set[str]:
    """Return the texts between the marks, on any line."""
    return set(re.findall(f"{LEFT}([^{LEFT}{RIGHT}\n]*){RIGHT}", text))


def shown(texts: Iterable[str]) -> set[str]:
    return {visible(text) for text in texts}


@pytest.mark.parametrize(
    ("options", "dumb"),
    [((), False), (("--all",), True), (("--full", "--all"), False), (("--full", "--all"), True)],
)
def test_a_table_shows_payloads_as_text_in_every_field(
    options: tuple[str, ...], dumb: bool
) -> None:
    text = watched(*options, dumb=dumb)
    expected = shown(
        on_a_line(p).replace("\t", "    " if "--full" in options else "\t") for p in payloads()
    )
    assert expected - found(text) == set()
    for kind in ("unknown-field", "bad-retry", "no-data", *(["comment"] if options else [])):
        assert shown(map(on_a_line, SHORT)) - found(of_kind(kind, text)) == set(), kind


def of_kind(kind: str, text: str) -> str:
    """Return the lines of one kind of row."""
    return "\n".join(line for line in text.splitlines() if kind in line)


SHORT: Final = [
    payload for payload in payloads() if len(visible(payload)) < 60 and "\t" not in payload
]


@pytest.mark.parametrize("dumb", [False, True], ids=["colour", "dumb"])
def test_a_tables_query_column_shows_payloads_as_text(dumb: bool) -> None:
    assert shown(payloads()) - found(watched("-q", "v", dumb=dumb)) == set()


def test_wrapping_query_columns_and_the_summary_are_harmless() -> None:
    watched("-q", "v", "-q", "length(v)", "-q", "abs(v)", "--full", "--all")


def test_text_is_the_payloads_and_nothing_else() -> None:
    text = watched("-o", "text", "-q", "v", allowed="\n\t")
    assert text == "".join(f"{LEFT}{in_body(payload)}{RIGHT}\n" for payload in payloads())


def test_text_of_data_is_harmless_and_whole() -> None:
    lines = watched("-o", "text", allowed="\n\t").split("\n")
    assert lines[1 : 2 * len(payloads()) : 2] == [
        LEFT + in_body(on_a_line(payload)) + RIGHT for payload in payloads()
    ]


def test_csv_preserves_every_payload_as_a_cell() -> None:
    text = watched("-o", "csv", "-q", "v", allowed="\n\t")
    rows = [*csv.reader(text.splitlines(keepends=True))][1:]
    values = [row[4] for row in rows if row[4]]
    assert values == [LEFT + in_body(payload) + RIGHT for payload in payloads()]
    types = [row[2] for row in rows if row[4]]
    assert types == [LEFT + in_body(on_a_line(payload)) + RIGHT for payload in payloads()]


def test_json_lines_are_ascii_and_preserve_every_payload() -> None:
    text = watched("-o", "jsonl", "-q", "v", "--all")
    assert text.isascii()
    lines = [json.loads(line) for line in text.splitlines()]
    values = [line["query"]["v"] for line in lines if line["kind"] == "message"]
    marked = [LEFT + payload + RIGHT for payload in payloads()]
    assert [value for value in values if value is not None] == marked
    comments = [line["text"][1:] for line in lines if line["kind"] == "comment"]
    assert comments[: len(marked)] == [on_a_line(text) for text in marked]


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
@pytest.mark.parametrize(
    "options", [("--all",), ("--full", "-q", "v"), ("-o", "text"), ("-o", "csv")], ids=" ".join
)
def test_payloads_are_harmless_in_any_encoding(encoding: str, options: tuple[str, ...]) -> None:
    watched(*options, encoding=encoding, dumb=True, allowed="\n\t", every=3)


def test_payloads_in_lines_of_json_are_harmless() -> None:
    lines = [json.dumps({"v": LEFT + payload + RIGHT}) + "\n" for payload in payloads()]
    sent, kind = [(0.0, "".join(lines).encode())], "application/x-ndjson"
    with watching(sent, "-q", "v", columns=WIDE, content_type=kind) as terminal:
        assert terminal.finish() == 0
        assert shown(payloads()) - found(harmless(terminal)) == set()


def test_payloads_in_the_text_of_a_known_wire_format_are_harmless() -> None:
    chunk: dict[str, object] = {"object": "chat.completion.chunk", "id": "x", "model": "m"}
    sent = [(0.0, b'data: {"object":"chat.completion.chunk","choices":[]}\n\n')]
    for payload in payloads():
        chunk["choices"] = [{"index": 0, "delta": {"content": LEFT + payload + RIGHT}}]
        data = json.dumps(chunk, ensure_ascii=False).encode("utf-8", "replace")
        sent.append((0.0, b"data: %s\n\n" % data))
    for options in ((), ("--full",)):
        with watching(sent, *options, columns=WIDE, env=DUMB) as terminal:
            assert terminal.finish() in (0, 5)  # The format requires an end that is not sent.
            text = harmless(terminal)
            assert b"\x1b" not in terminal.raw and text.count("chat.completion.chunk") > 1700


# Other text from servers; each takes a connection, so payloads are sent in batches

# Characters that h11 allows in a header's value and a reason phrase.
IN_A_HEADER: Final = [
    p for p in dict.fromkeys(map(on_a_line, payloads())) if p and not re.search("[\0\t\v\f]", p)
]
SAMPLE: Final = IN_A_HEADER[::12]
TEXT: Final = LEFT + f"{RIGHT} {LEFT}".join(SAMPLE) + RIGHT
STREAM = "Content-Type: text/event-stream"


def bunches(texts: Sequence[str], size: int) -> list[Sequence[str]]:
    return [texts[n : n + size] for n in range(0, len(texts), size)]


def reply(status: str, *headers: str, body: str = "data: x\n\n") -> bytes:
    """Return a reply whose body ends with its connection."""
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, "Connection: close", "", ""])
    return (head + body).encode("utf-8", "surrogateescape")


def answered(response: bytes, *options: str, code: int, path: str = "/") -> str:
    """Return the harmless text that a terminal shows of a reply; assert the exit code."""
    with Wire(response) as server:
        proxied = "--proxy" in options
        url = "https://evil.example/" if proxied else server.origin + path
        arguments = [server.origin if option == "ORIGIN" else option for option in options]
        command = [*SSE, url, *arguments]
        with Terminal(command, columns=WIDE, rows=100, env=DUMB) as terminal:
            assert terminal.finish() == code, terminal.text
            assert b"\x1b" not in terminal.raw
            return harmless(terminal, allowed="\n\t")


@pytest.mark.parametrize("options", [(), ("-o", "text"), ("-o", "jsonl", "--all")], ids=" ".join)
def test_header_values_are_shown_as_text(options: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for bunch in bunches(IN_A_HEADER, 500):
        headers = [f"X-RateLimit-{n}: {LEFT}{text}{RIGHT}" for n, text in enumerate(bunch)]
        seen |= found(answered(reply("200 OK", STREAM, *headers), "-v", *options, code=0))
    assert shown(IN_A_HEADER) - seen == set()


REPLIES: Final[dict[str, tuple[bytes, int]]] = {
    "reason phrase": (reply(f"200 {TEXT}", STREAM), 0),
    "reason phrase of a failure": (reply(f"500 {TEXT}", STREAM, body=TEXT), 4),
    "content type's parameters": (reply("200 OK", f"{STREAM}; x={TEXT}"), 0),
    "content type": (reply("200 OK", f"Content-Type: text/{TEXT}"), 4),
    "content type of a binary": (reply("200 OK", f"Content-Type: {TEXT}", body="\0"), 4),
    "no content type": (reply("200 OK", body=TEXT), 4),
    "retry-after": (reply("429 Slow", f"Retry-After: {TEXT}", body=""), 4),
    "content encoding": (reply("200 OK", STREAM, f"Content-Encoding: {TEXT}"), 4),
    "server": (reply("404 Not Found", f"Server: {TEXT}", body=TEXT), 4),
    "redirect's URL": (reply("302 Found", f"Location: http://evil.example/{TEXT}"), 4),
    "redirect's host": (reply("302 Found", f"Location: http://{TEXT}/", body=TEXT), 4),
    "redirect on the same host": (reply("302 Found", f"Location: /{TEXT}"), 4),
    "redirect to another scheme": (reply("302 Found", f"Location: javascript:{TEXT}"), 4),
}


@pytest.mark.parametrize("options", [(), ("-v", "-o", "text")], ids=["table", "text -v"])
@pytest.mark.parametrize("name", REPLIES)
def test_the_head_of_a_reply_is_shown_as_text(name: str, options: tuple[str, ...]) -> None:
    response, code = REPLIES[name]
    answered(response, *options, code=code)


@pytest.mark.parametrize(
    ("status", "kind", "options"),
    [
        ("401 Unauthorized", "application/json", ()),
        ("500 Oops", "text/html; charset=utf-8", ("-o", "text")),
        ("200 OK", "text/plain", ("-o", "jsonl")),
    ],
)
def test_the_body_of_a_refused_reply_is_shown_as_text(
    status: str, kind: str, options: tuple[str, ...]
) -> None:
    for bunch in bunches(payloads()[::7], 45):
        marked = [LEFT + payload + RIGHT for payload in bunch]
        body = json.dumps(marked) if "json" in kind else "\n".join(map(on_a_line, marked))
        text = answered(reply(status, f"Content-Type: {kind}", body=body), *options, code=4)
        assert LEFT in text or "bytes of binary" in text


GARBAGE: Final[dict[str, tuple[bytes, int]]] = {
    "no HTTP": (TEXT.encode() + b"\r\n\r\n", 5),
    "version": (f"HTTP/{TEXT} 200 OK\r\n\r\n".encode(), 5),
    "header's name": (reply("200 OK", f"{TEXT}: x", STREAM), 5),
    "forbidden characters": (reply(f"200 {TEXT}\v", STREAM), 5),
    "content length": (reply("200 OK", STREAM, f"Content-Length: {TEXT}"), 5),
    "chunk's size": (reply("200 OK", STREAM, "Transfer-Encoding: chunked", body=TEXT + "\r\n"), 5),
    "chunk's extension": (
        reply("200 OK", STREAM, "Transfer-Encoding: chunked", body=f"1;{TEXT}\r\nx\r\n0\r\n\r\n"),
        5,
    ),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_protocol_violation_is_shown_as_text(name: str) -> None:
    response, code = GARBAGE[name]
    assert "error: " in answered(response, code=code)


def test_a_refusal_by_a_proxy_is_shown_as_text() -> None:
    text = answered(reply(f"403 {TEXT}"), "--proxy", "ORIGIN", code=3)
    assert "the proxy refused" in text


@pytest.mark.parametrize("bunch", bunches(payloads()[::11], 40), ids=lambda bunch: repr(bunch[0]))
def test_the_message_of_an_error_event_is_shown_as_text(bunch: Sequence[str]) -> None:
    words = "".join(LEFT + payload + RIGHT for payload in bunch)
    data = json.dumps({"error": {"message": words}})
    text = answered(reply("200 OK", STREAM, body=f"data: {data}\n\n"), code=5)
    assert f"error: event 1 reports an error: {LEFT}{visible(bunch[0])}{RIGHT}" in text


def test_a_url_and_a_file_name_are_shown_as_text(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("hostile") / "\x1b[31m\u202e.sse"
    path.write_bytes(b"data: x\n\n")
    for target in (
        str(path),
        str(path) + "x.sse",
        "http://127.0.0.1:1/\x1b[5m",
        "\x1b[5m",
        "a\x1b://",
    ):
        with Terminal([*SSE, target], columns=200, env=DUMB) as terminal:
            terminal.finish()
            harmless(terminal)


# The escaping functions


@given(st.text(st.characters(exclude_categories=()), max_size=60), st.sampled_from(["", "\n\t"]))
def test_escape_leaves_no_forbidden_character(text: str, keep: str) -> None:
    escaped = escaping.escape(text, keep)
    assert [c for c in escaped if is_forbidden(c) and c not in keep] == []
    assert escaping.escape(escaped, keep) == escaped


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_compact_gives_one_harmless_line(text: str) -> None:
    assert escaping.compact(text) == visible(text)
    assert not any(map(is_forbidden, escaping.compact(text)))


@given(st.text(st.characters(exclude_categories=(*FORBIDDEN_CATEGORIES, "Cn"))))
def test_escape_leaves_visible_text_unchanged(text: str) -> None:
    assert escaping.escape(text) == text
