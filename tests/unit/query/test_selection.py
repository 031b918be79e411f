"""Queries and filters: names, values, truth, and errors, which are counted and never raised."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_cli.model.errors import ExpressionError, UsageError
from sse_cli.model.events import Message
from sse_cli.model.row import Row
from sse_cli.query.selection import Expression, Query, Selection, as_text
from sse_cli.text.json_values import is_false


def row(data: str, kind: str = "message") -> Row:
    return Row(Message(kind, data, "", None, 0.0, 0, 0))


def selection(where: str | None = None, events: str = "", excluded: str = "") -> Selection:
    return Selection(
        (),
        Expression(where, "--where") if where else None,
        frozenset(events.split()),
        frozenset(excluded.split()),
    )


@pytest.mark.parametrize(
    ("typed", "name", "expression"),
    [
        ("a", "a", "a"),
        ("n=a", "n", "a"),
        ("n=a.b[0]", "n", "a.b[0]"),
        ("n==a", "n==a", "n==a"),
        ("n=a==b", "n", "a==b"),
        ("_1=a", "_1", "a"),
        ("1=a", "1", "a"),
        ("größe=a", "größe", "a"),
        ("a<=b", "a<=b", "a<=b"),
        ("a!=b", "a!=b", "a!=b"),
        ("[?a=='b']", "[?a=='b']", "[?a=='b']"),
        ('"a=b"', '"a=b"', '"a=b"'),
        ("n= a", "n", " a"),
    ],
)
def test_a_query_may_begin_with_its_name(typed: str, name: str, expression: str) -> None:
    query = Query(typed)
    assert (query.name, query.text) == (name, expression)


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("foo.", 4),
        ("", 0),
        ("n=", 0),
        ("a b", 2),
        ("a[", 2),
        ("a ^ b", 2),
        ('"日本" ^', 5),
        ("日本", 0),
        ("a.b-c", 3),
        ("a[?b == 1]", 8),
        ("'abc", 0),
        ("a == `1", 5),
        ("lenght(a)", 0),
        ("[lenght, lenght (a)]", 9),
        ("a[?nope(@)]", 3),
    ],
)
def test_an_invalid_expression_is_a_usage_error_with_its_column(
    expression: str, column: int
) -> None:
    with pytest.raises(ExpressionError) as raised:
        Query(expression)
    assert raised.value.column == column
    assert raised.value.exit_code == 2
    assert raised.value.message.startswith("query: ")
    assert raised.value.hint


def test_an_unknown_function_is_named_with_the_closest() -> None:
    with pytest.raises(
        ExpressionError, match=r"--where: JMESPath has no function lenght\(\)"
    ) as one:
        Expression("lenght(a) > `1`", "--where")
    assert one.value.hint == "did you mean length()?"
    with pytest.raises(ExpressionError) as other:
        Expression("q(a)", "--where")
    assert "starts_with" in other.value.hint


@given(st.text(st.sampled_from("ab.[]{}()*?&|!<=>@`'\"\\,:-01 ^é\n") | st.characters(codec=None)))
def test_no_expression_crashes(text: str) -> None:
    try:
        query = Query(text)
    except UsageError as error:
        assert isinstance(error, ExpressionError)
        assert 0 <= error.column <= len(error.expression)
        return
    for value in (None, "text", 1.5, [1, "b"], {"a": {"b": [1]}}):
        as_text(query.search(value))


@pytest.mark.parametrize("text", ["[" * 5000 + "a", "(" * 2000 + "a", "!" * 5000 + "a"])
def test_an_expression_too_large_to_read_is_a_usage_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        Query(text)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("starts_with(a, 'x')", {"b": 1}),
        ("length(@)", 5),
        ("length(a, b)", {}),
        ("sort_by(@, &a)", [{"a": 1}, {"a": "x"}]),
        ("ceil(to_number('1e999'))", {}),
        ("to_number('nan')", {}),
        ("sum(@)", [1e308, 1e308]),
        ("a[::0]", {"a": [1]}),
        ("&a", {}),
    ],
)
def test_an_error_at_run_time_gives_no_value_and_is_counted(expression: str, value: Any) -> None:
    query = Query(expression)
    assert query.search(value) is None
    assert query.search(value) is None
    assert query.errors == 2
    assert query.first_error
    assert "\n" not in query.first_error


def test_the_first_error_is_reported() -> None:
    query = Query("length(@)")
    query.search(1)
    first = query.first_error
    assert query.search("four") == 4
    query.search(True)
    assert (query.errors, query.first_error) == (2, first)


def test_a_value_without_json_form_inside_a_list_is_null() -> None:
    assert as_text(Query("[a, to_number('nan'), &a]").search({"a": 1})) == "[1,null,null]"


@pytest.mark.parametrize(
    ("data", "expression", "value"),
    [
        ('{"a":{"b":[1,2]}}', "a.b[-1]", 2),
        ("plain text", "@", "plain text"),
        ("plain text", "a", None),
        ("plain text", "length(@)", 10),
        ("NaN", "@", "NaN"),
        ("[1,2]", "[0]", 1),
        ("null", "@", None),
        ("5", "@", 5),
        ("", "@", ""),
    ],
)
def test_a_query_is_applied_to_the_json_or_else_the_string(
    data: str, expression: str, value: Any
) -> None:
    assert Query(expression).search(row(data).payload) == value


def test_a_bare_word_in_backticks_is_a_string_as_in_the_aws_cli() -> None:
    assert Query("a == `yes`").search({"a": "yes"}) is True
    assert Query("`" + "9" * 5000 + "`").search({}) == "9" * 5000


@pytest.mark.parametrize("value", [0, 0.0, 1, "0", "false", True, [0], {"a": None}])
def test_true_in_jmespath(value: Any) -> None:
    assert not is_false(value)


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_false_in_jmespath(value: Any) -> None:
    assert is_false(value)


@given(st.sampled_from([None, False, True, 0, 1, 0.0, "", "a", [], [0], {}, {"a": 1}]))
def test_truth_agrees_with_the_library(value: Any) -> None:
    assert is_false(value) != (Query("@ && 'yes' || 'no'").search(value) == "yes")


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        (selection(), "message ping end"),
        (selection(events="ping"), "ping"),
        (selection(events="ping end nothing"), "ping end"),
        (selection(excluded="ping"), "message end"),
        (selection(events="ping end", excluded="end"), "ping"),
        (selection(where="a"), "message"),
        (selection(where="a == `0`"), "message"),
        (selection(where="!a"), "ping end"),
        (selection(where="length(a)"), ""),
    ],
)
def test_a_selection_keeps_the_messages_that_pass_every_filter(
    chosen: Selection, kept: str
) -> None:
    rows = [row('{"a":0}'), row("text", "ping"), row("", "end")]
    assert [r.message.type for r in chosen.rows(rows)] == kept.split()


def test_a_selection_records_when_a_query_first_gave_a_value() -> None:
    chosen = Selection([Query("a")])
    chosen.rows([row('{"b":1}'), row('{"a":""}')])
    assert chosen.first_value is None
    found = row('{"a":0}')
    found.message = found.message._replace(at=0.3)
    chosen.rows([found])
    chosen.rows([row('{"a":1}')])
    assert chosen.first_value == 0.3


def test_queries_are_evaluated_only_for_the_kept_messages() -> None:
    query = Query("length(@)")
    chosen = Selection([query, Query("@")], excluded=frozenset({"ping"}))
    kept, dropped = row("abc"), row("5", "ping")
    assert chosen.rows([dropped, kept]) == [kept]
    assert (kept.values, dropped.values, query.errors) == ([3, "abc"], (), 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("a\nb\t", "a\nb\t"),
        ("null", "null"),
        (True, "true"),
        (0, "0"),
        (1.5, "1.5"),
        ({"a": [1, "é"]}, '{"a":[1,"é"]}'),
    ],
)
def test_values_become_text_for_shell_scripts(value: Any, text: str) -> None:
    assert as_text(value) == text
