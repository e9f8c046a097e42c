"""The fingerprint of the code that a result depends on: a hash over its sources."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from sweeps.records.errors import UserError


def fingerprint(modules: Iterable[str]) -> str:
    """Return 12 hex digits over the sources of the modules and packages; empty if none are named."""
    total = hashlib.sha256()
    for name, content in sorted(sources(modules).items()):
        total.update(f"{name}:{content}\n".encode())
    return total.hexdigest()[:12] if modules else ""


def sources(modules: Iterable[str]) -> dict[str, str]:
    """Return source file → SHA-256 of its content; a file is named by its module and path within it."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for module in modules
        for name, path in _files(module)
    }


def files_of(module: str) -> list[Path]:
    """Return the source files of a module or package. Raises UserError if there is none of that name."""
    return [path for _, path in _files(module)]


def _files(module: str) -> Iterator[tuple[str, Path]]:
    spec = _spec(module)
    if spec is None or not (spec.has_location or spec.submodule_search_locations):
        raise UserError(f"hydra.sweeper.code: there is no module {module} with a file of its own")
    for folder in map(Path, spec.submodule_search_locations or []):
        for path in sorted(folder.rglob("*.py")):
            yield f"{module}/{path.relative_to(folder).as_posix()}", path
    if not spec.submodule_search_locations and spec.origin:
        yield module, Path(spec.origin)


def _spec(module: str) -> ModuleSpec | None:
    """Find a module without importing anything; importlib's find_spec imports the packages around it.

    What is in a package is looked for by its own name alone: by its full one a package without __init__.py
    would ask for its parent among the imported modules.
    """
    first, *inner = module.split(".")
    if not all(part.isidentifier() for part in (first, *inner)):
        return None
    specs = (finder.find_spec(first, None) for finder in sys.meta_path)
    spec = next((each for each in specs if each is not None), None)
    for part in inner:
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations))
    return spec
