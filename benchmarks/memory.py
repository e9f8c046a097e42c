"""Memory: what a worker of a sweep holds beyond the mapped data, and what a training step allocates."""

import contextlib
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import psutil

from benchmarks.command import started
from benchmarks.engines.own import components, train_to, trainer
from benchmarks.machine import Settings
from benchmarks.page import Goal, Section, table
from benchmarks.task import TWO_HIDDEN, Task
from mlp.datasets import MNIST
from mlp.optimizers import SGD, State
from mlp.workspace import Array, Workspace
from sweeps.job.measured.process import ask

LIMIT_MB = 200
SWEEP = ["activation=relu,gelu", "model.hidden=[256,64]", "training.epochs=4", "hydra.sweeper.workers=2"]

ABOUT = """Proportional set size (each shared page counted by its share) of the processes of a sweep with \
two workers, sampled while it ran; the largest sum of each kind. A worker is counted with the process that \
runs its cells."""


@dataclass(frozen=True)
class Held:
    """PSS in MB: of everything, and of the mapped data files in it."""

    total: float = 0.0
    data: float = 0.0

    @property
    def own(self) -> float:
        """What is held beyond the data."""
        return self.total - self.data

    @classmethod
    def by(cls, process: psutil.Process, folder: str, *, family: bool) -> "Held":
        """Return what a process holds, with its descendants if asked; nothing of one that has ended."""
        try:
            tree = [process, *(process.children(recursive=True) if family else ())]
            maps = [mapping for one in tree for mapping in one.memory_maps(grouped=True)]
        except (psutil.Error, OSError):
            return cls()
        data = (mapping.pss for mapping in maps if mapping.path.startswith(folder))
        return cls(sum(mapping.pss for mapping in maps) / 1e6, sum(data) / 1e6)


def sampled() -> dict[str, Held]:
    """Run a small sweep; return the most that the sweeper itself and any one of its workers held."""
    folder, most = str(MNIST.files.folder), {"sweeper": Held(), "worker": Held()}
    with (
        tempfile.TemporaryDirectory() as runs,
        started("sweeps", [*SWEEP, f"hydra.sweep.dir={runs}"]) as process,
    ):
        root = psutil.Process(process.pid)
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                seen = [("sweeper", Held.by(root, folder, family=False))]
                seen += [("worker", Held.by(child, folder, family=True)) for child in root.children()]
                for kind, held in seen:
                    most[kind] = max(most[kind], held, key=lambda held: held.own)
            time.sleep(0.05)
    return most


@dataclass(frozen=True, kw_only=True)
class Watched(SGD):
    """Momentum SGD that notes, at the end of each step, the bytes held and the step's peak."""

    seen: ClassVar[Array]
    steps: ClassVar[int] = 0

    def updater(
        self, params: Array, grads: Array, state: State, *, lr: float, weights: int, work: Workspace
    ) -> Callable[[], None]:
        """Return what takes the step, then looks."""
        take_step = super().updater(params, grads, state, lr=lr, weights=weights, work=work)

        def update() -> None:
            take_step()
            if tracemalloc.is_tracing():
                Watched.seen[Watched.steps % len(Watched.seen)] = tracemalloc.get_traced_memory()
                Watched.steps += 1
                tracemalloc.reset_peak()

        return update


class Allocation:
    """Trains under tracemalloc, which NumPy reports its arrays to."""

    def __init__(self, task: Task) -> None:
        self.task = task
        Watched.seen = np.zeros((task.steps, 2), np.int64)

    def per_step(self) -> tuple[float, float]:
        """Return the bytes by which a step grows what is held (median), and its largest temporary bytes."""
        run = trainer(components(self.task, optimizer=Watched()))
        train_to(run, 1)
        tracemalloc.start()
        try:
            train_to(run, 2)
        finally:
            tracemalloc.stop()
        held, peak = Watched.seen.T
        return float(np.median(np.diff(held))), float(np.median(peak[1:] - held[:-1]))


def run(settings: Settings) -> Section:
    """Measure both."""
    steps, goal = _steps(settings)
    if not Path("/proc/self/smaps").exists():
        return Section("Memory", [steps, "Proportional set sizes: measured on Linux only."], [goal])
    most = sampled()
    rows = [(name, f"{m.total:.0f}", f"{m.data:.0f}", f"{m.own:.0f}") for name, m in most.items()]
    own = most["worker"].own
    limit = Goal("PSS of a worker beyond the data", f"≤ {LIMIT_MB} MB", f"{own:.0f} MB", own <= LIMIT_MB)
    headers = ("MB", "total", "mapped data", "beyond it")
    return Section("Memory", [ABOUT, table(headers, rows), steps], [limit, goal])


def _steps(settings: Settings) -> tuple[str, Goal]:
    """Say what a step allocates."""
    growth, temporary = ask("benchmarks.memory:Allocation", "per_step", core=settings.core, task=TWO_HIDDEN)
    batch = TWO_HIDDEN.batch_size * TWO_HIDDEN.widths[0] * 4
    text = (
        f"{TWO_HIDDEN}, second epoch, under tracemalloc: a step adds {growth:.0f} bytes to what is held "
        f"(median), and holds at most {temporary:,.0f} bytes of temporary objects (median of the steps' "
        f"peaks); its batch alone is {batch:,} bytes."
    )
    return text, Goal("bytes that a step adds", "0", f"{growth:.0f}", growth == 0)
