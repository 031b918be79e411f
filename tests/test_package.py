"""The package as a whole: its structure, its imports, its metadata and its help."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import sse_cli
from sse_cli.cli.commands import app
from sse_cli.cli.hints import HINTS, hint_of
from sse_cli.model.causes import Cause

PACKAGE = Path(sse_cli.__file__).parent
ROOT = PACKAGE.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))
TOP_LEVEL = {
    "pyproject.toml",
    "README.md",
    "sse_cli",
    "tests",
    "examples",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
}
MADE_HERE = {"build", "dist", "node_modules", "__pycache__"}  # ignored by git

# The packages in the order of the data flow: each imports only from itself and those before it.
LAYERS = (
    *("text", "model", "process", "parser", "query", "analysis", "llm", "request", "transport"),
    *("recording", "sources", "convert", "run", "check", "mockserver", "render", "cli"),
)
ROOT_MODULES = {"sse_cli", "__main__", "pytest_plugin"}
ONLY_IMPORTERS = [("httpx", "transport"), ("rich", "render"), ("asyncio", "mockserver")]


def name_of(path: Path) -> str:
    """Return a file's module, relative to the package: `render.table`, or `sse_cli` itself."""
    parts = [*path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(part for part in parts if part != "__init__") or "sse_cli"


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_bytes())


def imported(path: Path) -> Iterator[str]:
    """Yield every module or name that a file imports, wherever in the file, with full names."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of_ours(module: str) -> set[str]:
    """Return the modules of ours that `module` imports."""
    found = set()
    for name in imported(MODULES[module]):
        parts = name.split(".")
        if parts[0] == "sse_cli":
            found.add(_longest_module(parts[1:]))
    return found


def _longest_module(parts: list[str]) -> str:
    for size in range(len(parts), 0, -1):
        if (name := ".".join(parts[:size])) in MODULES:
            return name
    return "sse_cli"


def package_of(module: str) -> str:
    """Return the subpackage of a module; a module at the root itself."""
    return module.partition(".")[0]


def layer_of(module: str) -> int:
    """Return a module's place in the data flow; the modules at the root come last."""
    return LAYERS.index(name) if (name := package_of(module)) in LAYERS else len(LAYERS)


def test_every_package_has_a_layer() -> None:
    assert {package_of(module) for module in MODULES} == {*LAYERS, *ROOT_MODULES}


def test_no_module_imports_from_a_higher_layer() -> None:
    for module in MODULES:
        own = layer_of(module)
        above = {other for other in imports_of_ours(module) if layer_of(other) > own}
        assert above - {"sse_cli"} == set(), module


# A typed option: `--name`, or `-x` as a word of its own.
OPTION = re.compile(r"""(?<![\w-])--[a-z]|(?:^|(?<=[\s`'"(]))-[A-Za-z](?![\w-])""")
SPELLS_OPTIONS = ("cli.", "request.", "check.config", "__main__")


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module's name and syntax tree."""
    for module, path in MODULES.items():
        yield module, tree_of(path)


def literals(tree: ast.Module) -> Iterator[str]:
    """Yield every string of a module except the docstrings."""
    documented = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
    nodes = list(ast.walk(tree))
    owners = [node for node in nodes if isinstance(node, documented) and ast.get_docstring(node)]
    docstrings = {id(next(ast.iter_child_nodes(node.body[0]))) for node in owners}
    strings = [node for node in nodes if isinstance(node, ast.Constant)]
    found = [node.value for node in strings if id(node) not in docstrings]
    yield from (value for value in found if isinstance(value, str))


def test_only_some_layers_spell_options() -> None:
    spelled = {
        f"{module}: {text}"
        for module, tree in trees()
        if not module.startswith(SPELLS_OPTIONS)
        for text in literals(tree)
        if OPTION.search(text)
    }
    assert spelled == set()


@pytest.mark.parametrize("text", ["--record FILE makes one", "(-v shows it)", "add -L", "`-o raw`"])
def test_an_option_is_recognized_in_a_sentence(text: str) -> None:
    assert OPTION.search(text)


@pytest.mark.parametrize(
    "text", ["-----BEGIN", "utf-8", "eof-unverified", "%Y-%m-%d", "a -- b", "--"]
)
def test_a_hyphen_alone_is_not_an_option(text: str) -> None:
    assert not OPTION.search(text)


def test_every_cause_has_a_hint_and_is_used() -> None:
    used = {
        node.attr
        for module, tree in trees()
        if module not in ("model.causes", "cli.hints")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Cause"
    }
    causes = {name: value for name, value in vars(Cause).items() if name.isupper()}
    assert set(HINTS) == set(causes.values())
    assert used == set(causes)


def test_a_cause_is_a_short_name_and_a_hint_is_a_sentence() -> None:
    for cause, hint in HINTS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cause)
        assert hint_of(cause) == hint
        assert " " in hint
        assert not hint.endswith((".", " "))
    assert hint_of("the advice of an old recording") == "the advice of an old recording"


def test_there_are_no_import_cycles() -> None:
    graph = {module: imports_of_ours(module) - {module} for module in MODULES}
    assert len([*TopologicalSorter(graph).static_order()]) == len(MODULES)


