"""The tree-structured Parzen estimator (Bergstra et al. 2011), as Optuna has it (extra `[optuna]`).

The study is made anew from the records each time, with a seed: the same trials give the same suggestion.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from typing import Any

from sweeps.planning.strategies.ranges import DIGITS, Range

STARTUP = 4  # trials at random before the estimator has something to go by


def is_there() -> bool:
    """Whether Optuna is installed."""
    return importlib.util.find_spec("optuna") is not None


def suggested(ranges: Mapping[str, Range], past: Sequence[tuple[Mapping[str, Any], float]]) -> dict[str, Any]:
    """Return the values of the next trial, given those of earlier ones and their figures (−inf: none)."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=len(past), n_startup_trials=STARTUP)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    among = {key: distribution(own) for key, own in ranges.items()}
    for values, figure in past:
        known = math.isfinite(figure)
        state = optuna.trial.TrialState.COMPLETE if known else optuna.trial.TrialState.FAIL
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(values), distributions=among, value=figure if known else None, state=state
            )
        )
    found = study.ask(among).params
    return {key: _short(value) for key, value in found.items()}


def distribution(own: Range) -> Any:
    """Return a range as Optuna has it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if own.kind == "list":
        return CategoricalDistribution(own.choices)
    if own.kind == "int":
        return IntDistribution(int(own.low), int(own.high))
    return FloatDistribution(own.low, own.high, log=own.kind == "log")


def _short(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
