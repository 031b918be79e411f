"""Reasons to finish, by their words: whole, cut short, or failed."""

from __future__ import annotations

import pytest

from sse_cli.llm.finish_reasons import gravest, kind_of

REASONS = {
    "failure": """abort aborted error cancelled canceled CANCELED failed FAILED TASK_STATE_FAILED
        TASK_STATE_CANCELED TASK_STATE_REJECTED agent_error ERROR_TOXIC ERROR_LIMIT user-cancelled
        insufficient_system_resource MALFORMED_FUNCTION_CALL runError expired""",
    "limit": """length max_tokens MAX_TOKENS MaxTokens max_output_tokens model_length incomplete
        content_filter ContentFilter SAFETY IMAGE_SAFETY RECITATION PROHIBITED_CONTENT SPII limit
        BLOCKLIST refusal model_context_window_exceeded guardrail_intervened""",
    "whole": """stop STOP end_turn tool_calls tool_use function_call stop_sequence eos eos_token
        completed TASK_STATE_COMPLETED TASK_STATE_INPUT_REQUIRED finished succeeded requires_action
        COMPLETE OTHER terror""",
}


@pytest.mark.parametrize(
    ("reason", "kind"), [(one, kind) for kind, text in REASONS.items() for one in text.split()]
)
def test_a_reason_is_read_by_its_words(reason: str, kind: str) -> None:
    assert kind_of(reason) == kind


@pytest.mark.parametrize(
    ("reasons", "found"),
    [
        ([], ("whole", "")),
        ([None, "stop"], ("whole", "stop")),
        (["stop", "length"], ("limit", "length")),
        (["length", "abort", "error"], ("failure", "abort")),
    ],
)
def test_the_gravest_reason_of_several_choices_counts(
    reasons: list[str | None], found: tuple[str, str]
) -> None:
    assert gravest(reasons) == found
