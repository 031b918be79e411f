"""The words of an error: the server's own, with its code, never Python's notation."""

from __future__ import annotations

from typing import Any

import pytest

from sse_cli.analysis.error_text import error_text, with_code


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("no credit", "no credit"),
        ("  padded\n", "padded"),
        (429, "429"),
        (True, "no details"),
        (None, "no details"),
        ({}, "no details"),
        ([], "no details"),
        ("", "no details"),
        ("error", "no details"),
        ({"error": "Error"}, "no details"),
        (["a", {"message": "b"}], "a; b"),
        ([str(number) for number in range(8)], "0; 1; 2; 3; 4; and 3 more"),
        ({"type": "rate"}, "rate"),
        ({"code": 429}, "429"),
        ({"error": {"error": {"detail": "deep"}}}, "deep"),
        ({"type": "overloaded_error", "message": "Overloaded"}, "Overloaded"),
        ({"code": 4011, "message": "insufficient credits"}, "4011 insufficient credits"),
        ({"code": "4011", "message": "insufficient credits"}, "4011 insufficient credits"),
        ({"code": -32603, "message": "Internal error"}, "-32603 Internal error"),
        ({"code": "invalid_api_key", "message": "Wrong key."}, "invalid_api_key: Wrong key."),
        ({"code": 429, "message": "HTTP 429: slow down"}, "HTTP 429: slow down"),
        ({"code": 1, "message": "HTTP 11"}, "1 HTTP 11"),
        ({"code": 0, "message": "m"}, "m"),
        ({"code": 4011, "msg": "insufficient credits"}, "4011 insufficient credits"),
        ({"Message": "not authorized"}, "not authorized"),
        ({"error": "ValueError", "message": "boom"}, "ValueError: boom"),
        ({"code": None, "message": "m"}, "m"),
        ({"code": True, "message": "m"}, "m"),
        ({"code": 503, "message": "m", "status": "UNAVAILABLE"}, "503 m"),
        ({"title": "Forbidden", "status": 403, "detail": "no right"}, "403 no right"),
        ({"error": "bad_request", "message": "the model is missing"},
         "bad_request: the model is missing"),
        ({"error": "slow", "message": "slow down"}, "slow down"),
        ({"error": True, "message": "m"}, "m"),
        ({"error": {"x": 1}, "message": "m"}, "m"),
        ({"message": {"error": {"message": "m"}}}, "m"),
        ({"detail": [{"loc": ["body"], "msg": "field required"}, {"msg": "b"}]},
         "field required; b"),
        ({"message": '{"error":{"code":8,"message":"quota"}}'}, "8 quota"),
        ({"message": '[{"message":"quota"}]'}, "quota"),
        ({"message": "{broken"}, "{broken"),
        ({"message": "{}"}, "{}"),
        ({"content": [{"type": "text", "text": "boom"}], "isError": True}, "boom"),
        ({"errors": [{"message": "a"}, {"message": "b"}]}, "a; b"),
        ({"response": {"error": {"code": "server_error", "message": "m"}}}, "server_error: m"),
        ({"type": "response.failed", "response": {"error": None}}, "response.failed"),
        ({"a": {"b": "ü"}}, '{"a":{"b":"ü"}}'),
        ([{"a": 1}], '[{"a":1}]'),
        ({"a": None, "b": True}, '{"a":null,"b":true}'),
    ],
)  # fmt: skip
def test_an_error_is_told_in_the_server_s_words(error: Any, text: str) -> None:
    assert error_text(error) == text


def test_a_text_is_cut() -> None:
    assert error_text("x" * 9000) == "x" * 500
    assert len(error_text({"a": "x" * 9000})) == 500


@pytest.mark.parametrize("key", ["error", "message", "detail", "content"])
def test_any_depth_is_read_without_raising(key: str) -> None:
    error: Any = "far down"
    for _ in range(199):
        error = {key: error}
    assert error_text(error)


@pytest.mark.parametrize(
    ("code", "text"),
    [(429, "429 m"), ("a", "a: m"), ("", "m"), (None, "m"), (False, "m"), (1.5, "m"), ({}, "m")],
)
def test_a_code_stands_before_its_message(code: Any, text: str) -> None:
    assert with_code(code, "m") == text
