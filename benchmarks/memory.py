"""Memory: what a worker of a sweep holds beyond the mapped data, and what a training step allocates."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.command import started
from benchmarks.machine import Settings
from benchmarks.page import Goal, Section, table
from benchmarks.process import Remote
from benchmarks.task import TWO_HIDDEN
from mlp.datasets import MNIST

LIMIT_MB = 200
SWEEP = ["activation=relu,gelu", "model.hidden=[256,64]", "training.epochs=4", "hydra.sweeper.workers=2"]

ABOUT = """Proportional set size (each shared page counted by its share) of the processes of a sweep with \
two workers, sampled while it ran; the largest sum of each kind. A worker is counted with the process that \
runs its cells."""


@dataclass(frozen=True)
class Held:
    """PSS in MB: of everything, and of the mapped data files in it."""

    total: float
    data: float

    @property
    def own(self) -> float:
        """What is held beyond the data."""
        return self.total - self.data

    def __add__(self, other: "Held") -> "Held":
        return Held(self.total + other.total, self.data + other.data)


def held(process: psutil.Process, folder: str) -> Held:
    """Return what a process holds; nothing if it has ended."""
    try:
        maps = process.memory_maps(grouped=True)
    except (psutil.Error, OSError):
        return Held(0.0, 0.0)
    return Held(
        sum(mapping.pss for mapping in maps) / 1e6,
        sum(mapping.pss for mapping in maps if mapping.path.startswith(folder)) / 1e6,
    )


def sampled() -> tuple[Held, Held]:
    """Run a small sweep; return the most that the sweeper itself and any one of its workers held."""
    folder = str(MNIST.files.folder)
    sweeper = worker = Held(0.0, 0.0)
    with tempfile.TemporaryDirectory() as runs:
        with started("sweeps", [*SWEEP, f"hydra.sweep.dir={runs}"]) as process:
            root = psutil.Process(process.pid)
            while process.poll() is None:
                sweeper = max(sweeper, held(root, folder), key=lambda found: found.own)
                for child in _children(root):
                    tree = [child, *_children(child, recursive=True)]
                    found = sum((held(process, folder) for process in tree), Held(0.0, 0.0))
                    worker = max(worker, found, key=lambda found: found.own)
                time.sleep(0.05)
    return sweeper, worker


def _children(process: psutil.Process, *, recursive: bool = False) -> list[psutil.Process]:
    try:
        return process.children(recursive=recursive)
    except psutil.Error:
        return []


def run(settings: Settings) -> Section:
    """Measure both."""
    steps, goal = _steps(settings)
    if not Path("/proc/self/smaps").exists():
        return Section("Memory", [steps, "Proportional set sizes: measured on Linux only."], [goal])
    found = dict(zip(("sweeper", "worker"), sampled(), strict=True))
    rows = [(name, f"{m.total:.0f}", f"{m.data:.0f}", f"{m.own:.0f}") for name, m in found.items()]
    own = found["worker"].own
    limit = Goal("PSS of a worker beyond the data", f"≤ {LIMIT_MB} MB", f"{own:.0f} MB", own <= LIMIT_MB)
    headers = ("MB", "total", "mapped data", "beyond it")
    return Section("Memory", [ABOUT, table(headers, rows), steps], [limit, goal])


def _steps(settings: Settings) -> tuple[str, Goal]:
    """Say what a step allocates."""
    remote = Remote("benchmarks.allocation:Allocation", settings.core, task=TWO_HIDDEN)
    try:
        growth, temporary = remote.call("per_step")
    finally:
        remote.close()
    batch = TWO_HIDDEN.batch_size * TWO_HIDDEN.widths[0] * 4
    text = (
        f"{TWO_HIDDEN}, second epoch, under tracemalloc: a step adds {growth:.0f} bytes to what is held "
        f"(median), and holds at most {temporary:,.0f} bytes of temporary objects (median of the steps' "
        f"peaks); its batch alone is {batch:,} bytes."
    )
    return text, Goal("bytes that a step adds", "0", f"{growth:.0f}", growth == 0)
