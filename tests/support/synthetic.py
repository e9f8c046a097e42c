"""Run directories as a sweep leaves them, made up from a known truth: for tests and the benchmark only."""

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

HEADER = "epoch,train_loss,train_accuracy,test_loss,test_accuracy,lr,epoch_cpu_s,epoch_wall_s,grad_norm"
TARGETS = {
    "selu": "SELU",
    "swish": "Swish",
    "relu": "ReLU",
    "gelu": "GELU",
    "mse": "MSE",
    "softmax_ce": "SoftmaxCrossEntropy",
    "hinge": "Hinge",
    "focal": "Focal",
}
LOSS_EXTRAS: dict[str, dict[str, Any]] = {
    "hinge": {"margin": 5.0, "softmax": False},
    "focal": {"alpha": 0.1, "gamma": 2.0},
    "softmax_ce": {"label_smoothing": 0.0},
}
EFFECT = {
    "selu": -0.004,
    "swish": 0.0,
    "relu": 0.001,
    "gelu": 0.002,
    "mse": -0.004,
    "softmax_ce": -0.003,
    "hinge": 0.004,
    "focal": -0.035,
    "0.005": -0.006,
    "256-64": 0.003,
}
SECONDS = {"selu": 0.30, "swish": 0.36, "relu": 0.24, "gelu": 0.33, "256-64": 0.31, "softmax_ce": 0.02}
SPEED = {"focal": 2.6, "mse": 1.3, "softmax_ce": 1.0, "hinge": 0.8}
GRID: dict[str, Sequence[Any]] = {
    "activation": ["selu", "swish", "relu", "gelu"],
    "loss": ["mse", "softmax_ce", "hinge", "focal"],
    "model.hidden": [[128], [256, 64]],
    "optimizer.weight_decay": [0.0, 0.0005, 0.005],
}


@dataclass
class Cell:
    """One planned cell: its overrides as a mapping, its config and its record on disk."""

    values: dict[str, Any]
    config: dict[str, Any]
    choices: dict[str, str]
    cell_id: str
    name: str
    status: str = "done"
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def overrides(self) -> list[str]:
        return [f"{key}={json.dumps(value).strip(chr(34))}" for key, value in self.values.items()]

    def label(self, key: str) -> str:
        value = self.values.get(key, "")
        return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def cell(values: Mapping[str, Any], epochs: int = 10) -> Cell:
    """The cell that these overrides give, group choices by their bare name, other keys dotted."""
    activation, loss = str(values.get("activation", "relu")), str(values.get("loss", "softmax_ce"))
    config: dict[str, Any] = {
        "activation": {"_target_": f"mlp.activations.{TARGETS.get(activation, activation)}"},
        "loss": {
            "_target_": f"mlp.losses.{TARGETS.get(loss, loss)}",
            "reduction": "mean",
            **LOSS_EXTRAS.get(loss, {}),
        },
        "model": {"hidden": [128], "dropout": 0.0, "residual": False},
        "init": {"_target_": "mlp.initializers.He", "distribution": "normal"},
        "optimizer": {"_target_": "mlp.optimizers.SGD", "lr": 0.01, "momentum": 0.9, "weight_decay": 0.0},
        "schedule": {"_target_": "mlp.schedules.Constant"},
        "dataset": {"_target_": "mlp.datasets.MNIST", "train_size": None},
        "training": {"epochs": epochs, "batch_size": 100, "gradient_clip": None},
        "seed": 0,
    }
    for key, value in values.items():
        head, _, leaf = key.partition(".")
        if leaf:
            config[head][leaf] = value
        elif key not in ("activation", "loss"):
            config[key] = value
    choices = {"activation": activation, "loss": loss, "model": "mlp", "init": "he", "optimizer": "sgd"}
    cell_id = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:12]
    made = Cell(dict(values), config, choices | {"schedule": "constant", "dataset": "mnist"}, cell_id, "")
    parts = [f"{key.split('.')[-1]}={made.label(key)}" for key in values if key not in ("activation", "loss")]
    made.name = "_".join([activation, loss, *parts]) + f"-{cell_id}"
    return made


def grid(
    axes: Mapping[str, Sequence[Any]] = GRID, seeds: Sequence[int] = (0,), epochs: int = 10
) -> list[Cell]:
    """Every combination of the axes with every seed, in the order of the plan."""
    keys = [*axes, "seed"]
    return [
        cell(dict(zip(keys, values, strict=True)), epochs)
        for values in itertools.product(*axes.values(), seeds)
    ]


def learning_curve(one: Cell) -> np.ndarray:
    """The made-up history of a cell, (epochs, 9): effects add up, the seed shifts all cells alike."""
    epochs = one.config["training"]["epochs"]
    seed = int(one.config["seed"])
    shared = np.random.default_rng([seed, 1]).normal(0, 0.0008)
    rng = np.random.default_rng([seed, int(one.cell_id, 16)])
    labels = [one.label(key) for key in one.values]
    ceiling = min(
        0.975 + sum(EFFECT.get(label, 0) for label in labels) + shared + rng.normal(0, 0.001), 0.999
    )
    speed = SPEED.get(one.choices["loss"], 1.0)
    epoch = np.arange(1, epochs + 1)
    test = ceiling - 0.12 * np.exp(-epoch / speed) + rng.normal(0, 0.0006, epochs)
    train = np.minimum(test + 0.012 * (1 - np.exp(-epoch / 6)) - 0.03 * np.exp(-epoch), 0.9999)
    scale = {"hinge": 2.0, "focal": 0.1, "mse": 0.5}.get(one.choices["loss"], 1.0)
    seconds = (0.1 + sum(SECONDS.get(label, 0) for label in labels)) * rng.normal(1, 0.02, epochs)
    columns = [epoch, scale * 3 * (1 - train), train, scale * 3.4 * (1 - test), test]
    columns += [np.full(epochs, one.config["optimizer"]["lr"]), seconds, seconds * 1.01]
    return np.stack([*columns, scale * (0.3 + np.exp(-epoch / 3)) * rng.normal(1, 0.05, epochs)], axis=1)


