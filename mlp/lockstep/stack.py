"""Stacks: networks that take a step with one call to each layer; a network of its own kind is one alone."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mlp.activations import Activation
from mlp.batches import Batch
from mlp.layers import Elementwise, Entry, Linear
from mlp.lockstep.abreast import LossesAbreast
from mlp.lockstep.networks import same_bits, side_by_side
from mlp.lockstep.tally import Tally
from mlp.losses.loss import bare, scratch
from mlp.training.trainer import Divergence, Trainer
from mlp.workspace import Array, Workspace

GRAD_NORM_EVERY = 25
"""Steps from one gradient norm to the next: their mean over the epoch costs next to nothing this way."""

STACKED = 2**14
"""Entries of the widest layer's output for a batch, over all networks of a stack: beyond 64 KB of float32 an
activation's arrays no longer fit the fastest cache, and the calls that stacking saves are no longer what
costs."""


class Stack:
    """Runs whose networks take their steps side by side; gradients and updates are each run's own."""

    def __init__(self, runs: Sequence[Trainer]) -> None:
        self.runs = list(runs)
        self.network, self.networks = runs[0].network, tuple[int, ...]()
        self.loss: Callable[[Array, Array, Array, Workspace], Array] = bare(runs[0].loss)
        if len(runs) > 1:
            self.network = side_by_side([run.network for run in runs])
            self.loss = LossesAbreast([run.loss for run in runs])
            self.networks = (len(runs),)

    def begin(self, epoch: int) -> None:
        """Get ready for an epoch, counted from 0."""
        self.epoch, self.steps = epoch, 0
        self.tally = Tally(self.networks)
        self.gradients: dict[int, int] = {}  # the first step at which a run's gradient was not finite
        self.norms: list[list[float]] = [[] for _ in self.runs]
        self.clips = any(run.training.clip_norm is not None for run in self.runs)
        self.updates = [run.updater(run.lr(epoch)) for run in self.runs]
        for run in self.runs:
            run.reseed_dropout(epoch)

    def step(self, batch: Batch) -> None:
        """Take one gradient step with each network.

        One that leaves the finite numbers is found out a few steps later: it cannot come back.
        """
        if self.tally.all_diverged:
            return
        network = self.network
        logits = network.forward(batch.inputs, train=True)
        grad = network.work.made(scratch, "grad", logits.shape)
        values = self.loss(logits, batch.targets, grad, network.work)
        self.tally.add(values, logits, batch.labels)
        network.backward(grad)
        self.steps += 1
        if self.clips or self.steps % GRAD_NORM_EVERY == 1:
            self._measure(all_of_them=self.steps % GRAD_NORM_EVERY == 1)
        for update in self.updates:
            update()

    def _measure(self, *, all_of_them: bool) -> None:
        """Note the gradient norms of the runs, or only of those that clip their gradients by them."""
        for run, norms in zip(self.runs, self.norms, strict=True):
            if all_of_them or run.training.clip_norm is not None:
                norms.append(run.clip())
                if not math.isfinite(norms[-1]):
                    self.gradients.setdefault(id(run), self.steps)

    def end(self, examples: int) -> Iterator[tuple[Trainer, tuple[float, float, float]]]:
        """Yield each run with its mean loss, accuracy and mean gradient norm; note which have diverged."""
        self.tally.count()
        losses, accuracies = self.tally.loss / examples, self.tally.correct / examples
        for i, run in enumerate(self.runs):
            run.diverged = self._divergence(i)
            norm = float(np.mean(self.norms[i])) if self.norms[i] else np.nan
            yield run, (float(losses.flat[i]), float(accuracies.flat[i]), norm)

    def _divergence(self, number: int) -> Divergence | None:
        """Return where a run left the finite numbers: in a loss or a gradient, otherwise in an output."""
        loss, output = int(self.tally.diverged.flat[number]), int(self.tally.infinite.flat[number])
        gradient = self.gradients.get(id(self.runs[number]), 0)
        found = sorted(
            (step, order, what)
            for order, (step, what) in enumerate([(loss, "loss"), (gradient, "gradient")])
            if step
        )
        if not found and output:
            found = [(output, 0, "outputs")]
        return Divergence(self.epoch + 1, found[0][0], found[0][2]) if found else None


def stacked(runs: Sequence[Trainer]) -> list[Stack]:
    """Divide runs into stacks: of one shape, no larger than pays, equal activations next to each other."""
    kinds: dict[object, list[Trainer]] = {}
    for number, run in enumerate(runs):
        kinds.setdefault(shape(run) or number, []).append(run)
    stacks = []
    for kind, alike in kinds.items():
        alike.sort(key=lambda run: (repr(activation_of(run)), repr(run.loss)))
        widest = max(kind) if isinstance(kind, tuple) else 1
        size = max(1, STACKED // (runs[0].training.batch_size * widest))
        for start in range(0, len(alike), size):
            stacks += _stacks(alike[start : start + size])
    return stacks


def _stacks(runs: list[Trainer]) -> list[Stack]:
    """Return these runs as one stack, where that changes no bit on this machine, else each by itself."""
    batch, rows = runs[0].training.batch_size, len(runs[0].train_rows)
    sizes = tuple(sorted({batch, rows % batch or batch}))
    parts = tuple((activation_of(run), run.loss) for run in runs)
    if len(runs) == 1 or same_bits(runs[0].train.x.shape[1], shape(runs[0]), parts, sizes):
        return [Stack(runs)]
    return [Stack([run]) for run in runs]


def shape(run: Trainer) -> tuple[int, ...]:
    """Return the widths of a network that can be stacked: of linear layers and activations, all our own.

    () if it cannot: dropout, batch normalisation, maxout and residual connections have no stacked form, and
    a loss or an activation of somebody else may look at more than a row.
    """
    layers = run.network.layers
    if any(type(layer) not in (Entry, Linear, Elementwise) for layer in layers):
        return ()
    parts = [run.loss, *(layer.activation for layer in layers if isinstance(layer, Elementwise))]
    if any(not type(part).__module__.startswith("mlp.") for part in parts):
        return ()
    return tuple(layer.shapes["bias"][0] for layer in layers if isinstance(layer, Linear))


def activation_of(run: Trainer) -> Activation | None:
    """Return the activation of a network's hidden layers; None if it has none."""
    return next((layer.activation for layer in run.network.layers if isinstance(layer, Elementwise)), None)
