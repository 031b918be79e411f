"""Tool calls put together from fragments: how fragments are matched, and what they may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sse_cli.llm.tool_calls import ToolCalls


def of_tools(*records: Any) -> list[tuple[str | None, str | None, str]]:
    """Return the calls built from fragments, one an event: (id, name, arguments)."""
    calls = ToolCalls()
    for record in records:
        list(calls.feed(record, None))
    return [(call.id, call.name, call.arguments) for call in calls.calls]


def test_fragments_with_the_same_key_are_one_call() -> None:
    assert of_tools(
        {"key": 0, "id": "a", "name": "f", "args": '{"x"'}, {"key": 1, "id": "b", "name": "g"},
        {"key": 0, "args": ":1}"}, {"key": 1, "args": "[]"},
    ) == [("a", "f", '{"x":1}'), ("b", "g", "[]")]  # fmt: skip


def test_fragments_without_a_key_are_matched_by_id() -> None:
    assert of_tools(
        {"id": "a", "name": "f", "args": "1"}, {"id": "b", "name": "g"}, {"id": "a", "args": "2"},
        {"id": "b", "name": "g", "args": "3"},
    ) == [("a", "f", "12"), ("b", "g", "3")]  # fmt: skip


def test_an_id_that_came_after_the_key_is_matched_too() -> None:
    assert of_tools(
        {"key": 0, "name": "f", "args": "1"}, {"key": 0, "id": "a"}, {"id": "a", "full": "{}"}
    ) == [("a", "f", "{}")]


def test_a_name_begins_a_call_and_a_fragment_without_one_continues_the_last() -> None:
    assert of_tools({"name": "f"}, {"args": "1"}, {"name": "f", "args": "2"}, {"args": "3"}) == [
        (None, "f", "1"), (None, "f", "23"),
    ]  # fmt: skip


def test_arguments_before_any_call_begin_a_call() -> None:
    assert of_tools({"args": "{"}, {"args": "}"}) == [(None, None, "{}")]


def test_the_first_nonblank_id_and_name_win() -> None:
    assert of_tools(
        {"key": 0, "id": "", "name": " "}, {"key": 0, "id": "a", "name": "f"},
        {"key": 0, "id": "b", "name": ""}, {"key": 0, "id": None, "name": "g"},
    ) == [("a", "f", "{}")]  # fmt: skip


def test_the_same_key_with_a_new_id_and_a_name_is_a_new_call() -> None:
    assert of_tools(
        {"key": 0, "id": "a", "name": "f", "args": "1"}, {"key": 0, "id": "b", "name": "f"},
        {"key": 0, "args": "2"}, {"key": 0, "id": "c", "args": "3"},
    ) == [("a", "f", "1"), ("b", "f", "23")]  # fmt: skip


def test_full_arguments_replace_the_fragments() -> None:
    assert of_tools({"key": 0, "name": "f", "args": '{"x'}, {"key": 0, "full": {"x": "é"}}) == [
        (None, "f", '{"x":"é"}')
    ]


def test_empty_records_are_not_calls() -> None:
    assert of_tools({}, {"key": 0}, {"id": None, "name": ""}, [[], [{"args": ""}]], 7, "x") == []


def test_surrogate_pairs_split_over_arguments_become_one_character() -> None:
    call = {"key": 0, "name": "f"}
    assert of_tools({**call, "args": '{"x":"\ud83d'}, {**call, "args": '\ude80"}'}) == [
        (None, "f", '{"x":"🚀"}')
    ]
    patch = [{"jsonPath": "$.x", "stringValue": half} for half in ("\ud83d", "\ude80")]
    assert of_tools({"name": "f", "patch": patch}) == [(None, "f", '{"x":"🚀"}')]


def patched(*patches: Any) -> Any:
    [(_, _, arguments)] = of_tools({"name": "f", "patch": list(patches)})
    return json.loads(arguments)


def test_patches_set_values_at_json_paths_and_append_to_strings() -> None:
    assert patched(
        {"jsonPath": "$.city", "stringValue": "Zür"},
        {"jsonPath": "$.city", "stringValue": "ich"},
        {"jsonPath": "$.days[1].n", "numberValue": 2.5},
        {"jsonPath": "$.days[0]", "boolValue": True},
        {"jsonPath": "$['a b'].c", "nullValue": "NULL_VALUE"},
        {"jsonPath": '$["x.y"]', "numberValue": 0},
        {"jsonPath": "$.days[1].tags[0]", "stringValue": "t"},
        {"jsonPath": "$.days[1].tags[0]", "stringValue": "u"},
    ) == {
        "city": "Zürich",
        "days": [True, {"n": 2.5, "tags": ["tu"]}],
        "a b": {"c": None},
        "x.y": 0,
    }


def test_a_patch_without_a_value_changes_nothing() -> None:
    kept = {"jsonPath": "$.a", "stringValue": "x"}
    assert patched(kept, {"jsonPath": "$.a"}, {"jsonPath": "$.b", "willContinue": True}) == {
        "a": "x"
    }


@pytest.mark.parametrize(
    "patch",
    [
        None, 7, "x", {}, [[]], {"jsonPath": 7, "stringValue": "x"}, {"stringValue": "x"},
        {"jsonPath": "$", "numberValue": 1}, {"jsonPath": "$[99999999].a", "numberValue": 1},
        {"jsonPath": "$.l[0]", "numberValue": 1}, {"jsonPath": "$.l[5000]", "numberValue": 1},
        {"jsonPath": f"$[{'9' * 5000}]", "numberValue": 1},
        {"jsonPath": "$" + ".a" * 100_000, "numberValue": 1},
        {"jsonPath": "$" + "[0]" * 1000, "numberValue": 1},
        {"jsonPath": "$.s.t", "numberValue": 1}, {"jsonPath": "$.l.t", "numberValue": 1},
        {"jsonPath": "$.s[0]", "numberValue": 1}, {"jsonPath": "][.'", "stringValue": "x"},
    ],
    ids=lambda patch: str(patch)[:40],
)  # fmt: skip
def test_an_invalid_patch_does_no_harm(patch: Any) -> None:
    known = [{"jsonPath": "$.s", "stringValue": "x"}, {"jsonPath": "$.l[1]", "numberValue": 1}]
    found = patched(*known, patch)
    assert found["s"] == "x"
    assert found["l"][1] == 1
    assert len(found["l"]) < 3000
    assert of_tools({"name": "f", "patch": patch})


def test_the_same_key_in_another_part_is_another_call() -> None:
    calls = ToolCalls()
    for part, args in (("m1", "1"), ("m2", "2"), ("m1", "3")):
        list(calls.feed({"key": 0, "name": "f", "args": args}, part))
    assert [call.arguments for call in calls.calls] == ["13", "2"]


def test_a_key_may_be_any_json() -> None:
    assert of_tools(
        {"key": {"a": [1]}, "name": "f", "args": "1"}, {"key": {"a": [1]}, "args": "2"},
        {"key": 1.5, "name": "f"}, {"key": "1.5", "name": "g"}, {"key": False, "name": "h"},
    ) == [(None, "f", "12"), (None, "f", "{}"), (None, "g", "{}"), (None, "h", "{}")]  # fmt: skip


def test_initial_arguments_count_until_a_fragment_comes() -> None:
    start = {"key": 0, "id": "a", "name": "f", "initial": {"x": 1}}
    assert of_tools(start) == [("a", "f", '{"x":1}')]
    assert of_tools(start, {"key": 0, "args": '{"y"'}, {"key": 0, "args": ":2}"}) == [
        ("a", "f", '{"y":2}')
    ]


def test_whole_calls_without_key_and_id_are_calls_of_their_own() -> None:
    assert of_tools({"name": "f", "full": {"x": 1}}, {"name": "g", "full": {"x": 1}}) == [
        (None, "f", '{"x":1}'), (None, "g", '{"x":1}'),
    ]  # fmt: skip


def test_an_action_is_arguments_without_its_null_members() -> None:
    action = {"commands": ["ls"], "timeout_ms": None}
    assert of_tools({"id": "a", "name": "shell_call", "action": action}) == [
        ("a", "shell_call", '{"commands":["ls"]}')
    ]


def test_closing_arguments_are_never_a_second_call() -> None:
    first = {"key": 0, "id": "a", "name": "f", "args": '{"x": 1}'}
    assert of_tools(first, {"id": "a", "name": "f", "closing": '{"x": 1}'}) == [
        ("a", "f", '{"x": 1}')
    ]
    assert of_tools(first, {"id": None, "name": "f", "closing": '{"x":1}'}) == [
        ("a", "f", '{"x":1}')
    ]
    assert of_tools(first, {"id": "b", "name": "f", "closing": '{"x":2}'}) == [
        ("a", "f", '{"x": 1}'), ("b", "f", '{"x":2}'),
    ]  # fmt: skip
    assert of_tools({"key": 0, "id": "a", "name": "f"}, {"id": "a", "closing": '{"x":1}'}) == [
        ("a", "f", '{"x":1}')
    ]


def test_either_arguments_are_whole_or_fragments() -> None:
    whole = [{"key": 0, "name": "f", "either": text} for text in ('{"a"', '{"a":1', '{"a":1}')]
    assert of_tools(*whole) == [(None, "f", '{"a":1}')]
    fragments = [{"key": 0, "name": "f", "either": text} for text in ('{"a"', ":1", "}")]
    assert of_tools(*fragments) == [(None, "f", '{"a":1}')]


def test_free_text_of_a_custom_tool_is_valid() -> None:
    calls = ToolCalls()
    list(calls.feed({"key": 0, "name": "patch", "free": True}, None))
    list(calls.feed({"key": 0, "args": "*** Begin"}, None))
    [call] = calls.finish()
    assert (call.arguments, call.is_valid, call.problem) == ("*** Begin", True, "")
