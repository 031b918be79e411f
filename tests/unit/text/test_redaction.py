"""The redactor: the text it shows, and the secrets it never shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.text import redaction


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://api.example.com/v1/chat", "https://api.example.com/v1/chat"),
        ("https://h/p?key=sk-test&alt=sse", "https://h/p?key=***&alt=***"),
        ("https://h/p?sk-test", "https://h/p?***"),
        ("https://h/p?a=&b", "https://h/p?a=&***"),
        ("https://h/?a=1;b=sk-test", "https://h/?a=***"),
        ("https://h/?u=http://x/?k=sk-test", "https://h/?u=***"),
        ("https://h/p?", "https://h/p?"),
        ("https://h/p#access_token=sk-test", "https://h/p"),
        ("https://ann:sk-test@h:8/p", "https://ann:***@h:8/p"),
        ("https://ann:@h/p", "https://ann:***@h/p"),
        ("https://sk-test@h/p", "https://***@h/p"),
        ("https://ann:sk@test@h/p", "https://ann:***@h/p"),
        ("https://ann:sk/test@h/p", "https://ann:***@h/p"),
        ("ann:sk-test@h/p?x=1", "ann:***@h/p?x=***"),
        ("//h/p?x=1", "//h/p?x=***"),
        ("/p?x=1", "/p?x=***"),
        ("http://localhost:8000/@user", "http://localhost:8000/@user"),
        ("http://[::1]/@user", "http://[::1]/@user"),
        ("http://[::1", "http://[::1"),
        ("", ""),
        ("\n\0?\n=\n", "\n\0?\n=***"),
    ],
)
def test_a_url_keeps_its_shape_and_loses_its_secrets(text: str, shown: str) -> None:
    assert redaction.url(text) == shown


@given(st.text(alphabet=":/?#@&=;[]a1%\n\x00é"))
def test_the_redactor_never_raises_and_is_idempotent(text: str) -> None:
    once = redaction.url(text)
    assert "#" not in once
    assert redaction.url(once) == once or "@" in once


@given(st.text(alphabet="abc:@", max_size=6), st.text(alphabet="abc=/?@:", max_size=6))
def test_passwords_and_query_values_are_never_shown(before: str, after: str) -> None:
    shown = redaction.url(f"https://u:{before}SECRET@host/p?k={after}SECRET#SECRET")
    assert "SECRET" not in shown


@pytest.mark.parametrize(
    "name",
    [
        "Content-Type",
        "DATE",
        "x-request-id",
        "X-Amzn-Request-Id",
        "request-id",
        "x-amzn-RequestId",
        "X-Correlation-ID",
        "x-amzn-trace-id",
        "traceparent",
        "cf-ray",
        "ratelimit-reset",
        "X-RateLimit-Remaining-Tokens",
        "anthropic-ratelimit-requests-limit",
        "x-envoy-upstream",
    ],
)
def test_a_harmless_header_is_shown(name: str) -> None:
    assert redaction.header(name, "v") == "v"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Cookie",
        "Set-Cookie",
        "X-API-Key",
        "api-key",
        "Proxy-Authorization",
        "x-goog-api-key",
        "X-Amz-Security-Token",
        "X-Unheard-Of",
        "",
        "via2",
        "x-request-id-token",
        "mcp-session-id",
    ],
)
def test_any_other_header_is_redacted(name: str) -> None:
    assert redaction.header(name, "sk-test") == "***"


def test_a_header_with_a_url_is_redacted_as_a_url() -> None:
    assert redaction.header("Location", "https://h/p?token=sk-test") == "https://h/p?token=***"


def test_headers_keep_their_order_and_repetitions() -> None:
    pairs = [("Via", "a"), ("Cookie", "b"), ("via", "c")]
    assert redaction.headers(pairs) == (("Via", "a"), ("Cookie", "***"), ("via", "c"))
