"""Where the microseconds of a step go: the parts of this engine's training step, each by the clock."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks import lockstep
from benchmarks.engines.own import components
from benchmarks.floor import peak_flops
from benchmarks.machine import Settings
from benchmarks.page import Section, table
from benchmarks.pairs import PAIRS
from benchmarks.task import ONE_HIDDEN, SMALL, TWO_HIDDEN, Task
from mlp.layers import Elementwise, Layer
from mlp.lockstep import Lockstep
from mlp.lockstep.stack import Stack
from mlp.workspace import Array
from sweeps.job.measured.process import ask

ABOUT = """Medians over the steps, in microseconds. `at peak` is what the part's matrix products would take, \
all columns included, at this core's highest rate; the excess over it is what is left to gain. The clock \
itself costs about 0.1 µs a part. In lockstep: the sixteen pairs of activation and loss, a sixteenth of what \
they take together; small networks stand in one stack and share the calls, but for the update."""

EPOCHS_OF_SAMPLE = 20
"""Epochs of the small sample, 47 steps each, that count as one of MNIST."""


@dataclass(frozen=True)
class Part:
    """One part of a step: median seconds, and the flops of its matrix products."""

    name: str
    seconds: float
    flops: int = 0


class Anatomy:
    """Trainers in lockstep, or one alone, whose parts are timed at every step."""

    def __init__(self, task: Task, pairs: Sequence[tuple[str, str]] = (("gelu", "softmax_ce"),)) -> None:
        self.task, parts = task, [components(task, *pair) for pair in pairs]
        data = parts[0].data()
        batches = parts[0].batches(data)
        self.group = Lockstep([part.trainer(data, batches) for part in parts])
        self.laps: dict[tuple[str, int], list[float]] = {}
        self.calls: dict[tuple[str, int], int] = {}
        self.flops: dict[str, int] = {}
        self.steps: list[float] = []
        self.pixels: list[float] = []
        self._train_to(1)
        self._open()

    def listing(self, epochs: int) -> tuple[list[Part], float, float]:
        """Train; return the parts, the flops per second at peak, and the share of pixels multiplied."""
        peaks = [peak_flops()]
        for _ in range(epochs):
            self._train_to(len(self.group.runs[0].history) + 1)
            peaks.append(peak_flops())
        seconds: dict[str, float] = {}
        for (name, stack), laps in self.laps.items():
            of_all = statistics.median(laps) * self.calls.get((name, stack), 1)
            seconds[name] = seconds.get(name, 0.0) + of_all / len(self.group.runs)
        parts = [Part(name, s, self.flops.get(name, 0)) for name, s in seconds.items()]
        step = statistics.median(self.steps) / len(self.group.runs)
        whole = Part("**a step**", step, sum(self.flops.values()))
        rest = Part("the loop around them", step - sum(seconds.values()))
        share = statistics.mean(self.pixels) / (self.task.batch_size * self.task.widths[0])
        return [*parts, rest, whole], statistics.median(peaks), share

    def _train_to(self, epochs: int) -> None:
        for run in self.group.runs:
            run.training = replace(run.training, epochs=epochs)
        self.group.run()

    def _open(self) -> None:
        """Put a clock around every part; the test after each epoch is of one image, which no median shows."""
        train = self.group.runs[0].train
        train.chunks = self._timed_chunks(train.chunks)  # type: ignore[method-assign]
        for run in self.group.runs:
            run.test = run.test.first(1)
        for number, stack in enumerate(self.group.stacks):
            self._open_stack(number, stack)

    def _open_stack(self, number: int, stack: Stack) -> None:
        for place, layer in enumerate(stack.network.layers, 1):
            described = _described(layer) if len(self.group.runs) == 1 else _kind(layer)
            self._open_layer(f"{place}. {described}", number, layer, first=place == 1)
        stack.loss = self._timed("loss and its gradient", number, stack.loss)
        self.calls["update", number] = len(stack.runs)
        for run in stack.runs:
            run.updater = self._timed_updater(number, run.updater)  # type: ignore[method-assign, assignment]

    def _open_layer(self, name: str, stack: int, layer: Layer, *, first: bool) -> None:
        product = 2 * self.task.batch_size * int(np.prod(layer.shapes.get("weight", (0,))))
        self.flops[f"{name}, forward"] = product
        self.flops[f"{name}, backward"] = product if first else 2 * product
        layer.forward = self._timed(f"{name}, forward", stack, layer.forward)  # type: ignore[method-assign]
        layer.backward = self._timed(f"{name}, backward", stack, layer.backward)  # type: ignore[method-assign]

    def _timed_updater(
        self, stack: int, updater: Callable[[float], Callable[[], None]]
    ) -> Callable[[float], Callable[[], None]]:
        return lambda lr: self._timed("update", stack, updater(lr))

    def _timed(self, name: str, stack: int, call: Callable[..., Any]) -> Callable[..., Any]:
        laps, clock = self.laps.setdefault((name, stack), []), time.perf_counter

        def timed(*arguments: Any, **options: Any) -> Any:
            started = clock()
            result = call(*arguments, **options)
            laps.append(clock() - started)
            return result

        return timed

    def _timed_chunks(self, chunks: Callable[..., Iterator[list[Any]]]) -> Callable[..., Iterator[list[Any]]]:
        laps, clock = self.laps.setdefault(("batch", 0), []), time.perf_counter

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
    return _kind(layer)


def _kind(layer: Layer) -> str:
    if isinstance(layer, Elementwise):
        return "activation"
    return " ".join([type(layer).__name__, "×".join(map(str, layer.shapes.get("weight", ())))])


def run(settings: Settings) -> Section:
    """List the parts of a step of each task: of one network alone, then of a cell of sixteen in lockstep."""
    tables = [_measured(settings, task, str(task)) for task in (ONE_HIDDEN, TWO_HIDDEN, SMALL)]
    tables += [
        _measured(settings, task, f"a cell in lockstep, {task}", pairs=PAIRS) for task in lockstep.TASKS
    ]
    return Section("Where the microseconds of a step go", [ABOUT, *tables])


def _measured(settings: Settings, task: Task, title: str, **how: Any) -> str:
    epochs = settings.rounds * (EPOCHS_OF_SAMPLE if task.sample else 1)
    listing = ask("benchmarks.anatomy:Anatomy", "listing", epochs, core=settings.core, task=task, **how)
    return _table(title, *listing)


def _table(title: str, parts: list[Part], peak: float, share: float) -> str:
    def row(part: Part) -> tuple[str, ...]:
        at_peak = part.flops / peak
        return part.name, *(f"{1e6 * s:.1f}" for s in (part.seconds, at_peak, part.seconds - at_peak))

    return table(
        (f"{title} ({share:.0%} of the pixels are multiplied)", "µs", "at peak", "excess"), map(row, parts)
    )
