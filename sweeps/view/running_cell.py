"""One running cell, as its directory shows it: how far it is, and how fast."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeps.records.layout import HISTORY
from sweeps.records.plan import Cell

TAIL = 4096  # bytes: more than any row has


@dataclass
class Running:
    """A cell that is being run: `epoch` is the last one finished, `row` its line of history.csv."""

    cell: Cell
    path: Path
    label: str  # what tells it from the plan's other cells
    looked_for: float  # when its process was last known to be alive (Unix time, s)
    epoch: int = 0
    row: dict[str, str] = field(default_factory=dict)
    first: tuple[int, float] | None = None  # epoch and time at which this attempt was first seen

    @property
    def epochs(self) -> int | None:
        """How many epochs the cell's config asks for; None if it has no such key."""
        return _epochs(self.cell.config)

    @property
    def share(self) -> float:
        """How much of the cell is done, in [0, 1]."""
        return min(self.epoch / self.epochs, 1.0) if self.epochs else 0.0

    def read_history(self, now: float) -> None:
        """Take in the last row of history.csv, if there is one."""
        self.row = last_row(self.path / HISTORY)
        with contextlib.suppress(KeyError, ValueError):
            self.epoch = int(self.row["epoch"])
        if self.first is None:
            self.first = (self.epoch, now)

    def pace_s(self, now: float) -> float | None:
        """Return what the whole cell takes, going by the epochs seen so far; None before the first."""
        if self.first is None or not self.epochs or self.epoch <= self.first[0]:
            return None
        return (now - self.first[1]) / (self.epoch - self.first[0]) * self.epochs


def shared_words(cells: Sequence[Cell]) -> frozenset[str]:
    """Return the parts of the cells' names that all have; of a single cell none."""
    words = [frozenset(_words(cell)) for cell in cells]
    return frozenset.intersection(*words) if len(words) > 1 else frozenset()


def label(cell: Cell, shared: Collection[str]) -> str:
    """Return a cell's name without its id and without the parts that all cells share."""
    return "-".join(word for word in _words(cell) if word not in shared) or cell.name


def _words(cell: Cell) -> list[str]:
    return cell.name.removesuffix(cell.id).rstrip("-").split("-")


def last_row(path: Path) -> dict[str, str]:
    """Return the last complete row of a CSV file, column → text; empty if none. Reads only the file's end."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):  # a pipe, say, that nobody writes to
            return {}
        with path.open("rb") as file:
            header = file.readline(TAIL)
            file.seek(max(len(header), file.seek(0, 2) - TAIL))
            rows = file.read().split(b"\n")[:-1]  # what follows the last line end is being written just now
    except OSError:
        return {}
    return dict(zip(_fields(header), _fields(rows[-1]), strict=False)) if rows else {}


def _fields(line: bytes) -> list[str]:
    return line.decode(errors="replace").strip().split(",")


def _epochs(config: dict[str, Any]) -> int | None:
    """Return the first `epochs` at the top of a config or one level below."""
    for node in (config, *config.values()):
        if isinstance(node, dict) and isinstance(node.get("epochs"), int):
            return int(node["epochs"])
    return None
