"""An environment with the dependencies of `sse` and nothing else: links to them, and a copy of our
package; nothing is installed.

Other installed packages would add to the time to start (Rich imports parts of IPython or Click if
it finds them), and they differ from machine to machine.
"""

from __future__ import annotations

import compileall
import re
import shutil
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import sse_cli

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_SCRIPT = """#!{python}
import sys
from sse_cli.__main__ import main
if __name__ == '__main__':
    sys.exit(main())
"""


def runtime(folder: Path) -> Path:
    """Make an environment in `folder` with the runtime dependencies alone; return its Python."""
    home = folder / "environment"
    venv.create(home, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    for name in _closure("sse-cli", {}):
        _link(distribution(name), site)
    _install(Path(sse_cli.__file__).parent, site)
    python = home / "bin" / "python"
    script = python.with_name("sse")
    script.write_text(_SCRIPT.format(python=python), "utf-8")
    script.chmod(0o755)
    return python


def _install(package: Path, site: Path) -> None:
    """Copy our package, and compile it as pip does, so that no measured run has to."""
    home = site / package.name
    shutil.copytree(package, home, ignore=shutil.ignore_patterns("__pycache__"))
    if not compileall.compile_dir(home, quiet=1):
        raise SystemExit("sse_cli does not compile")


def _closure(name: str, seen: dict[str, None]) -> Iterator[str]:
    """Yield the distributions that `name` needs, including requested extras but not itself."""
    for line in distribution(name.partition("[")[0]).requires or ():
        requirement, _, marker = line.partition(";")
        extra = re.search(r"extra == ['\"]([^'\"]+)", marker)
        if extra and extra[1] not in name.partition("[")[2]:
            continue
        found = _NAME.match(requirement)
        wanted = found[0] + requirement[found.end() :].partition("]")[0] if found else ""
        key = wanted.split("[")[0].split(" ")[0]
        key = re.split(r"[<>=!~ ]", key)[0]
        if key in seen or not _is_installed(key):
            continue
        seen[key] = None
        yield key
        asked = f"{key}[{wanted.partition('[')[2]}" if "[" in wanted else key
        yield from _closure(asked, seen)


def _is_installed(name: str) -> bool:
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def _link(one: Distribution, site: Path) -> None:
    """Link a distribution's top-level packages and modules."""
    tops = {file.parts[0] for file in one.files or () if file.parts[0] not in ("..", "__pycache__")}
    for top in tops:
        target = Path(str(one.locate_file(top)))
        if target.exists() and not (site / top).exists():
            (site / top).symlink_to(target)


if __name__ == "__main__":
    print(runtime(Path(sys.argv[1])))
