"""Every activation with every loss of the default grid, in this engine, relative to the fastest pair."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.contest import Entry, Result, contest, indispensable, ratio
from benchmarks.machine import Settings
from benchmarks.page import Goal, Section, table
from benchmarks.task import CLASSES, ONE_HIDDEN, Task
from mlp.losses import one_hot
from mlp.workspace import Workspace
from sweeps.job.measured.process import ask
from sweeps.job.measured.start import component

ACTIVATIONS = ("selu", "swish", "relu", "gelu")
LOSSES = ("mse", "softmax_ce", "hinge", "focal")
PAIRS = [(activation, loss) for activation in ACTIVATIONS for loss in LOSSES]
LIMIT = 1.10
CALLS = 500

ABOUT = f"""Seconds of one epoch of {ONE_HIDDEN}, and in brackets the median of the rounds' ratios to the \
fastest pair. Of the grid's networks it has the smaller products, so activation and loss weigh most in it."""
UFUNCS = """What each activation (value, slope, gradient) and each loss (value, gradient) takes of a step by \
itself, in microseconds: the ufuncs that tell the pairs apart. A pair is explained by them if it is within \
1.10 of the fastest once both are without."""


class Ufuncs:
    """Activations and losses on a batch of the task's size, nothing else."""

    def __init__(self, task: Task) -> None:
        rng = np.random.default_rng(0)
        (width,) = task.hidden
        self.steps, size = task.steps, task.batch_size
        self.hidden, self.logits = (rng.normal(size=(size, n)).astype("f4") for n in (width, CLASSES))
        self.targets = one_hot(rng.integers(CLASSES, size=size), CLASSES, np.float32)

    def seconds(self) -> dict[str, float]:
        """Return the median seconds of one step's calls, for each activation and loss."""
        calls = {name: self._activation(name) for name in ACTIVATIONS}
        calls |= {name: self._loss(name) for name in LOSSES}
        laps: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(CALLS):
            for name, call in calls.items():
                started = time.perf_counter()
                call()
                laps[name].append(time.perf_counter() - started)
        return {name: statistics.median(times) for name, times in laps.items()}

    def _activation(self, name: str) -> Callable[[], None]:
        activation, work = component("activation", name), Workspace(np.float32)
        z, value, slope, delta = (self.hidden.copy() for _ in range(4))

        def call() -> None:
            np.copyto(z, self.hidden)  # both are used up
            np.copyto(delta, self.hidden)
            activation(z, value, slope, work)
            activation.backward(delta, value, slope, work)

        return call

    def _loss(self, name: str) -> Callable[[], None]:
        loss, work, grad = component("loss", name), Workspace(np.float32), np.empty_like(self.logits)
        return lambda: loss(self.logits, self.targets, grad, work)


@dataclass(frozen=True)
class Pairs:
    """What all pairs took, and what their ufuncs take of it, in seconds of an epoch."""

    results: Mapping[tuple[str, str], Result]
    ufuncs: Mapping[str, float]

    @property
    def fastest(self) -> tuple[str, str]:
        """The pair that the others are compared with."""
        return min(PAIRS, key=lambda pair: self.results[pair].median_s)

    def ratio(self, pair: tuple[str, str]) -> float:
        """Return the pair's time over the fastest's."""
        return ratio(self.results[pair], self.results[self.fastest])

    def rest(self, pair: tuple[str, str]) -> float:
        """Return the pair's time without its ufuncs over the fastest's without its own."""
        best = self.results[self.fastest].median_s
        theirs, ours = (sum(self.ufuncs[name] for name in names) for names in (self.fastest, pair))
        return (self.ratio(pair) * best - ours) / (best - theirs)


def run(settings: Settings) -> Section:
    """Measure all pairs against each other, and their ufuncs."""
    pairs = Pairs(_contest(settings), _ufuncs(settings))
    slowest = max(PAIRS, key=pairs.ratio)
    left = max(PAIRS, key=pairs.rest)
    worst, rest = pairs.ratio(slowest), pairs.rest(left)
    goal = Goal(
        f"slowest pair ({' + '.join(slowest)}), × fastest",
        f"≤ {LIMIT:.2f}, or explained by its ufuncs",
        f"{worst:.3f}; without their ufuncs {rest:.3f} ({' + '.join(left)})",
        all(min(pairs.ratio(pair), pairs.rest(pair)) <= LIMIT for pair in PAIRS),
    )
    names = [*ACTIVATIONS, *LOSSES]
    microseconds = table(names, [[f"{1e6 * pairs.ufuncs[name] / ONE_HIDDEN.steps:.1f}" for name in names]])
    return Section("Activation × loss", [ABOUT, _table(pairs), UFUNCS, microseconds], [goal])


def _contest(settings: Settings) -> dict[tuple[str, str], Result]:
    named = [dict(zip(("activation", "loss"), pair, strict=True)) for pair in PAIRS]
    entries = [Entry(" ".join(pair.values()), "benchmarks.engines.own:Own", arguments=pair) for pair in named]
    measured = contest(entries, ONE_HIDDEN, settings.rounds, settings.core)
    return dict(zip(PAIRS, map(indispensable, measured), strict=True))


def _ufuncs(settings: Settings) -> dict[str, float]:
    """Return the seconds of an epoch that go into each activation and loss."""
    seconds = ask("benchmarks.pairs:Ufuncs", "seconds", core=settings.core, task=ONE_HIDDEN)
    return {name: ONE_HIDDEN.steps * value for name, value in seconds.items()}


def _table(pairs: Pairs) -> str:
    def cell(pair: tuple[str, str]) -> str:
        return f"{pairs.results[pair].median_s:.4f} ({pairs.ratio(pair):.2f})"

    rows = [[activation, *(cell((activation, loss)) for loss in LOSSES)] for activation in ACTIVATIONS]
    return table(["", *LOSSES], rows)
