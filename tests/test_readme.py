"""Every command of the README and every example, run against our own server."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest

from sse_cli import EventStreamParser
from sse_cli.check import config, json_schema
from sse_cli.check.expectations import KINDS
from sse_cli.mockserver import request_log
from sse_cli.mockserver.scenarios import bundled
from sse_cli.model.events import Ending, Message
from sse_cli.model.exit_codes import EXIT_CODES, ExitCode
from tests.support.other_programs import missing
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(<!-- [\w-]+ -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
# Without the two commands for a new checkout, which CI itself runs.
COMMANDS = [text for mark, kind, text in BLOCK.findall(README) if kind == "sh" and not mark]
FIXTURE_EXAMPLE, PARSER_EXAMPLE = [
    text for _, kind, text in BLOCK.findall(README) if kind == "python"
]
EXAMPLE = re.compile(r"examples/[\w-]+\.sh")
JQ = re.compile(r"\bjq\b")
APIS = {
    "https://api.openai.com": "openai-chat",
    "https://api.anthropic.com": "anthropic",
    "https://api.example.com": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the examples, and `sse` on the PATH."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    sse = tmp_path / "bin" / "sse"
    sse.parent.mkdir()
    sse.write_text(f'#!/bin/sh\nexec {sys.executable} -m sse_cli "$@"\n')
    sse.chmod(sse.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def run(command: str, folder: Path, origin: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command with the APIs' hosts replaced by our server.

    Skips the test if jq is missing and the command, or an example that it runs, needs it.
    """
    scripts = [(ROOT / name).read_text("utf-8") for name in EXAMPLE.findall(command)]
    if any(JQ.search(text) for text in (command, *scripts)) and not shutil.which("jq"):
        missing("jq")
    for host, name in APIS.items():
        command = command.replace(host, f"{origin}/{name}".rstrip("/"))
    environment = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "OPENAI_API_KEY": "sk-test",
        "ANTHROPIC_API_KEY": "sk-ant-test",
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("command", COMMANDS, ids=lambda text: " ".join(text.split())[:60])
def test_a_command_of_the_readme_runs_and_prints(command: str, folder: Path, origin: str) -> None:
    done = run(command, folder, origin)
    assert (done.returncode, done.stderr) == (0, "")
    written = [path.read_text() for path in folder.glob("answer.*")]
    assert done.stdout or any(written)


def test_the_parser_example_prints_the_documented_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exec(PARSER_EXAMPLE, {"EventStreamParser": EventStreamParser})
    assert capsys.readouterr().out == "greeting hello 0\n"


def test_the_tests_of_the_fixture_example_pass(folder: Path, origin: str) -> None:
    (folder / "test_mine.py").write_text(FIXTURE_EXAMPLE, "utf-8")
    done = run(f"{sys.executable} -m pytest -q -p no:cacheprovider -W error", folder, origin)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "3 passed" in done.stdout


def test_the_readme_documents_every_key_of_the_request_log() -> None:
    section = README.split("## Serve streams")[1].split("\n### ")[0]
    documented = set(re.findall(r"`(\w+)`", section))
    page = request_log.Exchange(0.0, 0.0, "GET", "/")
    assert request_log.log_entry(page).keys() <= documented


def test_the_readme_names_every_option_of_serve(folder: Path, origin: str) -> None:
    section = README.split("## Serve streams")[1].split("\n## ")[0]
    told = run("sse serve --help", folder, origin).stdout
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help", "--port"}
    assert options <= set(re.findall(r"--[a-z-]+", section))


@pytest.mark.parametrize(
    ("what", "code", "told"), [("clock", 0, "goodbye"), ("colck", 2, "error: no scenario")]
)
def test_with_mock_runs_a_command_with_a_server_beside_it(
    what: str, code: int, told: str, folder: Path, origin: str
) -> None:
    done = run(f"""examples/with-mock.sh {what} sh -c 'sse "$SSE_URL" -o jsonl'""", folder, origin)
    assert done.returncode == code
    assert told in done.stdout + done.stderr


