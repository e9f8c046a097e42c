"""What is printed and written: sections of Markdown, with the goals that their figures are held against."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent.parent / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Written by `make bench`, with the figures of one run; do not edit. `make bench-peers` installs the peers.

`OPENBLAS_CORETYPE` and `OPENBLAS_L2_SIZE`, where somebody has set them, may keep NumPy's products, and no
other engine's, from what the processor can do: the benchmark unsets both. Who sweeps there should, too.
"""


@dataclass(frozen=True)
class Goal:
    """Something measured, the limit that it is held to, and whether it is within it."""

    what: str
    limit: str
    measured: str
    held: bool


@dataclass(frozen=True)
class Section:
    """A title, paragraphs and tables, and goals."""

    title: str
    parts: Sequence[str]
    goals: Sequence[Goal] = ()

    def __str__(self) -> str:
        return "\n\n".join([f"## {self.title}", *self.parts])


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a Markdown table, its columns aligned: the first to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(2, *map(len, column)) for column in zip(*cells, strict=True)]
    rule = [":" + "-" * (width - 1) if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    lines = [cells[0], rule, *cells[1:]]
    return "\n".join(f"| {' | '.join(_aligned(line, widths))} |" for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(line, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def goals_section(sections: Sequence[Section]) -> Section:
    """Return the section that lists every goal."""
    rows = [
        (goal.what, goal.limit, goal.measured, "yes" if goal.held else "**no**")
        for section in sections
        for goal in section.goals
    ]
    return Section("Goals", [table(("what", "goal", "measured", "held"), rows)])


def page(sections: Sequence[Section], machine: str) -> str:
    """Return the whole page: the machine, the goals, then the sections."""
    return "\n\n".join([HEAD.strip(), machine, str(goals_section(sections)), *map(str, sections)]) + "\n"
