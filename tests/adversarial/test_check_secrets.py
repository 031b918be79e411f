"""Canaries for `check`: no report and no recording contains a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.canaries import KITS, MARK, SITUATIONS, Kit, assert_silent, canary
from tests.support.program import Ran, error_and_hint, sse
from tests.support.wire import Wire

CODES = {"success": 0, "401": 4, "a web page": 4, "a cut": 1, "no reply": 3}
ASKED = ("--expect", "headers", "--text", "canary", "--attempts", "2")
EVERYWHERE = ("header", "query", "bare", "user", "cookie", "json", "file", "raw")


def assert_nothing_leaked(ran: Ran, folder: Path) -> None:
    """Assert that neither the output nor any file of the run contains a secret."""
    assert_silent(ran.text, "standard output")
    assert_silent(ran.talk, "standard error")
    for path in folder.rglob("*"):
        assert_silent(path.name, "a file's name")
        if path.is_file():
            assert_silent(path.read_text(), path.name)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("kit", KITS.values(), ids=KITS.keys())
def test_no_report_contains_a_secret_of_the_command_line(
    kit: Kit, name: str, form: str, tmp_path: Path
) -> None:
    situation, made = SITUATIONS[name], tmp_path / "made"
    (tmp_path / "kit").mkdir()
    with Wire(situation.handler("")) as server:
        words = [kit.url(server.origin), *kit.words(tmp_path / "kit"), "-o", form, "-v"]
        asked = ASKED if name == "a cut" else ()
        kept = ["--keep", str(made / "kept"), "--junit", str(made / "report.xml")]
        env = {**dict(kit.environment), "GITHUB_ACTIONS": "true"}
        ran = sse("check", *words, *asked, *kept, env=env)
        assert MARK in repr(server.requests[0]) or "Authorization" in repr(server.requests[0])
    assert ran.code == CODES[name], ran
    assert bool(list((made / "kept").iterdir())) == (CODES[name] != 0)
    assert_nothing_leaked(ran, made)


SMOKE = """
[defaults]
headers = { X-Key = "${HEADER}", Referer = "http://a:${USER}@h/?${QUERY}" }
cookie = "sid=${COOKIE}"
expect = "headers.nothing"
[streams.one]
url = "ORIGIN/v1?key=${QUERY}&${BARE}"
user = "ann:${USER}"
json = { key = "${JSON}", list = ["${JSON}"] }
[streams.two]
url = "BARE_ORIGIN/v1"
bearer = "${RAW}"
data = ["a=${RAW}", "@body"]
"""


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", CODES)
def test_no_report_contains_a_secret_of_a_file_of_streams(
    name: str, form: str, tmp_path: Path
) -> None:
    situation, made, path = SITUATIONS[name], tmp_path / "made", tmp_path / "smoke.toml"
    (tmp_path / "body").write_text(canary("file"))
    with Wire(situation.handler("")) as server:
        with_user = server.origin.replace("//", f"//ann:{canary('userinfo')}@")
        text = SMOKE.replace("BARE_ORIGIN", server.origin).replace("ORIGIN", with_user)
        path.write_text(text)
        words = ["-o", form, "--keep", str(made / "kept"), "--junit", str(made / "report.xml")]
        env = {word.upper(): canary(word) for word in EVERYWHERE} | {"GITHUB_ACTIONS": "true"}
        ran = sse("check", path, *words, env=env)
        sent = repr(server.requests)
    assert ran.code == (1 if name in ("success", "a cut") else CODES[name]), ran
    for place in ("header", "query", "bare", "cookie", "json", "file", "raw"):
        assert canary(place) in sent, place
    assert len(list((made / "kept").iterdir())) == 2
    assert_nothing_leaked(ran, made)


LINES = [
    "headers = { 'canary-a b' = 'x' }",
    "headers = { X = 'canary-1\\ncanary-2' }",
    'headers = { X = "canary-1\\n" , Y = 1 }',
    "bearer = ''",
    'bearer = "canary-1\\u0001\\u0000"',
    "json = '@canary-'",
    "user = 'canary-'",
    "cookie = 'canary-'",
    "proxy = 'ftp://ann:canary-@h'",
    "data = '${UNSET}canary-'",
    "data = '${canary-'",
    "data = ['canary-', 1]",
    "bearer = 1 # canary-",
    "bearer = 'canary-",
    "bearer = ''' canary-",
    "url = 'http://canary-'",
    "url = 'ftp://ann:canary-@h/?canary-'",
    "url = 'http://ann:canary-@h:port/?canary-'",
]


@pytest.mark.parametrize("line", LINES)
def test_an_error_in_a_file_is_reported_without_its_values(line: str, tmp_path: Path) -> None:
    path = tmp_path / "smoke.toml"
    url = "" if line.startswith("url") else "url = 'http://h/'\n"
    path.write_text(f"[streams.a]\n{url}{line}\n")
    ran = sse("check", path)
    assert ran.code in (2, 3), ran
    error_and_hint(ran)
    if "a b" in line or "@canary" in line or line.endswith("//canary-'"):
        return  # The names of headers, files and hosts are shown: they are not secret.
    assert_nothing_leaked(ran, tmp_path / "none")


def test_headers_can_be_tested_but_their_secrets_are_redacted(tmp_path: Path) -> None:
    situation = SITUATIONS["success"]
    with Wire(situation.handler("")) as server:
        ran = sse("check", server.origin, "--expect", "headers.\"x-issued-token\" == '***'")
        whole = sse("check", server.origin, "-o", "json")
    assert ran.code == 0, ran
    headers = json.loads(whole.out)["streams"][0]["attempts"][0]["answer"]["headers"]
    assert headers["set-cookie"] == headers["x-issued-token"] == "***"
    assert headers["content-type"].startswith("text/event-stream")
    assert_nothing_leaked(whole, tmp_path)
