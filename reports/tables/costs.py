"""Tables of what an epoch costs by the levels of each factor, cheapest first."""

import math
from collections.abc import Iterator, Sequence

from reports.analysis.effects import Effect, effects_of
from reports.analysis.intervals import NOTHING
from reports.analysis.sweep import Analysis
from reports.runs.results import Results
from reports.tables.grids import concurrency_note
from reports.tables.rankings import PART_NOTE, ranking_note, ranking_text
from reports.tables.table import NAN, Entry, Table

CPU, WALL = "epoch_cpu_s", "epoch_wall_s"


def timing_tables(analysis: Analysis) -> list[Table]:
    """Return what an epoch costs by the levels of each factor."""
    own = [e for e in analysis.effects if e.metric.name == CPU and e.comparison]
    walls = {e.title: e for e in effects_of(analysis.parts, analysis.looks, (WALL,))} if own else {}
    factors = dict.fromkeys(e.factor for e in own)
    return [
        timing_table(analysis.results, name, [(e, walls.get(e.title)) for e in own if e.factor == name])
        for name in factors
    ]


def timing_table(results: Results, factor: str, effects: Sequence[tuple[Effect, Effect | None]]) -> Table:
    """Return the cost of an epoch by the levels of one factor."""
    parted = any(cpu.part for cpu, _ in effects)
    rows = tuple(
        ((Entry(cpu.part), *row) if parted else row) for cpu, wall in effects for row in costs(cpu, wall)
    )
    heads = (factor, "CPU seconds per epoch", "wall seconds per epoch", "ratio to cheapest", "seeds", "cells")
    notes = [
        f"a > b: a costs less{f' ({e.part})' if e.part else ''}: {ranking_text(e)}"
        + (f" ({note})." if (note := ranking_note(e)) else ".")
        for e, _ in effects
    ]
    return Table(
        f"timing_by_{factor}",
        f"Seconds per epoch by {factor}",
        ("part", *heads) if parted else heads,
        rows,
        1 + parted,
        (*notes, concurrency_note(results), *((PART_NOTE,) if parted else ())),
        group=int(parted),
    )


def costs(cpu: Effect, wall: Effect | None) -> Iterator[tuple[Entry, ...]]:
    """Yield a row per level of one ranking: its seconds, and their ratio to the cheapest level's."""
    least = min((i.mean for i in cpu.levels.values() if not math.isnan(i.mean)), default=NAN)
    walls = wall.levels if wall else {}
    for level, i in cpu.levels.items():
        j = walls.get(level, NOTHING)
        yield (
            Entry(level),
            Entry(cpu.metric.show_interval(i.mean, i.half), value=i.mean),
            Entry(cpu.metric.show_interval(j.mean, j.half)),
            Entry("–" if math.isnan(i.mean) else f"{i.mean / least:.2f}"),
            Entry(str(i.n)),
            Entry(str(cpu.cells)),
        )
