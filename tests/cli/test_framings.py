"""Bodies that are not event streams: AWS event streams, AI SDK data streams and plain text.

Each is read by every command, live as from a recording, and its ends are told like any other's.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from sse_cli.model.events import Ending
from tests.support.aws_event_stream import AWS, converse, event, exception, message
from tests.support.paths import FORMATS, FRAMINGS
from tests.support.program import Ran, error_and_hint, finish, sse, start
from tests.support.replies import CHUNKED, LAST_CHUNK, chunk, head, whole
from tests.support.wire import Handler, Peer, Wire

PLAIN = "Content-Type: text/plain; charset=utf-8"
DATA_STREAM = "X-Vercel-AI-Data-Stream: v1"
TEXTS = ["Hello, ", "wör", "ld! 🦀"]
ANSWER = b"".join(converse(TEXTS))
TOOL = b"".join(
    [
        event("messageStart", {"role": "assistant"}),
        event(
            "contentBlockDelta",
            {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Hmm."}}},
        ),
        event(
            "contentBlockDelta",
            {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "xyz"}}},
        ),
        event(
            "contentBlockStart",
            {"contentBlockIndex": 1, "start": {"toolUse": {"name": "look", "toolUseId": "t1"}}},
        ),
        event(
            "contentBlockDelta",
            {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"city":'}}},
        ),
        event(
            "contentBlockDelta",
            {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '"Oslo"}'}}},
        ),
        *converse([], "tool_use")[1:],
    ]
)
CALL = {"id": "t1", "name": "look", "arguments": '{"city":"Oslo"}', "valid": True}
USAGE = {"inputTokens": 10, "outputTokens": 9, "totalTokens": 19}
PARTS = FRAMINGS / "ai-sdk4-tools.txt"


def pieces(body: bytes, size: int, *headers: str) -> Handler:
    """Return a handler that sends a body in chunks of `size` bytes."""

    def handler(peer: Peer) -> None:
        peer.send(head(*headers, CHUNKED))
        for begin in range(0, len(body), size):
            peer.send(chunk(body[begin : begin + size]))
        peer.send(LAST_CHUNK)

    return handler


def answer(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    return found


def types(ran: Ran) -> list[str]:
    return [line["event"] for line in ran.objects()]


# AWS event streams


@pytest.mark.parametrize("size", [1, 7, len(ANSWER)])
def test_an_aws_event_stream_is_read_by_its_content_type(size: int) -> None:
    with Wire(pieces(ANSWER, size, AWS)) as server:
        watched = sse(server.origin)
        tailed = sse("tail", server.origin)
        checked = sse("check", server.origin, "--text", "Hello, wörld! 🦀")
    assert (watched.code, watched.err) == (0, b"")
    assert types(watched) == [
        "messageStart",
        *["contentBlockDelta"] * 3,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert watched.objects()[1]["data"] == {
        "contentBlockIndex": 0,
        "delta": {"text": "Hello, "},
        "p": "ab",
    }
    assert (tailed.code, tailed.text, tailed.err) == (0, "Hello, wörld! 🦀", b"")
    assert checked.code == 0, checked.text


def test_a_bedrock_key_and_a_body_are_enough() -> None:
    with Wire(whole(ANSWER, AWS)) as server:
        url = f"{server.origin}/model/any/converse-stream"
        ran = sse("tail", url, "--bearer", "env:KEY", "--json", "{}", env={"KEY": "s3cret"})
        [request] = server.requests
    assert (ran.code, ran.text) == (0, "Hello, wörld! 🦀")
    assert (request.method, request.target) == ("POST", "/model/any/converse-stream")
    assert ("authorization", "Bearer s3cret") in [
        (name.lower(), value) for name, value in request.headers
    ]


def test_a_converse_stream_has_reasoning_tools_usage_and_a_reason_to_finish() -> None:
    with Wire(pieces(TOOL, 50, AWS)) as server:
        found = answer(sse("tail", server.origin, "-o", "json"))
    assert found["format"] == "bedrock-converse"
    assert (found["text"], found["reasoning"]) == ("", "Hmm.")
    assert found["tool_calls"] == [CALL]
    assert (found["finish_reason"], found["usage"]) == ("tool_use", USAGE)
    assert found["ending"] == Ending.DONE


def test_a_converse_stream_as_sse_reads_the_same() -> None:
    events = [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}}),
        (
            "contentBlockStart",
            {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t1", "name": "look"}}},
        ),
        (
            "contentBlockDelta",
            {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"city":"Oslo"}'}}},
        ),
        ("messageStop", {"stopReason": "tool_use"}),
        ("metadata", {"usage": USAGE}),
    ]
    named = "".join(f"event: {name}\ndata: {json.dumps({name: v})}\n\n" for name, v in events)
    bare = "".join(f"data: {json.dumps({name: value})}\n\n" for name, value in events)
    for text in (named, bare):
        found = answer(sse("tail", "-", "-o", "json", stdin=text.encode()))
        assert found["format"] == "bedrock-converse"
        assert (found["text"], found["tool_calls"]) == ("Hello", [CALL])
        assert (found["finish_reason"], found["usage"]) == ("tool_use", USAGE)


def test_a_converse_stream_without_its_end_is_truncated() -> None:
    body = b"".join(converse(TEXTS)[:4])
    with Wire(whole(body, AWS)) as server:
        ran = sse("tail", server.origin)
    assert (ran.code, ran.text) == (5, "Hello, wörld! 🦀")
    assert "the end that bedrock-converse requires is missing" in error_and_hint(ran)[0]


def test_every_command_reports_an_exception() -> None:
    body = b"".join(converse(TEXTS)[:3]) + exception("throttlingException", "Too many tokens")
    with Wire(whole(body, AWS)) as server:
        for command in ("watch", "tail", "check"):
            ran = sse(command, server.origin)
            assert ran.code == (1 if command == "check" else 5)
            assert "event 4 reports an error: " in ran.talk + ran.text
            assert "Too many tokens" in ran.talk + ran.text
        error = answer(sse("tail", server.origin, "-o", "json"))["error"]
    assert error == {"type": "throttlingException", "message": "Too many tokens"}


def test_an_aws_event_stream_cut_in_a_message_is_truncated() -> None:
    with Wire(whole(ANSWER[:-10], AWS)) as server:
        ran = sse(server.origin)
    assert ran.code == 5
    assert "cut inside event 7, " in error_and_hint(ran)[0]


def test_a_changed_byte_is_told_with_its_place_and_the_rest_is_read() -> None:
    one, two, *rest = converse(TEXTS)
    broken = one + two.replace(b"Hello", b"Jello") + b"".join(rest)
    with Wire(whole(broken, AWS)) as server:
        watched = sse(server.origin)
        tailed = sse("tail", server.origin)
        shown = sse(server.origin, "--all").objects()
    assert (watched.code, tailed.code, tailed.text) == (5, 5, "wörld! 🦀")
    for ran in (watched, tailed):
        error, hint = error_and_hint(ran)
        assert error.startswith(f"message 2, at byte {len(one)}: the CRC of the message is ")
        assert "-o raw" in hint
    [ignored] = [line for line in shown if line["kind"] == "ignored"]
    assert (ignored["reason"], ignored["line"]) == ("malformed", 2)
    assert shown[-1]["ending"] == Ending.MALFORMED


def test_a_body_that_only_claims_to_be_an_aws_event_stream_is_malformed_at_once() -> None:
    def handler(peer: Peer) -> None:
        peer.send(head(AWS, CHUNKED), chunk(b"data: hello\n\n"))
        peer.until_gone()

    with Wire(handler) as server, start(server.origin, "--all", "-m", "30") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["kind"] == "opened"
        assert json.loads(process.stdout.readline())["reason"] == "malformed"
        process.terminate()
        finish(process)


def test_a_message_over_the_limit_is_skipped() -> None:
    one, *rest = converse(["x" * 1000])
    with Wire(whole(one + b"".join(rest), AWS)) as server:
        ran = sse(server.origin, "--max-size", "500")
    assert (ran.code, len(ran.objects())) == (5, 4)
    assert "over the size limit" in error_and_hint(ran)[0]


def test_the_events_of_a_models_own_api_are_read_by_its_format() -> None:
    lines = (FORMATS / "anthropic.sse").read_text("utf-8").splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    body = b"".join(
        event("chunk", {"bytes": base64.b64encode(one.encode()).decode(), "p": "abcd"})
        for one in data
    )
    expected = json.loads((FORMATS / "anthropic.expected.json").read_bytes())
    with Wire(pieces(body, 99, AWS)) as server:
        found = answer(sse("tail", server.origin, "-o", "json"))
        watched = sse(server.origin)
    assert found["format"] == "anthropic"
    assert found["text"] == expected["text"]
    assert found["reasoning"] == expected["reasoning"]
    assert len(found["tool_calls"]) == len(expected["tool_calls"]) > 0
    assert [line["data"] for line in watched.objects()] == [json.loads(one) for one in data]


def test_a_refused_aws_reply_says_only_how_much_it_is() -> None:
    with Wire(whole(ANSWER, AWS, status="403 Forbidden")) as server:
        ran = sse(server.origin)
    assert ran.code == 4
    assert "bytes of binary application/vnd.amazon.eventstream)" in ran.talk


# Recordings and files


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (ANSWER, [AWS], []),
        (ANSWER[:-10], [AWS], []),
        (ANSWER, [], ["--any-type"]),
        (PARTS.read_bytes(), [PLAIN, DATA_STREAM], []),
        (PARTS.read_bytes(), [PLAIN], ["--any-type"]),
        ("Hello, wörld".encode(), [PLAIN], ["--any-type"]),
        (b"data: hello\n\n", [PLAIN], ["--any-type"]),
        (b'{"a":1}\n{"a":2}\n', ["Content-Type: application/json"], ["--any-type"]),
    ],
    ids=["aws", "cut", "any-aws", "parts", "any-parts", "text", "any-sse", "any-ndjson"],
)
def test_a_recording_gives_the_same_again(
    body: bytes, headers: list[str], words: list[str], tmp_path: Path
) -> None:
    record = tmp_path / "it.rec"
    with Wire(pieces(body, 40, *headers)) as server:
        live = sse(server.origin, *words, "--all", "--record", record)
        raw = sse(server.origin, *words, "-o", "raw")
        read = sse("tail", server.origin, *words, "-o", "text")
    again = sse(record, "--all")
    assert (again.out, again.code) == (live.out, live.code)
    assert raw.out == body
    replayed = sse("tail", record)
    assert (replayed.out, replayed.code) == (read.out, read.code)
    assert sse("convert", record, "--to", "sse").out == body
    assert sse("convert", record, "--to", "jsonl").out == live.out
    assert sse("convert", record, "--to", "har").code == 0


@pytest.mark.parametrize("target", ["it.bin", "-"])
def test_a_file_is_read_by_its_content(target: str, tmp_path: Path) -> None:
    for body, text in ((ANSWER, "Hello, wörld! 🦀"), (PARTS.read_bytes(), "I look. Hello, ")):
        (tmp_path / "it.bin").write_bytes(body)
        ran = sse("tail", target, cwd=tmp_path, stdin=body)
        assert (ran.code, ran.err) == (0, b"")
        assert ran.text.startswith(text)


def test_a_served_file_has_the_type_of_its_content(tmp_path: Path) -> None:
    from sse_cli.mockserver.scenario_library import from_file  # noqa: PLC0415
    from sse_cli.mockserver.server import Server  # noqa: PLC0415
    from sse_cli.mockserver.server_thread import running  # noqa: PLC0415

    (tmp_path / "answer.bin").write_bytes(ANSWER)
    served = {"aws": from_file(str(tmp_path / "answer.bin")), "parts": from_file(str(PARTS))}
    with running(Server(served, speed=0)) as url:
        assert sse("tail", f"{url}/aws").text == "Hello, wörld! 🦀"
        assert sse("tail", f"{url}/parts").text == 'I look. Hello, wörld 🦀\n"q"'


# Data streams of the AI SDK 4


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_data_stream_is_read_by_its_header(size: int) -> None:
    with Wire(pieces(PARTS.read_bytes(), size, PLAIN, DATA_STREAM)) as server:
        found = answer(sse("tail", server.origin, "-o", "json"))
    # What the AI SDK's own `processDataStream` makes of it.
    assert found["format"] == "ai-sdk-data-stream"
    assert found["text"] == 'I look. Hello, wörld 🦀\n"q"'
    assert found["reasoning"] == "Let me think."
    assert found["finish_reason"] == "stop"
    assert found["usage"] == {"promptTokens": 6, "completionTokens": 20}
    assert found["tool_calls"] == [
        {"id": "c1", "name": "weather", "arguments": '{"city":"Oslo"}', "valid": True},
    ]


def test_a_data_stream_without_its_header_is_read_on_request() -> None:
    with Wire(whole(PARTS.read_bytes(), PLAIN)) as server:
        refused = sse("tail", server.origin)
        ran = sse("tail", server.origin, "--any-type")
    assert refused.code == 4
    assert "--any-type" in error_and_hint(refused)[1]
    assert (ran.code, ran.text) == (0, 'I look. Hello, wörld 🦀\n"q"')


def test_every_command_reports_the_error_of_a_data_stream() -> None:
    with Wire(whole((FRAMINGS / "ai-sdk4-error.txt").read_bytes(), PLAIN, DATA_STREAM)) as server:
        for command in ("watch", "tail", "check"):
            ran = sse(command, server.origin)
            assert ran.code == (1 if command == "check" else 5)
            assert "event 3 reports an error: boom" in ran.talk + ran.text


def test_a_data_stream_without_its_end_is_truncated() -> None:
    body = PARTS.read_bytes().partition(b"d:{")[0]
    with Wire(whole(body, PLAIN, DATA_STREAM)) as server:
        ran = sse("tail", server.origin)
    assert ran.code == 5
    assert "ai-sdk-data-stream requires" in error_and_hint(ran)[0]


# Text without framing


TEXT = 'I say: "ö🦀"\n\n{"error": 1}\ndata: x\n[1, 2]\n  true'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_text_stream_is_typed_out_exactly(size: int) -> None:
    with Wire(pieces(TEXT.encode(), size, PLAIN)) as server:
        ran = sse("tail", server.origin, "--any-type")
        found = answer(sse("tail", server.origin, "--any-type", "-o", "json"))
    assert (ran.code, ran.text, ran.err) == (0, TEXT, b"")
    assert (found["format"], found["text"]) == ("plain", TEXT)
    assert found["ending"] == Ending.EOF


def test_text_that_looks_like_events_of_an_api_stays_text() -> None:
    chat = '{"object":"chat.completion.chunk","choices":[{"delta":{"content":"no"}}]}'
    for text in (f"12{chat}", f'"a"{chat}', chat, "true", "17", '"quoted"'):
        with Wire(pieces(text.encode(), 1000, PLAIN)) as server:
            ran = sse("tail", server.origin, "--any-type")
        assert (ran.code, ran.text) == (0, text)


def test_the_user_may_still_choose_the_format_of_a_text_stream() -> None:
    with Wire(pieces(b'{"a":"b"}', 1000, PLAIN)) as server:
        assert sse("tail", server.origin, "--any-type", "-q", "a").text == "b"


def test_text_is_shown_as_it_arrives() -> None:
    def handler(peer: Peer) -> None:
        peer.send(head(PLAIN, CHUNKED), chunk(b"Hel"), chunk(b"lo"))
        peer.until_gone()

    with Wire(handler) as server, start("tail", server.origin, "--any-type", "-m", "30") as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"Hello"
        process.terminate()
        finish(process)


@pytest.mark.parametrize(
    ("reply", "ending", "code"),
    [
        (whole(b"Hello", PLAIN), Ending.EOF, 0),
        (head(PLAIN) + b"Hello", Ending.EOF_UNVERIFIED, 0),
        (head(PLAIN, CHUNKED) + chunk(b"Hello") + b"5\r\nwo", Ending.TRUNCATED, 5),
    ],
)
def test_a_text_stream_ends_as_its_body_does(reply: bytes, ending: Ending, code: int) -> None:
    with Wire(reply) as server:
        ran = sse("tail", server.origin, "--any-type", "-o", "json")
    assert (answer(ran)["ending"], ran.code) == (ending, code)
    assert b"inside event" not in ran.err


def test_sse_under_another_type_is_still_read_as_sse() -> None:
    for kind in ("text/plain", "application/json", "application/octet-stream"):
        with Wire(pieces(b"id: 1\ndata: one\n\n", 1, f"Content-Type: {kind}")) as server:
            ran = sse(server.origin, "--any-type")
        assert ran.objects("t") == [
            {
                "kind": "message",
                "n": 1,
                "event": "message",
                "id": "1",
                "last_event_id": "1",
                "data": "one",
            }
        ]


def test_binary_messages_of_other_services_are_shown() -> None:
    body = message(b"\xff\0", (":event-type", "AudioEvent")) + message(b"plain", ("x", True))
    with Wire(whole(body, AWS)) as server:
        ran = sse(server.origin)
    assert [(line["event"], line["data"]) for line in ran.objects()] == [
        ("AudioEvent", {"bytes": "/wA="}),
        ("message", "plain"),
    ]
