"""The training loop: epochs of gradient steps, each evaluated, until done, stopped early or diverged."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np

from mlp.batches import Batches, shift_images
from mlp.checkpoint import history_rows, require_like
from mlp.layers import BatchNorm, Dropout, Elementwise
from mlp.losses import Loss
from mlp.losses.loss import scratch_like
from mlp.network import Network
from mlp.optimizers import LBFGS, Optimizer
from mlp.randomness import Stream, generator
from mlp.ranges import Checked, Count, CountOrZero, Flag, Positive, one_of, optional
from mlp.schedules import Schedule
from mlp.workspace import Array

EVALUATION_BATCH = 500
"""Rows per forward pass when no gradient is wanted: large enough to be fast, small enough for the cache."""

GRAD_NORM_EVERY = 25
"""Steps from one gradient norm to the next: their mean over the epoch costs next to nothing this way."""


@dataclass(frozen=True)
class Training(Checked):
    """How long, and by what steps, to train.

    epochs: passes over the training set
    batch_size: examples per gradient step; with batch normalisation a last batch of one example is left out
        of its epoch (the order is drawn anew for the next)
    clip_norm: largest L2 norm of a step's gradient; a longer one is scaled down to it; null for no limit
    validation_size: training examples held out, to choose by without looking at the test set
    patience: stop after this many epochs without a better validation accuracy; null to run all epochs
    shift: augmentation: move each training image by up to this many pixels in each step
    layer_stats: add each layer's gradient norm and share of dead units to the history
    save_weights: which network to keep: best (by validation accuracy, by test accuracy where nothing is held
        out), last or none
    """

    epochs: Count = 10
    batch_size: Count = 100
    clip_norm: Annotated[float | None, optional(Positive)] = None
    validation_size: CountOrZero = 0
    patience: Annotated[int | None, optional(Count)] = None
    shift: CountOrZero = 0
    layer_stats: Flag = False
    save_weights: Annotated[str, one_of("none", "last", "best")] = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.patience is not None and not self.validation_size:
            raise ValueError(f"patience = {self.patience}: needs validation_size > 0 to judge by")


@dataclass(frozen=True)
class Divergence:
    """Where a run stopped being finite: 1-based epoch and step, and what it was."""

    epoch: int
    step: int
    what: str


@dataclass
class Trainer:
    """One run in progress; `state()` after an epoch is all that is needed to continue from there.

    train, test: the data; with `training.validation_size` part of train is held out
    history: one row per finished epoch; accuracies in [0, 1], losses per example, times in seconds
    diverged: set when anything that is learned or measured became non-finite; training stops there
    """

    network: Network
    loss: Loss
    optimizer: Optimizer
    schedule: Schedule
    training: Training
    train: Batches
    test: Batches
    seed: int
    history: list[dict[str, float]] = field(default_factory=list)
    diverged: Divergence | None = None

    def __post_init__(self) -> None:
        shuffled = generator(self.seed, Stream.SPLIT).permutation(len(self.train))
        self.validation_rows = np.sort(shuffled[: self.training.validation_size])
        self.train_rows = np.sort(shuffled[self.training.validation_size :])
        self.slots = self.optimizer.init(self.network.params)
        keeps_best = self.training.patience is not None or self.training.save_weights == "best"
        self.best = {name: array.copy() for name, array in self._learned().items()} if keeps_best else {}

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to train: all epochs done, patience lost, or diverged."""
        return (
            self.diverged is not None or len(self.history) >= self.training.epochs or self._out_of_patience()
        )

    @property
    def steps(self) -> int:
        """Gradient steps of an epoch; L-BFGS counts as one."""
        whole = isinstance(self.optimizer, LBFGS)
        full, rest = divmod(len(self.train_rows), self.training.batch_size)
        return 1 if whole else full + (rest > self._normalises)

    @property
    def _normalises(self) -> bool:
        """Whether the network has batch normalisation, which needs two examples at a time."""
        return any(isinstance(layer, BatchNorm) for layer in self.network.layers)

    @property
    def final_epoch(self) -> int:
        """The epoch, from 1, that the network of a finished run is from: with patience its best one."""
        return self._best_epoch() + 1 if self.training.patience is not None else len(self.history)

    def run(self, after_epoch: Callable[["Trainer"], Any] = lambda trainer: None) -> None:
        """Train until finished; `after_epoch` is called with the trainer after each epoch."""
        with np.errstate(all="ignore"):  # a diverging run overflows: it is recognised and recorded instead
            while not self.finished:
                row = self._epoch(len(self.history))
                if row is not None:
                    self.history.append(row)
                    self._remember_best()
                    after_epoch(self)
            if self.training.patience is not None and self.diverged is None:
                self.restore_best()

    def restore_best(self) -> None:
        """Make the network again what it was after its best epoch, if that was remembered."""
        for name, array in self.best.items():
            self._learned()[name][...] = array

    def _epoch(self, epoch: int) -> dict[str, float] | None:
        """Train one epoch and evaluate; None if it diverged."""
        wall, cpu = time.perf_counter(), time.process_time()
        lr = self.optimizer.lr * self.schedule(epoch, self.training.epochs)
        if isinstance(self.optimizer, LBFGS):
            train_loss, train_accuracy, grad_norm = self._minimize(epoch, self.optimizer)
        else:
            train_loss, train_accuracy, grad_norm = self._steps(epoch, lr)
        spent = {
            "epoch_cpu_s": time.process_time() - cpu,
            "epoch_wall_s": time.perf_counter() - wall,
        }
        if self.diverged is not None:
            return None
        test_loss, test_accuracy = self.evaluate(self.test)
        row: dict[str, float] = {
            "epoch": epoch + 1,
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "test_loss": test_loss,
            "test_accuracy": test_accuracy,
            "lr": lr,
            **spent,
            "grad_norm": grad_norm,
        }
        if len(self.validation_rows):
            row["validation_loss"], row["validation_accuracy"] = self.evaluate(
                self.train, self.validation_rows
            )
        if self.training.layer_stats:
            row |= layer_stats(self.network)
        if what := self._nonfinite(row):
            self.diverged = Divergence(epoch + 1, self.steps, what)
            return None
        return row

    def _nonfinite(self, row: dict[str, float]) -> str | None:
        """Return what is not finite after an epoch, in what was learned or in its figures; None if all is."""
        learned = {
            "parameters": [self.network.params],
            "running statistics": self.network.state().values(),
            "optimiser state": self.slots.values(),
        }
        arrays = ((what, array) for what, group in learned.items() for array in group)
        wrong = (what for what, array in arrays if not np.isfinite(array).all())
        figures = (name.replace("_", " ") for name, figure in row.items() if not math.isfinite(figure))
        return next(wrong, None) or next(figures, None)

    def _steps(self, epoch: int, lr: float) -> tuple[float, float, float]:
        """Take one epoch's gradient steps; return its running mean loss, accuracy and gradient norm."""
        network, training = self.network, self.training
        order = generator(self.seed, Stream.ORDER, epoch).permutation(self.train_rows)
        if self._normalises and len(order) % training.batch_size == 1:
            order = order[:-1]
        shift_rng = generator(self.seed, Stream.SHIFT, epoch)
        self._reseed_dropout(epoch)
        total_loss, norms, seen = 0.0, [], 0
        outputs = np.empty((len(self.train.classes), len(order)), network.params.dtype)
        expected = np.empty(len(order), np.intp)
        for step, (inputs, targets, labels) in enumerate(self.train.split(training.batch_size, order)):
            if training.shift:
                shift_images(inputs[0], training.shift, rng=shift_rng)
            logits = network.forward(inputs, train=True)
            grad = scratch_like(logits, "grad", network.work)
            batch_loss = float(self.loss(logits, targets, grad, network.work).sum())
            if not math.isfinite(batch_loss):
                self.diverged = Divergence(epoch + 1, step + 1, "loss")
                break
            total_loss += batch_loss
            now = slice(seen, seen := seen + len(labels))
            outputs[:, now], expected[now] = logits.T, labels  # judged all at once, which costs less
            network.backward(grad)
            if step % GRAD_NORM_EVERY == 0 or training.clip_norm is not None:
                norms.append(self._clip())
                if not math.isfinite(norms[-1]):
                    self.diverged = Divergence(epoch + 1, step + 1, "gradient")
                    break
            self.optimizer.update(
                network.params, network.grads, self.slots, lr=lr, weights=network.weights, work=network.work
            )
        if self.diverged is None and not (finite := np.isfinite(outputs).all(axis=0)).all():
            step = int(np.argmin(finite)) // training.batch_size
            self.diverged = Divergence(epoch + 1, step + 1, "outputs")
        accuracy = float(np.mean(outputs.argmax(axis=0) == expected))
        return total_loss / len(order), accuracy, float(np.mean(norms)) if norms else np.nan

    def _minimize(self, epoch: int, optimizer: LBFGS) -> tuple[float, float, float]:
        """Let L-BFGS search with the loss over all examples; return loss, accuracy, gradient norm there."""
        network, rows, whole = self.network, self.train_rows, np.empty_like(self.network.grads)
        alone = self._normalises and len(rows) % EVALUATION_BATCH == 1
        size = EVALUATION_BATCH - 1 if alone else EVALUATION_BATCH

        def value_and_grad() -> tuple[float, Array]:
            self._reseed_dropout(epoch)
            whole.fill(0.0)
            total_loss = 0.0
            for inputs, targets, _ in self.train.split(size, rows):
                logits = network.forward(inputs, train=True)
                grad = scratch_like(logits, "grad", network.work)
                total_loss += float(self.loss(logits, targets, grad, network.work).sum())
                network.backward(grad)
                share = len(targets) / len(rows) if self.loss.reduction == "mean" else 1.0
                np.add(whole, share * network.grads, out=whole)
            return (total_loss / len(rows) if self.loss.reduction == "mean" else total_loss), whole

        optimizer.minimize(value_and_grad, network.params, weights=network.weights)
        norm = l2_norm(whole)
        if not math.isfinite(norm):  # the search may have looked there last, and gone back
            value_and_grad()
            norm = l2_norm(whole)
        loss, accuracy = self.evaluate(self.train, rows)
        return loss, accuracy, norm

    def _clip(self) -> float:
        """Return the L2 norm of the gradient, after scaling it down to `clip_norm` where it is longer."""
        norm = l2_norm(self.network.grads)
        limit = self.training.clip_norm
        if limit is not None and norm > limit:
            self.network.grads *= limit / norm
        return norm

    def evaluate(self, batches: Batches, rows: Array | None = None) -> tuple[float, float]:
        """Return the mean loss per example and the accuracy over these rows (all by default).

        Where an output is not finite the loss is NaN, whatever the loss makes of it.
        """
        total_loss, correct, count = 0.0, 0, len(batches) if rows is None else len(rows)
        for inputs, targets, labels in batches.split(EVALUATION_BATCH, rows):
            logits = self.network.forward(inputs)
            grad = scratch_like(logits, "grad", self.network.work)
            total_loss += float(self.loss(logits, targets, grad, self.network.work).sum())
            correct += int(np.count_nonzero(logits.argmax(axis=1) == labels))
            if not np.isfinite(logits).all():
                total_loss = math.nan
        return total_loss / count, correct / count

    def state(self) -> dict[str, Array]:
        """Return everything that continuing needs, by name: arrays only, so that no pickle is needed."""
        columns = list(self.history[0]) if self.history else []
        history = np.array([[row[column] for column in columns] for row in self.history])
        state = {"history": history, "columns": np.array(columns, dtype="U32"), **self._learned()}
        state |= {f"slot.{name}": array for name, array in self.slots.items()}
        return state | {f"best.{name}": array for name, array in self.best.items()}

    def load_state(self, state: dict[str, Array]) -> None:
        """Continue from what `state()` returned.

        Raises ValueError, before anything has changed, if it is not of this network, optimiser and training,
        or cannot be: see mlp.checkpoint.
        """
        if not self.best:  # the run was to keep its best network, and now is not
            state = {name: array for name, array in state.items() if not name.startswith("best.")}
        live, table = self.state(), ("history", "columns")
        if state.keys() != live.keys():
            raise ValueError("the checkpoint is of another network or optimiser")
        history = history_rows(state["columns"], state["history"], self.training.epochs)
        if history and self.judge not in history[0]:
            raise ValueError(f"the checkpoint's history has no {self.judge}")
        arrays = {name: array for name, array in live.items() if name not in table}
        require_like({name: state[name] for name in arrays}, arrays)
        self.history = history
        for name, array in arrays.items():
            array[...] = state[name]

    def _learned(self) -> dict[str, Array]:
        """Return all that training changes in the network, by name: live arrays."""
        layers = {f"layer.{name}": array for name, array in self.network.state().items()}
        return {"params": self.network.params, **layers}

    def _remember_best(self) -> None:
        if self.best and self._best_epoch() == len(self.history) - 1:
            for name, array in self._learned().items():
                self.best[name][...] = array

    @property
    def judge(self) -> str:
        """The figure that the best epoch is chosen by: that of held-out examples, where there are any."""
        return "validation_accuracy" if len(self.validation_rows) else "test_accuracy"

    def _best_epoch(self) -> int:
        return int(np.argmax([row[self.judge] for row in self.history]))

    def _out_of_patience(self) -> bool:
        patience = self.training.patience
        return bool(patience and self.history and len(self.history) - 1 - self._best_epoch() >= patience)

    def _reseed_dropout(self, epoch: int) -> None:
        for index, layer in enumerate(self.network.layers):
            if isinstance(layer, Dropout):
                layer.rng = generator(self.seed, Stream.DROPOUT, epoch, index)


def layer_stats(network: Network) -> dict[str, float]:
    """Return, for each layer, the norm of its last weight gradient, and its share of dead units.

    A unit is dead where its slope is below 1e-3 on every example of the last batch that was evaluated: then
    nothing that it is shown moves its weights.
    """
    linear = [layer for layer in network.layers if "weight" in layer.grads]
    active = [layer for layer in network.layers if isinstance(layer, Elementwise)]
    norms = {f"grad_norm_{i}": l2_norm(layer.grads["weight"]) for i, layer in enumerate(linear, 1)}
    dead = {
        f"dead_{i}": float((abs(layer.slope).max(axis=0) < 1e-3).mean()) for i, layer in enumerate(active, 1)
    }
    return norms | dead


def l2_norm(array: Array) -> float:
    """Return the square root of the sum of squares; in float64 where it is beyond the array's own range."""
    norm = float(np.linalg.norm(array))
    return norm if math.isfinite(norm) else float(np.linalg.norm(array.astype(np.float64)))
