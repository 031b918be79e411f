"""Deferred imports of modules that most runs never use.

Our dependencies import them in every run: httpcore imports h2 even for `http://`, Typer the modules
of completion and help. Together they take a sixth of the time to start. `importlib.util.LazyLoader`
does the same, but it fails if a module is imported a second time, or if two threads use it for
the first time at once (CPython before 3.12).
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any, Final

DEFERRED: Final = frozenset(
    {
        # HTTP/2
        "h2.connection",
        "h2.events",
        "h2.exceptions",
        "h2.settings",
        # Asynchronous clients, host names that are not ASCII, forms, CA files
        "anyio",
        "certifi",
        "email.errors",
        "email.header",
        "email.parser",
        "idna",
        "mimetypes",
        # Completion, help, archives, tracebacks, typos, TOML files
        "bz2",
        "difflib",
        "linecache",
        "locale",
        "lzma",
        "selectors",
        "stringprep",
        "subprocess",
        "textwrap",
        "tokenize",
        "tomllib",
    }
)
_LOADING: Final = RLock()


def install() -> None:
    """Defer loading the modules in `DEFERRED` from now on: importing one only locates it."""
    sys.meta_path.insert(0, _Finder())


class _DeferredModule(ModuleType):
    """A module that was imported but not loaded. Reading an attribute loads it."""

    def __getattribute__(self, name: str) -> Any:
        if name != "__spec__":  # every further import reads `__spec__`
            _load(self)
        return ModuleType.__getattribute__(self, name)  # `_load` changed the class to this


class _Finder:
    """A finder for the modules in `DEFERRED` (`importlib.abc.MetaPathFinder`)."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the spec of a module in `DEFERRED`, with a loader that defers; else None."""
        if name not in DEFERRED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            # A subclass of `importlib.abc.Loader` would satisfy mypy, but importing it takes 1 ms.
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
        return spec


class _Loader:
    """A loader that leaves executing a module to `own`, its real loader, until it is used."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as its real loader does (`importlib.abc.Loader`)."""
        module: ModuleType | None = self.own.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Defer executing the module."""
        module.__class__ = _DeferredModule


def _load(module: ModuleType) -> None:
    """Load a module unless it is loaded or being loaded.

    Other threads wait until it is loaded. The thread that loads it may read its attributes, as
    modules in an import cycle do; hence a reentrant lock.
    """
    with _LOADING:
        spec: Any = ModuleType.__getattribute__(module, "__spec__")
        if isinstance(spec.loader, _Loader):
            module.__loader__ = spec.loader = spec.loader.own
            spec.loader.exec_module(module)
            module.__class__ = ModuleType
