"""A sweep of any number of runs on disk, without training them: one real run's files, over and over."""

import base64
import itertools
import json
import tempfile
import zlib
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
    """Runs that differ from a real one in their settings and a little in their figures, by activation too.

    Records tell of each of so many `examples` whether the run got it right; of none, if there are 0.
    """

    def __init__(self, axes: Axes, count: int, epochs: int, examples: int = 0) -> None:
        self.examples = examples
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

    def write_plan(self, root: Path, count: int | None = None) -> Plan:
        """Write sweep.json, of so many cells (None: of all)."""
        plan = replace(self.plan, cells=self.plan.cells[:count])
        write_plan(root, plan)
        return plan

    def write(self, root: Path, cells: Sequence[Cell]) -> None:
        """Write these cells' directories."""
        rng = np.random.default_rng(len(cells))
        for cell in cells:
            record = self.record | {name: getattr(cell, name) for name in ("name", "config", "choices")}
            effect = zlib.crc32(str(cell.choices.get("activation")).encode()) % 7 / 100
            noise = rng.normal(0, 0.01) + effect
            figures = {key: value + noise for key, value in record["final"].items()}
            answers = self.answers(figures, rng)
            folder = root / cell.name
            folder.mkdir()
            for name, text in self.files.items():
                (folder / name).write_text(text, encoding="utf-8")
            changed = record | {"cell_id": cell.id, "final": figures} | answers
            (folder / "report.json").write_text(json.dumps(changed), encoding="utf-8")

    def answers(self, figures: dict[str, float], rng: np.random.Generator) -> dict[str, Any]:
        """Draw which test examples a run got right, and set its test accuracy to that."""
        if not self.examples:
            return {"test_correct": None, "test_by_class": None}
        right = rng.random(self.examples) < figures["test_accuracy"]
        figures["test_accuracy"] = float(right.mean())
        packed = base64.b64encode(np.packbits(right).tobytes()).decode()
        return {"test_correct": packed, "test_by_class": None}


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
