"""Moving runs aside so that they can be brought back: what they recorded stays whole, in `.dropped`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sweeps.records import lock
from sweeps.records.atomic import write_json
from sweeps.records.errors import UserError
from sweeps.records.layout import DROPPED, LOCK, cell_id_of
from sweeps.records.record import timestamp
from sweeps.upkeep.chosen_runs import alone_in
from sweeps.upkeep.listing import dropped
from sweeps.view.explain import Case

WHY = "dropped.json"


def drop(root: Path, cases: Sequence[Case], reason: str | None) -> Iterator[str]:
    """Move runs aside, and yield a line for each. Raises UserError, before any is moved, if one cannot be."""
    if absent := [case.id for case in cases if case.record is None or case.record.status == "missing"]:
        raise UserError(*(f"{cell_id}: there is no record to drop" for cell_id in absent))
    with alone_in(root):
        for case in cases:
            assert case.record is not None
            yield _drop(root, case.record.path, reason)


def _drop(root: Path, path: Path, reason: str | None) -> str:
    """Rename a run's directory in one step, its lock held; whoever waited for it finds the place empty."""
    (root / DROPPED).mkdir(exist_ok=True)
    places = (root / DROPPED / f"{path.name}.{number}" for number in itertools.count(1))
    target = next(place for place in places if not place.exists())
    with lock.acquire(path / LOCK):
        path.rename(target)
    (target / LOCK).unlink(missing_ok=True)
    write_json(target / WHY, {"reason": reason, "time": timestamp()})
    return f"{path.name}: moved to {DROPPED}/{target.name}"


def restore(root: Path, words: Sequence[str]) -> Iterator[str]:
    """Bring dropped runs back, of each the one that was dropped last, and yield a line for each.

    Raises UserError, before any is moved, for a word that means none or several, and where a run is again.
    """
    folders = dict(_chosen(root, word) for word in words)
    with alone_in(root):
        if taken := [name for name in folders if _is_taken(root / name)]:
            raise UserError(*(f"{name}: has been run again; drop that first" for name in taken))
        for name, folder in folders.items():
            (folder / WHY).unlink(missing_ok=True)
            folder.rename(root / name)
            yield f"{name}: is back"
        with suppress(OSError):  # it holds others
            (root / DROPPED).rmdir()


def _is_taken(path: Path) -> bool:
    """Whether a run has its place again; an empty folder there is removed."""
    with suppress(OSError):
        path.rmdir()
    return path.exists()


def _chosen(root: Path, word: str) -> tuple[str, Path]:
    """Return the name of the run that an id, its beginning or a name means, and where it is kept."""
    kept: dict[str, int] = {}
    for folder in dropped(root):
        name, _, number = folder.rpartition(".")
        if number.isdecimal() and (cell_id_of(name) or "").startswith(word) | name.startswith(word):
            kept[name] = max(kept.get(name, 0), int(number))
    if len(kept) != 1:
        what = f"may be any of {len(kept)} dropped runs" if kept else "no dropped run is called so"
        raise UserError(f"{word}: {what}")
    ((name, last),) = kept.items()
    return name, root / DROPPED / f"{name}.{last}"
