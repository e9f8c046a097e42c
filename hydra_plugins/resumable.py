"""Registers the resumable sweeper with Hydra: `hydra/sweeper: resumable`. Its code is in the package sweeps.

Hydra's plugin manager accepts only classes of this namespace, and imports every module in it each time that
any Hydra application starts, so nothing is imported here before it is needed. (At that moment the module is
not yet in sys.modules, where dataclasses look up annotations: no `from __future__ import annotations`.)
"""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


@dataclass
class ResumableSweeperConf:
    """The settings under `hydra.sweeper`."""

    _target_: str = "hydra_plugins.resumable.ResumableSweeper"

    # The sweep's name, written into the records. Its directory belongs to one sweep at a time; without a name
    # several may go on in one directory, and their plans are joined.
    sweep: str | None = None

    # What to sweep: key -> values, as on the command line ("relu,gelu") or as a YAML list of values.
    params: dict[str, Any] = field(default_factory=dict)

    # Several such mappings: the sweep is the union of these grids, each with what `params` adds to it. The
    # command line wins over them all.
    grids: list[Any] = field(default_factory=list)

    # Drop combinations: a list of conditions, key -> value or list of values; all keys of one must match.
    exclude: list[Any] = field(default_factory=list)

    # Dotted name of a function that takes a cell's resolved config (a dict), and yields a line per mistake.
    validate: str | None = None

    # Dotted name of a function that takes the resolved configs of all cells, and yields for each what data it
    # is trained on: a mapping with `name` and `sha256`, or null. Optional keys: `file`, whose hash that is;
    # `earlier`, other values by which records know the same content; `warnings`, lines that are shown once. A
    # result of other data is due again.
    identify: str | None = None
    # Dotted name of a function that takes a cell's resolved config, and returns it with what has no effect in
    # that cell made the same; the very object if all has one. Two cells that become equal so are refused.
    effective: str | None = None

    # Dotted name of a function that takes the configs of the cells that are due, and gets ready what they all
    # need, once, before the first of them starts.
    prepare: str | None = None

    # Dotted name of a function that takes the sweep's directory and the ids of its cells once all have ended,
    # and yields lines to print: what came out. Whatever goes wrong in it changes no exit code.
    closing: str | None = None

    # Dotted name of a function that takes a cell's resolved config, and returns a text and a reason: cells of
    # one text may be run together, one with None for a text is run alone, for that reason.
    group: str | None = None

    # Dotted name of the job for cells of one text: it takes a list of sweeps.records.member.Member, and as
    # each of them ends yields its number in the list and what its record says.
    group_job: str | None = None

    # Modules and packages whose sources the results depend on; results made by others are called stale.
    code: list[str] = field(default_factory=list)

    # Dotted config keys that cannot change a result, and so are no part of a cell's identity.
    ignore: list[str] = field(default_factory=list)

    # Config groups and dotted keys that are always part of a cell's directory name, in this order.
    name: list[str] = field(default_factory=list)

    # Run these cells again, by their ids, and nothing else: the plan in the directory stays as it is, earlier
    # records are kept in .superseded. `python -m sweeps.runs DIR rerun ID` sets it.
    only: list[str] = field(default_factory=list)

    # Copy a run that another directory under the same `runs` has by id, code and data, instead of running it.
    reuse: bool = True

    # What to run again: failed (everything without a result), stale (results of other code too), all, none.
    retry: str | None = None

    # Move the sweep's directory aside first, and start with an empty one.
    fresh: bool = False

    # Print the plan and what it would run, and stop.
    dry_run: bool = False

    # How often a cell whose process dies is started within one command.
    max_attempts: int = 3

    # End a cell's process after so many seconds; null: never.
    timeout_s: float | None = None

    # Cells at once; null: what the launcher offers (n_jobs, array_parallelism), else 1. How many it came to
    # is in each record, under timing.concurrent_runs.
    workers: int | None = None

    # Numbers of seeds at which reports test what a sweep shows, increasing, from 3 on; null: 3, 5, 10, 20,
    # 40. The first plan of a directory fixes them: looks chosen after looking find what is not there.
    ladder: list[int] | None = None

    # The difference of the main metric that counts as none, in its own units; null: a tenth of the best
    # level's error.
    margin: float | None = None

    # The figure that the sweep is about, of those that the job returns; null: the only one, or test_accuracy.
    # What a job returns that is a single number is called value.
    metric: str | None = None

    # Which direction of it is better: maximize or minimize; null: maximize.
    direction: str | None = None

    # Dotted name of a function that takes the resolved configs of all cells and the metric that is named (or
    # None), and returns what holds where nothing is said: a mapping with `metric` and `judged_by`.
    about: str | None = None

    # A shell command that is run at the end of the sweep, however it ends, and finds the outcome in the
    # environment: SWEEP_NAME, SWEEP_DIR, SWEEP_OUTCOME (done, incomplete, interrupted), SWEEP_EXIT_CODE,
    # SWEEP_SECONDS, SWEEP_CELLS, SWEEP_DONE, SWEEP_DIVERGED, SWEEP_FAILED, SWEEP_SUMMARY.
    notify: str | None = None
    # What decides on further cells when nothing is due: until_decided (adds seeds where a comparison is
    # open), another name of `strategies`, or the dotted name of a function of a plan and its records.
    strategy: str | None = None

    # Short names of strategies.
    strategies: dict[str, str] = field(
        default_factory=lambda: {
            "until_decided": "reports.deciding.until_decided",
            "tune": "sweeps.planning.strategies.tune.tune",
        }
    )

    # With a strategy: seeds of a cell at most, those that are there included; null: 20.
    max_seeds: int | None = None

    # With strategy=until_decided: a file of claims (docs/how-to/claims.md), which are then what is to be
    # decided; null: every comparison of the main metric.
    claims: str | None = None

    # With a strategy: how long the command may take (90s, 30m, 2h, 1h30m); null: no limit. It is looked at
    # between the steps of the strategy: none begins that would not fit.
    budget: str | None = None

    # What strategy=tune searches for every combination of what is swept: key -> a list of values, {log: [low,
    # high]}, {linear: [low, high]} or {int: [low, high]}; on the command line key=interval(low,high).
    tune: dict[str, Any] = field(default_factory=dict)

    # Trials of each combination; null: 8.
    trials: int | None = None

    # How the values of a trial are chosen: random, or tpe (with the extra [optuna]); null: random.
    sampler: str | None = None

    # Successive halving: values of `rung_key` (epochs, say), increasing. All trials run to the first, of
    # each combination's the best to the next, fewer by the factor between them.
    rungs: list[int] | None = None
    rung_key: str | None = None

    # The key that makes a trial keep what a longer one can continue from (set to true), and that which names
    # to a trial the id of the one to continue; null: each rung begins anew.
    rung_kept: str | None = None
    rung_from: str | None = None

    # Overrides that make a trial of a cell: key -> value (examples held out to judge by, say).
    trial: dict[str, Any] = field(default_factory=dict)

    # The figure of the record that trials are judged by, the higher the better (a dotted name); null: as
    # `about` says, else final.test_accuracy.
    judged_by: str | None = None

    # Dotted name of a function that takes a cell's resolved config, and yields the dotted names of the
    # figures that its record will have: trials without the one that they are judged by are refused.
    figures: str | None = None

    # How a worker starts the process of its cells: fork or spawn; null: fork on Linux, else spawn.
    start_method: str | None = None


ConfigStore.instance().store(
    group="hydra/sweeper", name="resumable", node=ResumableSweeperConf, provider="resumable"
)

# ${first:a,b,c} is the first that is not null: for a directory named by an optional choice.
OmegaConf.register_new_resolver(
    "first", lambda *values: next((value for value in values if value is not None), None), replace=True
)


class ResumableSweeper(Sweeper):
    """Plans, checks, runs and resumes a sweep; see sweeps.sweeper."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra gives; the launcher is made when there is something to launch."""
        self.given = (hydra_context, task_function, config)

    def sweep(self, arguments: list[str]) -> Any:
        """Run the sweep and return Hydra's list of JobReturn, in a list: one batch.

        Raises SystemExit with its exit code unless all cells have a result.
        """
        from sweeps.sweeper import command

        return command(*self.given, self.settings, arguments)
