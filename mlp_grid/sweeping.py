"""Sweeps from Python: the same resumable sweep as `python -m sweeps`, and its results."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlp_grid.notebook import Progress, is_notebook
from mlp_grid.overrides import override, overrides_of
from mlp_grid.process import MISTAKE, Process
from mlp_grid.results import SweepResults, load
from sweeps.planning.quoting import quoted
from sweeps.records.errors import UserError

INCOMPLETE = 1
DATA = "data"  # where the arrays of a call are kept, below the sweep's directory
USUAL = {"test_share": 0.2, "split_seed": None, "scale": "none"}  # as conf/dataset/arrays.yaml has them


def sweep(
    grid: Mapping[str, Any] | None = None,
    *,
    seeds: int | Iterable[int] | None = None,
    epochs: int | None = None,
    workers: int | None = None,
    dir: str | Path = "runs/python",  # noqa: A002
    data: Any = None,
    test: Any = None,
    label: str | None = None,
    test_share: float = 0.2,
    split_seed: int | None = None,
    scale: str = "none",
    overrides: Sequence[str] = (),
) -> SweepResults:
    """Train every combination of a grid and return the results; called again, only what is missing is run.

    grid: setting → a list of values to try, or one value (a tuple is one value that is a list)
    seeds: how many (0, 1, …), or which; epochs: passes over the training set; workers: runs at once
    dir: the sweep's directory; its name is the sweep's
    data: (X, y), X (n, …) and y (n,), or a DataFrame with its labels in the column `label`; None: `dataset`
    test: the same to test on; without it a share `test_share` is held out, drawn by each run's seed or by
    `split_seed`; scale: none, unit or standard, fitted on the training part
    overrides: more words of the command line, such as "hydra.sweeper.retry=all"

    Interrupting it stops the sweep in order. Raises UserError for a mistake, before anything is run; runs
    that fail are no error, but named in the results.
    """
    root = Path(dir).expanduser().absolute()
    words = overrides_of(grid or {}, seeds, epochs)
    words += _of_data(root, data, test, label, test_share, split_seed, scale)
    words += [f"hydra.sweep.dir={quoted(str(root))}", override("hydra.sweeper.sweep", root.name)]
    words += [] if workers is None else [override("hydra.sweeper.workers", workers)]
    run([*words, *overrides], root)
    return load(root)


def run(words: Sequence[str], root: Path) -> None:
    """Run the command to its end. Raises UserError for a mistake, KeyboardInterrupt if it was stopped."""
    notebook = is_notebook()
    process = Process(words, terminal=not notebook and _in_terminal(), relays=not notebook)
    progress = Progress(root) if notebook else None
    try:
        code = process.wait(progress.watch) if progress else process.wait()
    finally:
        if progress:
            progress.close(process.ending())
    if code == MISTAKE:
        raise process.mistakes()
    if code == INCOMPLETE:
        warnings.warn("some runs have no result; results.problems and .runs say which", stacklevel=3)
    elif code:
        raise KeyboardInterrupt(f"the sweep was stopped (exit code {code}); call it again to continue")


def _of_data(
    root: Path, data: Any, test: Any, label: str | None, share: float, split_seed: int | None, scale: str
) -> list[str]:
    """Return the words that choose data from memory, stored below the sweep's directory; none without any."""
    if data is None:
        if test is not None or label is not None:
            raise UserError("test, label: must be left out without data")
        return []
    from mlp.datasets import DatasetError, from_memory

    rules: dict[str, Any] = {"test_share": share, "split_seed": split_seed, "scale": scale}
    try:
        made = from_memory(data, test, folder=root / DATA, label=label, **rules)
    except (DatasetError, ValueError) as error:
        raise UserError(f"data: {error}") from error
    changed = {name: value for name, value in rules.items() if value != USUAL[name]}
    return [
        "dataset=arrays",
        *(override(f"dataset.{k}", v) for k, v in ({"path": made.path} | changed).items()),
    ]


def _in_terminal() -> bool:
    """Whether what is printed goes to a terminal, and not to something that captures it."""
    try:
        return all(
            stream.isatty() and stream.fileno() == n for n, stream in ((1, sys.stdout), (2, sys.stderr))
        )
    except (OSError, ValueError, AttributeError):
        return False
