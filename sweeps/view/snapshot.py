"""What the live view shows at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from sweeps.view.running_cell import Running


@dataclass(frozen=True)
class Stop:
    """A cell that ended without a result, and one line why."""

    name: str
    why: str


@dataclass(frozen=True)
class Leader:
    """The best run so far: what tells its cell from the others, its main figure's name and value."""

    name: str
    metric: str
    value: float


@dataclass(frozen=True)
class View:
    """What there is to show: cells by state, those that run, and the time left (s; None: not known yet).

    `left` are the cells that still have to start, again or for the first time; `best` leads so far.
    """

    total: int
    done: int
    diverged: int
    failed: int
    left: int
    running: list[Running]
    left_s: float | None
    best: Leader | None = None
