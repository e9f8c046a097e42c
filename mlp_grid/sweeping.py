"""Sweeps from Python: the same resumable sweep as `python -m sweeps`, and its results."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

from mlp_grid.notebook import Progress, is_notebook
from mlp_grid.overrides import override, overrides_of
from mlp_grid.process import MISTAKE, Process
from mlp_grid.results import SweepResults, load
from sweeps.planning.quoting import quoted
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN

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
    _require(dir, workers, overrides)
    root = Path(dir).expanduser().absolute()
    words = overrides_of({} if grid is None else grid, seeds, epochs)
    words += [f"hydra.sweep.dir={quoted(str(root))}", override("hydra.sweeper.sweep", root.name)]
    words += [] if workers is None else [override("hydra.sweeper.workers", workers)]
    before = set((root / DATA).glob("*"))
    folders = [folder for folder in (root / DATA, root, *root.parents) if not folder.exists()]
    try:
        words += _of_data(root, data, test, label, test_share, split_seed, scale)
        run([*words, *overrides], root)
    except UserError:
        _take_back(root, before, folders)
        raise
    return load(root)


def _require(folder: Any, workers: Any, overrides: Any) -> None:
    """Raise UserError for arguments that cannot become words of a command line."""
    if not isinstance(folder, (str, os.PathLike)) or not str(folder):
        raise UserError(f"dir = {folder!r}: must be the name of a directory")
    whole = isinstance(workers, Integral) and not isinstance(workers, bool)
    if workers is not None and not (whole and workers >= 1):
        raise UserError(f"workers = {workers!r}: must be a whole number, at least 1, or None")
    listed = isinstance(overrides, Sequence) and not isinstance(overrides, str)
    if not listed or not all(isinstance(word, str) for word in overrides):
        raise UserError(f'overrides = {overrides!r}: must be a list of words, such as ["training.shift=1"]')


def _take_back(root: Path, before: Collection[Path], folders: Iterable[Path]) -> None:
    """Remove the arrays that a refused call has stored, and the folders that it made; not beside a plan."""
    if (root / PLAN).exists():
        return
    for path in set((root / DATA).glob("*")) - set(before):
        path.unlink(missing_ok=True)
    for folder in folders:
        with contextlib.suppress(OSError):  # what holds anything stays
            folder.rmdir()


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
    rules: dict[str, Any] = {"test_share": share, "split_seed": split_seed, "scale": scale}
    if data is None:
        given = {"test": test, "label": label, **{k: v for k, v in rules.items() if v != USUAL[k]}}
        if without := [name for name, value in given.items() if value is not None]:
            raise UserError(f"{', '.join(without)}: must be left out without data")
        return []
    from mlp.datasets import DatasetError, from_memory

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
