"""A sweep of any number of runs on disk, without training them: one real run's files, over and over."""

import itertools
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.command import timed
from sweeps.records.plan import Cell, Plan, read_plan, write_plan

Axes = Mapping[str, Sequence[Any]]


class Copies:
    """Runs that differ from a real one in their settings and, a little, in their figures."""

    def __init__(self, axes: Axes, count: int, epochs: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            timed("sweeps", ["dataset=sample", f"training.epochs={epochs}", f"hydra.sweep.dir={folder}"])
            (cell,) = Path(folder).glob("*-*")
            self.files = {
                path.name: path.read_text(encoding="utf-8") for path in cell.iterdir() if path.is_file()
            }
            self.record = json.loads(self.files.pop("report.json"))
            plan = read_plan(Path(folder))
            assert plan is not None
        cells = list(itertools.islice(variants(plan.cells[0], axes), count))
        self.plan = replace(plan, cells=cells, swept=[*axes, "seed"])

    def write_plan(self, root: Path) -> Plan:
        """Write sweep.json."""
        write_plan(root, self.plan)
        return self.plan

    def write(self, root: Path, cells: Sequence[Cell]) -> None:
        """Write these cells' directories."""
        rng = np.random.default_rng(len(cells))
        for cell in cells:
            record = self.record | {name: getattr(cell, name) for name in ("name", "config", "choices")}
            noise = rng.normal(0, 0.01)
            figures = {key: value + noise for key, value in record["final"].items()}
            folder = root / cell.name
            folder.mkdir()
            for name, text in self.files.items():
                (folder / name).write_text(text, encoding="utf-8")
            changed = record | {"cell_id": cell.id, "final": figures}
            (folder / "report.json").write_text(json.dumps(changed), encoding="utf-8")


def variants(cell: Cell, axes: Axes) -> Iterator[Cell]:
    """Yield the cell with every combination of the axes, seed after seed."""
    combinations = list(itertools.product(*axes.values()))
    for number in itertools.count():
        seed, place = divmod(number, len(combinations))
        config, choices = deepcopy(cell.config), dict(cell.choices)
        for key, level in zip(axes, combinations[place], strict=True):
            group, _, leaf = key.partition(".")
            if leaf:
                config[group][leaf] = level
            else:
                choices[key] = level
        yield Cell(f"{number:012x}", f"cell-{number:012x}", [], config | {"seed": seed}, choices)
