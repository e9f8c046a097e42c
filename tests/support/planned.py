"""The plans of the studies, and observations as they would be if the runs' figures were drawn at random."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf

from reports.claims.observations import FIGURES, RUN, complete
from reports.runs.factors import ABSENT, label, short_names
from reports.runs.settings import Flattener, merged
from sweeps.planning.compose import Composer
from sweeps.planning.planner import Planner
from sweeps.records.plan import Cell
from sweeps.records.studies import STUDIES

CONF = Path(__file__).parents[2] / "conf"


@cache
def settings_of(name: str, group: str = "study") -> dict[str, Any]:
    """The sweeper's settings in a study or named sweep, and where its cells would go."""
    with initialize_config_dir(str(CONF), version_base="1.3", job_name="plan"):
        loader = GlobalHydra.instance().config_loader()
        master = loader.load_configuration("config", [f"{group}={name}"], RunMode.MULTIRUN)
        settings: dict[str, Any] = dict(
            OmegaConf.to_container(master.hydra.sweeper, resolve=True)  # type: ignore[arg-type]
        )
        cells = planned(loader, master, settings, [f"{group}={name}"])
        return settings | {"dir": master.hydra.sweep.dir, "cells": cells}


def planned(loader: Any, master: Any, settings: dict[str, Any], arguments: list[str]) -> list[Cell]:
    planner = Planner(Composer(loader, master), exclude=settings["exclude"], ignore=settings["ignore"])
    planner.run([settings["params"] | grid for grid in settings["grids"] or [{}]], arguments)
    return list(planner.cells.values())


def parts_of(study: str) -> dict[str, str]:
    """The sweeps of a study: the part of the observations that each is, and its name."""
    (parts,) = (known.parts for known in STUDIES if known.name == study)
    return {"main": study} | {part: f"{study}/{part}" for part in parts}


def observations(study: str, seed: int = 0) -> pd.DataFrame:
    """Every planned run of a study, done, with figures from the generator of this seed."""
    flatten, rows, runs = Flattener(), [], []
    for part, name in parts_of(study).items():
        settings = settings_of(name)
        for cell in settings["cells"]:
            rows.append({k: label(v) for k, v in merged(flatten(cell.config, cell.choices)).items()})
            runs.append((part, "done", str(cell.config["seed"]), cell.id, settings["workers"] or 2))
    table = pd.DataFrame(rows).fillna(ABSENT).drop(columns=["seed", "study", "sweep"], errors="ignore")
    table = table[[c for c in table.columns if not str(c).endswith("_target_")]]
    table = table.rename(columns=short_names(list(table.columns), (*RUN, *FIGURES)))
    head = pd.DataFrame(runs, columns=[*RUN, "concurrent_runs"])
    rng = np.random.default_rng(seed)
    figures = pd.DataFrame({name: rng.random(len(head)) for name in FIGURES if name != "concurrent_runs"})
    drawn = pd.concat([head, table, figures.assign(blas_threads=1.0)], axis=1)
    return complete(pd.concat([drawn, measured(study, rng)], ignore_index=True))


def measured(study: str, rng: np.random.Generator) -> pd.DataFrame:
    """The measurements beside the runs that a study's claims name, with the same made-up figures."""
    wanted = {"fashion_tuning": engines(), "long_run_grid": stability()}.get(study, [])
    table = pd.DataFrame(wanted)
    return table.assign(**{name: rng.random(len(table)) for name in ("test_accuracy", "epoch_cpu_s")})


def engines() -> list[dict[str, Any]]:
    shared: dict[str, Any] = {
        "hidden": "256",
        "batch_size": "256",
        "lr": "0.1",
        "epochs": "5",
        "status": "done",
    }
    shared |= {"part": "engines", "status": "done", "concurrent_runs": 1.0, "blas_threads": 1.0}
    kinds = [("numpy", "same"), ("torch", "same"), ("torch", "own")]
    return [
        {"engine": engine, "weights": weights, "seed": str(seed), **shared}
        for seed in range(5)
        for engine, weights in kinds
    ]


def stability() -> list[dict[str, Any]]:
    shared: dict[str, Any] = {"part": "stability", "status": "done", "nonfinite": 0.0}
    return [{"loss": loss, "seed": str(k), **shared} for loss in ("softmax_ce", "focal") for k in range(5)]
