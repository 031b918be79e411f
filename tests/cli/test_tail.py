"""`sse tail` in pipes and scripts: its output as it arrives, and the ending."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from sse_cli.llm.detection import MAX_EVENTS
from sse_cli.mockserver.scenarios.scenario import Gate, Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from tests.support.format_corpus import BY_NAME
from tests.support.paths import FORMATS as CORPUS
from tests.support.peak_memory import measured
from tests.support.program import Ran, error_and_hint, finish, sse, start
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.wire import Peer, Wire

STREAMS: Final = sorted(path for path in CORPUS.iterdir() if path.suffix != ".json")
DONE: Final = b"data: [DONE]\n\n"
KEYS: Final = [
    "format", "text", "reasoning", "tool_calls", "finish_reason", "usage", "error", "complete",
    "ending", "detail", "status", "timing",
]  # fmt: skip
TIMES: Final = [
    "headers", "first_byte", "first_event", "first_reasoning", "first_content", "first_tool",
    "total", "gaps", "events", "bytes",
]  # fmt: skip
every_stream = pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)


def chat(text: str, finish_reason: str | None = None, **delta: Any) -> bytes:
    """Return one event of OpenAI's chat completions."""
    choice = {"index": 0, "delta": {"content": text, **delta}, "finish_reason": finish_reason}
    return b"data: %s\n\n" % json.dumps({"choices": [choice]}).encode()


def tail(body: bytes, *words: str) -> Ran:
    """Run `sse tail` on a body from standard input."""
    return sse("tail", "-", *words, stdin=body)


def answer_of(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    return found


@contextmanager
def serving(*steps: tuple[float | Gate, bytes]) -> Iterator[str]:
    with running(Server({"s": Scenario.of("s", steps)})) as url:
        yield f"{url}/s"


# Text


@every_stream
def test_a_pipe_gets_the_exact_text_of_every_stream_and_no_extra_newline(path: Path) -> None:
    expected = json.loads((CORPUS / f"{path.stem}.expected.json").read_bytes())
    ran = sse("tail", path)
    text = ran.text
    if expected["format"] in ("a2a-v03", "dashscope", "gradio", "gradio-queue"):
        # These restate some text, on a line of its own; the last wording counts.
        assert text.endswith(expected["text"][-10:])
    else:
        assert text == expected["text"]
    assert ran.code == (5 if expected["error"] else 0)
    is_answer = any(expected[key] for key in ("text", "reasoning", "tool_calls"))
    assert bool(ran.err) == (bool(expected["error"]) or not is_answer)


def test_pieces_reach_a_pipe_one_by_one() -> None:
    # Each piece is sent only after the previous one was read from the pipe.
    words = ["One", " 日本", "\n", "two 🚀", "."]
    gates = [threading.Event() for _ in words]
    steps = [(gate, chat(word)) for gate, word in zip(gates, words, strict=True)]
    with serving(*steps, (0.0, DONE)) as url, start("tail", url, "-m", "30") as process:
        assert process.stdout is not None
        for gate, word in zip(gates, words, strict=True):
            gate.set()
            wanted = word.encode()
            assert process.stdout.read(len(wanted)) == wanted
        assert finish(process) == (0, b"", b"")


def test_pieces_of_json_lines_reach_a_pipe_one_by_one() -> None:
    gates = [threading.Event() for _ in range(3)]
    steps = [(gate, chat(str(n))) for n, gate in enumerate(gates)]
    words = ("-m", "30", "-o", "jsonl")
    with serving(*steps, (0.0, DONE)) as url, start("tail", url, *words) as process:
        assert process.stdout is not None
        for n, gate in enumerate(gates):
            gate.set()
            line = json.loads(process.stdout.readline())
            assert (line["kind"], line["text"], line["n"]) == ("text", str(n), n + 1)
        assert finish(process) == (0, b"", b"")


def test_text_is_exact_whatever_it_contains() -> None:
    text = 'a\u0000b\r\n\t\x1b[31m\u202e "q" \\ \u2028 é\u0301 👩\u200d🚀 \ufeff'
    assert tail(chat(text) + DONE).out == text.encode()


def test_surrogate_pairs_split_over_deltas_are_joined_and_lone_halves_are_replaced() -> None:
    body = chat("a\ud83d") + chat("\ude80b") + chat("c\ud83d") + DONE
    assert tail(body).out == "a🚀bc\ufffd".encode()
    assert answer_of(tail(body, "-o", "json"))["text"] == "a🚀bc\ud83d"


def test_the_run_ends_at_the_formats_end_even_if_the_server_keeps_the_stream_open() -> None:
    def endless(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), chunk(chat("all") + DONE + chat("never")))
        assert peer.until_gone() == b""

    with Wire(endless) as wire:
        ran = sse("tail", wire.origin, "-m", "30", "-o", "json")
    assert ran.code == 0
    assert answer_of(ran)["text"] == "all"
    assert answer_of(ran)["ending"] == "done"


