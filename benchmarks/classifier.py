"""`mlp_grid.MLPClassifier` beside scikit-learn's, as a user calls them: one fit on the sample of MNIST.

python -m benchmarks.classifier [ROUNDS]
"""

import statistics
import sys
import time
from typing import Any

from benchmarks.machine import Settings
from benchmarks.page import Section, table
from sweeps.job.measured.process import CannotRun, ask, last_core

EPOCHS, BATCH, LR = 20, 100, 0.001
OURS, THEIRS = "**mlp_grid.MLPClassifier**", "sklearn.neural_network.MLPClassifier"
ABOUT = f"""Seconds of `fit`: {EPOCHS} epochs with Adam, relu, batches of {BATCH}, one hidden layer of 100, \
1,500 images of 784 pixels in [0, 1], and the test accuracy on 500 others; medians over rounds, one seed \
each. In brackets the ratio to ours. scikit-learn trains in the precision of its input, so it is given \
both."""


class Fit:
    """One estimator, and the sample."""

    def __init__(self, whose: str, dtype: str = "float32") -> None:
        from mlp.datasets import Sample

        data = Sample().load()
        self.train = (data.original(data.x_train) * data.scale).astype(dtype), data.y_train
        self.test = (data.original(data.x_test) * data.scale).astype(dtype), data.y_test
        self.whose = whose

    def measure(self, seed: int) -> tuple[float, float]:
        """Return the seconds of a fit and the test accuracy."""
        model = self._model(seed)
        started = time.perf_counter()
        model.fit(*self.train)
        seconds = time.perf_counter() - started
        return seconds, float(model.score(*self.test))

    def _model(self, seed: int) -> Any:
        if self.whose == OURS:
            from mlp_grid import MLPClassifier

            return MLPClassifier((100,), epochs=EPOCHS, batch_size=BATCH, lr=LR, random_state=seed)
        import warnings

        from sklearn.neural_network import MLPClassifier as Theirs

        warnings.simplefilter("ignore")  # that so many epochs are not yet its idea of an end
        return Theirs((100,), max_iter=EPOCHS, batch_size=BATCH, tol=0, random_state=seed)


def run(settings: Settings) -> Section:
    """Measure each estimator in interleaved rounds."""
    entries = [(OURS, "float32"), (THEIRS, "float32"), (THEIRS, "float64")]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {entry: [] for entry in entries}
    for seed in range(settings.rounds):
        for whose, dtype in entries:
            target = "benchmarks.classifier:Fit"
            found[whose, dtype].append(
                ask(target, "measure", seed, core=settings.core, whose=whose, dtype=dtype)
            )
    medians = {
        entry: [statistics.median(each) for each in zip(*own, strict=True)] for entry, own in found.items()
    }
    first = medians[entries[0]][0]
    rows = [
        (f"{whose}, {dtype}", f"{seconds:.2f} ({seconds / first:.2f})", f"{accuracy:.4f}")
        for (whose, dtype), (seconds, accuracy) in medians.items()
    ]
    return Section("Classifier", [ABOUT, table(("", "s", "test accuracy"), rows)])


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    try:
        print(run(Settings(rounds=rounds, core=last_core())))
    except CannotRun as error:
        sys.exit(f"error: {error}")
