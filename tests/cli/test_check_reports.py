"""Reports for CI systems: valid JUnit XML and GitHub annotations, in which neither a server nor
a name can inject anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import xmlschema

from sse_cli.check.expectations import Evidence
from sse_cli.check.outcome import Attempt, Checked, Outcome, Result
from sse_cli.check.reports import github_actions, json_report, junit
from sse_cli.mockserver.scenarios.bundled import load
from sse_cli.mockserver.scenarios.scenario import Scenario
from sse_cli.mockserver.server import Server
from sse_cli.mockserver.server_thread import running
from sse_cli.model.events import Closed, Ending
from tests.support.paths import CORPUS
from tests.support.program import sse

FOLDER = CORPUS / "junit"
SCHEMAS = {path.stem: xmlschema.XMLSchema(path) for path in sorted(FOLDER.glob("*.xsd"))}
STARTED = datetime(2026, 3, 21, 6, 0, 1)
# All characters that XML or a terminal cannot hold, the ends of CDATA and attributes, commands.
NASTY = (
    "".join(map(chr, range(0x20)))
    + "\x7f\x9b\ud800\udfff\ufffe\uffff\U0001fffe\u2028\u202e"
    + "]]><a b=\"'&amp;\n::error::x\n  ::set-output name=a::b\r::error::y "
    + "##[error]z #\u200d#[error]z"
)


def outcome(*results: Result, ending: Ending = Ending.EOF, code: int = 1) -> Outcome:
    return Outcome(results, Closed(1.25, ending, NASTY, NASTY, b"\xff::error::x"), code)


def streams(text: str) -> list[Checked]:
    """Return a stream of each kind, with `text` in every place for text of others."""
    evidence = Evidence(3, 0.5, text, text)
    held = Result("text", text, text, "held")
    failed = Result("text", text, text, "failed", evidence)
    unjudged = Result("reply", text, text, "unjudged")
    bad = Attempt(outcome(held, failed), {"text": text})
    good = Attempt(outcome(held, code=0), {"text": text}, recording=text)
    none = Attempt(outcome(unjudged, unjudged, ending=Ending.UNREACHABLE, code=3), {})
    return [
        Checked(text, text, [bad], (text, 3)),
        Checked(text, text, [bad, good]),
        Checked(text, text, [none]),
        Checked(text, text, [], None, 2),
        Checked("", ""),
    ]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("text", ["plain", NASTY], ids=["plain", "nasty"])
def test_a_report_is_valid_whatever_text_was_sent(schema: str, text: str) -> None:
    document = junit.document(streams(text), STARTED)
    SCHEMAS[schema].validate(ElementTree.fromstring(document))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_schemas_refuse_invalid_reports(schema: str) -> None:
    for wrong in (b"<testsuite/>", b"<testsuites><testsuite name='a'/></testsuites>"):
        assert not SCHEMAS[schema].is_valid(ElementTree.fromstring(wrong))


def test_the_counts_of_a_report_match_its_list() -> None:
    root = ElementTree.fromstring(junit.document(streams("x"), STARTED))
    assert [suite.get("id") for suite in root] == ["0", "1", "2", "3", "4"]
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        kinds = (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
        for attribute, tag in kinds:
            assert suite.get(attribute) == str(len(suite.findall(f"testcase/{tag}")))
    counts = [[suite.get(name) for name in ("failures", "errors", "skipped")] for suite in root]
    assert counts == [
        ["1", "0", "0"],
        ["0", "0", "0"],
        ["0", "1", "1"],
        ["0", "1", "0"],
        ["0", "1", "0"],
    ]
    assert root[0].get("timestamp") == "2026-03-21T06:00:01"
    assert "event 3" in (root.findtext("testsuite/testcase/failure") or "")
    assert (root[1].findtext("system-out") or "").startswith("attempt 1: eof")


# GitHub's commands, as its runner parses them.


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    data: str


COMMANDS = {"error", "warning", "notice", "debug", "set-output", "add-mask", "stop-commands"}
JOINERS = str.maketrans("", "", "\u200c\u200d")  # Comparisons in .NET ignore this character.


def unescaped(text: str) -> str:
    for code in ("0D", "0A", "3A", "2C", "25"):
        text = text.replace(f"%{code}", chr(int(code, 16)))
    return text


def commands(output: bytes) -> Iterator[Command]:
    """Yield the commands that GitHub's runner would execute on seeing this output."""
    for line in output.decode().replace("\r", "\n").translate(JOINERS).split("\n"):
        text = line.lstrip()
        if "##[" in text:
            yield Command("old", {}, text)
        if not text.startswith("::") or "::" not in text[2:]:
            continue
        info, data = text[2:].split("::", 1)
        name, _, properties = info.partition(" ")
        if name in COMMANDS:
            pairs = [pair.split("=", 1) for pair in properties.split(",") if pair]
            yield Command(name, {key: unescaped(value) for key, value in pairs}, unescaped(data))