def test_a_mebibyte_of_arguments_is_shown_whole() -> None:
    arguments = json.dumps({"x": "é" * (1 << 19)})
    cuts = range(0, len(arguments), 997)
    parts = [{"index": 0, "function": {"arguments": arguments[at : at + 997]}} for at in cuts]
    body = b"".join(chat("", tool_calls=[part]) for part in parts) + DONE
    [call] = answer_of(tail(body, "-o", "json"))["tool_calls"]
    assert call["arguments"] == arguments


# Choices, reasoning, tools


def test_choice_picks_the_alternative_to_type() -> None:
    path = CORPUS / "openai-chat-n2.sse"
    expected = json.loads((CORPUS / "openai-chat-n2.expected.json").read_bytes())
    for number in (0, 1):
        ran = sse("tail", path, "--choice", str(number))
        assert ran.text == expected["choices"][number]["text"]
    assert sse("tail", path, "--choice", "2").out == b""
    assert sse("tail", path, "--choice", "-1").code == 2


@pytest.mark.parametrize(
    ("where", "out", "err"),
    [
        (None, "Hi.", ""), ("hide", "Hi.", ""), ("stderr", "Hi.", "Why?\n"),
        ("stdout", "Why?\nHi.", ""),
    ],
)  # fmt: skip
def test_reasoning_goes_to_the_requested_output_and_is_left_out_of_a_pipe(
    where: str | None, out: str, err: str
) -> None:
    body = chat("", reasoning="Wh") + chat("", reasoning="y?") + chat("Hi") + chat(".") + DONE
    ran = tail(body, *(["--reasoning", where] if where else []))
    assert ran.code == 0
    assert ran.text == out
    assert re.sub(r"\n+", "\n", ran.talk) == err


def test_tool_calls_are_shown_with_the_reasoning_and_marked_as_json_or_not() -> None:
    def call(index: int, name: str, arguments: str) -> bytes:
        function = {"name": name, "arguments": arguments}
        return chat("", tool_calls=[{"index": index, "id": f"c{index}", "function": function}])

    body = chat("Hi") + call(0, "good", '{"x":1}') + call(1, "bad", '{"x":') + DONE
    ran = tail(body, "--reasoning", "stderr")
    assert ran.text == "Hi"
    good, bad = (line for line in ran.talk.splitlines() if line)
    assert "good" in good
    assert '{"x":1}' in good
    assert good.endswith("✓")
    assert "bad" in bad
    assert bad.endswith("✗ cut after 5 characters")
    out = tail(body, "--reasoning", "stdout").text
    assert out.splitlines()[-2:] == ['good {"x":1}', 'bad {"x":  (cut after 5 characters)']
    assert tail(body).talk == ""


# -o json, -o jsonl


@every_stream
def test_json_is_the_whole_answer(path: Path) -> None:
    expected = json.loads((CORPUS / f"{path.stem}.expected.json").read_bytes())
    found = answer_of(sse("tail", path, "-o", "json"))
    several = ["choices"] if "choices" in expected else []
    assert [key for key in found if key != "choices"] == KEYS
    assert sorted(found) == sorted([*KEYS, *several])
    for key in ("format", "text", "reasoning", "finish_reason", "usage", "error"):
        assert found[key] == expected[key]
    assert [sorted(call) for call in found["tool_calls"]] == [
        ["arguments", "id", "name", "valid"]
    ] * len(expected["tool_calls"])
    assert all(call["valid"] for call in found["tool_calls"])
    for call, wanted in zip(found["tool_calls"], expected["tool_calls"], strict=True):
        assert (call["id"], call["name"]) == (wanted["id"], wanted["name"])
        assert json.loads(call["arguments"]) == json.loads(wanted["arguments"])
    assert found["ending"] == (
        "error-event" if expected["error"] else "done" if expected["done"] else "eof"
    )
    for number, choice in enumerate(expected.get("choices", ())):
        assert found["choices"][number]["choice"] == number
        assert {key: found["choices"][number][key] for key in choice} == choice
    reasons = {choice["finish_reason"] for choice in found.get("choices", [found])}
    assert found["complete"] == (not expected["error"] and "length" not in reasons)


