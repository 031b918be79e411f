"""Recognition of events that report an error: by their structure, never by their prose."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sse_cli.analysis.error_events import (
    KEYS,
    EventError,
    error_in,
    event_error,
    harmless_names,
    mentions_error,
    names_failure,
)
from sse_cli.model.events import Message
from sse_cli.model.row import Row

ERROR = '{"error":{"message":"overloaded"}}'


def found(data: str, kind: str = "message") -> EventError | None:
    return event_error(Row(Message(kind, data, "", None, 0.0, 0, 0, n=1)))


def text_of(data: str, kind: str = "message") -> str:
    error = found(data, kind)
    return error.text if error else ""


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (ERROR, "overloaded"),
        ('{"error":"no"}', "no"),
        ('{"error":0}', "0"),
        ('{"error":null}', ""),
        ('{"error":false}', ""),
        ('{"error":""}', ""),
        ('{"error":{}}', ""),
        ('{"a":{"error":"inner"}}', ""),
        ('["error"]', ""),
        ('"error"', ""),
        ("an error", ""),
        ('{"error":', ""),
        ('{"errors":[1]}', ""),
        (f"[{ERROR}]", "overloaded"),  # as Gemini answers
        (f"[\n {ERROR}\n]", "overloaded"),
        (f"[{ERROR},{ERROR}]", ""),  # rows of data
        ('[{"id":7,"error":"of a row"}]', ""),
        ('[{"error":null}]', ""),
        (f"[[{ERROR}]]", ""),
        ('[{"a":1}]', ""),
        ("[]", ""),
        ('{"error":' * 190 + '"far down"' + "}" * 190, "far down"),
        ('{"error":' * 5000 + "1" + "}" * 5000, ""),  # nested too deeply to be parsed as JSON
    ],
)
def test_a_top_level_error_is_found_and_quoted(data: str, text: str) -> None:
    assert text_of(data) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("plain words", "plain words"),
        ("", "no details"),
        ("null", "no details"),
        ('{"message":"json words"}', "json words"),
        (ERROR, "overloaded"),
        (f"[{ERROR}]", "overloaded"),
        ("x" * 9000, "x" * 500),
        ('{"status_code": 500, "message": "Internal Server Error"}', "500 Internal Server Error"),
        ('{"code":4011,"message":"insufficient credits"}', "4011 insufficient credits"),
    ],
)
def test_an_event_named_error_is_an_error_whatever_its_data(data: str, text: str) -> None:
    assert text_of(data, "error") == text


@pytest.mark.parametrize(
    "name",
    [
        "error", "Error", "RUN_ERROR", "RunError", "response.failed", "conversation.response.error",
        "response.error", "conversation.chat.failed", "thread.run.failed", "turn.failed",
        "agent_error", "stream-error", "workflow_failed", "TeamRunError", "api.error", "FAILED",
    ],
)  # fmt: skip
def test_a_type_that_ends_in_a_failure_of_the_whole_stream_is_an_error(name: str) -> None:
    assert names_failure(name)
    assert text_of("why", name) == "why"
    assert text_of(json.dumps({"type": name, "message": "why"})) == "why"


@pytest.mark.parametrize(
    "name",
    [
        "tool-output-error", "tool-input-error", "step.failed", "on_tool_error", "on_chain_error",
        "response.mcp_call.failed", "response.mcp_list_tools.failed", "thread.run.step.failed",
        "ToolCallError", "file_search_call.failed", "node_failed", "task.failed", "errors",
        "error.detail", "error_rate", "terror", "message", "", "error" * 100,
        "\u200berror", "an error", "«error»", "[error]", "x\nerror", "an\x1b[1mException",
    ],
)  # fmt: skip
def test_a_part_may_fail_and_the_stream_go_on(name: str) -> None:
    assert found("plain words", name) is None
    assert found(json.dumps({"type": name, "message": "m"})) is None


@pytest.mark.parametrize("key", ["type", "object", "event", "event_type"])
def test_the_first_name_of_a_payload_tells_what_it_is(key: str) -> None:
    assert text_of(json.dumps({key: "error", "message": "m"})) == "m"
    assert found(json.dumps({key: ["error"], "message": "m"})) is None


def test_the_kind_of_an_error_does_not_hide_that_it_is_one() -> None:
    body = {"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}
    assert text_of(json.dumps(body)) == "400 too long"


@pytest.mark.parametrize("kind", ["throttlingException", "modelStreamErrorException"])
def test_an_exception_of_aws_is_an_error(kind: str) -> None:
    assert text_of('{"message":"slow down"}', kind) == "slow down"
    assert found(json.dumps({"type": kind})) is None  # a line of a log, say


RESULT = {"content": [{"type": "text", "text": "Error executing tool boom"}], "isError": True}


@pytest.mark.parametrize(
    ("body", "value", "text"),
    [
        ({"error": {"a": 1}}, {"a": 1}, '{"a":1}'),
        ({"error": "bad_request", "message": "m"}, ..., "bad_request: m"),
        ({"error": True, "message": "m"}, ..., "m"),
        ({"error": "RuntimeError: x", "error_details": {}}, "RuntimeError: x", "RuntimeError: x"),
        ({"jsonrpc": "2.0", "id": 1, "result": RESULT}, RESULT["content"][0]["text"], None),  # type: ignore[index]
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, "rate limit",
         "1002 rate limit"),
        ({"base_resp": {"status_code": "1002"}}, {"status_code": "1002"}, "1002 no details"),
        ({"errorCode": "RuntimeError", "errorMessage": "crashed"}, ..., "RuntimeError: crashed"),
        ({"error_code": 17, "error_msg": "limit reached"}, ..., "17 limit reached"),
        ({"type": "response.failed", "response": {"status": "failed", "error": {"code": "server",
          "message": "m"}}}, ..., "server: m"),
    ],
)  # fmt: skip
def test_an_error_keeps_its_value_and_says_all_that_the_server_said(
    body: dict[str, Any], value: Any, text: str | None
) -> None:
    error = found(json.dumps(body))
    assert error
    value = body if value is ... else value
    assert error == (value, value if text is None else text)


@pytest.mark.parametrize(
    "body",
    [
        {"base_resp": {"status_code": 0, "status_msg": "success"}},
        {"base_resp": {"status_code": "0"}},
        {"base_resp": None},
        {"base_resp": {"status_code": True}},
        {"errorCode": 0, "errorMessage": "ok"},
        {"errorCode": None, "errorMessage": "m"},
        {"errorCode": "STOP", "errorMessage": None},
        {"error_code": 7},
        {"result": {"isError": False}},
        {"result": {"isError": "true"}},
        {"result": "isError"},
        {"code": 0, "message": "ok"},
        {"code": "a", "message": "a chat message"},
        {"type": "text", "text": "RUN_ERROR response.failed isError"},
        {"delta": {"type": "error", "error": "inner"}},
    ],
)
def test_other_payloads_are_not_errors(body: dict[str, Any]) -> None:
    assert found(json.dumps(body)) is None


ERRORS = [
    ERROR, '{"type":"RUN_ERROR"}', '{"object":"error"}', '{"event":"run_failed"}',
    '{"event_type":"error"}', '{"base_resp":{"status_code":2}}', '{"type":"FAILED"}',
    '{"errorCode":"a","errorMessage":"b"}', '{"error_code":1,"error_msg":"b"}',
    '{"result":{"isError":true}}', '{"type":"Response.Failed"}', '{"type":"runError"}',
]  # fmt: skip


@pytest.mark.parametrize("data", ERRORS)
def test_the_cheap_tests_let_every_error_through(data: str) -> None:
    body = json.loads(data)
    assert found(data)
    assert mentions_error(data)
    names = {value for value in body.values() if isinstance(value, str)}
    assert not KEYS.isdisjoint(body) or not names & {*harmless_names("message", {"type": "x"})}


def test_harmless_names_end_in_no_word_for_a_failure() -> None:
    body = {"type": "tool-output-error", "object": "chunk", "event": 5}
    assert [*harmless_names("message", body)] == ["message", "chunk"]
    assert [*harmless_names("validationException", "text")] == []


def test_any_json_is_judged_without_raising() -> None:
    values: list[Any] = [None, True, 0, 1.5, "", "x", [], {}, [[]], [{}], {"error": [{}]}]
    for value in values:
        for key in (*KEYS, "type", "message"):
            for kind in ("message", "error", ""):
                error_in(kind, {key: value})
                error_in(kind, [{key: value}])
                error_in(kind, value)
