"""Every activation with every loss of the default grid, in this engine, relative to the fastest pair."""

from collections.abc import Mapping

from benchmarks.contest import Entry, Result, contest, indispensable
from benchmarks.machine import Settings
from benchmarks.page import Goal, Section, table
from benchmarks.task import ONE_HIDDEN

ACTIVATIONS = ("selu", "swish", "relu", "gelu")
LOSSES = ("mse", "softmax_ce", "hinge", "focal")
PAIRS = [(activation, loss) for activation in ACTIVATIONS for loss in LOSSES]

ABOUT = f"""Seconds of one epoch of {ONE_HIDDEN}, and in brackets relative to the fastest pair. Of the \
grid's networks it has the smaller products, so activation and loss weigh most in it."""


def run(settings: Settings) -> Section:
    """Measure all pairs against each other."""
    entries = [
        Entry(
            f"{activation} {loss}", "benchmarks.engines.own:Own", (), {"activation": activation, "loss": loss}
        )
        for activation, loss in PAIRS
    ]
    measured = contest(entries, ONE_HIDDEN, settings.rounds, settings.core)
    results = dict(zip(PAIRS, map(indispensable, measured), strict=True))
    best = min(result.median_s for result in results.values())
    slowest = max(PAIRS, key=lambda pair: results[pair].median_s)
    worst = results[slowest].median_s / best
    goal = Goal(f"slowest pair ({' + '.join(slowest)}), × fastest", "≤ 1.10", f"{worst:.3f}", worst <= 1.10)
    return Section("Activation × loss", [ABOUT, _table(results, best)], [goal])


def _table(results: Mapping[tuple[str, str], Result], best: float) -> str:
    def cell(pair: tuple[str, str]) -> str:
        return f"{results[pair].median_s:.4f} ({results[pair].median_s / best:.2f})"

    rows = [[activation, *(cell((activation, loss)) for loss in LOSSES)] for activation in ACTIVATIONS]
    return table(["", *LOSSES], rows)
