"""How long the cells that are left will take, from what similar cells took."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

CAUTION = 2.0  # as many cells of average cost are assumed for each value before the first real one


class Forecast:
    """Costs of finished cells, by the values that were swept.

    The effect of a value (`model.hidden=[256,64]`, say) is the mean cost of the cells that have it, relative
    to all cells; effects multiply. Each call takes a time that does not grow with the number of cells.
    """

    def __init__(self, left: Iterable[Sequence[str]] = ()) -> None:
        """Expect cells, each given by its overrides (`key=value`)."""
        self._left: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._spent: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self.cells, self._total = 0, [0, 0.0]
        for overrides in left:
            self.expect(overrides)

    def expect(self, overrides: Sequence[str], cells: int = 1) -> None:
        """Count a cell among those that are left; cells=-1 takes it out again."""
        self.cells += cells
        for override in overrides:
            self._left[override.partition("=")[0]][override] += cells

    def spent(self, overrides: Sequence[str], cost_s: float) -> None:
        """Learn what a cell took."""
        for sums in (self._total, *(self._spent[override] for override in overrides)):
            sums[0] += 1
            sums[1] += cost_s

    @property
    def mean_s(self) -> float | None:
        """Mean cost of the finished cells; None before the first."""
        count, total_s = self._total
        return total_s / count if count else None

    def cell_s(self, overrides: Sequence[str]) -> float | None:
        """Return what one cell will take."""
        if self.mean_s is None:
            return None
        return self.mean_s * math.prod(self._effect(override) for override in overrides)

    def left_s(self) -> float | None:
        """Return what the cells that are left will take, one after the other.

        Values count by their share among the cells left, as if each occurred with all others, as in a grid.
        """
        if not self.cells:
            return 0.0
        if self.mean_s is None:
            return None
        return self.cells * self.mean_s * math.prod(map(self._mean_effect, self._left.values()))

    def _mean_effect(self, values: dict[str, int]) -> float:
        present = {override: count for override, count in values.items() if count}
        without = self.cells - sum(present.values())  # cells of another grid, that do not set this key
        weighted = sum(count * self._effect(override) for override, count in present.items())
        return (without + weighted) / self.cells

    def _effect(self, override: str) -> float:
        count, total_s = self._spent.get(override, (0, 0.0))
        mean_s = self.mean_s or 1.0
        return (total_s + CAUTION * mean_s) / ((count + CAUTION) * mean_s) if mean_s else 1.0
