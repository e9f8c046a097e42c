"""The work of one launch, on disk: due cells in chunks, each a small file that a worker takes by renaming it.

    <folder>/runner    how cells are run; each worker reads it once
    <folder>/todo/     chunks that nobody has taken yet, named by their order
    <folder>/taken/    chunks that somebody has

A launcher copies what it runs for every task, and a worker without a share of its own would have to look at
every cell: for 100,000 cells and 1,000 workers that is 30 GB written and 100 million files opened. Here each
cell is written and read once.

Renaming is atomic, on NFS too, so a chunk has one taker. (Should an NFS server lose its answer, the taker may
be told that it came too late: then nobody runs the chunk in this launch, and the next one has it again.)
"""

from __future__ import annotations

import bisect
import os
import pickle
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cloudpickle  # type: ignore[import-untyped]
from hydra.core.singleton import Singleton

from sweeps import imports
from sweeps.job import Job, Runner

CHUNK = 64  # cells at most: what is left of the chunk of a worker that dies waits for the next launch


@dataclass(frozen=True)
class Todo:
    """What is to be done in one launch; a path, and so cheap to hand to any number of workers."""

    folder: Path

    def write(self, runner: Runner, jobs: Sequence[Job]) -> None:
        """Lay the work out. Raises OSError."""
        self.folder.mkdir()
        content = cloudpickle.dumps((Singleton.get_state(), runner))
        (self.folder / "runner").write_bytes(pickle.dumps((sys.path, content)))
        self.lay_out(jobs, runner.workers)

    def lay_out(self, jobs: Sequence[Job], workers: int) -> None:
        """Write the chunks."""
        for name in ("todo", "taken"):
            (self.folder / name).mkdir()
        for number, chunk in enumerate(chunks(jobs, workers)):
            (self.folder / "todo" / f"{number:06}").write_bytes(pickle.dumps(chunk))

    def runner(self, *, own_process: bool) -> Runner:
        """Return how cells are run; in a process of its own, with what the application has registered."""
        path, content = pickle.loads((self.folder / "runner").read_bytes())
        imports.extend(path)  # where the sweeper has found modules
        state, runner = pickle.loads(content)
        assert isinstance(runner, Runner)
        if own_process:
            Singleton.set_state(state)
        return runner

    def jobs(self, workers: int) -> Iterator[Job]:
        """Yield cells that nobody else has taken until there are none, or the sweep is over."""
        while (chunk := self._take(workers)) is not None:
            yield from chunk

    def is_empty(self) -> bool:
        """Whether every chunk has been taken."""
        try:
            with os.scandir(self.folder / "todo") as entries:
                return next(entries, None) is None
        except FileNotFoundError:
            return True

    def _take(self, workers: int) -> list[Job] | None:
        """Take a chunk of the first piece, which one by chance: others choose at the same moment."""
        try:
            names = sorted(os.listdir(self.folder / "todo"))
            while names:
                piece = int(names[0]) // workers
                first = bisect.bisect_left(names, f"{(piece + 1) * workers:06}")
                name = names.pop(random.randrange(first))
                try:
                    os.rename(self.folder / "todo" / name, self.folder / "taken" / name)
                except FileNotFoundError:
                    continue
                chunk: list[Job] = pickle.loads((self.folder / "taken" / name).read_bytes())
                return chunk
        except FileNotFoundError:  # the sweep has ended and taken its folder with it
            pass
        return None


def chunks(jobs: Sequence[Job], workers: int) -> Iterator[list[Job]]:
    """Cut the work into chunks that get smaller towards the end, so that all workers end at much one time.

    As many chunks as there are workers share out one piece of the plan in turns: so cells are started in the
    plan's order, roughly, where the live view looks for them.
    """
    start = 0
    while start < len(jobs):
        size = max(1, min(CHUNK, (len(jobs) - start) // (4 * workers)))
        piece = jobs[start : start + size * workers]
        yield from (list(piece[number::workers]) for number in range(min(workers, len(piece))))
        start += len(piece)
