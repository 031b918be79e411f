"""The fixture `sse_server` in other projects, each run by pytest in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import PATIENCE, environment

HEAVY = ("asyncio", "h11", "httpx", "rich", "typer", "jmespath")


def run(folder: Path, *options: str) -> tuple[int, str]:
    """Run pytest in `folder`, where only the installed plugin defines `sse_server`."""
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": ""}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def passes(folder: Path, source: str, *options: str) -> str:
    """Return pytest's output for a test file that must pass."""
    (folder / "test_theirs.py").write_text(source, "utf-8")
    code, output = run(folder, *options)
    assert code == 0, output
    return output


CLIENT = """
import pytest
from urllib.request import ProxyHandler, Request, build_opener

opener = build_opener(ProxyHandler({}))


def read(url, **more):
    with opener.open(Request(url, **more), timeout=20) as reply:
        return reply.headers["content-type"], reply.read().decode()
"""


def test_nothing_heavy_is_imported_until_a_test_uses_the_fixture(tmp_path: Path) -> None:
    others = ("-p", "no:anyio", "-p", "no:xdist")
    # With Python 3.14 pytest imports asyncio itself.
    shown = "import sys\ndef test_it(): print(*sys.modules, sep='\\n')"
    without = passes(tmp_path, shown, "-s", "-p", "no:sse-cli", *others).splitlines()
    assert "sse_cli.pytest_plugin" not in without
    source = f"""
import sys

HEAVY = {[name for name in HEAVY if name not in without]!r}

def test_before():
    assert "sse_cli.pytest_plugin" in sys.modules
    ours = sorted(name for name in sys.modules if name.startswith("sse_cli."))
    assert ours == ["sse_cli.pytest_plugin"]
    assert not [name for name in HEAVY if name in sys.modules]

def test_after(sse_server):
    sse_server.url("clock")
    assert "sse_cli.mockserver" in sys.modules
    assert not [name for name in ("httpx", "rich", "typer", "jmespath") if name in sys.modules]
"""
    passes(tmp_path, source, *others)


def test_pytest_lists_the_fixture(tmp_path: Path) -> None:
    output = passes(tmp_path, "def test_it(): pass", "--fixtures")
    assert "sse_server" in output
    assert "Serve event streams" in output


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "with xdist"])
def test_many_tests_with_a_server_each_leak_nothing(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    source = """
import threading

@pytest.mark.parametrize("n", range(20))
def test_it(sse_server, n):
    assert read(sse_server.serve("x", f"data: {n}\\n\\n"))[1] == f"data: {n}\\n\\n"
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("sse-serve") == 1
"""
    assert "20 passed" in passes(tmp_path, CLIENT + source, *options)
