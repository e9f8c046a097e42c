"""The settings under `hydra.sweeper`: those that the plugin declares, in plain containers and in range."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from hydra_plugins.resumable import ResumableSweeperConf
from sweeps.planning.due import Retry, retry_mode
from sweeps.planning.strategies import budget
from sweeps.records.errors import UserError
from sweeps.records.ladder import ladder_problem, margin_problem
from sweeps.records.metric import DIRECTIONS, Goal
from sweeps.records.strategy import OF_RUNGS
from sweeps.records.untrusted import read_file
from sweeps.records.values import text

UNNAMED = "adhoc"
MAX_SEEDS = 20
IN_PACKAGE = "pkg://"
SMALL_IS_GOOD = re.compile(
    r"loss|err|mse|mae|mape|nll|perplexity|regret|cost|latency|time|(^|_)(s|ms|sec|secs|seconds)$",
    re.IGNORECASE,
)
MAPPINGS = ("grids", "exclude")
TRIALS = 8
JUDGED_BY = "final.test_accuracy"
LARGEST_CLAIMS = 2**20  # bytes: the plan keeps them
SAMPLERS = ("random", "tpe")
NEEDED = {  # what is of no use without another setting
    **dict.fromkeys(("max_seeds", "budget", "claims", "tune"), "strategy"),
    **dict.fromkeys(("trials", "sampler", "rungs"), "tune"),
}
TEXTS = ("code", "ignore", "name", "only")


@dataclass
class Settings(ResumableSweeperConf):
    """What a user may set of a sweep. Raises UserError, a line for each value that is out of range."""

    def __post_init__(self) -> None:
        self.claims_text, unread = _text_of(self.claims)
        if wrong := [*self._problems(), *unread]:
            raise UserError(*wrong)
        self.mode: Retry = retry_mode(self.retry)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Return the settings that Hydra gives to a sweeper."""
        return cls(**{key: _plain(value) for key, value in given.items()})

    @property
    def title(self) -> str:
        """The name in the records and the plan, of a sweep without one too."""
        return self.sweep or UNNAMED

    @property
    def goal(self) -> Goal | None:
        """What the sweep is about, if it says so."""
        if self.metric is None and self.direction is None:
            return None
        return Goal(self.metric, "minimize" if self.direction == "minimize" else "maximize")

    @property
    def metric_as_json(self) -> dict[str, Any] | None:
        """What the sweep is about as the plan holds it."""
        return self.goal.as_json() if self.goal else None

    def all_grids(self) -> list[dict[str, Any]]:
        """Return the grids whose union is swept, each with what `params` adds to it."""
        return [self.params | grid for grid in self.grids or [{}]]

    @property
    def budget_s(self) -> float | None:
        """How long the command may take (s); None: no limit."""
        return None if self.budget is None else budget.seconds(self.budget)

    @property
    def of_strategy(self) -> dict[str, Any]:
        """What a strategy is told of the settings, and the plan keeps."""
        told: dict[str, Any] = {"max_seeds": MAX_SEEDS if self.max_seeds is None else self.max_seeds}
        if self.claims is not None:
            told["claims"] = {"file": self.claims, "text": self.claims_text}
        told |= {name: getattr(self, name) for name in OF_RUNGS}
        if not self.tune:
            return told
        return told | {
            "tune": self.tune,
            "trials": TRIALS if self.trials is None else self.trials,
            "sampler": self.sampler or SAMPLERS[0],
            "rungs": self.rungs,
            "trial": self.trial,
            "judged_by": self.judged_by or JUDGED_BY,
        }

    @property
    def varied(self) -> set[str]:
        """The keys that a strategy may vary besides those that are swept."""
        of_trials = {*self.tune, *self.trial} if self.tune else set()
        of_rungs = (self.rung_key if self.rungs else None, self.rung_kept, self.rung_from)
        return {*of_trials, *filter(None, of_rungs)}

    def _problems(self) -> Iterator[str]:
        """Yield a line for each setting that is out of range."""
        limits = {
            "max_attempts": (self.max_attempts >= 1, "at least 1"),
            "workers": (self.workers is None or self.workers >= 1, "at least 1, or null"),
            "timeout_s": (self.timeout_s is None or self.timeout_s > 0, "more than 0, or null"),
            "max_seeds": (self.max_seeds is None or self.max_seeds >= 1, "at least 1, or null"),
            "trials": (self.trials is None or self.trials >= 1, "at least 1, or null"),
            "sampler": (self.sampler in (None, *SAMPLERS), f"{' or '.join(SAMPLERS)}, or null"),
            "rungs": (_rising(self.rungs), "at least two increasing whole numbers from 1 on, or null"),
            "budget": (self.budget is None or self.budget_s is not None, budget.RULE),
            "metric": (self.metric != "", "the name of a figure that the job returns, or null"),
            "notify": (self.notify is None or bool(self.notify.strip()), "a command of the shell, or null"),
            "direction": (self.direction in (None, *DIRECTIONS), f"{' or '.join(DIRECTIONS)}, or null"),
            "start_method": (self.start_method in (None, "fork", "spawn"), "fork, spawn or null"),
        }
        for key, problem in (("ladder", ladder_problem), ("margin", margin_problem)):
            rule = problem(getattr(self, key))
            limits[key] = (not rule, rule)
        for key in (*MAPPINGS, *TEXTS):
            kind, items = (Mapping, "mappings of keys to values") if key in MAPPINGS else (str, "texts")
            limits[key] = (all(isinstance(item, kind) for item in getattr(self, key)), f"a list of {items}")
        if self.metric and self.direction is None and SMALL_IS_GOOD.search(self.metric):
            yield (
                f"hydra.sweeper.direction = null: must be maximize or minimize for hydra.sweeper.metric = "
                f"{self.metric}, whose name says that less may be better"
            )
        for key, (is_right, rule) in limits.items():
            if not is_right:
                yield f"hydra.sweeper.{key} = {_shown(getattr(self, key))}: must be {rule}"
        if self.rungs and not self.rung_key:
            yield "hydra.sweeper.rung_key = None: must name the key whose values hydra.sweeper.rungs are"

    def require_strategy(self) -> None:
        """Raise UserError for what is set and has no effect, because no strategy asks for it."""
        given = {key: value for key in NEEDED if (value := getattr(self, key)) not in (None, {})}
        if wrong := [
            f"hydra.sweeper.{key} = {_shown(value)}: has no effect without hydra.sweeper.{NEEDED[key]}"
            for key, value in given.items()
            if not getattr(self, NEEDED[key])
        ]:
            raise UserError(*wrong)


