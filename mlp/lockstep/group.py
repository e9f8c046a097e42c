"""The training loop: epochs of gradient steps, each evaluated, for one run or for several in lockstep."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from mlp.batches import AHEAD, shift_images
from mlp.lockstep.stack import Stack, stacked
from mlp.optimizers import LBFGS
from mlp.randomness import Stream, generator
from mlp.training.evaluation import evaluate, layer_stats
from mlp.training.search import search
from mlp.training.trainer import Trainer

SHARED = 800
"""Rows that a stack is shown before the next has its turn: its parameters stay in the cache meanwhile."""


class Figures(NamedTuple):
    """An epoch's running mean loss, accuracy and gradient norm."""

    train_loss: float
    train_accuracy: float
    grad_norm: float


class Lockstep:
    """Runs of one seed that train on the same batches; a run alone is a group of one.

    Each ends as it would alone, to the last bit. ValueError if they would not see the same batches.
    """

    def __init__(self, runs: Sequence[Trainer]) -> None:
        self.runs = list(runs)
        for run in self.runs[1:]:
            if difference := unlike(self.runs[0], run):
                raise ValueError(f"runs in lockstep need {difference}")
        self.stacks: list[Stack] = []

    def run(self, after_epoch: Callable[[Trainer], Any] = lambda run: None) -> None:
        """Train until all are finished; `after_epoch` is called with each run after each of its epochs."""
        for _ in self.ended(after_epoch):
            pass

    def ended(self, after_epoch: Callable[[Trainer], Any] = lambda run: None) -> Iterator[Trainer]:
        """Train until all are finished, and yield each run as soon as it is, while others go on.

        Those that are behind, having been stopped earlier, catch up first.
        """
        left = list(self.runs)
        while left:
            epoch = min(len(run.history) for run in left)
            due = [run for run in left if not run.finished and len(run.history) == epoch]
            for run in self._epoch(epoch, due) if due else []:
                after_epoch(run)
            for run in [run for run in left if run.finished]:
                left = [other for other in left if other is not run]
                if run.training.patience is not None and run.diverged is None:
                    run.restore_best()
                yield run

    def _epoch(self, epoch: int, runs: Sequence[Trainer]) -> list[Trainer]:
        """Train one epoch and evaluate; return the runs that did not diverge."""
        with np.errstate(all="ignore"):  # a diverging run overflows: it is recognised and recorded instead
            return self._trained(epoch, runs)

    def _trained(self, epoch: int, runs: Sequence[Trainer]) -> list[Trainer]:
        wall, cpu = time.perf_counter(), time.process_time()
        optimizer = runs[0].optimizer
        if isinstance(optimizer, LBFGS):
            figures = [Figures(*search(runs[0], epoch, optimizer))]
        else:
            figures = self._steps(epoch, runs)
        spent = {
            "epoch_cpu_s": (time.process_time() - cpu) / len(runs),
            "epoch_wall_s": (time.perf_counter() - wall) / len(runs),
        }
        outcomes = [(run, each) for run, each in zip(runs, figures, strict=True) if run.diverged is None]
        record(epoch, outcomes, spent)
        return [run for run, _ in outcomes if run.diverged is None]

    def _steps(self, epoch: int, runs: Sequence[Trainer]) -> list[Figures]:
        """Take one epoch's gradient steps."""
        first, stacks = runs[0], self._stacked(runs)
        order = first.order(epoch)
        shift, shift_rng = first.training.shift, generator(first.seed, Stream.SHIFT, epoch)
        for stack in stacks:
            stack.begin(epoch)
        rows = AHEAD if len(stacks) == 1 else SHARED
        for batches in first.train.chunks(first.training.batch_size, order, rows_at_once=rows):
            if shift:
                for batch in batches:
                    shift_images(batch.inputs[0], shift, rng=shift_rng)
            for stack in stacks:
                for batch in batches:
                    stack.step(batch)
            if all(stack.tally.all_diverged for stack in stacks):
                break
        found = {id(run): figures for stack in stacks for run, figures in stack.end(len(order))}
        return [Figures(*found[id(run)]) for run in runs]

    def _stacked(self, runs: Sequence[Trainer]) -> list[Stack]:
        """Return the stacks of these runs; they last until a run leaves or comes in."""
        if sorted(id(run) for stack in self.stacks for run in stack.runs) != sorted(map(id, runs)):
            self.stacks = stacked(runs)
        return self.stacks


def record(epoch: int, outcomes: Sequence[tuple[Trainer, Figures]], spent: dict[str, float]) -> None:
    """Test the runs after an epoch, and write it into the history of each."""
    if not outcomes:
        return
    runs = [run for run, _ in outcomes]
    tests, held_out = evaluate(runs, runs[0].test), runs[0].validation_rows
    validations = evaluate(runs, runs[0].train, held_out) if len(held_out) else []
    for i, (run, figures) in enumerate(outcomes):
        row = {
            "epoch": epoch + 1,
            "train_loss": figures.train_loss,
            "train_accuracy": figures.train_accuracy,
            "test_loss": tests[i][0],
            "test_accuracy": tests[i][1],
            "lr": run.lr(epoch),
            **spent,
            "grad_norm": figures.grad_norm,
        }
        if validations:
            row["validation_loss"], row["validation_accuracy"] = validations[i]
        run.record(row | layer_stats(run.network) if run.training.layer_stats else row)


def unlike(run: Trainer, other: Trainer) -> str:
    """Return what two runs would have to share to see the same batches, and do not; nothing if they do."""
    for name in ("batch_size", "validation_size", "shift"):
        if getattr(run.training, name) != getattr(other.training, name):
            return f"one training.{name}"
    if run.seed != other.seed:
        return "one seed"
    if run.train is not other.train or run.test is not other.test:
        return "one data set"
    if isinstance(run.optimizer, LBFGS) or isinstance(other.optimizer, LBFGS):
        return "gradient steps, which L-BFGS does not take"
    if run.steps != other.steps:
        return "as many steps in an epoch"
    return ""