ENDINGS: Final[dict[str, tuple[bytes, str, str, int]]] = {
    "its end": (whole(chat("Hi", "stop") + DONE, STREAM), "done", "own end", 200),
    "a cut": (head(STREAM, "Content-Length: 999") + chat("Hi"), "truncated", "expected 999", 200),
    "a refusal": (
        whole(b'{"error": 1}', "Content-Type: application/json", status="401 Unauthorized"),
        "refused", "401 Unauthorized", 401,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "ending", "evidence", "status"), ENDINGS.values(), ids=ENDINGS)
def test_json_gives_the_ending_its_evidence_and_the_status(
    reply: bytes, ending: str, evidence: str, status: int
) -> None:
    with Wire(reply) as wire:
        found = answer_of(sse("tail", wire.origin, "-o", "json", "-m", "30"))
    assert (found["ending"], found["status"]) == (ending, status)
    assert evidence in found["detail"]


def test_json_of_input_without_a_reply_has_no_status() -> None:
    with Wire(b"") as wire:
        unreachable = wire.origin
    for ran in (sse("tail", unreachable, "-o", "json"), tail(chat("Hi") + DONE, "-o", "json")):
        found = answer_of(ran)
        assert found["status"] is None
        assert found["detail"]


def test_the_arguments_are_the_exact_string() -> None:
    arguments = '{ "x" : 1e2,\n"é":"\\u00e9" }'
    body = chat("", tool_calls=[{"index": 0, "function": {"name": "f", "arguments": arguments}}])
    [call] = answer_of(tail(body + DONE, "-o", "json"))["tool_calls"]
    assert call == {"id": None, "name": "f", "arguments": arguments, "valid": True}


def test_the_timing_is_in_seconds_and_names_its_rate() -> None:
    usage = b'data: {"choices": [], "usage": {"completion_tokens": 7}}\n\n'
    steps = [
        (0.0, chat("", reasoning="r")), (0.05, chat("a")),
        (0.05, chat("", tool_calls=[{"index": 0, "function": {"name": "f"}}])), (0.05, chat("b")),
    ]  # fmt: skip
    for end, name in ((usage + DONE, "tokens_per_second"), (DONE, "pieces_per_second")):
        with serving(*steps, (0.0, end)) as url:
            ran = sse("tail", url, "-o", "json", "-m", "30")
        timing = answer_of(ran)["timing"]
        assert sorted(timing) == sorted([*TIMES, "phases", name])
        order = [
            "headers",
            "first_event",
            "first_reasoning",
            "first_content",
            "first_tool",
            "total",
        ]
        values = [timing[key] for key in order]
        assert values == sorted(values)
        assert timing["first_content"] - timing["first_reasoning"] >= 0.04
        assert timing["total"] < 30
        assert sorted(timing["gaps"]) == ["max", "p50", "p95"]
        assert timing["gaps"]["max"] >= 0.04
        assert timing["bytes"] == sum(len(data) for _, data in steps) + len(end)
        tokens = 7 if name == "tokens_per_second" else 3
        assert timing[name] == pytest.approx(tokens / (0.15), rel=0.9)


def test_events_that_did_not_happen_have_no_time() -> None:
    timing = answer_of(tail(chat("a") + DONE, "-o", "json"))["timing"]
    assert timing["first_reasoning"] is None
    assert timing["first_tool"] is None
    assert timing["pieces_per_second"] is None


def test_json_lines_are_the_pieces_as_they_arrive() -> None:
    body = (
        chat("", reasoning="r") + chat("é")
        + chat("", tool_calls=[{"index": 0, "id": "c", "function": {"name": "f"}}])
        + chat("", "stop") + b'data: {"choices": [], "usage": {"completion_tokens": 2}}\n\n'
        + b'data: {"choices": [], "error": {"message": "late"}}\n\n' + DONE
    )  # fmt: skip
    ran = tail(body, "-o", "jsonl")
    assert ran.code == 5
    assert ran.out.isascii()
    assert ran.objects("t") == [
        {"kind": "reasoning", "n": 1, "choice": 0, "text": "r"},
        {"kind": "text", "n": 2, "choice": 0, "text": "é"},
        {"kind": "finish", "n": 4, "choice": 0, "finish_reason": "stop"},
        {"kind": "usage", "n": 5, "choice": 0, "usage": {"completion_tokens": 2}},
        {"kind": "error", "n": 6, "choice": 0, "error": {"message": "late"}},
        {
            "kind": "tool",
            "n": 7,
            "choice": 0,
            "id": "c",
            "name": "f",
            "arguments": "{}",
            "valid": True,
        },
    ]
    assert all(isinstance(line["t"], float) for line in ran.objects())


