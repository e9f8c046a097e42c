"""Which levels of a factor can be compared: every two of a set share a cell in which nothing else differs."""

import numpy as np

from reports.analysis.cliques import cliques
from reports.analysis.comparison import MAX_LEVELS
from reports.analysis.matched import Matched


def comparable(matched: Matched) -> tuple[list[tuple[int, ...]], list[str]]:
    """Return the sets of levels (places) that can be ranked together, largest first, and the levels in none.

    Where the grid is not full, two levels may differ in something else too wherever they were planned, and
    then nothing compares them. A set is only there if it has a pair that no larger one has. Of more than 20
    levels there are no sets.
    """
    k = len(matched.levels)
    if not 2 <= k <= MAX_LEVELS:
        return [], []
    planned = matched.planned.reshape(k, -1).astype(np.float32)
    shared = planned @ planned.T
    names = [str(place) for place in range(k)]
    apart = {frozenset((names[a], names[b])) for a in range(k) for b in range(a) if not shared[a, b]}
    sets: list[tuple[int, ...]] = []
    known: set[frozenset[str]] = set()
    for group in sorted(cliques(names, apart), key=len, reverse=True):
        new = {frozenset((a, b)) for a in group for b in group if a != b}
        if new - known:
            sets.append(tuple(map(int, group)))
            known |= new
    together = {place for group in sets for place in group}
    return sets, [level for place, level in enumerate(matched.levels) if place not in together]
