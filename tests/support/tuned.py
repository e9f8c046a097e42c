"""A plan under the strategy `tune`, whose trials and cells get made-up figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweeps.planning.strategies.tune import tune
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record


class Bench:
    """A plan under `tune`, whose trials get figures from a function."""

    def __init__(self, seeds: Sequence[int] = (0, 1000), **settings: Any) -> None:
        told = {"tune": {"lr": {"log": [1e-4, 1]}}, "trials": 9, "sampler": "random", "rungs": None}
        told |= {"rung_key": "epochs", "trial": {"held": 10}, "judged_by": "final.v"} | settings
        named = [[f"loss={loss}", f"seed={seed}"] for loss in "ab" for seed in seeds]
        node = {"name": "tune", "settings": told, "named": named, "steps": [], "end": None}
        self.plan = Plan("p", [], ["loss", "seed"], strategy=node)

    def cells(self, overrides: Any) -> list[Cell]:
        return [self.cell(list(own)) for own in overrides]

    def cell(self, overrides: list[str]) -> Cell:
        config: dict[str, Any] = {"epochs": 27, "held": 0, "lr": 0.1, "seed": 0}
        for text in overrides:
            key, _, value = text.partition("=")
            config[key] = value if key == "loss" else float(value) if key == "lr" else int(value)
        return Cell(" ".join(sorted(overrides)), "", overrides, config, {})

    def run(self, figure: Any) -> list[tuple[str, list[Cell]]]:
        """Ask until it has ended; return each step's kind and cells."""
        taken = []
        while (step := tune(self.plan, self.records(figure))).cells:
            new = self.cells(step.cells)
            taken.append((step.kind, new))
            self.plan.cells.extend(new)
            self.plan.strategy["steps"].append({"kind": step.kind, "cells": [cell.id for cell in new]})
        self.left = step.left
        return taken

    def records(self, figure: Any) -> dict[str, Record]:
        found = {}
        for cell in self.plan.cells:
            value = figure(cell.config)
            data = {"final": {"v": value}} if value is not None else {}
            found[cell.id] = Record(Path(cell.id), cell.id, "diverged" if value is None else "done", data)
        return found