def provenance() -> dict[str, Any]:
    """Where a made-up run claims to come from."""
    return {
        "version": "0.1.0",
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "git_dirty": False,
        "python": "3.11.7",
        "numpy": "2.4.6",
        "blas": "OpenBLAS 0.3.30",
        "blas_architecture": "Haswell",
        "cpu": "A CPU of the test suite",
        "host": "testhost",
        "dataset_sha256": "ba891046e6505d7a",
    }


def record(one: Cell, curve: np.ndarray, sweep: str) -> dict[str, Any]:
    """The report.json of a cell, all keys of the contract."""
    names = HEADER.split(",")[1:5]
    last, best = curve[-1], curve[int(curve[:, 4].argmax())]
    made: dict[str, Any] = {
        "schema": 1,
        "cell_id": one.cell_id,
        "name": one.name,
        "sweep": sweep,
        "status": one.status,
        "config": one.config,
        "choices": one.choices,
        "overrides": one.overrides,
        "code": "c0dec0dec0de",
        "attempts": 1,
        "started": "2026-11-21T03:30:00+00:00",
    }
    if one.status == "running":
        return made | {"worker": {"host": "testhost", "pid": 4242, "process_started": 1.0}} | one.extra
    made["finished"] = "2026-11-21T03:31:00+00:00"
    if one.status == "failed":
        error = {
            "type": "MemoryError",
            "message": "no <memory> left",
            "traceback": "Traceback …\nMemoryError",
        }
        return made | {"error": error} | one.extra
    made |= {
        "final": dict(zip(names, last[1:5].tolist(), strict=True)),
        "best": {"epoch": int(best[0]), **dict(zip(names, best[1:5].tolist(), strict=True))},
        "timing": {
            "epoch_cpu_s_median": float(np.median(curve[:, 6])),
            "epoch_wall_s_median": float(np.median(curve[:, 7])),
            "total_wall_s": float(curve[:, 7].sum()),
            "blas_threads": 1,
            "concurrent_runs": 2,
        },
        "parameters": 101770,
        "provenance": provenance(),
    }
    if one.status == "diverged":
        made["final"] |= {"train_loss": None, "test_loss": None}
        made |= {
            "diverged": {"epoch": 3, "step": 1800, "what": "loss"},
            "nonfinite": ["final.train_loss", "final.test_loss"],
        }
    return made | one.extra


def write_cell(directory: Path, one: Cell, sweep: str = "grid") -> Path:
    """Write the three files of a cell (a running or diverged one has only its first epochs)."""
    folder = directory / one.name
    folder.mkdir(parents=True, exist_ok=True)
    curve = learning_curve(one)
    if one.status in ("diverged", "running", "interrupted"):
        curve = curve[:3]
    if one.status == "failed":
        curve = curve[:0]
    report = record(one, curve if len(curve) else learning_curve(one), sweep)
    rows = [",".join([str(int(row[0])), *(repr(float(x)) for x in row[1:])]) for row in curve]
    (folder / "history.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    (folder / "config.yaml").write_text(json.dumps(one.config, indent=1) + "\n")
    # Last: who sees the record may look for the others.
    (folder / "report.json").write_text(json.dumps(report, allow_nan=False, indent=1))
    return folder


def write_plan(directory: Path, cells: Sequence[Cell], sweep: str = "grid", **more: Any) -> Path:
    """Write sweep.json: what the cells share once, the rest per cell."""
    base = {k: v for k, v in cells[0].config.items() if all(c.config[k] == v for c in cells)}
    shared = {k: v for k, v in cells[0].choices.items() if all(c.choices[k] == v for c in cells)}
    varying = [k for k in cells[0].values if len({json.dumps(c.values.get(k)) for c in cells}) > 1]
    plan = {
        "schema": 1,
        "sweep": sweep,
        "created": "2026-11-21T03:29:00+00:00",
        "command": ["python", "-m", "sweeps", f"sweep={sweep}"],
        "swept": [*varying, *(["seed"] if "seed" not in varying else [])],
        "base": base,
        "base_choices": shared,
        "cells": [
            {
                "id": c.cell_id,
                "name": c.name,
                "overrides": c.overrides,
                "config": {k: v for k, v in c.config.items() if k not in base},
                "choices": {k: v for k, v in c.choices.items() if k not in shared},
            }
            for c in cells
        ],
        "exclusions": [],
        "duplicates": 0,
        **more,
    }
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "sweep.json").write_text(json.dumps(plan, indent=1))
    return directory / "sweep.json"


def write_sweep(directory: Path, cells: Sequence[Cell], sweep: str = "grid") -> Path:
    """Write plan and records; a cell with status "missing" is planned only."""
    write_plan(directory, cells, sweep)
    for one in cells:
        if one.status != "missing":
            write_cell(directory, one, sweep)
    return directory
