"""This engine in lockstep: the sixteen pairs of activation and loss of the default grid as one group."""

from dataclasses import replace

from benchmarks.engine import Engine, Epoch
from benchmarks.engines.own import components
from benchmarks.pairs import PAIRS
from benchmarks.task import Task
from mlp.lockstep import Lockstep


class Group(Engine):
    """mlp.lockstep.Lockstep over the sixteen pairs; the times are those of one cell, a sixteenth."""

    def __init__(self, task: Task) -> None:
        parts = [components(task, activation, loss) for activation, loss in PAIRS]
        data = parts[0].data()
        batches = parts[0].batches(data)
        self.runs = [part.trainer(data, batches) for part in parts]
        self.group = Lockstep(self.runs)  # once, as in a sweep: to put networks side by side is no step

    def train(self, epoch: int) -> tuple[None, None]:
        """Train one epoch of all; their losses are not each other's."""
        for run in self.runs:
            run.training = replace(run.training, epochs=epoch + 1)
        self.group.run()
        return None, None

    def epoch(self, number: int) -> Epoch:
        """Train one epoch by the trainers' own clock."""
        self.train(number)
        return Epoch(self.runs[0].history[-1]["epoch_wall_s"])

    def test_accuracy(self) -> float:
        """Return the accuracy of the last pair, gelu with focal."""
        return self.runs[-1].evaluate(self.runs[-1].test)[1]


class Alone(Engine):
    """The same sixteen cells, one after another; the times are those of one cell."""

    def __init__(self, task: Task) -> None:
        self.runs = [part.trainer(part.data()) for part in (components(task, *pair) for pair in PAIRS)]
        self.groups = [Lockstep([run]) for run in self.runs]

    def train(self, epoch: int) -> tuple[None, None]:
        """Train one epoch of each."""
        for run, group in zip(self.runs, self.groups, strict=True):
            run.training = replace(run.training, epochs=epoch + 1)
            group.run()
        return None, None

    def epoch(self, number: int) -> Epoch:
        """Train one epoch of each by the trainers' own clocks."""
        self.train(number)
        return Epoch(sum(run.history[-1]["epoch_wall_s"] for run in self.runs) / len(self.runs))

    def test_accuracy(self) -> float:
        """Return the accuracy of the last pair, gelu with focal."""
        return self.runs[-1].evaluate(self.runs[-1].test)[1]
