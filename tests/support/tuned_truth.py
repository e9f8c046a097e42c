"""How often comparisons after `tune` are wrong about what was chosen, where the truth is known."""

import math
from typing import Any

import numpy as np

from reports.analysis.sequential import ladder
from sweeps.planning.strategies.tune import tune
from tests.support.analysis_truth import SEED_SD, Case, Counts, found, settings
from tests.support.tuned import Bench

SEEDS = range(5)


def worth(rate: float) -> float:
    """The true mean of either loss at a learning rate: best at .01, where ten times as much costs .002."""
    return 0.97 - 0.002 * (math.log10(rate) + 2) ** 2


def tuned(rng: np.random.Generator, sims: int) -> Counts:
    """Two losses that are alike, each at the best of nine rates, then evaluated with five seeds.

    What the winning trial itself reached is above what its rate is worth: it is the luckiest of nine.
    """
    wrong = missed = lucky = 0
    for _ in range(sims):
        bench, drawn = Bench(SEEDS), dict[str, float]()

        def figure(config: dict[str, Any], drawn: dict[str, float] = drawn) -> float:
            return drawn.setdefault(str(config), worth(config["lr"]) + SEED_SD * float(rng.normal()))

        (_, trials), (_, cells) = bench.run(figure)
        assert not tune(bench.plan, bench.records(figure)).cells
        rates = {cell.config["loss"]: cell.config["lr"] for cell in cells}
        values = np.array([[figure(c.config) for c in cells if c.config["loss"] == loss] for loss in "ab"])
        pair = found(values[:, None], settings(ladder(5)), levels=("a", "b")).pairs[0]
        truth = worth(rates[pair.first]) - worth(rates[pair.second])
        wrong += pair.relation == ">" and truth <= 1e-12
        missed += not pair.low <= truth <= pair.high
        best = [figure(c.config) for c in trials if c.config["loss"] == "a" and c.config["lr"] == rates["a"]]
        lucky += best[0] > worth(rates["a"])
    return {
        "a false difference of what was chosen": (wrong, 0.06),
        "its interval misses": (missed, 0.06),
        "the winning trial is above its worth, to compare": (lucky, 1.0),
    }


CASES: dict[str, Case] = {"tuned": tuned}
