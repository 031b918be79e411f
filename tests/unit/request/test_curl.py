"""Pasted curl commands, read in process; interop/test_curl.py compares them with real curl."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sse_cli.model.errors import UsageError
from sse_cli.request import curl
from sse_cli.request.curl import Pasted
from tests.support.curl_cases import (
    CASES,
    OURS,
    WORDS,
    needs_bash,
    run_in_bash,
)

ALONE = [
    case for case in CASES if "<<" not in case["command"]
]  # here-documents belong to the shell
REFUSED = """-o -O -n -c -F -T -I -D -r -K -U -Z -y -Y -z -: -sof --next --output --form --http3
--no-alpn --retry --aws-sigv4 --location-trusted --compressed-ssh --upload-f"""


def options(*words: str, **variables: str) -> list[tuple[str, str]]:
    return curl.parse(words, OURS, variables).request


@needs_bash
@pytest.mark.parametrize("case", ALONE, ids=[case["name"] for case in ALONE])
def test_a_command_quoted_as_one_word_means_the_same(case: dict[str, Any], tmp_path: Path) -> None:
    text = case["command"].replace("{URL}", "http://h").replace("{HOST}", "h")
    alone = text[text.index("curl") :].removesuffix(" | cat").removesuffix(" 2> /dev/null")
    run_in_bash(WORDS + alone, case, tmp_path)
    words = os.fsdecode(tmp_path.joinpath("words").read_bytes()).split("\0")[:-1]
    assert curl.parse([alone], OURS, case.get("env", {})) == curl.parse(words, OURS, {})


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        (["curl", "h"], [("url", "h")]),
        (["/usr/bin/curl", "h"], [("url", "h")]),
        (["h", "--", "-x"], UsageError),
        (["--", "-h"], [("url", "-h")]),
        (["-kGv", "h"], [("insecure", ""), ("get", ""), ("verbose", ""), ("url", "h")]),
        (["-vv", "h"], [("verbose", ""), ("url", "h")]),
        (["-k", "h", "--no-insecure"], [("url", "h")]),
        (["-d", "-x", "h"], [("data", "-x"), ("url", "h")]),
        (["-d", "", "h"], [("data", ""), ("url", "h")]),
        (["--data-ascii", "a", "h"], [("data", "a"), ("url", "h")]),
        (["--heade", "a: b", "h"], [("header", "a: b"), ("url", "h")]),
        (["--no-netrc", "--no-fail", "h"], [("url", "h")]),
        (["-g", "h/{a}"], [("url", "h/{a}")]),
        (["http://[::1]:80/"], [("url", "http://[::1]:80/")]),
    ],
)
def test_words_are_parsed_as_curl_parses_them(words: list[str], pairs: object) -> None:
    if pairs is UsageError:
        with pytest.raises(UsageError, match="2 URLs"):
            options(*words)
    else:
        assert options(*words) == pairs


def test_our_own_options_are_returned_separately_and_in_order() -> None:
    words = ["h", "--where", "-1", "--full", "-N", "--max-events=3", "--no-summary", "--output=raw"]
    pasted = curl.parse(words, OURS)
    assert pasted.request == [("url", "h")]
    assert pasted.ours == ["--where=-1", "--full", "--max-events=3", "--no-summary", "--output=raw"]


def test_our_exact_name_takes_precedence_over_an_abbreviation_of_curls() -> None:
    assert curl.parse(["h", "--for", "2s"], {"for": True}) == Pasted([("url", "h")], ["--for=2s"])


@pytest.mark.parametrize(
    "typed",
    REFUSED.split(),
)
def test_an_unsupported_option_is_refused_by_name(typed: str) -> None:
    with pytest.raises(UsageError, match=r"curl's -.* is not supported by sse") as raised:
        options("http://h", typed, "x")
    assert "--" in raised.value.message
    assert raised.value.hint


def test_every_option_is_sent_ignored_or_refused() -> None:
    for option in curl.OPTIONS.values():
        words = [f"--{option.name}", *["x"] * option.takes_value]
        if option.action == "refused":
            with pytest.raises(UsageError, match=f"--{option.name} is not supported"):
                options(*words)
        else:
            assert len(options(*words)) == (option.action == "sent")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--request=POST"], "does not read '--request=…'", "--request VALUE"),
        (["--haeder", "a: b"], "has an option '--haeder'", "--header"),
        (["--max-event", "3"], "has an option '--max-event'", "--max-events"),
        (["--zzz"], "has an option '--zzz'", "curl --help all"),
        (["--dat", "x"], "'--dat' is ambiguous", "--data-raw"),
        (["--no-header", "x"], "no option '--no-header'", "takes a value"),
        (["--no-http1.1"], "no option '--no-http1.1'", "undone"),
        (["--no-buf"], "'--no-buf'", "--"),
        (["---x"], "'---x'", ""),
        (["--full=1"], "--full takes no value", ""),
        (["-!"], "no option '-!'", ""),
        (["-s-"], "no option '--'", ""),
        (["-"], "no option '-'", "-d @-"),
        (["-sX"], "-X needs a value", "last word"),
        (["--where"], "--where needs a value", ""),
        (["a", " "], "empty word", "space after"),
        (["a", "b"], "2 URLs", "quotes"),
        (["a", "--url", "b"], "2 URLs", "quotes"),
        (["-H", "Authorization:", "Bearer", "sk-test", "a"], "3 URLs", "quotes"),
        (["h/{model}/x"], "'{model}'", "-g"),
        (["h/[1-3]"], "'[1-3]'", "-g"),
        (["--output", "f"], "--output is not supported", "before the word curl"),
        (["-o", "f"], "-o (--output) is not supported", "before the word curl"),
    ],
)
def test_an_unreadable_command_is_refused_with_a_hint(
    words: list[str], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as raised:
        options(*words)
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert "sk-test" not in raised.value.message + raised.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("curl -N  https://h/a", ["-N", "https://h/a"]),
        ("$ curl h \\\n  -k\n", ["h", "-k"]),
        ("curl h \\  \n -k", ["h", "-k"]),
        ("curl h\n-k", ["h", "-k"]),
        ("-k h", ["-k", "h"]),
        ("curl ha\\\n-k", ["ha-k"]),
        ("curl -H 'A: b'\"c\"d\\ e h", ["-H", "A: bcd e", "h"]),
        ('curl -d "" h', ["-d", "", "h"]),
        ("curl -d '' h", ["-d", "", "h"]),
        ('curl -d "\\"\\$\\`\\\\\\n\\\n" h', ["-d", '"$`\\\\n', "h"]),
        ("curl -d $'\\'\\\\\\n\\t\\x41\\101\\u00e9\\cA\\q' h", ["-d", "'\\\n\tAAé\x01\\q", "h"]),
        ("curl -d $'\\ud83d\\ude00\\U1F600\\xf0\\x9f\\x98\\x80' h", ["-d", "😀😀😀", "h"]),
        ("curl -d $'\\xff' h", ["-d", "\udcff", "h"]),
        ('curl -H "K: $KEY${KEY}" -A $KEY h', ["-H", "K: k-testk-test", "-A", "k-test", "h"]),
        ("curl -H 'K: $KEY' h", ["-H", "K: $KEY", "h"]),
        ('curl -H "K: \\$KEY $ $1" h', ["-H", "K: $KEY $ $1", "h"]),
        ("curl h#a # -k 'x", ["h#a"]),
        ('curl "h" ^\n  -H "a: b" ^\r\n -d "x"', ["h", "-H", "a: b", "-d", "x"]),
        (
            'curl ^"http://h/?a=1^&b=%^41^" ^\n -d ^"^{^\\^"a^\\^":^\\^"x^\\\\ny^\n\nz^\\^"^}^"',
            ["http://h/?a=1&b=%41", "-d", '{"a":"x\\ny\nz"}'],
        ),
    ],
)
def test_one_quoted_command_is_split_as_its_shell_would(text: str, words: list[str]) -> None:
    assert options(text, KEY="k-test") == options(*words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("curl 'h", 'unterminated "\'"'),
        ('curl -d "x h', "unterminated '\"'"),
        ("curl -d $'x h", "unterminated"),
        ("curl h \\", "unterminated"),
        ("curl h | jq .", "'|'"),
        ("curl h?a=1&b=2 -k", "'&'"),
        ("curl h > file", "'>'"),
        ("curl -d $(date) h", "'$('"),
        ('curl -d "`date`" h', "'`'"),
        ('curl -d "${X:-1}" h', "'${'"),
        ("curl -d ${X:-1} h", "'${'"),
        ('curl -H "K: $NOT_SET" h', "$NOT_SET, which is not set"),
    ],
)
def test_shell_syntax_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        options(text)
    assert message in raised.value.message
