"""Check files: their meaning, their errors and where those are, and their JSON Schema."""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sse_cli.check import config, json_schema
from sse_cli.check.config_keys import KEYS
from sse_cli.check.expectations import KINDS
from sse_cli.check.toml_positions import places
from sse_cli.model.errors import UsageError
from tests.support import long_runs
from tests.support.paths import ROOT
from tests.support.program import error_and_hint, sse

EXAMPLE = ROOT / "examples" / "smoke.toml"
SCHEMA: dict[str, Any] = json_schema.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
URL = 'url = "http://127.0.0.1:9/"\n'


def written(folder: Path, text: str) -> str:
    path = folder / "smoke.toml"
    path.write_bytes(text.encode())
    return str(path)


def described(folder: Path, text: str, **environment: str) -> config.DescribedStream:
    """Return the one stream of a file."""
    (one,) = config.read(written(folder, text), (), environment)
    return one


# A file, its error with line and column (those of the key), and the hint.
BAD = [
    ("streams.a.staus = 2",
     "line 1, column 11: streams.a.staus is not a known key", "did you mean status?"),
    (f"[streams.a]\n{URL}min_events = 1",
     "line 3, column 1: streams.a.min_events is not a known key",
     "did you mean min-events?"),
    (f"[streams.a]\n{URL}[defaults]\n  'no-ignord' = true",
     "line 4, column 3: defaults.no-ignord is not a known key", "did you mean no-ignored?"),
    (f"[streams.a]\n{URL}request = 'GET'",
     "streams.a.request is not a known key", "did you mean method?"),
    (f"[streams.a]\n{URL}http1.1 = true", "line 3, column 1: streams.a.http1 is not a known key",
     'did you mean "http1.1", in quotes?'),
    ('streams = { a = { url = "u", bogus = 1 } }',
     "line 1, column 30: streams.a.bogus is not a known key",
     "sse check --schema"),
    ('streams = { a = { url = "}", "stat\\u0075z" = 1 } }',
     "line 1, column 30: streams.a.statuz is not a known key", "did you mean status?"),
    (f"[stream.a]\n{URL}", "line 1, column 2: stream is not a known key", "did you mean streams?"),
    ("x = '''\n[streams.b]\n'''\n[streams.a]", "line 1, column 1: x is not a known key", "schema"),
    (f"[streams.a]\n{URL}status = '2'",
     "line 3, column 1: streams.a.status is a string, not a whole number",
     "write status = 200, without quotes"),
    (f"[streams.a]\n{URL}status = 200.0",
     "streams.a.status is a decimal number, not a whole number", "200"),
    (f"[streams.a]\n{URL}status = true",
     "streams.a.status is a boolean, not a whole number", "200"),
    (f"[streams.a]\n{URL}min-events = -1", "streams.a.min-events is not a whole number", "5"),
    (f"[streams.a]\n{URL}valid-json = 1", "streams.a.valid-json is not true or false", "true"),
    (f"[streams.a]\n{URL}max-gap = inf", "streams.a.max-gap is not a duration", '"500ms"'),
    (f"[streams.a]\n{URL}text = []", "streams.a.text is not a string or an array of them", "text"),
    (f"[streams.a]\n{URL}text = ['a', 1]", "streams.a.text is not a string or", "text"),
    (f"[streams.a]\n{URL}headers = ['A: b']", "streams.a.headers is not a table of strings", "{"),
    (f"[streams.a]\n{URL}[streams.a.headers]\nX = 1", "streams.a.headers is not a table", "{"),
    (f"[streams.a]\n{URL}json = 5", "streams.a.json is not a string, a table or an array", "{"),
    (f"[streams.a]\n{URL}json = {{ at = 2026-01-01 }}", "streams.a.json is not a string", "{"),
    (f"[streams.a]\n{URL}json = {{ a = [nan] }}", "streams.a.json is not a string", "{"),
    (f"[streams.a]\n{URL}expect-event = {{ tick = 'x' }}",
     "expect-event is not an event name", "tick"),
    (f"[[streams.a]]\n{URL}", "line 1, column 11: streams.a is not a table", "[streams.a]"),
    ("defaults = 1\n[streams.a]\n" + URL,
     "line 1, column 1: defaults is not a table", "[defaults]"),
    ("[defaults]", "smoke.toml defines no streams", "[streams.NAME]"),
    ("[streams]", "smoke.toml defines no streams", "[streams.NAME]"),
    ("\n [streams.a]", "line 2, column 11: streams.a has no url", "url ="),
    (f"[streams.a]\n{URL}file = 'x'", "streams.a has both url and file", "url ="),
    ("[streams.a\n", "is not valid TOML: ", "--schema"),
    ("[streams.a]\nurl = 'a'\nurl = 'b'", "line 3, column 1: streams.a.url is defined twice, "
     "first on line 2", "keep one"),
    ("[streams.a]\r\nurl = 'a'\r\n\r\n  'url' = 'b'\r\nstatus = 1", "line 4, column 3: "
     "streams.a.url is defined twice, first on line 2", "keep one"),
    ("[streams.a]\n[streams.b]\n[streams.a]", "line 3, column 2: streams.a is defined twice",
     "keep one"),
    ("[streams]\na = { url = 'u', url = 'v' }", "line 2, column 18: streams.a.url is defined twice",
     "keep one"),
    ("[streams.a]\nurl = 'a'\nurl = 'b'\n]] no ['", "line 3, column 1: streams.a.url is", "keep"),
    ("a = 1\n[a.b]", "is not valid TOML: Cannot overwrite a value", "--schema"),
    (f"[streams.a]\n{URL}valid-json = 'true'",
     "streams.a.valid-json is a string, not true or false",
     "valid-json = true, without quotes"),
    (f"[streams.a]\n{URL}bearer = 5", "streams.a.bearer is not a string", '"…"'),
    (f"[streams.a]\n{URL}bearer = ['x']", "streams.a.bearer is an array, not a string", '"…"'),
    (f"[streams.a]\n{URL}bearer = '${{A_KEY}}'",
     "line 3, column 1: streams.a.bearer needs ${A_KEY}, which is not set", "export A_KEY="),
    (f"[defaults]\nbearer = '${{EMPTY}}'\n[streams.a]\n{URL}",
     "line 2, column 1: defaults.bearer needs ${EMPTY}, which is empty", "export EMPTY="),
    (f"[streams.a]\n{URL}json = {{ a = [{{ b = '${{A_KEY}}' }}] }}", "needs ${A_KEY}", "export"),
    (f"[streams.a]\n{URL}headers = {{ X = '${{' }}", "has ${ without a variable's name", "${NAME}"),
    (f"[streams.a]\n{URL}data = '${{sk-canary}}'", "has ${ without a variable's name", "${NAME}"),
    (f"[streams.a]\n{URL}text = '${{HOME}}'", "streams.a.text can't contain a variable", "$${"),
    (f"[streams.a]\n{URL}data = '${{AT}}'",
     "streams.a.data starts with @ only because of its variable", "@"),
    (f"[streams.a]\n{URL}json = '@-'", "streams.a.json can't read standard input", "@body.json"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said", "hint"), BAD, ids=[case[1][:60] for case in BAD])
def test_an_error_is_reported_with_its_line_and_column(
    text: str, said: str, hint: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        config.read(path, (), {"EMPTY": "", "AT": "@secret", "HOME": "/"})
    assert caught.value.message.startswith(path)
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ending = 'don'", "--ending 'don' is not a valid ending"),
        ("status = 99", "--status 99 is not a valid status"),
        ("text = '('", "--text '(' is not a valid regular expression"),
        ("expect = 'a ='", "--expect: not a JMESPath expression"),
        ("until = 'a ='", "--until: not a JMESPath expression"),
        ("max-gap = 'x'", "invalid --max-gap 'x': expected a duration"),
        ("max-time = '2 s'", "invalid --max-time '2 s': expected a duration"),
        ("max-size = 'x'", "invalid --max-size 'x': expected bytes"),
        ("retry-on = '200'\nreconnect = true", "invalid --retry-on '200': expected statuses"),
        ("max-reconnects = 1", "--max-reconnects limits --reconnect"),
        ("format = 'opnai'", "there is no format 'opnai'"),
        ("headers = { 'a b' = 'c' }", "--header number 1 has no valid name"),
        ("method = 'A B'", "invalid --request 'A B': expected an HTTP method"),
        ("json = '@missing.json'", "missing.json': No such file or directory"),
        ("bearer = 'env:NOT_SET'", "'NOT_SET' is not set"),
    ],
)
def test_an_invalid_value_is_reported_with_its_stream(line: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"[streams.ok]\n{URL}[streams.bad]\n{URL}{line}\n")
    ran = sse("check", path)
    assert (ran.code, ran.out) == (2, b""), ran
    message, hint = error_and_hint(ran)
    number = 3 if line.startswith("format") else 5  # of the key, if the error begins with it
    assert message.startswith(f"{path}, line {number}, stream bad: ")
    assert said in message
    assert hint


def test_an_invalid_value_of_the_defaults_is_reported_with_its_own_line(tmp_path: Path) -> None:
    path = written(tmp_path, f"[defaults]\n\nmax-gap = 'x'\n[streams.a]\n{URL}status = 200\n")
    message, _ = error_and_hint(sse("check", path))
    assert message.startswith(
        f"{path}, line 3, stream a: invalid --max-gap 'x': expected a duration"
    )


def test_an_empty_url_is_reported_with_its_stream(tmp_path: Path) -> None:
    path = written(tmp_path, "[streams.a]\nurl = ''\n")
    ran = sse("check", path)
    assert ran.code == 2
    assert error_and_hint(ran)[0].startswith(f"{path}, line 1, stream a: ")


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    for depth in (150, 300, 450, 2000):
        value = "[" * depth + "]" * depth
        path = written(tmp_path, f"[streams.a]\n{URL}json = {value}\n")
        ran = sse("check", path)
        assert ran.code in (2, 3), ran
        error_and_hint(ran)


def test_a_missing_file_and_an_unknown_stream_are_errors(tmp_path: Path) -> None:
    missing = sse("check", tmp_path / "none.toml")
    assert (missing.code, "can't read" in error_and_hint(missing)[0]) == (2, True)
    path = written(tmp_path, f"[streams.chat]\n{URL}[streams.clock]\n{URL}")
    unknown = sse("check", path, "--only", "clok")
    assert error_and_hint(unknown) == (f"{path} has no stream 'clok'", "did you mean clock?")


@pytest.mark.parametrize("words", [["--status", "200"], ["-H", "A: b"], ["--format", "gemini"]])
def test_options_for_urls_are_refused_for_a_file(words: list[str], tmp_path: Path) -> None:
    ran = sse("check", written(tmp_path, f"[streams.a]\n{URL}"), *words)
    assert ran.code == 2
    assert "goes with a URL" in error_and_hint(ran)[0]


def test_variables_are_expanded_in_requests_and_nowhere_else(tmp_path: Path) -> None:
    text = """
    [streams.a]
    url = "http://${HOST}:9/${HOST}"
    headers = { X = "a${K}b$${K}", "${K}" = "v" }
    json = { a = ["${K}", 1, { b = "${K}" }] }
    text = "$"
    """
    one = described(tmp_path, text, HOST="h", K="secret")
    assert one.target == "http://h:9/h"
    assert one.request == (
        ("header", "X: asecretb${K}"),
        ("header", "${K}: v"),
        ("json", '{"a": ["secret", 1, {"b": "secret"}]}'),
    )
    assert one.expected == (("text", "$"),)


def test_the_variables_of_an_unselected_stream_need_not_be_set(tmp_path: Path) -> None:
    path = written(tmp_path, f"[streams.a]\n{URL}[streams.b]\n{URL}bearer = '${{NOT_SET}}'")
    assert [one.name for one in config.read(path, ["a"], {})] == ["a"]


def test_the_keys_of_a_stream_replace_the_defaults(tmp_path: Path) -> None:
    text = """
    [defaults]
    status = 200
    valid-json = true
    bearer = "one"
    data = ["a=1", "b=2"]
    headers = { X-A = "1", X-B = "2" }
    max-gap = 1
    [streams.a]
    url = "http://h/"
    user = "me:pw"
    json = "{}"
    headers = { x-b = "3" }
    valid-json = false
    max-gap = false
    min-events = 2
    """
    one = described(tmp_path, text)
    assert one.request == (
        ("header", "X-A: 1"),
        ("header", "x-b: 3"),
        ("json", "{}"),
        ("user", "me:pw"),
    )
    assert one.expected == (("status", "200"), ("min-events", "2"))


def test_expectations_equal_those_of_the_command_line(tmp_path: Path) -> None:
    text = """
    [streams."a b"]
    url = "http://h/"
    ending = ["eof", "done"]
    max-gap = 0.25
    total-within = "2s"
    expect-event = { tick = 3, end = 1 }
    any = ["a", "b"]
    no-ignored = true
    idle-timeout = 1.5
    max-events = 9
    method = "PUT"
    get = false
    """
    one = described(tmp_path, text)
    assert one.name == "a b"
    assert one.expected == (
        ("ending", "eof,done"),
        ("max-gap", "0.25"),
        ("total-within", "2s"),
        ("no-ignored", ""),
        ("expect-event", "tick=3"),
        ("expect-event", "end=1"),
        ("any", "a"),
        ("any", "b"),
    )
    assert one.request == (("request", "PUT"),)
    assert one.settings == {"idle_timeout": "1.5", "max_events": 9}


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.sse").write_text("data: 1\n\n")
    path = written(tmp_path / "in", "[streams.a]\nfile = 'a.sse'\nmin-events = 1\n")
    assert sse("check", path, cwd=tmp_path).code == 0
    one = described(tmp_path / "in", f"[streams.a]\n{URL}json = '@b.json'\ncacert = 'ca.pem'\n")
    folder = tmp_path / "in"
    assert dict(one.request) == {"json": f"@{folder}/b.json", "cacert": f"{folder}/ca.pem"}


# ResumePoints


DOCUMENT = '''
top = 1 # [not.a.table] = 2
"quoted \\"key" = "a = [b]"
[ one . "two.three" ] # comment
a.b.c = """
[fake]
x = 1
"""
'lit' = \'\'\'y = 2 \'\'\'\'\'
inline = { p = [1, { q = 2 }, "]"], "r" . s = 1979-05-27 07:32:00 }
multi = [
  # x = 1
  { k = 1 }, { k = 2, },
]
[[list]]
n = 1
[list.sub]
m = 2
[[list]]
n = 3
[list.sub]
m = 4
[[list.deep]]
z = 5
'''.replace("2, },", "2 },")


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield every key in the tables that tomllib returned."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield (*path, key)
            yield from paths(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from paths(child, (*path, index))


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_key_of_a_document_has_a_position(ends: str) -> None:
    text = DOCUMENT.replace("\n", ends)
    found = places(text)
    lines = text.splitlines()
    expected = [*paths(tomllib.loads(text))]
    assert len(expected) == 25
    for path in expected:
        line, column = found[path]
        rest = lines[line - 1][column - 1 :]
        name = str(path[-1])
        assert rest.startswith((name, f'"{name}"', f"'{name}'", '"quoted \\"key"')), (path, rest)
    assert found["list", 1, "n"].line == found["list", 0, "n"].line + 4
    assert found["list", 1, "sub", "m"].line == found["list", 1, "sub"].line + 1


def test_the_keys_of_every_format_file_have_positions() -> None:
    files = [*(ROOT / "sse_cli").rglob("*.toml"), ROOT / "pyproject.toml", EXAMPLE]
    assert len(files) > 30
    for path in files:
        text = path.read_text("utf-8")
        found = places(text)
        lines = text.splitlines()
        for key in paths(tomllib.loads(text)):
            line, column = found[key]
            assert lines[line - 1][column - 1 :].lstrip("\"'").startswith(str(key[-1])), (path, key)


# The schema


def test_schema_is_printed_as_json() -> None:
    ran = sse("check", "--schema")
    assert (ran.code, ran.err) == (0, b"")
    assert json.loads(ran.out) == SCHEMA


def test_the_schema_is_valid_and_the_example_satisfies_it() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = tomllib.loads(EXAMPLE.read_text("utf-8"))
    VALIDATOR.validate(document)
    document["streams"]["chat"]["staus"] = 200
    with pytest.raises(jsonschema.ValidationError, match="staus"):
        VALIDATOR.validate(document)


def test_the_schema_the_reader_and_the_command_line_accept_the_same_keys() -> None:
    known = SCHEMA["$defs"]["stream"]["properties"]
    assert known.keys() == KEYS.keys()
    assert all(one["description"] for one in known.values())
    assert {key for key, one in KEYS.items() if one.part == "expectation"} == KINDS.keys()
    options = set(re.findall(r"--[\w.-]+", sse("check", "--help-all").text))
    ours = {"file", "url", "method", "headers"}
    assert {f"--{key}" for key in KEYS.keys() - ours} <= options


VALUES: list[Any] = [
    *("", "x", "2s", "1.5", "500ms", ".5", "x s", 0, 1, -1, 200, 1.5, -0.5, True, False),
    *([], ["a"], ["a", 1], [["a"]], {}, {"a": "b"}, {"a": 1}, {"a": -1}, {"a": [True]}),
]


@pytest.mark.parametrize("key", KEYS)
def test_the_schema_and_the_reader_accept_the_same_values(key: str, tmp_path: Path) -> None:
    url = "" if key in ("url", "file") else URL
    taken = 0
    for value in VALUES:
        # The reader accepts any string as a duration; it is parsed when the stream is built.
        if KEYS[key].kind == "duration" and isinstance(value, str):
            continue
        text = f"[streams.a]\n{url}{json.dumps(key)} = {toml(value)}\n"
        is_valid = VALIDATOR.is_valid(tomllib.loads(text))
        assert is_valid == is_taken(tmp_path, text), (key, value)
        taken += is_valid
    assert 0 < taken < len(VALUES)


def is_taken(folder: Path, text: str) -> bool:
    """Return whether the reader accepts the one stream of a file."""
    try:
        described(folder, text)
    except UsageError:
        return False
    return True


def toml(value: Any) -> str:
    """Return a value as TOML, which is JSON except for tables."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {toml(one)}' for name, one in value.items())} }}"
    return json.dumps(value)


SHAPES = [
    ("", False),
    ("[streams]", False),
    ("[defaults]\nstatus = 200", False),
    ("[streams.a]\nurl = 'u'\n[other]", False),
    ("[streams]\na = 1", False),
    ("defaults = 1\n[streams.a]\nurl = 'u'", False),
    ("[defaults]\nstaus = 200\n[streams.a]\nurl = 'u'", False),
    ("[streams.a]\nurl = 'u'\nstaus = 200", False),
    ("[streams.a]\nurl = 'u'\nhttp1.1 = true", False),
    ("[streams.a]\nurl = 'u'\n'http1.1' = true", True),
    ("[defaults]\nstatus = 200\n[streams.a]\nurl = 'u'\nstatus = false", True),
    ("[streams.a]\nurl = 'u'\n[streams.'b c']\nfile = 'f'", True),
]


@pytest.mark.parametrize(("text", "is_valid"), SHAPES)
def test_the_schema_and_the_reader_accept_the_same_files(
    text: str, is_valid: bool, tmp_path: Path
) -> None:
    assert VALIDATOR.is_valid(tomllib.loads(text)) == is_valid
    if is_valid:
        assert config.read(written(tmp_path, text), (), {})
    else:
        with pytest.raises(UsageError):
            config.read(written(tmp_path, text), (), {})


@pytest.mark.parametrize(
    ("text", "is_valid"), [("2s", True), ("1.5", True), (".5h", True), ("x", False), ("2 s", False)]
)
def test_the_schema_accepts_the_durations_that_the_reader_parses(text: str, is_valid: bool) -> None:
    document = {"streams": {"a": {"url": "u", "max-gap": text}}}
    assert VALIDATOR.is_valid(document) == is_valid


@pytest.mark.parametrize("key", [key for key, one in KEYS.items() if one.part == "expectation"])
def test_false_disables_an_expectation_in_the_schema_and_the_reader(
    key: str, tmp_path: Path
) -> None:
    text = f"[streams.a]\n{URL}{key} = false\n"
    VALIDATOR.validate(tomllib.loads(text))
    assert described(tmp_path, text).expected == ()


@long_runs.count("tries", 300, 10_000)
def test_the_reader_raises_nothing_but_usage_errors(seed: int, tries: int, tmp_path: Path) -> None:
    """Read fragments of TOML put together at random: they are valid, or a usage error."""
    dice = random.Random(seed)
    names = [*dice.sample([*KEYS], 12), "x", '"a.b"', "streams.a", "defaults"]
    values = ['"x"', "1", "true", "[]", '["a"]', "{ a = 1 }", '{ a = "b" }', '"${A}"', "1.5", "nan"]
    for _ in range(tries):
        lines = ["[streams.a]", 'url = "http://h/"']
        for _ in range(dice.randrange(4)):
            lines.append(f"{dice.choice(names)} = {dice.choice(values)}")
        dice.shuffle(lines)
        text = "\n".join(lines)
        try:
            config.read(written(tmp_path, text), (), {"A": "a"})
        except UsageError as error:
            assert error.hint, (seed, text)


# The example


def test_the_example_passes_against_our_own_server(origin: str) -> None:
    env = {"ORIGIN": origin}
    ran = sse("check", EXAMPLE, "--jobs", "4", env=env)
    assert (ran.code, ran.err) == (0, b""), ran
    assert ran.text.splitlines()[-1] == "4 streams: 4 passed"
    only = sse("check", EXAMPLE, "--only", "clock", "--only", "chat", "-o", "json", env=env)
    assert [one["name"] for one in json.loads(only.out)["streams"]] == ["chat", "clock"]
