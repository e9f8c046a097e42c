"""The work of one launch, on disk: due units in chunks, each a small file that a worker takes by renaming it.

    <folder>/runner             how cells are run; each worker reads it once
    <folder>/todo/<piece>/      chunks that nobody has taken yet; a piece of the plan, a chunk for each worker
    <folder>/taken/             chunks that somebody has

A launcher copies what it runs for every task, and a worker without a share of its own would have to look at
every cell: for 100,000 cells and 1,000 workers that is 30 GB written and 100 million files opened. Here each
cell is written and read once, and a worker that looks for a chunk lists those of one piece only.

Renaming is atomic, on NFS too, so a chunk has one taker. (Should an NFS server lose its answer, the taker may
be told that it came too late: then nobody runs the chunk in this launch, and the next one has it again.)
"""

from __future__ import annotations

import contextlib
import pickle
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cloudpickle  # type: ignore[import-untyped]
from hydra.core.singleton import Singleton

from sweeps.cli import user_modules
from sweeps.execution.cell_run import Runner
from sweeps.execution.units import Unit

CHUNK = 64  # units at most: what is left of the chunk of a worker that dies waits for the next launch


@dataclass(frozen=True)
class Todo:
    """What is to be done in one launch; a path, and so cheap to hand to any number of workers."""

    folder: Path

    def write(self, runner: Runner, units: Sequence[Unit]) -> None:
        """Lay the work out. Raises OSError."""
        self.folder.mkdir()
        content = cloudpickle.dumps((Singleton.get_state(), runner))
        (self.folder / "runner").write_bytes(pickle.dumps((sys.path, content)))
        self.lay_out(units, runner.workers)

    def lay_out(self, units: Sequence[Unit], workers: int) -> None:
        """Write the chunks."""
        (self.folder / "taken").mkdir()
        for number, piece in enumerate(pieces(units, workers)):
            place = self.folder / "todo" / f"{number:04}"
            place.mkdir(parents=True)
            for worker, chunk in enumerate(piece):
                (place / f"{number:04}-{worker:04}").write_bytes(pickle.dumps(chunk))

    def runner(self, *, own_process: bool) -> Runner:
        """Return how cells are run; in a process of its own, with what the application has registered."""
        path, content = pickle.loads((self.folder / "runner").read_bytes())
        user_modules.extend(path)  # where the sweeper has found modules
        state, runner = pickle.loads(content)
        assert isinstance(runner, Runner)
        if own_process:
            Singleton.set_state(state)
        return runner

    def units(self) -> Iterator[Unit]:
        """Yield units that no other worker has taken until there are none, or the sweep is over."""
        while (chunk := self._take()) is not None:
            yield from chunk

    def is_empty(self) -> bool:
        """Return whether every chunk has been taken."""
        return not any(_listed(self.folder / "todo" / piece) for piece in _listed(self.folder / "todo"))

    def _take(self) -> list[Unit] | None:
        """Take a chunk of the first piece, which one by chance: others choose at the same moment."""
        for piece in sorted(_listed(self.folder / "todo")):
            names = _listed(self.folder / "todo" / piece)
            random.shuffle(names)
            for name in names:
                taken = self.folder / "taken" / name
                with contextlib.suppress(FileNotFoundError):  # somebody was faster
                    (self.folder / "todo" / piece / name).rename(taken)
                    chunk: list[Unit] = pickle.loads(taken.read_bytes())
                    return chunk
            with contextlib.suppress(OSError):  # somebody has removed it, or the sweep all of it
                (self.folder / "todo" / piece).rmdir()
        return None


def _listed(folder: Path) -> list[str]:
    """Return the names in a folder; none if it has been removed, by a worker or at the end of the sweep."""
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []


def pieces(units: Sequence[Unit], workers: int) -> Iterator[list[list[Unit]]]:
    """Cut the work into pieces of a chunk for each worker, smaller towards the end, so that all end together.

    The chunks of a piece share it out in turns: so cells are started in the plan's order, roughly, where the
    live view looks for them.
    """
    start = 0
    while start < len(units):
        size = max(1, min(CHUNK, (len(units) - start) // (4 * workers)))
        piece = units[start : start + size * workers]
        yield [list(piece[number::workers]) for number in range(min(workers, len(piece)))]
        start += len(piece)
