"""Where the microseconds of a step go: the parts of this engine's training step, each by the clock."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.engines.own import components, train_to, trainer
from benchmarks.floor import peak_flops
from benchmarks.machine import Settings
from benchmarks.page import Section, table
from benchmarks.task import ONE_HIDDEN, SMALL, TWO_HIDDEN, Task
from mlp.layers import Elementwise, Layer
from mlp.workspace import Array
from sweeps.job.measured.process import ask

ABOUT = """Medians over the steps, in microseconds. `at peak` is what the part's matrix products would take, \
all columns included, at this core's highest rate; the excess over it is what is left to gain. The clock \
itself costs about 0.1 µs a part."""


@dataclass(frozen=True)
class Part:
    """One part of a step: median seconds, and the flops of its matrix products."""

    name: str
    seconds: float
    flops: int = 0


class Anatomy:
    """A trainer whose parts are timed at every step."""

    def __init__(self, task: Task) -> None:
        self.task, self.trainer = task, trainer(components(task))
        train_to(self.trainer, 1)
        self.laps: dict[str, list[float]] = {}
        self.flops: dict[str, int] = {}
        self.steps: list[float] = []
        self.pixels: list[float] = []
        self._open()

    def listing(self, epochs: int) -> tuple[list[Part], float, float]:
        """Train; return the parts, the flops per second at peak, and the share of pixels multiplied."""
        peaks = [peak_flops()]
        for _ in range(epochs):
            train_to(self.trainer, len(self.trainer.history) + 1)
            peaks.append(peak_flops())
        parts = [Part(name, statistics.median(s), self.flops.get(name, 0)) for name, s in self.laps.items()]
        step = Part("**a step**", statistics.median(self.steps), sum(self.flops.values()))
        rest = Part("the loop around them", step.seconds - sum(part.seconds for part in parts))
        share = statistics.mean(self.pixels) / (self.task.batch_size * self.task.widths[0])
        return [*parts, rest, step], statistics.median(peaks), share

    def _open(self) -> None:
        """Put a clock around every part; the test after each epoch is of one image, which no median shows."""
        run = self.trainer
        run.test = run.test.first(1)
        run.train.chunks = self._timed_chunks(run.train.chunks)  # type: ignore[method-assign]
        for number, layer in enumerate(run.network.layers, 1):
            self._open_layer(f"{number}. {_described(layer)}", layer, first=number == 1)
        run.loss = self._timed("loss and its gradient", run.loss)  # type: ignore[assignment]
        run.update = self._timed("update", run.update)  # type: ignore[method-assign]

    def _open_layer(self, name: str, layer: Layer, *, first: bool) -> None:
        product = 2 * self.task.batch_size * int(np.prod(layer.shapes.get("weight", (0,))))
        self.flops[f"{name}, forward"] = product
        self.flops[f"{name}, backward"] = product if first else 2 * product
        layer.forward = self._timed(f"{name}, forward", layer.forward)  # type: ignore[method-assign]
        layer.backward = self._timed(f"{name}, backward", layer.backward)  # type: ignore[method-assign]

    def _timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        laps, clock = self.laps.setdefault(name, []), time.perf_counter

        def timed(*arguments: Any, **options: Any) -> Any:
            started = clock()
            result = call(*arguments, **options)
            laps.append(clock() - started)
            return result

        return timed

    def _timed_chunks(self, chunks: Callable[..., Iterator[list[Any]]]) -> Callable[..., Iterator[list[Any]]]:
        laps, clock = self.laps.setdefault("batch", []), time.perf_counter

        def timed(size: int, order: Array, *, rows_at_once: int) -> Iterator[list[Any]]:
            taking = chunks(size, order, rows_at_once=rows_at_once)
            while True:
                started = clock()
                batches = next(taking, None)
                if batches is None:
                    return
                laps.append((clock() - started) / len(batches))
                sizes = [sum(block.size for block in batch.inputs) for batch in batches]
                self.pixels.append(sum(sizes) / len(batches))
                yield batches
                self.steps.append((clock() - started) / len(batches))

        return timed


def _described(layer: Layer) -> str:
    if isinstance(layer, Elementwise):
        return type(layer.activation).__name__
    return " ".join([type(layer).__name__, "×".join(map(str, layer.shapes.get("weight", ())))])


def run(settings: Settings) -> Section:
    """List the parts of a step of each task."""
    tables = [
        _table(
            task,
            *ask("benchmarks.anatomy:Anatomy", "listing", settings.rounds, core=settings.core, task=task),
        )
        for task in (ONE_HIDDEN, TWO_HIDDEN, SMALL)
    ]
    return Section("Where the microseconds of a step go", [ABOUT, *tables])


def _table(task: Task, parts: list[Part], peak: float, share: float) -> str:
    def row(part: Part) -> tuple[str, ...]:
        at_peak = part.flops / peak
        return part.name, *(f"{1e6 * s:.1f}" for s in (part.seconds, at_peak, part.seconds - at_peak))

    title = f"{task} ({share:.0%} of the pixels are multiplied)"
    return table((title, "µs", "at peak", "excess"), map(row, parts))
