"""Modules that most runs never look into are loaded by those that do.

What we stand on imports them all the same: httpcore h2, for `http://` too, and Typer what
completion and help need. Together they are a sixth of the time to start. The standard library's
`importlib.util.LazyLoader` does the same, but not for a module that is imported a second time, nor
where two threads look into one at once (CPython before 3.12).
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any, Final

SELDOM: Final = frozenset(
    {
        # HTTP/2
        "h2.connection",
        "h2.events",
        "h2.exceptions",
        "h2.settings",
        # Asynchronous clients, host names that are not ASCII, forms, certificates of one's own
        "anyio",
        "certifi",
        "email.errors",
        "email.header",
        "email.parser",
        "idna",
        "mimetypes",
        # Completion, help, archives, tracebacks
        "bz2",
        "linecache",
        "locale",
        "lzma",
        "selectors",
        "stringprep",
        "subprocess",
        "textwrap",
        "tokenize",
    }
)
_LOADING: Final = RLock()


def install() -> None:
    """From now on, importing one of `SELDOM` only notes where it is."""
    sys.meta_path.insert(0, _Finder())


class _Later(ModuleType):
    """A module that was imported, but that nobody has looked into."""

    def __getattribute__(self, name: str) -> Any:
        if name != "__spec__":  # every import of it asks for that
            _load(self)
        return ModuleType.__getattribute__(self, name)  # by now that is its class


class _Finder:
    """Finds what is in `SELDOM` as others do, for loading it later."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Where a module is (`importlib.abc.MetaPathFinder`)."""
        if name not in SELDOM:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]  # importing theirs costs 1 ms
        return spec


class _Loader:
    """Loads a module by `own`, its own loader, once somebody looks into it."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """What `importlib.abc.Loader` asks for."""
        module: ModuleType | None = self.own.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing yet."""
        module.__class__ = _Later


def _load(module: ModuleType) -> None:
    """Load a module unless it is, or is being, loaded; other threads wait until it is."""
    with _LOADING:
        spec: Any = ModuleType.__getattribute__(module, "__spec__")
        if isinstance(spec.loader, _Loader):
            module.__loader__ = spec.loader = spec.loader.own
            spec.loader.exec_module(module)
            module.__class__ = ModuleType
