"""A run that comes from another directory: copied beside, then moved into its place, the record last."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from sweeps.execution.reuse import copy_changes
from sweeps.records import lock, superseded
from sweeps.records.atomic import write_atomic
from sweeps.records.layout import HIDDEN, LOCK, NOTES, REPORT
from sweeps.records.record import Record, write_record
from sweeps.records.untrusted import read_file, read_json

DRAFT = "incoming-"  # what the copy of a run is called until it is whole


def bring(record: Record, name: str, root: Path, other: Path) -> None:
    """Copy a run into a directory under a name; what is there of it is kept aside."""
    draft = root / HIDDEN / f"{DRAFT}{uuid.uuid4().hex[:8]}"
    try:
        shutil.copytree(record.path, draft, ignore=_not_of_the_run, symlinks=True)
        data = read_json(draft / REPORT)
        copy_changes(data, other, root)
        write_record(draft, data | {"name": name})
        place = root / name
        place.mkdir(exist_ok=True)
        with lock.acquire(place / LOCK):
            superseded.keep(root, name)
            for entry in sorted(draft.iterdir(), key=lambda entry: entry.name == REPORT):
                entry.rename(place / entry.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def clear(root: Path) -> None:
    """Remove what a merge that was killed has left on the way; for whoever has the directory alone."""
    for draft in (root / HIDDEN).glob(f"{DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)


def bring_notes(root: Path, other: Path) -> Iterator[str]:
    """Copy the other directory's notes if there are none here; yield a line if both have their own."""
    try:
        text = read_file(other / NOTES)
    except (OSError, ValueError):
        return
    if not (root / NOTES).exists():
        write_atomic(root / NOTES, text)
    elif (root / NOTES).read_bytes() != text:
        yield f"{NOTES}: both directories have notes; those of {other} stay there"


def _not_of_the_run(folder: str, names: list[str]) -> list[str]:
    """Return what is not copied: locks, drafts, and links, which may lead anywhere."""
    return [
        name
        for name in names
        if name == LOCK or name.startswith((f"{LOCK}.", ".")) or (Path(folder) / name).is_symlink()
    ]
