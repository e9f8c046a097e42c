"""How long a user waits: from the command to the end of the first training step."""

import contextlib
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import started
from benchmarks.machine import Settings
from benchmarks.page import Goal, Section, table
from mlp.optimizers import SGD, State
from mlp.workspace import Array, Workspace
from sweeps.job.measured.process import CannotRun

NOTE = "BENCHMARK_FIRST_STEP"
LIMIT_S = 2.0
PATIENCE_S = 60.0
COMMANDS = {
    "one cell": ["training.epochs=1"],
    "16 cells": ["activation=selu,swish,relu,gelu", "loss=mse,softmax_ce,hinge,focal"],
    "the default grid": ["sweep=grid"],
}

ABOUT = """Seconds from `python -m sweeps …` to the end of the first gradient step in any worker: imports, \
the plan of all cells and its validation, workers, data, network."""


@dataclass(frozen=True, kw_only=True)
class FirstStep(SGD):
    """Momentum SGD that writes down when its first step in any process ended."""

    def updater(
        self, params: Array, grads: Array, state: State, *, lr: float, weights: int, work: Workspace
    ) -> Callable[[], None]:
        """Return what takes the step, then notes the time unless somebody has."""
        take_step = super().updater(params, grads, state, lr=lr, weights=weights, work=work)

        def update() -> None:
            take_step()
            with (
                contextlib.suppress(FileExistsError),
                Path(os.environ[NOTE]).open("x", encoding="utf-8") as note,
            ):
                note.write(f"{time.time()}\n")

        return update


def seconds_to_first_step(arguments: Sequence[str]) -> float:
    """Start a sweep, wait for its first step, stop it; return the seconds until that step."""
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder, "first-step")
        extra = [f"hydra.sweep.dir={folder}/runs", "optimizer._target_=benchmarks.first_step.FirstStep"]
        begin = time.time()
        with started("sweeps", [*arguments, *extra], {NOTE: str(note)}) as process:
            try:
                _wait_for(note, process)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait()
        return float(note.read_text(encoding="utf-8")) - begin


def _wait_for(note: Path, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + PATIENCE_S
    while not (note.exists() and note.read_text(encoding="utf-8").endswith("\n")):
        if process.poll() is not None or time.monotonic() > until:
            raise CannotRun("the sweep has not come to a first step")
        time.sleep(0.005)


def run(settings: Settings) -> Section:
    """Measure each command in interleaved rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(settings.rounds):
        for name, arguments in COMMANDS.items():
            seconds[name].append(seconds_to_first_step(arguments))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    goals = [
        Goal(f"command to first step, {name}", f"< {LIMIT_S:.0f} s", f"{median:.2f} s", median < LIMIT_S)
        for name, median in medians.items()
    ]
    rows = [(name, f"{median:.2f}") for name, median in medians.items()]
    return Section("From command to first training step", [ABOUT, table(("", "s"), rows)], goals)
