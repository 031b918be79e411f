"""Modules that are loaded at the first access to an attribute, and not before."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sse_cli.process import lazy_imports
from sse_cli.pytest_plugin import SSEServer

_AT_THE_END = """
import os, sys
from sse_cli.cli import main as program
from sse_cli.process import lazy_imports

def tell(code):
    kind = lazy_imports._DeferredModule
    left = [name for name in lazy_imports.DEFERRED if type(sys.modules.get(name)) is kind]
    print(code, *sorted(left), file=sys.stderr, flush=True)
    os.kill(os.getpid(), 9)

os._exit = tell
program.main()
"""


def at_the_end(*words: str) -> tuple[str, set[str]]:
    """Return the exit code of a run in its own process, and the modules imported but not loaded."""
    command = [sys.executable, "-c", _AT_THE_END, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    code, *left = done.stderr.splitlines()[-1].split()
    return code, set(left)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module `made_later`, which is loaded later; its source goes into the returned file."""
    monkeypatch.setattr(lazy_imports, "DEFERRED", frozenset({"made_later"}))
    monkeypatch.setattr(sys, "meta_path", [lazy_imports._Finder(), *sys.meta_path])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "made_later", raising=False)
    return tmp_path / "made_later.py"


def test_a_run_over_http_1_loads_no_module_of_http_2(sse_server: SSEServer) -> None:
    url = sse_server.serve("one", "data: 1\n\n")
    code, left = at_the_end("watch", url, "-o", "jsonl")
    assert code == "0"
    assert left >= {"h2.connection", "h2.events", "h2.exceptions", "h2.settings", "certifi"}


@pytest.mark.parametrize("name", sorted(lazy_imports.DEFERRED))
def test_each_module_is_loaded_completely_at_the_first_access(name: str) -> None:
    program = f"""
import sys
from importlib import import_module
from sse_cli.process import lazy_imports
lazy_imports.install()
sys.modules.pop({name!r}, None)
module = import_module({name!r})
assert type(module) is lazy_imports._DeferredModule, type(module)
assert import_module({name!r}) is module
assert type(module) is lazy_imports._DeferredModule, "a second import is no look"
assert dir(module)
assert type(module) is type(sys), type(module)
assert module.__spec__.loader is module.__loader__
assert not isinstance(module.__loader__, lazy_imports._Loader)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_module_runs_once_at_the_first_access(made: Path) -> None:
    made.write_text("import sys\nsys.made_later_runs = getattr(sys, 'made_later_runs', 0) + 1\n")
    try:
        import made_later  # type: ignore[import-not-found]  # noqa: PLC0415

        assert not hasattr(sys, "made_later_runs")
        assert made_later.__name__ == "made_later"
        assert made_later.__file__ == str(made)
        assert sys.made_later_runs == 1  # type: ignore[attr-defined]
    finally:
        del sys.made_later_runs  # type: ignore[attr-defined]


def test_a_missing_attribute_raises_attribute_error(made: Path) -> None:
    made.write_text("def __getattr__(name):\n    raise AttributeError(f'no {name}')\n")
    import made_later  # noqa: PLC0415

    with pytest.raises(AttributeError, match="no such_thing"):
        _ = made_later.such_thing


def test_a_module_that_imports_itself_sees_its_names_so_far(made: Path) -> None:
    made.write_text("import made_later\nfirst = 1\nsecond = made_later.first + 1\n")
    import made_later  # noqa: PLC0415

    assert made_later.second == 2


def test_a_second_thread_waits_until_the_module_is_loaded(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.write_text("import gate\ngate.begun.set()\ngate.go.wait(30)\nlast = 42\n")
    gate: Any = ModuleType("gate")
    vars(gate).update({name: threading.Event() for name in ("begun", "asked", "go")})
    monkeypatch.setitem(sys.modules, "gate", gate)
    import made_later  # noqa: PLC0415

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: made_later.last)
        assert gate.begun.wait(30)
        second = pool.submit(lambda: (gate.asked.set(), made_later.last)[1])
        assert gate.asked.wait(30)
        gate.go.set()
        assert (first.result(30), second.result(30)) == (42, 42)