def test_annotations_are_parsed_back_unchanged() -> None:
    found = [*commands("\n".join(github_actions.of(streams("a,b:c%0A::d=e"))).encode())]
    assert [one.name for one in found] == ["error"] * 4
    assert found[0].properties == {
        "file": "a,b:c%0A::d=e",
        "line": "3",
        "title": "sse check: a,b:c%0A::d=e",
    }
    assert found[0].data == "text: expected a,b:c%0A::d=e, found a,b:c%0A::d=e"
    assert found[2].data == "not judged: stopped"


def test_an_annotation_is_one_line_whatever_its_text() -> None:
    for line in github_actions.of(streams(NASTY)):
        assert [one.name for one in commands(line.encode("utf-8"))] == ["error"]
        assert line.translate(JOINERS).isprintable()


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a ::error::x", True),
        ("::error::x", False),
        ("a\n \t::error::x", False),
        ("\u200d:\u200c:error::x", False),
        ("a ##[error]x", False),
        ("a #\u200d#\u200c[error]x", False),
        ("###[error]", False),
    ],
)
def test_text_that_the_runner_would_execute_is_defused_and_nothing_else(
    text: str, safe: bool
) -> None:
    assert any(commands(text.encode())) is not safe
    assert [*commands(github_actions.defused(text).encode())] == []
    assert (github_actions.defused(text) == text) is safe


HOSTILE = (
    b"event: ::error::in a type\ndata: ::error::in data\ndata: ::error::in a second line\n\n"
    b"data: ##[error]in data\n\n::error::in a line of its own\n\n"
    b'event: error\ndata: {"message":"\\n::error::in an error\\n##[error]x"}\n\n'
)


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    hostile = Scenario.of("hostile", [(0, HOSTILE)])
    body = b"::error::in a body\n##[error]in a body\n"
    refused = Scenario.of("refused", [(0, body)], status=500, content_type="text/plain")
    served = {"hostile": hostile, "refused": refused, "clock": load("clock")}
    with running(Server(served, speed=0)) as url:
        yield url


ASKED: Sequence[str] = (
    *("--no-ignored", "--valid-json", "--text", "x", "--any", "nothing", "--all-match", "nothing"),
    *("--expect", "error.nothing", "--expect-event", "::error::"),
)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_server_cannot_send_commands_to_github(form: str, origin: str, tmp_path: Path) -> None:
    words = (f"{origin}/hostile", f"{origin}/refused", f"{origin}/clock")
    report = tmp_path / "report.xml"
    ran = sse(
        *("check", *words, *ASKED, "-o", form, "--junit", str(report)),
        env={"GITHUB_ACTIONS": "true"},
    )
    assert ran.code == 1
    found = [*commands(ran.out), *commands(ran.err)]
    assert {one.name for one in found} == {"error"}
    assert all(one.properties["title"].startswith("sse check: http://") for one in found)
    here = ran.err if form == "json" else ran.out
    assert len([*commands(here)]) == len(found)
    for schema in SCHEMAS.values():
        schema.validate(ElementTree.parse(report))
    if form == "json":
        assert json.loads(ran.out)["ok"] is False


def test_annotations_appear_only_on_github(origin: str) -> None:
    for value in ("", "false"):
        ran = sse("check", f"{origin}/clock", "--status", "201", env={"GITHUB_ACTIONS": value})
        assert b"::error" not in ran.out + ran.err
    good = sse("check", f"{origin}/clock", env={"GITHUB_ACTIONS": "true"})
    assert (good.code, b"::" in good.out, good.err) == (0, False, b"")


def test_the_text_report_shows_no_control_character() -> None:
    steps = [(0.0, "event: a\x1b[2J\x9b\ndata: \x1b]0;x\x07\u202e\n\n".encode())]
    with running(Server({"bad": Scenario.of("bad", steps)})) as url:
        ran = sse("check", f"{url}/bad", "--valid-json", "--expect", "text == 'x'")
    assert ran.code == 1
    assert all(line.isprintable() for line in ran.text.splitlines())
    assert "\\x1b]0;x\\x07\\u202e" in ran.text


def test_the_json_object_holds_the_content_of_the_report() -> None:
    found: dict[str, Any] = json.loads(json_report.text(streams(NASTY)))
    assert found["exit_code"] == 130
    assert [one["exit_code"] for one in found["streams"]] == [1, 0, 3, 130, 130]
    assert found["streams"][0]["attempts"][0]["expectations"][1]["event"]["n"] == 3
    assert "##[" not in json_report.text(streams(NASTY))
    assert json_report.text(streams(NASTY)).isascii()


def test_a_report_creates_missing_folders(origin: str, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "report.xml"
    assert sse("check", f"{origin}/clock", "--junit", path).code == 0
    assert path.read_bytes().startswith(b"<?xml")
    assert list(path.parent.iterdir()) == [path]