def test_json_lines_hold_every_choice_and_mark_replacements() -> None:
    lines = sse("tail", CORPUS / "openai-chat-n2.sse", "-o", "jsonl").objects()
    assert {line["choice"] for line in lines if line["kind"] == "text"} == {0, 1}
    lines = sse("tail", CORPUS / "a2a-v03.sse", "-o", "jsonl").objects()
    assert [line.get("replaces") for line in lines if line["kind"] == "text"].count(True) == 1


# -q


def test_a_query_takes_the_text_from_any_stream() -> None:
    body = b'data: {"a": {"b": "x\\n"}}\n\ndata: {"a": 7}\n\ndata: {"a": {"b": 5}}\n\n'
    ran = tail(body, "-q", "a.b")
    assert ran == (0, b"x\n5", b"")
    assert tail(body, "-q", "a.b || 'none'").out == b"x\nnone5"
    assert tail(b"data: plain\n\ndata:  text\n\n", "-q", "@").out == b"plain text"
    found = answer_of(tail(body, "-q", "a.b", "-o", "json"))
    assert found["text"] == "x\n5"
    assert "query" in found["format"]


def test_an_invalid_query_is_pointed_at_and_sends_no_request() -> None:
    ran = sse("tail", "http://127.0.0.1:9/nobody", "-q", "a.[")
    assert (ran.code, ran.out) == (2, b"")
    assert "^" in ran.talk
    error_and_hint(ran)
    ran = tail(b"", "-q", "a", "--format", "plain")
    assert (ran.code, ran.out) == (2, b"")
    error_and_hint(ran)


def test_a_query_that_fails_on_some_events_is_reported() -> None:
    body = b'data: {"a": "x"}\n\ndata: {"a": 5}\n\ndata: {"a": 6}\n\ndata: {"a": "xy"}\n\n'
    ran = tail(body, "-q", "starts_with(a, 'x') && a")
    assert (ran.code, ran.text) == (0, "xxy")
    assert re.search(r"\b2\b", ran.talk)
    assert "starts_with()" in ran.talk


# The end


def test_an_error_event_is_reported_after_all_the_text_and_is_5() -> None:
    error = b'data: {"error": {"message": "overloaded", "code": 529}}\n\n'
    for end in (error, error + DONE):
        ran = tail(chat("Half an ans") + end)
        assert (ran.code, ran.text) == (5, "Half an ans")
        message, hint = error_and_hint(ran)
        assert message == "event 2 reports an error: 529 overloaded"
        assert hint
        found = answer_of(tail(chat("Half") + end, "-o", "json"))
        assert found["text"] == "Half"
        assert found["error"] == {"message": "overloaded", "code": 529}
        assert found["ending"] == "error-event"


def test_a_stream_of_only_an_error_is_5() -> None:
    ran = tail(b'data: {"error": {"message": "no credit"}}\n\n')
    assert (ran.code, ran.out) == (5, b"")
    assert error_and_hint(ran)[0] == "event 1 reports an error: no credit"
    with Wire(whole(b'event: error\ndata: {"detail": "no"}\n\n')) as wire:
        ran = sse("tail", wire.origin)
    assert (ran.code, ran.out) == (5, b"")


def _cuttable() -> Iterator[Path]:
    """Yield the streams whose format requires an end, which is their last event."""
    for path in STREAMS:
        expected = json.loads((CORPUS / f"{path.stem}.expected.json").read_bytes())
        if not expected["error"] and BY_NAME[expected["format"]].required:
            yield path


