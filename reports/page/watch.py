"""A sweep's directory as it changes: only files that changed are read."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reports.runs.curves import COLUMNS, Curve, read_curve
from reports.runs.own_curves import is_own, read_own_curve
from reports.runs.stamps import Stamp, stamp
from sweeps.records.layout import HISTORY, PLAN, REPORT, cell_dirs, cell_id_of
from sweeps.records.record import Record, read_record

ALIVE_S = 5.0  # how often a running record's process is looked for
UNENDED = ("running", "lost")


@dataclass(frozen=True)
class Seen:
    """A run as it was last seen: its record, its curve, the stamps of both files, and when (s)."""

    record: Record
    curve: Curve | pd.DataFrame
    stamps: tuple[Stamp, Stamp]
    looked: float


class Watch:
    """The runs of a directory, by cell id. `record` and `curve` serve what was read before."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: dict[str, Seen] = {}
        self.plan: Stamp = ""

    def plan_changed(self) -> bool:
        """Return whether there is another plan than at the last call."""
        before, self.plan = self.plan, stamp(self.root / PLAN)
        return before != self.plan

    def changes(self) -> Iterator[Seen]:
        """Yield every run of which a file has changed, or whose process has ended, since the last call."""
        folders = cell_dirs(self.root)
        gone = [cell_id for cell_id, seen in self.seen.items() if cell_id not in folders and any(seen.stamps)]
        for cell_id, path in [
            *folders.items(),
            *((cell_id, self.seen[cell_id].record.path) for cell_id in gone),
        ]:
            if (now := self.look(cell_id, path)) is not None:
                self.seen[cell_id] = now
                yield now

    def look(self, cell_id: str, path: Path) -> Seen | None:
        """Return a run anew if there is anything new about it, otherwise None."""
        before = self.seen.get(cell_id)
        stamps = stamp(path / REPORT), stamp(path / HISTORY)
        if before is None:
            return Seen(read_record(path), curve_of(path), stamps, time.monotonic())
        if before.stamps == stamps and not is_due(before):
            return None
        ended = before.record.status not in UNENDED and before.stamps[0] == stamps[0]
        record = before.record if ended else read_record(path)
        curve = before.curve if before.stamps[1] == stamps[1] else curve_of(path)
        now = Seen(record, curve, stamps, time.monotonic())
        if before.stamps == stamps and before.record.status == record.status:
            self.seen[cell_id] = now
            return None
        return now

    def record(self, path: Path) -> Record:
        """Return the record in a cell's directory, read anew only if its file has changed."""
        known = self.seen.get(cell_id_of(path.name) or "")
        return known.record if known and known.record.path == path else read_record(path)

    def curve(self, cell_id: str, folder: Path) -> Curve | None:
        """Return the curve of a run that was read before; None for any other."""
        known = self.seen.get(cell_id)
        if known is None or known.record.path != folder or isinstance(known.curve, pd.DataFrame):
            return None
        return known.curve


def is_due(seen: Seen) -> bool:
    """Whether a run's process has to be looked for again: a killed one changes no file."""
    return seen.record.status in UNENDED and time.monotonic() - seen.looked > ALIVE_S


def curve_of(path: Path) -> Curve | pd.DataFrame:
    """Return the curve in a cell's directory as far as it is written; empty if it cannot be read."""
    try:
        if is_own([path / HISTORY]):
            return read_own_curve(path / HISTORY, complete=False)
        return read_curve(path / HISTORY, complete=False)
    except (OSError, ValueError):
        return np.empty((0, len(COLUMNS)))