def _text_of(claims: str | None) -> tuple[str, list[str]]:
    """Return what a claims file says, and a line on why it cannot be read, if so."""
    if claims is None:
        return "", []
    try:
        return read_file(_place_of(claims), LARGEST_CLAIMS).decode(), []
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        why = error.strerror if isinstance(error, OSError) else error
        return "", [f"hydra.sweeper.claims = {claims}: cannot be read ({why})"]


def _place_of(claims: str) -> Path:
    """Return where a file is: a path, or as Hydra names what is in a package, pkg://PACKAGE/FILE.

    Raises ValueError for a package that there is not.
    """
    if not claims.startswith(IN_PACKAGE):
        return Path(claims).resolve()
    package, _, name = claims.removeprefix(IN_PACKAGE).partition("/")
    try:
        return Path(str(files(package))) / name
    except ModuleNotFoundError as error:
        raise ValueError(f"no package {package}") from error


def _rising(rungs: Any) -> bool:
    """Whether rungs are none, or two or more increasing whole numbers."""
    if rungs is None:
        return True
    whole = all(type(rung) is int and rung >= 1 for rung in rungs)
    return whole and len(rungs) >= 2 and all(a < b for a, b in pairwise(rungs))


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _shown(value: Any) -> str:
    return text(value, ", ") if isinstance(value, float) else str(value)
