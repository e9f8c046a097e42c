"""The runs that a person names by their ids, and the right to change a directory meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.execution.directory import at_work
from sweeps.planning.place import short
from sweeps.records import lock
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import HIDDEN, LOCK
from sweeps.records.plan import Plan, read_plan
from sweeps.records.record import Record, load_records
from sweeps.view.explain import Case, find


@dataclass(frozen=True)
class Sweep:
    """A sweep's directory as it is read: its plan, its records, and the reasons of the excluded runs."""

    root: Path
    plan: Plan | None
    records: Mapping[str, Record]
    excluded: Mapping[str, str]

    @classmethod
    def of(cls, root: Path) -> Sweep:
        """Read a directory. Raises UserError if there is no sweep in it."""
        if not root.is_dir():
            raise UserError(f"{root}: {'is no directory' if root.exists() else 'there is no such directory'}")
        plan, records = read_plan(root), load_records(root)
        if plan is None and not records:
            raise UserError(f"{root}: holds no plan and no run records")
        return cls(root, plan, records, read_excluded(root))

    def cases(self, words: Sequence[str]) -> list[Case]:
        """Return the runs that ids, beginnings of ids, or names mean, each once; all of them for no words.

        Raises UserError, a line for each word that means none, or several.
        """
        if not words:
            return self._all()
        found: dict[str, Case] = {}
        problems: list[str] = []
        for word in words:
            try:
                case = find(word, self.plan, self.records)
                found[case.id] = case
            except UserError as error:
                problems += error.lines
        if problems:
            raise UserError(*problems)
        return list(found.values())

    def _all(self) -> list[Case]:
        """Return every run, the planned ones first, in the plan's order."""
        cells = {cell.id: cell for cell in self.plan.cells} if self.plan else {}
        names = {cell_id: record.path.name for cell_id, record in self.records.items()}
        names = {cell_id: cell.name for cell_id, cell in cells.items()} | names
        return [
            Case(cell_id, name, cells.get(cell_id), self.records.get(cell_id))
            for cell_id, name in names.items()
        ]


@contextlib.contextmanager
def alone_in(root: Path) -> Iterator[None]:
    """Have a sweep's directory for oneself within the body. Raises UserError if a command works in it."""
    try:
        hidden = root / HIDDEN
        hidden.mkdir(exist_ok=True)
        with lock.kept(lock.acquire(hidden / LOCK)):
            others = (path for path in hidden.iterdir() if path.is_dir())
            if owner := next((who for path in others if (who := lock.holder(path / LOCK))), None):
                raise lock.Held(owner)
            yield
    except lock.Held as error:
        raise UserError(f"{short(root)} is in use by {error.owner}") from error


def require_at_rest(root: Path) -> None:
    """Raise UserError if a command works in a directory."""
    if (owner := at_work(root)) is not None:
        raise UserError(f"{short(root)} is in use by {owner}")
