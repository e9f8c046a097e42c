"""A run in progress: its network, its optimiser's state, its history, and what a checkpoint holds of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlp.batches import Batches
from mlp.checkpoint import history_rows, require_like
from mlp.layers import BatchNorm, Dropout
from mlp.losses import Loss
from mlp.network import Network
from mlp.optimizers import LBFGS, Optimizer
from mlp.randomness import Stream, generator
from mlp.schedules import Schedule
from mlp.training.config import Training
from mlp.training.evaluation import evaluate, l2_norm
from mlp.workspace import Array


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
    optimizer: Optimizer | LBFGS
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
        rule = self.optimizer
        self.slots = rule.init(self.network.params) if isinstance(rule, Optimizer) else {}
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
        return 1 if whole else full + (rest > self.normalises)

    @property
    def normalises(self) -> bool:
        """Whether the network has batch normalisation, which needs two examples at a time."""
        return any(isinstance(layer, BatchNorm) for layer in self.network.layers)

    @property
    def final_epoch(self) -> int:
        """The epoch, from 1, that the network of a finished run is from: with patience its best one."""
        return self._best_epoch() + 1 if self.training.patience is not None else len(self.history)

    def run(self, after_epoch: Callable[["Trainer"], Any] = lambda trainer: None) -> None:
        """Train until finished; `after_epoch` is called with the trainer after each epoch."""
        from mlp.lockstep import Lockstep  # here, because it trains what is defined here

        Lockstep([self]).run(after_epoch)

    def restore_best(self) -> None:
        """Make the network again what it was after its best epoch, if that was remembered."""
        for name, array in self.best.items():
            self._learned()[name][...] = array

    def lr(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        return self.optimizer.lr * self.schedule(epoch, self.training.epochs)

    def updater(self, lr: float) -> Callable[[], None]:
        """Return what takes one step along the gradient that the network holds; valid for an epoch.

        L-BFGS has none (mlp.training.search).
        """
        network, rule = self.network, self.optimizer
        assert isinstance(rule, Optimizer)
        return rule.updater(
            network.params, network.grads, self.slots, lr=lr, weights=network.weights, work=network.work
        )

    def record(self, row: dict[str, float]) -> None:
        """Append an epoch to the history and remember the network if it is the best so far; or diverge."""
        if what := self._nonfinite(row):
            self.diverged = Divergence(len(self.history) + 1, self.steps, what)
            return
        self.history.append(row)
        if self.best and self._best_epoch() == len(self.history) - 1:
            for name, array in self._learned().items():
                self.best[name][...] = array

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

    def order(self, epoch: int) -> Array:
        """Return the rows (n,) of an epoch, counted from 0, as it takes them."""
        order = generator(self.seed, Stream.ORDER, epoch).permutation(self.train_rows)
        alone = self.normalises and len(order) % self.training.batch_size == 1
        return order[:-1] if alone else order

    def clip(self) -> float:
        """Return the L2 norm of the gradient, after scaling it down to `clip_norm` where it is longer."""
        norm = l2_norm(self.network.grads)
        limit = self.training.clip_norm
        if limit is not None and norm > limit:
            self.network.grads *= limit / norm
        return norm

    def evaluate(self, batches: Batches, rows: Array | None = None) -> tuple[float, float]:
        """Return the mean loss per example and the accuracy over these rows (all by default)."""
        ((loss, accuracy),) = evaluate([self], batches, rows)
        return loss, accuracy

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

    @property
    def judge(self) -> str:
        """The figure that the best epoch is chosen by: that of held-out examples, where there are any."""
        return "validation_accuracy" if len(self.validation_rows) else "test_accuracy"

    def _best_epoch(self) -> int:
        return int(np.argmax([row[self.judge] for row in self.history]))

    def _out_of_patience(self) -> bool:
        patience = self.training.patience
        return bool(patience and self.history and len(self.history) - 1 - self._best_epoch() >= patience)

    def reseed_dropout(self, epoch: int) -> None:
        """Give each dropout layer this epoch's stream."""
        for index, layer in enumerate(self.network.layers):
            if isinstance(layer, Dropout):
                layer.rng = generator(self.seed, Stream.DROPOUT, epoch, index)
