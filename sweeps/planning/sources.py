"""What changed in the code: `<root>/.sweep/code.json` keeps the sources that each fingerprint stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sweeps.planning.fingerprint import fingerprint, sources
from sweeps.records.atomic import write_json
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN
from sweeps.records.untrusted import read_json

CODE = Path(HIDDEN, "code.json")

Sources = dict[str, str]  # file → SHA-256


def remember(root: Path, modules: Iterable[str]) -> None:
    """Note which sources the present code of the modules consists of. Raises OSError."""
    known, now = remembered(root), fingerprint(modules)
    if now and now not in known:
        write_json(root / CODE, {**known, now: sources(modules)}, durable=False)


def remembered(root: Path) -> dict[str, Sources]:
    """Return fingerprint → sources, the latest last; what cannot be read is as if it were not there."""
    try:
        known = read_json(root / CODE)
    except (OSError, ValueError):
        return {}
    known = known if isinstance(known, dict) else {}
    return {code: files for code, files in known.items() if isinstance(files, dict)}


def present(root: Path) -> tuple[str, Sources]:
    """Return fingerprint and sources, as they are now, of the modules remembered last; empty if none are."""
    latest = list(remembered(root).values())[-1:]
    return _now(file for known in latest for file in known)


def is_present(code: str, root: Path) -> bool | None:
    """Return whether the modules that a fingerprint stands for have it still; None if they are not known."""
    files = remembered(root).get(code)
    return None if files is None else _now(files)[0] == code


def _now(files: Iterable[str]) -> tuple[str, Sources]:
    """Return fingerprint and sources, as they are now, of the modules that files belong to."""
    modules = sorted({file.partition("/")[0] for file in files})
    try:
        return fingerprint(modules), sources(modules)
    except UserError:  # a module that is not here any more: nothing to compare with
        return "", {}


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return the files that differ, those that are new or gone included."""
    return sorted(file for file in old.keys() | new.keys() if old.get(file) != new.get(file))
