"""A contest: engines take turns on one core, round after round: what slows the machine slows all of them."""

import importlib.metadata
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.engine import Epoch, Examined
from benchmarks.task import Task
from sweeps.job.measured.process import CannotRun, Remote


@dataclass(frozen=True)
class Entry:
    """An engine ("module:Class") in a contest, its title, what it requires, and extra arguments for it."""

    title: str
    target: str
    requires: tuple[str, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)

    def missing(self) -> list[str]:
        """Return the required distributions that are not installed."""
        return [name for name in self.requires if version(name) is None]


@dataclass
class Result:
    """What an engine did: an epoch and a test for each round; `problem` if it could not.

    setup_s: from the start of its process to the end of its first epoch, less one usual epoch
    """

    entry: Entry
    epochs: list[Epoch] = field(default_factory=list)
    tests: list[Examined] = field(default_factory=list)
    warm_s: float = 0.0
    problem: str | None = None

    @property
    def seconds(self) -> list[float]:
        """Seconds of each round's epoch."""
        return [epoch.seconds for epoch in self.epochs]

    @property
    def median_s(self) -> float:
        """Median seconds of an epoch."""
        return statistics.median(self.seconds)

    @property
    def setup_s(self) -> float:
        """Seconds of preparation (imports, data, compilation), see above."""
        return max(0.0, self.warm_s - self.median_s)

    @property
    def accuracy(self) -> float | None:
        """Test accuracy after the last epoch."""
        return self.tests[-1].accuracy if self.tests else None

    @property
    def test_s(self) -> float | None:
        """Median seconds of a pass over the test images."""
        return statistics.median(test.seconds for test in self.tests) if self.tests else None


def ratio(result: Result, reference: Result) -> float:
    """Return the median over the rounds of result's seconds over the reference's, in the same round."""
    return statistics.median(
        ours / theirs for ours, theirs in zip(result.seconds, reference.seconds, strict=True)
    )


def indispensable(result: Result) -> Result:
    """Return a result that the others are judged by. Raises CannotRun if there is none."""
    if result.problem:
        raise CannotRun(f"{result.entry.title} {result.problem}")
    return result


def contest(entries: Sequence[Entry], task: Task, rounds: int, core: int | None) -> list[Result]:
    """Let every entry train the task for one epoch to get ready, then one in each round; in entry order.

    The order within a round moves by one from round to round, so that no engine always follows the same.
    """
    results = [Result(entry) for entry in entries]
    remotes: dict[str, Remote] = {}
    try:
        for result in results:
            _prepare(result, task, core, remotes)
        for number in range(1, rounds + 1):
            for result in rotated(results, number):
                if result.problem is None:
                    _take_turn(result, remotes[result.entry.title], number)
    finally:
        for remote in remotes.values():
            remote.close()
    return results


def rotated(results: Sequence[Result], by: int) -> list[Result]:
    """Return the results with the first `by` moved to the end."""
    start = by % len(results)
    return [*results[start:], *results[:start]]


def _prepare(result: Result, task: Task, core: int | None, remotes: dict[str, Remote]) -> None:
    if missing := result.entry.missing():
        result.problem = f"not installed: {', '.join(missing)}"
        return
    try:
        remote = Remote(result.entry.target, core, task=task, **result.entry.arguments)
        remotes[result.entry.title] = remote
        remote.call("epoch", 0)
        result.warm_s = time.perf_counter() - remote.started
    except CannotRun as error:
        result.problem = f"cannot run: {error}"


def _take_turn(result: Result, remote: Remote, number: int) -> None:
    try:
        result.epochs.append(remote.call("epoch", number))
        if (test := remote.call("test")) is not None:
            result.tests.append(test)
    except CannotRun as error:
        result.problem = f"stopped: {error}"


def version(distribution: str) -> str | None:
    """Return the installed version of a distribution, None if there is none."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