@pytest.mark.parametrize(("library", "only"), ONLY_IMPORTERS)
def test_a_library_is_imported_by_one_package_only(library: str, only: str) -> None:
    importers = {
        package_of(module)
        for module, path in MODULES.items()
        if any(name.split(".")[0] == library for name in imported(path))
    }
    assert importers == {only}


MAX_LINES = 350
MAX_FUNCTION_LINES = 40
# The hot loop of the parser: a call for each field would take longer than reading it.
LONG_FUNCTIONS = {("parser.fields", "_interpret")}


def definitions(module: str) -> Iterator[ast.AST]:
    return ast.walk(tree_of(MODULES[module]))


def test_modules_and_functions_are_short() -> None:
    for module, path in MODULES.items():
        assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES, module
        long = {
            (module, node.name)
            for node in definitions(module)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
        }
        assert long <= LONG_FUNCTIONS, module


def test_a_class_name_occurs_once() -> None:
    names = [
        node.name
        for module in MODULES
        for node in definitions(module)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert {name for name in names if names.count(name) > 1} == set()


def test_the_root_of_the_package_holds_only_entry_points() -> None:
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "pytest_plugin.py", "py.typed"}


def test_the_top_level_holds_only_listed_files() -> None:
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert names - MADE_HERE == TOP_LEVEL


def test_the_version_is_written_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    source = ROOT / project["tool"]["hatch"]["version"]["path"]
    version = f'"{sse_cli.__version__}"'
    assert [path for path in MODULES.values() if version in path.read_text("utf-8")] == [source]


def distribution_name(requirement: str) -> str:
    """Return the name in a requirement such as `httpx[http2]>=0.28`, normalised as PEP 503 says."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_the_declared_dependencies_are_the_imported_ones() -> None:
    # pytest itself loads the plugin, so the plugin does not make it a dependency.
    paths = [path for module, path in MODULES.items() if module != "pytest_plugin"]
    names = {name.split(".")[0] for path in paths for name in imported(path)}
    installed = packages_distributions()
    needed = {
        distribution_name(distribution)
        for name in names - sys.stdlib_module_names - {"sse_cli"}
        for distribution in installed[name]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {distribution_name(one) for one in project["dependencies"]} == needed


def test_the_package_is_marked_as_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_every_public_name_is_importable() -> None:
    assert all(hasattr(sse_cli, name) for name in sse_cli.__all__)


def test_both_command_names_start_the_same_program() -> None:
    ours = [point for point in entry_points(group="console_scripts") if point.module == MAIN]
    assert {(point.name, point.value) for point in ours} == {
        ("sse", f"{MAIN}:main"),
        ("sse-cli", f"{MAIN}:main"),
    }


MAIN = "sse_cli.__main__"
STARTS = [[str(SCRIPTS / "sse")], [str(SCRIPTS / "sse-cli")], [sys.executable, "-m", "sse_cli"]]


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command without input; return its result."""
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("start", STARTS, ids=["sse", "sse-cli", "python -m"])
def test_each_way_to_start_it_prints_the_version(start: list[str]) -> None:
    done = run([*start, "--version"])
    assert (done.returncode, done.stdout) == (0, f"sse-cli {sse_cli.__version__}\n")
    assert done.stderr == ""


def commands(command: Any, path: str = "sse") -> Iterator[tuple[str, Any]]:
    """Yield the command and all its subcommands, with their full names."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{path} {name}")


COMMANDS = dict(commands(get_command(app)))
PARAMETERS = [(path, parameter) for path, one in COMMANDS.items() for parameter in one.params]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_help(path: str) -> None:
    assert COMMANDS[path].help.strip()


@pytest.mark.parametrize(
    "parameter",
    [parameter for _, parameter in PARAMETERS],
    ids=[f"{path} {parameter.name}" for path, parameter in PARAMETERS],
)
def test_every_argument_and_option_has_help(parameter: Any) -> None:
    assert parameter.help.strip()


def test_every_option_that_a_hint_names_exists() -> None:
    known = {"--help", *(name for _, parameter in PARAMETERS for name in parameter.opts)}
    advice = " ".join(HINTS.values()).replace("curl -N", "curl")
    named = set(re.findall(r"(?<![\w-])(?:--[a-z][a-z-]*|-[A-Za-z])(?![\w-])", advice))
    assert named - known == set()
    assert {"--cacert", "-k", "--debug", "--allow-remote"} <= named


SHELLS = {
    "bash": "complete -o default -F _sse_completion sse",
    "zsh": "compdef _sse_completion sse",
    "fish": "complete --command sse",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_completion_script(shell: str) -> None:
    done = run(STARTS[0], _SSE_COMPLETE=f"source_{shell}")
    assert (done.returncode, done.stderr) == (0, "")
    assert SHELLS[shell] in done.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sse wa", "watch"),
        ("sse watch --que", "--query"),
        ("sse http://localhost --que", "--query"),
    ],
)
def test_bash_completes_commands_and_options(typed: str, offered: str) -> None:
    words = typed.split()
    script = f"""
        eval "$(_SSE_COMPLETE=source_bash sse)"
        COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}
        _sse_completion sse
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = run(["bash", "-c", script], PATH=f"{SCRIPTS}:{os.environ['PATH']}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [offered]
