"""What the page shows, exactly: the contract between the statistics and the page.

Every sentence, interval and verdict comes from the caller as it is to be read; the page computes nothing but
plain means of what a reader picks. Figures are raw (accuracy in [0, 1]); a `Metric` says how they are shown.
Levels are the texts of `Factor.levels`, cells and runs are places (from 0) in `Sweep.cells` and `Sweep.runs`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Direction = Literal["maximize", "minimize", ""]
Relation = Literal[">", "<", "≈", "?"]
Numbers = NDArray[np.float64]
NAN = float("nan")
RANGE = "–"  # between the least and the largest of numbers in which messages differ


@dataclass(frozen=True)
class Metric:
    """A figure of a run: what it is called, how it is shown, which direction is better ("" for neither).

    A value is shown times `scale`, with `digits` decimals and its `unit`; differences take `points` as unit.
    `error_axis`: a share of which 1 − value can be drawn logarithmically. `within`: factors across whose
    levels its values must not be compared (the losses, for a loss). `least`, `most`: what a value can be.
    """

    name: str
    label: str
    direction: Direction = ""
    unit: str = ""
    points: str = ""
    scale: float = 1.0
    digits: int = 4
    error_axis: bool = False
    within: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Factor:
    """A setting that the sweep varies: short name, config key, levels in order, their numbers if any."""

    name: str
    key: str
    levels: tuple[str, ...]
    numbers: tuple[float, ...] | None = None
    along: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellFigures:
    """A metric of every cell, (cells,): mean, half its interval (NaN without one), runs behind it."""

    mean: Numbers
    half: Numbers
    n: NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Every cell: `levels` (cells, factors) are places in `Factor.levels`; figures by the metric's name."""

    levels: NDArray[np.int64]
    runs: NDArray[np.int64]
    figures: Mapping[str, CellFigures]


@dataclass(frozen=True)
class Runs:
    """Every planned or recorded run, as columns of the same length; metrics are NaN where there is no figure.

    `problem` says in one line why a run has no result. `folder` is the run's directory under the sweep's,
    "" if there is none.
    """

    id: Sequence[str]
    folder: Sequence[str]
    status: Sequence[str]
    seed: Sequence[str]
    cell: NDArray[np.int64]
    problem: Sequence[str]
    metrics: Mapping[str, Numbers]


@dataclass(frozen=True)
class Curves:
    """What runs recorded on the way: `lengths` (runs,), and under one another the steps and each column.

    `labels` says what a column is called, `metric` in which metric it ends, if in any.
    """

    lengths: NDArray[np.int64]
    steps: Numbers
    values: Mapping[str, Numbers]
    labels: Mapping[str, str]
    metric: Mapping[str, str] = field(default_factory=dict)
    step: str = "epoch"


@dataclass(frozen=True)
class Sweep:
    """What was run: settings, cells, runs and curves. The first metric is the main one."""

    metrics: tuple[Metric, ...]
    factors: tuple[Factor, ...]
    cells: Cells
    runs: Runs
    curves: Curves | None = None


@dataclass(frozen=True)
class Best:
    """The best cell (of one data set, say: `scope`), those that may be as good, and what is to be said.

    `note` says what the figure stands on.
    """

    cell: int
    figure: str
    may_be_best: tuple[int, ...] = ()
    scope: str = ""
    text: str = ""
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """The headline: a best cell for each scope, sentences in reading order, one warning, the next command."""

    best: tuple[Best, ...]
    sentences: tuple[str, ...] = ()
    warning: str = ""
    command: str = ""
    command_note: str = ""


@dataclass(frozen=True)
class LevelEffect:
    """A level's mean over the cells that all levels share, its interval (NaN: none), how its runs ended."""

    level: str
    mean: float
    low: float = NAN
    high: float = NAN
    runs: int = 0
    diverged: int = 0


@dataclass(frozen=True)
class Effect:
    """What a factor does to a metric: levels with a figure, the better first; `within` limits it.

    `text` is the sentence beside it, `detail` all that is told of it (as findings.json has it), `words` the
    same as the page prints it, accuracies in per cent, `size` the difference of its two
    extreme levels (raw), `seeds` and `cells` what it stands on.
    """

    factor: str
    metric: str
    levels: tuple[LevelEffect, ...]
    text: str = ""
    note: str = ""
    within: str = ""
    size: float = NAN
    seeds: int = 0
    cells: int = 0
    detail: str = ""
    words: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two levels compared, the better first: estimate = first − second with its corrected interval, all raw.

    `margin` is NaN where no difference counts as none; `power` says what these seeds would have shown, `why`
    what keeps it open, `look` at which seeds it was looked at and decided.
    """

    factor: str
    metric: str
    first: str
    second: str
    estimate: float
    low: float
    high: float
    p: float
    relation: Relation
    margin: float = NAN
    seeds: int = 0
    cells: int = 0
    power: str = ""
    within: str = ""
    exploratory: bool = False
    why: str = ""
    look: str = ""


@dataclass(frozen=True)
class Failure:
    """Runs that ended alike: their state, their message, how many and which, and what runs them again.

    Numbers in which their messages differ stand in it from the least to the largest: "epoch 1–3".
    """

    state: str
    message: str
    count: int
    runs: tuple[int, ...]
    command: str = ""


@dataclass(frozen=True)
class Notice:
    """Something that a reader has to know before anything else, with its details folded."""

    text: str
    details: tuple[str, ...] = ()
    bad: bool = False


@dataclass(frozen=True)
class Copy:
    """A table to take along: its name and its text in each format ("LaTeX", "Markdown", …)."""

    name: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class File:
    """A file of the report, relative to the page, and what it holds."""

    path: str
    about: str


@dataclass(frozen=True)
class About:
    """Where it all comes from: facts, the commands given with their times, files, copies, how to cite."""

    facts: tuple[tuple[str, str], ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()
    copies: tuple[Copy, ...] = ()
    citation: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Header:
    """The first lines: the sweep's name, what was trained, its question, runs by state, last change (UTC)."""

    title: str
    trained: tuple[str, ...]
    question: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    changed: str = ""
    unfinished: int = 0
    watch: str = ""


@dataclass(frozen=True)
class Claims:
    """Judged claims as rows of (claim, verdict, numbers), with what they are."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Content:
    """Everything that the page shows.

    `rerun` is the command that runs one run again, with {id} in it; `interval` says what stands behind ±;
    `layout` names the factors that are first down the side of the grid and across; `matters` are sentences
    under the effects on the main metric, `matters_shown` the same as printed, accuracies in per cent;
    `written` is what people wrote about the sweep, as plain text; `findings` is findings.json, as served.
    """

    header: Header
    sweep: Sweep
    answer: Answer
    effects: tuple[Effect, ...] = ()
    matters: tuple[str, ...] = ()
    matters_shown: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    comparisons_note: str = ""
    failures: tuple[Failure, ...] = ()
    notices: tuple[Notice, ...] = ()
    claims: tuple[Claims, ...] = ()
    about: About = About()
    rerun: str = ""
    interval: str = ""
    layout: tuple[str, str] = ("", "")
    written: str = ""
    findings: str = "[]\n"
