"""Whether our packages are ours: their import names are generic, and other distributions use them too.

pip installs a distribution over another's files without a word. So every command compares where the packages
come from, and their files, with what this distribution has installed. Only the standard library is used, and
nothing of the packages is imported: they may be somebody else's.
"""

import base64
import csv
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PROJECT = "mlp-grid"
PACKAGES = ("conf", "mlp", "reports", "sweeps")
HOME = Path(__file__).resolve().parent.parent
NEEDS = {
    "mlp": ("mlp",),
    "mlp_grid.classifier": ("mlp",),
    "mlp_grid.results": ("reports", "sweeps"),
    "mlp_grid.sweeping": PACKAGES,
    "reports": ("reports", "sweeps"),
    "sweeps.status": ("sweeps",),
    "sweeps.studies": ("sweeps",),
    "sweeps.runs": ("sweeps",),
    "sweeps.cli": ("sweeps",),
    "sweeps.records": ("sweeps",),
    "sweeps": ("conf", "mlp", "sweeps"),
}
"""Module → the packages that it and what it calls import; of several entries the longest counts."""

REMEDY = f"install {PROJECT} in an environment of its own (uv tool install, pipx, or a new venv)"


@cache
def problem(module: str | None = None) -> str | None:
    """Return a line that says which package is another distribution's; None if all are ours.

    module: the one that is wanted, by default the one that Python was started with (`-m`). A package that it
    does not need may come from anywhere: a user's folder may hold a `reports.py`.
    """
    return next((line for line in (*elsewhere(HOME, needed(module or running())), *replaced(HOME))), None)


def running() -> str:
    """Return the module that Python was started with, empty if it was none."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name.removesuffix(".__main__") if spec else ""


def needed(module: str) -> tuple[str, ...]:
    """Return the packages that a module needs; all of ours for one that is not known."""
    known = [name for name in NEEDS if f"{module}.".startswith(f"{name}.")]
    return NEEDS[max(known, key=len)] if known else PACKAGES


def elsewhere(home: Path, packages: Iterable[str] = PACKAGES) -> Iterator[str]:
    """Yield a line for each package that would be imported from another place than beside this one."""
    for name in packages:
        places = found(name)
        if home / name not in places:
            there = f"is imported from {places[0]}" if places else "is not there"
            here = any(place.parent == Path.cwd() for place in places)
            remedy = "run it in another folder, or as the installed command" if here else REMEDY
            yield f"the package {name} {there}, not from {home}: {remedy}"


def found(name: str) -> list[Path]:
    """Return the folders, or the file, that a package would be imported from; none if there is no such."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return []
    return [
        Path(place).resolve() for place in (spec.submodule_search_locations or filter(None, [spec.origin]))
    ]


def replaced(home: Path) -> Iterator[str]:
    """Yield a line for each of our installed files that another distribution has replaced, or that is gone.

    A file that somebody has edited is no problem: only one that another distribution says it installed.
    """
    for name, digest, size in installed(home):
        path = home / name
        if not path.is_file():
            yield f"{name} is gone, perhaps with another distribution that had the same name: {REMEDY}"
        elif is_changed(path, digest, size) and (owner := owner_of(home, name)):
            yield f"{name} is that of {owner}, which was installed over {PROJECT}: {REMEDY}"


def installed(home: Path) -> Iterator[tuple[str, str, int]]:
    """Yield path, digest and size (bytes) of what our distribution has installed; nothing in a checkout."""
    for record in home.glob(f"{PROJECT.replace('-', '_')}-*.dist-info/RECORD"):
        for name, digest, size in csv.reader(record.read_text(encoding="utf-8").splitlines()):
            if digest and name.partition("/")[0] in PACKAGES:
                yield name, digest, int(size)


def is_changed(path: Path, digest: str, size: int) -> bool:
    """Return whether a file is not as it was installed: by its size, where packages begin by its digest."""
    if path.stat().st_size != size:
        return True
    if path.name != "__init__.py":
        return False
    kind, _, expected = digest.partition("=")
    actual = base64.urlsafe_b64encode(hashlib.new(kind, path.read_bytes()).digest())
    return actual.rstrip(b"=").decode() != expected


def owner_of(home: Path, name: str) -> str | None:
    """Return the other distribution that says it installed a file, such as "sweeps 0.1.5"."""
    for record in home.glob("*.dist-info/RECORD"):
        distribution = record.parent.name.removesuffix(".dist-info")
        ours = distribution.startswith(f"{PROJECT.replace('-', '_')}-")
        if not ours and f"\n{name}," in f"\n{record.read_text(encoding='utf-8')}":
            return distribution.replace("-", " ")
    return None
