"""What a trained network gets wrong and what it looks at: a table and pictures, in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlp import saved
from mlp.datasets import Data
from mlp.workspace import Array
from sweeps.job import pictures
from sweeps.job.predictions import Predictions, table
from sweeps.records.record import Record

MISTAKES = 24
UNITS = 64


def inspect(record: Record, folder: Path, data: Data, network: saved.Trained) -> list[str]:
    """Write the pictures and the table of one run into a folder, and return the table's lines."""
    x_test = data.original(data.x_test)
    scores = network.scores(x_test) if data.scaling is None else network.outputs(x_test)
    predictions = Predictions(data.y_test.astype(np.intp), scores, network.labels)
    folder.mkdir(parents=True, exist_ok=True)
    names = [predictions.name(label) for label in range(len(predictions.counts))]
    pictures.confusion(predictions.counts, folder / "confusion.png", names)
    if side := side_of(data.features):
        draw_mistakes(predictions, x_test.reshape(-1, side, side), folder / "mistakes.png")
        draw_weights(network, side, folder / "weights.png")
    lines = [*table(record, predictions)]
    (folder / "summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines


def draw_mistakes(predictions: Predictions, x: Array, path: Path) -> None:
    """Draw the most confident mistakes among images x (n, side, side); none: no picture."""
    worst = predictions.mistakes()[:MISTAKES]
    if not len(worst):
        return
    lead = predictions.lead()
    titles = [
        f"{predictions.name(predictions.labels[row])} as {predictions.name(predictions.predicted[row])} "
        f"(+{lead[row]:.1f})"
        for row in worst.tolist()
    ]
    heading = "Most confident mistakes: true class, predicted one, lead of its output"
    pictures.images(x[worst], titles, path, heading)


def draw_weights(network: saved.Trained, side: int, path: Path) -> None:
    """Draw the incoming weights of the first layer's units, those of the largest norm first."""
    weight = saved.named_arrays(network.network)[saved.first_weight(network.network)]
    order = np.argsort(-np.linalg.norm(weight, axis=0), kind="stable")[:UNITS]
    titles = [f"unit {unit}" for unit in order.tolist()]
    heading = f"First-layer weights of {len(order)} of {weight.shape[1]} units: blue above 0, red below"
    pictures.images(weight.T[order].reshape(-1, side, side), titles, path, heading, diverging=True)


def side_of(features: int) -> int:
    """Return the side of a square image of so many pixels; 0 if there is none worth looking at."""
    side = round(features**0.5)
    return side if side * side == features and side > 2 else 0
