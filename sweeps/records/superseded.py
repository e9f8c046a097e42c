"""What a cell was before it was started over.

Kept in `<root>/.previous` until there is a result; a result of other data in `<root>/.superseded`, for good.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

from sweeps.records.layout import LOCK, PREVIOUS, REPORT


def keep(root: Path, name: str, place: str = PREVIOUS) -> None:
    """Move what the cell's directory holds aside, apart from its lock and what is damaged.

    The record goes first: whenever this is cut short, what is left has none, and so is not continued either.
    """
    here = root / name
    entries = [entry for entry in here.iterdir() if not entry.name.startswith((LOCK, f".{LOCK}"))]
    entries = [entry for entry in entries if ".damaged-" not in entry.name]
    if not entries:
        return
    target = next(path for path in _places(root / place, name) if not path.exists())
    target.mkdir(parents=True)
    for entry in sorted(entries, key=lambda entry: entry.name != REPORT):
        entry.replace(target / entry.name)


def drop(root: Path, name: str) -> None:
    """Remove what was kept of a cell that has a result now."""
    for path in itertools.takewhile(Path.exists, _places(root / PREVIOUS, name)):
        shutil.rmtree(path, ignore_errors=True)


def _places(folder: Path, name: str) -> Iterator[Path]:
    """Yield where a cell's earlier contents may be: what is kept is never overwritten."""
    return (folder / f"{name}.{number}" for number in itertools.count(1))
