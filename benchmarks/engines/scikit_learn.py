"""scikit-learn's MLPClassifier, one `partial_fit` an epoch; it has no GELU, so relu takes its place."""

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.engine import Engine
from benchmarks.engines.own import components
from benchmarks.task import LR, MOMENTUM, SEED, WEIGHT_DECAY, Task
from sweeps.job.measured.start import Examples


class ScikitLearn(Engine):
    """MLPClassifier with solver="sgd"; it draws its own weights and orders, and keeps no running accuracy."""

    def __init__(self, task: Task) -> None:
        self.examples = Examples.of(components(task).dataset.load())
        self.classes = np.unique(self.examples.y_train)
        self.model = MLPClassifier(
            hidden_layer_sizes=task.hidden,
            activation="relu",
            solver="sgd",
            alpha=WEIGHT_DECAY * task.batch_size,  # it divides its penalty by the batch size
            batch_size=task.batch_size,
            learning_rate_init=LR,
            momentum=MOMENTUM,
            nesterovs_momentum=False,
            random_state=SEED,
        )

    def train(self, epoch: int) -> tuple[float, None]:
        """Train one epoch; its loss includes the penalty."""
        self.model.partial_fit(self.examples.x_train, self.examples.y_train, classes=self.classes)
        return float(self.model.loss_), None

    def test_accuracy(self) -> float:
        return float(self.model.score(self.examples.x_test, self.examples.y_test))