@pytest.mark.parametrize("path", list(_cuttable()), ids=lambda path: path.stem)
def test_a_stream_cut_before_its_end_is_truncated_and_5(path: Path) -> None:
    text = path.read_bytes().decode().replace("\r\n", "\n")
    separator = "\n" if path.suffix == ".ndjson" else "\n\n"
    events = text.strip().split(separator)
    half = (separator.join(events[: len(events) // 2]) + separator).encode()
    expected = json.loads((CORPUS / f"{path.stem}.expected.json").read_bytes())
    words = ["--ndjson"] if path.suffix == ".ndjson" else []
    ran = tail(half, "--format", expected["format"], *words)
    assert ran.code == 5
    message, hint = error_and_hint(ran)
    assert f"the end that {expected['format']} requires is missing" in message
    assert hint
    assert answer_of(tail(half, "--format", expected["format"], "-o", "json", *words))[
        "ending"
    ] == ("truncated")


@pytest.mark.parametrize("name", ["plain-tokens", "tgi", "mcp", "custom-command"])
def test_a_format_that_may_end_anywhere_is_never_truncated(name: str) -> None:
    text = (CORPUS / f"{name}.sse").read_bytes().decode().replace("\r\n", "\n")
    events = text.strip().split("\n\n")
    half = ("\n\n".join(events[: len(events) - 1]) + "\n\n").encode()
    assert tail(half).code == 0


def test_a_finish_reason_is_an_end_too() -> None:
    ran = sse("tail", CORPUS / "perplexity.sse")
    assert (ran.code, ran.talk) == (0, "")
    assert tail(chat("a", "stop")).code == 0
    assert tail(chat("a")).code == 5


def test_a_truncated_transfer_is_reported_after_the_text() -> None:
    def cut(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), chunk(chat("Half")), b"ff\r\ndata: ")

    with Wire(cut) as wire:
        ran = sse("tail", wire.origin)
    assert (ran.code, ran.text) == (5, "Half")
    error_and_hint(ran)


@pytest.mark.parametrize(
    ("number", "form", "came"),
    [
        (1, "text", "1 event"),
        (3, "text", "3 events"),
        (3, "json", "3 events"),
        (3, "jsonl", "3 events"),
        (MAX_EVENTS + 50, "text", f"{MAX_EVENTS + 50} events"),
    ],
)
def test_an_unknown_format_is_2_and_prints_nothing(number: int, form: str, came: str) -> None:
    body = b'data: {"unheard": "of"}\n\n' * number
    ran = tail(body, "-o", form)
    assert (ran.code, ran.out) == (2, b"")
    message, hint = error_and_hint(ran)
    assert message == f"the format is unknown: none fits the {came} that came"
    assert "-q" in hint
    assert "watch" in hint


def test_an_endless_stream_of_unknown_format_is_read_to_the_deadline() -> None:
    def endless(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), chunk(b'data: {"unheard": "of"}\n\n' * 300))
        assert peer.until_gone() == b""

    with Wire(endless) as wire:
        ran = sse("tail", wire.origin, "-m", "1")
    assert (ran.code, ran.out) == (6, b"")


def test_json_that_becomes_invalid_is_counted_and_shown_once() -> None:
    body = chat("a") + b'data: {"choices": [{"delta"\n\n' + chat("b") + b"data: {oops\n\n" + DONE
    ran = tail(body)
    assert (ran.code, ran.text) == (0, "ab")
    assert ran.talk == "warning: 2 events hold broken JSON: the first is event 2\n"
    ran = tail(chat("a") + b"data: {oops\n\n" + DONE)
    assert ran.talk == "warning: event 2 holds broken JSON\n"


def test_json_like_plain_text_is_not_taken_for_tokens() -> None:
    ran = tail(b"data: f(\n\ndata: {\n\ndata: [x\n\ndata: })\n\n")
    assert ran == (0, b"f({[x})", b"")
    ran = sse("tail", CORPUS / "replicate.sse")
    assert ran.talk == ""


def test_an_empty_stream_is_reported_as_no_answer() -> None:
    ran = tail(b"")
    assert (ran.code, ran.out) == (5, b"")
    message, hint = error_and_hint(ran)
    assert message == "no event came: the input ended"
    assert hint
    found = answer_of(tail(b": hello\n\n", "-o", "json"))
    assert (found["ending"], found["text"], found["complete"]) == ("empty", "", False)


def test_a_refused_reply_is_shown_and_is_4() -> None:
    body = b'{"error": {"message": "bad key"}}'
    with Wire(whole(body, "Content-Type: application/json", status="401 Unauthorized")) as wire:
        ran = sse("tail", wire.origin)
    assert (ran.code, ran.out) == (4, b"")
    assert "bad key" in ran.talk


def test_a_closed_pipe_ends_it_without_a_message() -> None:
    gate = threading.Event()
    steps = ((0.0, chat("first")), (gate, chat("x")), (0.0, chat("y") + DONE))
    with serving(*steps) as url, start("tail", url, "-m", "30") as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"first"
        process.stdout.close()
        gate.set()
        assert process.wait(30) == -signal.SIGPIPE
        assert process.stderr is not None
        assert process.stderr.read() == b""


# Arguments that contradict each other


@pytest.mark.parametrize(
    "words", [("--markdown", "-o", "json"), ("--reasoning", "nowhere"), ("-o", "csv"),
              ("--choice", "x"), ("--format", "nope")],
)  # fmt: skip
def test_contradictory_arguments_are_2(words: tuple[str, ...]) -> None:
    ran = tail(chat("a") + DONE, *words)
    assert (ran.code, ran.out) == (2, b"")
    assert "error: " in ran.talk
    assert "Traceback" not in ran.talk


def test_markdown_in_a_pipe_is_the_text_itself() -> None:
    text = "# Title\n\n- **a**\n"
    assert tail(chat(text) + DONE, "--markdown").text == text


# Memory


@pytest.mark.parametrize(
    ("few", "many", "slack"),
    [(20_000, 100_000, 2), pytest.param(30_000, 300_000, 3, marks=pytest.mark.interop)],
)
def test_memory_does_not_depend_on_the_number_of_pieces(
    few: int, many: int, slack: int, tmp_path: Path
) -> None:
    """Compare with the text's own size; unjoined pieces take 66 bytes more each (`slack`: MiB)."""
    peaks = []
    for number in (few, many):
        path = tmp_path / "s.sse"
        path.write_bytes(chat(" token") * number + DONE)
        with path.open("rb") as stream:
            ran, peak = measured("tail", "-", stdin=stream.fileno())
        assert ran.out == b" token" * number
        peaks.append(peak)
    assert peaks[1] - peaks[0] < (many - few) * len(" token") + slack * 2**20


def test_text_that_differs_from_the_closing_event_is_reported() -> None:
    events = [
        {"type": "response.output_text.delta", "output_index": 0, "delta": "Hell"},
        {"type": "response.output_text.done", "output_index": 0, "text": "Hello"},
        {"type": "response.completed", "response": {"status": "completed", "output": []}},
    ]
    body = b"".join(f"data: {json.dumps(one)}\n\n".encode() for one in events)
    assert tail(body) == (0, b"Hello", b"")
    ran = tail(body.replace(b'"Hell"', b'"ell"'))
    assert (ran.code, ran.text) == (0, "ell")
    assert ran.talk.startswith("warning: the text differs from the closing event's")


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        ([b'{"choices": [{"delta": {"con', b'tent": "a"}}]}'], "2 events were halves of JSON"),
        (
            [b'"{\\"choices\\":[{\\"delta\\":{\\"content\\":\\"a\\"}}]}"'],
            "1 event holds JSON encoded",
        ),
        ([b'data: {"choices": [{"delta": {"content": "a"}}]}'], "1 event holds an event (framed"),
    ],
)
def test_events_that_had_to_be_repaired_are_reported(data: list[bytes], warning: str) -> None:
    ran = tail(b"".join(b"data: " + one + b"\n\n" for one in data) + DONE)
    assert (ran.code, ran.text) == (0, "a")
    assert warning in ran.talk


@pytest.mark.parametrize(
    ("reason", "warning"),
    [
        ("abort", "warning: the answer failed: its finish reason is abort\n"),
        ("length", ""),
        ("stop", ""),
    ],
)
def test_an_answer_that_failed_in_a_stream_that_ended_well_gets_a_warning(
    reason: str, warning: str
) -> None:
    ran = tail(chat("Once upon") + chat("", reason) + DONE)
    assert (ran.code, ran.text, ran.talk) == (0, "Once upon", warning)


def test_events_that_no_format_can_read_are_told_from_the_first_on() -> None:
    two = chat("a").rstrip(b"\n") + b"\n" + chat("b")
    ran = tail(
        two + chat("c") + b"data: : PROCESSING\n\n" + chat("d") + DONE, "--format", "openai-chat"
    )
    assert (ran.code, ran.text) == (0, "cd")
    assert ran.talk.splitlines() == [
        "warning: event 1 holds two JSON documents",
        "warning: event 3 is not JSON",
    ]
