"""This engine, through the objects that a sweep's job uses; the times are those that its run records keep."""

from dataclasses import replace

from benchmarks.engine import Engine, Epoch
from benchmarks.task import LR, MOMENTUM, SEED, WEIGHT_DECAY, Task
from mlp.datasets import MNIST, Sample
from mlp.initializers import Auto
from mlp.network import MLP
from mlp.optimizers import SGD, Optimizer
from mlp.schedules import Constant
from mlp.training import Trainer, Training
from sweeps.job.components import Components
from sweeps.job.measured.start import component


def components(
    task: Task, activation: str = "gelu", loss: str = "softmax_ce", optimizer: Optimizer | None = None
) -> Components:
    """Return the run that a task is."""
    return Components(
        activation=component("activation", activation),
        loss=component("loss", loss),
        model=MLP(task.hidden),
        init=Auto(),
        optimizer=optimizer or SGD(lr=LR, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY),
        schedule=Constant(),
        dataset=Sample() if task.sample else MNIST(),
        training=Training(batch_size=task.batch_size),
        seed=SEED,
    )


def trainer(parts: Components) -> Trainer:
    """Return this run with no epoch trained yet."""
    return parts.trainer(parts.dataset.load())


def train_to(run: Trainer, epochs: int) -> dict[str, float]:
    """Train until so many epochs are done; return the last one's row of the history."""
    run.training = replace(run.training, epochs=epochs)
    run.run()
    return run.history[-1]


class Own(Engine):
    """mlp.training.Trainer; batches, loss and accuracy included, evaluation not."""

    def __init__(self, task: Task, activation: str = "gelu", loss: str = "softmax_ce") -> None:
        self.trainer = trainer(components(task, activation, loss))

    def train(self, epoch: int) -> tuple[float, float]:
        row = train_to(self.trainer, epoch + 1)
        return row["train_loss"], row["train_accuracy"]

    def epoch(self, number: int) -> Epoch:
        """Train one epoch by the trainer's own clock, which leaves the test after it out."""
        loss, accuracy = self.train(number)
        return Epoch(self.trainer.history[-1]["epoch_wall_s"], loss, accuracy)

    def test_accuracy(self) -> float:
        return self.trainer.evaluate(self.trainer.test)[1]
