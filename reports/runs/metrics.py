"""What is measured: how each figure is called, shown and judged."""

import math
from dataclasses import dataclass
from typing import Literal

ACCURACY_MARGIN = 0.005
RELATIVE_MARGIN = 0.10


@dataclass(frozen=True)
class Metric:
    """One figure of a run: its column, its words, its direction.

    `above` completes "a > b means that a …"; `descending` says whether the larger value stands first in a
    ranking (for cost the larger does: there ">" means that it costs more). `better` is "" where neither end
    is.
    """

    name: str
    label: str
    unit: Literal["accuracy", "loss", "epochs", "seconds"]
    better: Literal["higher", "lower", ""]
    above: str
    descending: bool
    across_losses: bool = True

    @property
    def ahead(self) -> str:
        """Completes "a > b means that a …", where the better one stands first."""
        return AHEAD.get(self.name, self.above)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest value that there can be."""
        if self.unit != "accuracy":
            return -math.inf, math.inf
        return (0.0, 1.0) if self.better == "higher" else (-1.0, 1.0)

    def cut(self, low: float, high: float) -> tuple[float, float]:
        """Return the ends of an interval within what there can be; NaN stays."""
        least, most = self.bounds
        return max(low, least) if low == low else low, min(high, most) if high == high else high

    @property
    def order(self) -> str:
        """Which end of a ranking is which."""
        ends = {"accuracy": "higher first", "epochs": "sooner first", "seconds": "cheaper first"}
        return ends.get(self.unit, "lower first") if self.name != "gap" else "narrower first"

    def show(self, value: float) -> str:
        """Return a value as tables print it."""
        if math.isnan(value):
            return "–"
        if self.unit == "accuracy":
            return f"{value:.4f}"
        if self.unit == "epochs":
            return f"{value:.1f}" if value != int(value) else f"{value:.0f}"
        return significant(value)

    def show_interval(self, mean: float, half: float) -> str:
        """Return a mean with its interval: 0.9824 ± 0.0010; alone if there is no interval.

        Where the interval has values that cannot be, its ends are given instead: 0.9995 [0.9985, 1.0000].
        """
        if math.isnan(half):
            return self.show(mean)
        ends = self.cut(mean - half, mean + half)
        if ends != (mean - half, mean + half):
            return f"{self.show(mean)} [{self.show(ends[0])}, {self.show(ends[1])}]"
        if self.unit == "epochs":
            return f"{mean:.1f} ± {half:.1f}"
        if self.unit == "accuracy":
            return f"{mean:.4f} ± {half:.4f}"
        digits = max(decimals(mean), decimals(half, 1))  # no uncertainty is rounded away
        return f"{mean:.{digits}f} ± {half:.{digits}f}"

    def show_difference(self, size: float) -> str:
        """Return a difference without a sign: of seconds and losses as many digits as tell it from 0."""
        if self.unit in ("accuracy", "epochs") or math.isnan(size):
            return "–" if math.isnan(size) else f"{size:.{2 if self.unit == 'epochs' else 4}f}"
        return f"{size:.{decimals(size, 2)}f}"

    def margin(self, scale: float) -> float:
        """Return the difference that counts as none: half a point, 10 % of `scale`, NaN for a loss."""
        if self.unit == "accuracy":
            return ACCURACY_MARGIN
        return RELATIVE_MARGIN * abs(scale) if self.unit in ("epochs", "seconds") else math.nan


def decimals(value: float, figures: int = 3) -> int:
    """How many decimals show this many significant figures."""
    return (
        0
        if value == 0 or not math.isfinite(value)
        else max(0, figures - 1 - math.floor(math.log10(abs(value))))
    )


def significant(value: float, figures: int = 3) -> str:
    """Return a value with this many significant figures and no exponent."""
    return f"{value:.{decimals(value, figures)}f}"


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "test_accuracy", "Test accuracy", "accuracy", "higher", "is more accurate on the test set", True
        ),
        Metric(
            "train_accuracy",
            "Training accuracy",
            "accuracy",
            "higher",
            "is more accurate on the training set",
            True,
        ),
        Metric(
            "gap",
            "Generalisation gap",
            "accuracy",
            "lower",
            "loses more accuracy from training to test set",
            True,
        ),
        Metric(
            "best_test_accuracy",
            "Best test accuracy of any epoch",
            "accuracy",
            "higher",
            "has the better best epoch",
            True,
        ),
        Metric("best_epoch", "Epoch with the best test accuracy", "epochs", "", "is at its best later", True),
        Metric(
            "selected_test_accuracy",
            "Test accuracy of the epoch with the best validation accuracy",
            "accuracy",
            "higher",
            "has the better epoch, chosen on held-out examples",
            True,
        ),
        Metric(
            "selected_epoch",
            "Epoch with the best validation accuracy",
            "epochs",
            "",
            "is at its best later, on held-out examples",
            True,
        ),
        Metric("convergence", "Epochs to convergence", "epochs", "lower", "converges sooner", False),
        Metric(
            "convergence_loss",
            "Epochs to 95 % of the drop in training loss",
            "epochs",
            "lower",
            "drops its loss sooner",
            False,
        ),
        Metric(
            "epochs_to_target",
            "Epochs to the target accuracy",
            "epochs",
            "lower",
            "needs fewer epochs",
            False,
        ),
        Metric(
            "seconds_to_target",
            "CPU seconds to the target accuracy",
            "seconds",
            "lower",
            "needs less time",
            False,
        ),
        Metric(
            "epoch_cpu_s", "CPU seconds per training epoch", "seconds", "lower", "costs more per epoch", True
        ),
        Metric(
            "epoch_wall_s",
            "Wall seconds per training epoch",
            "seconds",
            "lower",
            "takes longer per epoch",
            True,
        ),
        Metric(
            "test_loss", "Test loss", "loss", "lower", "has the lower test loss", False, across_losses=False
        ),
        Metric(
            "train_loss",
            "Training loss",
            "loss",
            "lower",
            "has the lower training loss",
            False,
            across_losses=False,
        ),
    )
}
AHEAD = {
    "gap": "loses less accuracy from training to test set",
    "epoch_cpu_s": "costs less per epoch",
    "epoch_wall_s": "takes less time per epoch",
}
"""Where `above` is about the other end."""
HELD_OUT = ("selected_epoch", "selected_test_accuracy")
"""Metrics of the epoch that held-out examples choose; runs without such examples do not have them."""
RANKED = ("test_accuracy", "train_accuracy", "gap", "convergence", "epoch_cpu_s")
