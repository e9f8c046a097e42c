"""Runs drawn from a known truth, and how often verdicts on claims about them are wrong."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from reports.analysis.equivalence import Verdict
from reports.analysis.intervals import Floats, Mask
from reports.analysis.looks import Looks as SweepLooks
from reports.analysis.sequential import ladder
from reports.claims.claim import Judgement
from reports.claims.file import parse_claims
from reports.claims.judge import judge_claims
from reports.claims.looks import Looks
from reports.claims.observations import complete
from tests.support.analysis_truth import (
    SEED_SD,
    Case,
    Counts,
    at_their_limits,
    cell_sds,
    diverging_on_hard_seeds,
)

Levels = dict[str, list[str]]


def drawn(
    values: Floats, settings: Levels, *, diverged: Mask | None = None, missing: Mask | None = None
) -> pd.DataFrame:
    """Values (levels of each setting …, seeds) as the rows of observations, accuracies on MNIST."""
    seeds = [str(seed) for seed in range(values.shape[-1])]
    frame = pd.DataFrame(list(product(*settings.values(), seeds)), columns=[*settings, "seed"])
    none = np.zeros(values.shape, dtype=bool)
    lost, waits = (
        none if mask is None else np.broadcast_to(mask, values.shape) for mask in (diverged, missing)
    )
    status = np.where(waits, "missing", np.where(lost, "diverged", "done"))
    figures = np.where(status == "done", values, np.nan)
    frame = frame.assign(part="main", dataset="mnist", status=status.ravel(), test_accuracy=figures.ravel())
    return complete(frame)


def judged(frame: pd.DataFrame, first: int | None = None, **claim: Any) -> Judgement:
    """The verdict on a claim about test accuracy, where `first` seeds were planned at first."""
    seeds = tuple(sorted(frame["seed"].unique(), key=int))
    looks = Looks({"main": SweepLooks(tuple(seeds), ladder(first or len(seeds)))})
    entry = {"id": "X", "statement": "x", "metric": "test_accuracy", **claim}
    return judge_claims(parse_claims([entry], "test"), frame, looks)[0]


def verdict(frame: pd.DataFrame, first: int | None = None, **claim: Any) -> Verdict:
    return judged(frame, first, **claim).verdict


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{k}" for k in range(count)]


def effects(rng: np.random.Generator, sims: int) -> Counts:
    grid = {"activation": names("a", 12), "loss": ["mse", "hinge"]}
    noise = real = 0
    for _ in range(sims):
        values = 0.97 + SEED_SD * rng.normal(size=(12, 2, 5))
        noise += verdict(drawn(values, grid), effects="activation > loss") != "undecided"
        values[:, 1] += 0.002
        real += verdict(drawn(values, grid), effects="activation > loss") == "holds"
    return {"decided on noise": (noise, 0.05), "holds with an effect of the loss only": (real, 0.0)}


def limits(rng: np.random.Generator, sims: int) -> Counts:
    claims: dict[str, dict[str, Any]] = {
        "at least": {"at_least": 0.97},
        "about": {"about": 0.97, "within": 0.005},
    }

    def refutes(kind: str, values: Floats) -> bool:
        return verdict(drawn(values, {"cell": names("c", len(values))}), **claims[kind]) == "refuted"

    return at_their_limits(rng, sims, refutes)


def equal_levels(rng: np.random.Generator, sims: int) -> Counts:
    """Four equal losses over four cells: no order holds, and without a margin reached none is refuted."""
    grid = {"loss": ["a", "b", "c", "d"], "cell": names("c", 4)}
    holds = chain = best = several = 0
    for _ in range(sims):
        frame = drawn(
            0.97 + cell_sds(rng, 4, 4) * rng.normal(size=(4, 4, 5)) + 0.01 * rng.normal(size=5), grid
        )
        holds += verdict(frame, factor="loss", order="a > b", margin=1e-9) == "holds"
        chain += verdict(frame, factor="loss", order="a > b > c > d", margin=1e-9) == "refuted"
        best += verdict(frame, factor="loss", best="a", margin=1e-9) == "holds"
        tests = [{"order": f"{one} > {two}"} for one, two in ("ab", "bc", "cd")]
        several += verdict(frame, factor="loss", tests=tests, margin=1e-9) == "refuted"
    return {
        "one order holds": (holds, 0.025),
        "a chain refuted": (chain, 0.05),
        "best holds": (best, 0.025),
        "three tests refuted": (several, 0.05),
    }


def one_level_ahead_of_all_but_one(rng: np.random.Generator, sims: int) -> Counts:
    """A conjunction is held to be true at the level of its one false part, without any correction."""
    wrong = 0
    for _ in range(sims):
        values = 0.97 + SEED_SD * rng.normal(size=(4, 4, 5))
        values[2:] -= 0.01
        frame = drawn(values, {"loss": ["a", "b", "c", "d"], "cell": names("c", 4)})
        wrong += verdict(frame, factor="loss", best="a", margin=1e-9) == "holds"
    return {"best where one is as good": (wrong, 0.025)}


def diverges_on_hard_seeds(rng: np.random.Generator, sims: int) -> Counts:
    seen = over_all = 0
    grid = {"loss": ["new", "old"], "cell": names("c", 8)}
    for _ in range(sims):
        values, lost = diverging_on_hard_seeds(rng, 10)
        better = verdict(drawn(values, grid, diverged=lost), 5, factor="loss", order="new > old") == "holds"
        seen += better and bool(lost.any())
        over_all += better
    return {"better where it was seen to diverge": (seen, 0.0), "better": (over_all, 0.06)}


def a_margin_away(rng: np.random.Generator, sims: int) -> Counts:
    """Levels exactly the margin apart: an equivalence of them neither holds nor is refuted."""
    holds = refuted = 0
    grid = {"loss": ["a", "b", "c"], "cell": names("c", 4)}
    for _ in range(sims):
        values = 0.97 + SEED_SD * rng.normal(size=(3, 4, 5))
        values[1] -= 0.002
        frame = drawn(values, grid)
        holds += verdict(frame, factor="loss", order="a ~ b", margin=0.002) == "holds"
        values[2] -= 0.001
        refuted += verdict(drawn(values, grid), factor="loss", equivalent="all", margin=0.002) == "refuted"
    return {"equivalent at the margin holds": (holds, 0.025), "and is refuted": (refuted, 0.05)}


CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        effects,
        limits,
        equal_levels,
        one_level_ahead_of_all_but_one,
        diverges_on_hard_seeds,
        a_margin_away,
    )
}
