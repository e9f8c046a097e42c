"""The sweeps below a directory that is none itself, such as runs/."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sweeps.records.layout import PLAN, REPORT_DIR, cell_dirs, cell_id_of

DEEPEST = 4  # folders below the one that is looked at


def sweeps_below(root: Path, depth: int = DEEPEST) -> Iterator[Path]:
    """Yield every directory below with a plan or with runs, those further up first, by name."""
    try:
        entries = [entry for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    except OSError:  # one that may not be read
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.name.startswith(".") or entry.name == REPORT_DIR or cell_id_of(entry.name):
            continue
        path = root / entry.name
        if is_sweep(path):
            yield path
        if depth > 1:
            yield from sweeps_below(path, depth - 1)


def is_sweep(path: Path) -> bool:
    """Whether a directory holds a plan, or runs."""
    return (path / PLAN).is_file() or (os.access(path, os.R_OK) and bool(cell_dirs(path)))