def test_the_readme_lists_every_exit_code_and_ending() -> None:
    section = README.split("## Exit codes")[1].split("\n## ")[0]
    documented = {int(code) for code in re.findall(r"^\| (\d+)", section, re.MULTILINE)}
    assert {ExitCode.OK, *range(1, 8), ExitCode.BUG} <= documented
    for ending in Ending:
        assert f"`{ending}`" in section, ending
        if ending is not Ending.INTERRUPTED:
            assert re.search(rf"\| {int(EXIT_CODES[ending])} \| `{ending}`", section), ending


def test_the_readme_s_file_of_streams_is_valid(tmp_path: Path) -> None:
    (text,) = [text for _, kind, text in BLOCK.findall(README) if kind == "toml"]
    path = tmp_path / "smoke.toml"
    path.write_text(text)
    streams = config.read(str(path), (), {"OPENAI_API_KEY": "sk-test"})
    assert [one.name for one in streams] == ["chat", "without-a-key"]
    jsonschema.validate(tomllib.loads(text), json_schema.schema())


def test_the_readme_s_job_checks_a_file_of_streams(folder: Path, origin: str) -> None:
    (job,) = [text for _, kind, text in BLOCK.findall(README) if kind == "yaml"]
    (command,) = re.findall(r"- run: (sse .*)", job)
    shutil.copytree(folder / "examples", folder, dirs_exist_ok=True)
    done = run(
        f"export ORIGIN=https://api.example.com GITHUB_ACTIONS=true; {command}", folder, origin
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "4 streams: 4 passed"
    for made in re.findall(r"^ {12}(\S+)$", job, re.MULTILINE):  # the files that the job uploads
        assert (folder / made).exists(), made


def test_the_readme_documents_every_expectation_option_of_check() -> None:
    section = README.split("## Check streams in CI")[1].split("\n## ")[0]
    for name in KINDS:
        assert f"--{name}" in section, name


def test_the_readme_documents_every_key_of_json_lines(folder: Path, origin: str) -> None:
    section = README.split("## Read JSON Lines with jq")[1].split("\n## ")[0]
    documented = set(re.findall(r"`(\w+)`", section))
    lines = run(f"sse {origin}/clock --all -q time -o jsonl", folder, origin).stdout.splitlines()
    keys = {key for line in lines for key in json.loads(line)}
    assert {json.loads(line)["kind"] for line in lines} >= {"opened", "comment", "retry", "ignored"}
    assert keys <= documented, keys - documented


def test_type_out_prints_the_answer_and_a_line_end(folder: Path, origin: str) -> None:
    done = run(f"examples/type-out.sh 'what is \"SSE\"?' {origin}/openai-chat", folder, origin)
    wire = b"".join(step.data for step in bundled.load("openai-chat").steps)
    messages = [m for m in EventStreamParser().feed(wire) if isinstance(m, Message)]
    payloads = [json.loads(m.data) for m in messages if m.data != "[DONE]"]
    choices = [choice for payload in payloads for choice in payload["choices"]]
    answer = "".join(choice["delta"].get("content") or "" for choice in choices)
    assert (done.stdout, done.stderr) == (answer + "\n", "")


def test_first_token_prints_seconds(folder: Path, origin: str) -> None:
    done = run(
        f"examples/first-token.sh examples/openai-chat.json {origin}/openai-chat", folder, origin
    )
    assert float(done.stdout) > 0


@pytest.mark.parametrize(("path", "code"), [("clock", 0), ("nowhere", 4)])
def test_errors_sh_returns_the_exit_code(path: str, code: int, folder: Path, origin: str) -> None:
    assert run(f"examples/errors.sh {origin}/{path}", folder, origin).returncode == code


@pytest.mark.parametrize(("path", "code"), [("openai-chat", 0), ("nowhere", 4)])
def test_record_and_replay_shows_the_same_events_again(
    path: str, code: int, folder: Path, origin: str
) -> None:
    done = run(f"examples/record-and-replay.sh it {origin}/{path}", folder, origin)
    assert done.returncode == code
    assert done.stdout == f"the same events, exit code {code} and {code}\n"
    assert bool((folder / "it.sse").read_bytes()) == (code == 0)
    assert json.loads((folder / "it.har").read_text())["log"]["entries"]
