"""Sweep scikit-learn's MLPClassifier over the digits that come with it: no network of this project in sight.

    python app.py                                     the grid of conf/config.yaml
    python app.py activation=relu,tanh seed=0,1,2     another one
    python -m reports runs/digits                     its report

What makes it resumable are two lines of conf/config.yaml; what makes it reportable is that the job returns
final figures and leaves a history.csv, as docs/reference/record.md describes.
"""

import csv
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hydra
import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from mlp_grid import accept_hydras

ACTIVATIONS = ("identity", "logistic", "relu", "tanh")


def check(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each mistake in a cell; the sweeper asks before anything runs."""
    if config["activation"] not in ACTIVATIONS:
        yield f"activation = {config['activation']}: must be one of {', '.join(ACTIVATIONS)}"
    if config["epochs"] < 1:
        yield f"epochs = {config['epochs']}: must be at least 1"


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> dict[str, Any]:
    """Train one classifier, epoch by epoch; what is returned goes into the run record."""
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x / 16, y, test_size=0.25, random_state=0, stratify=y)
    model = MLPClassifier(
        tuple(cfg.hidden),
        activation=cfg.activation,
        solver=cfg.solver,
        learning_rate_init=cfg.lr,
        alpha=cfg.alpha,
        batch_size=cfg.batch_size,
        random_state=cfg.seed,
    )
    rows = []
    for epoch in range(1, cfg.epochs + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        model.partial_fit(x_train, y_train, classes=np.unique(y))
        spent = {"epoch_cpu_s": time.process_time() - cpu, "epoch_wall_s": time.perf_counter() - wall}
        figures = judge(model, "train", x_train, y_train) | judge(model, "test", x_test, y_test)
        rows.append({"epoch": epoch, **figures, "lr": cfg.lr, **spent, "grad_norm": "nan"})
    write_history(Path(HydraConfig.get().runtime.output_dir, "history.csv"), rows)
    best = max(rows, key=lambda row: row["test_accuracy"])
    return {
        "final": {name: rows[-1][name] for name in figures},
        "best": {name: best[name] for name in ("epoch", *figures)},
        "timing": {f"{name}_median": float(np.median([row[name] for row in rows])) for name in spent},
        "parameters": sum(array.size for array in (*model.coefs_, *model.intercepts_)),
    }


def judge(model: MLPClassifier, part: str, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Return loss and accuracy on one part of the data."""
    shares = model.predict_proba(x)
    accuracy = accuracy_score(y, shares.argmax(axis=1))
    return {f"{part}_loss": float(log_loss(y, shares)), f"{part}_accuracy": float(accuracy)}


def write_history(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the learning curve, a row an epoch."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    accept_hydras()  # only Python 3.14 needs it: Hydra 1.3 does not start there (its issue 3121)
    main()
