"""What a trained network gets wrong, and what it looks at: `python -m sweeps.job.inspection RUN`.

RUN is the directory of one run that kept its weights (`training.save_weights`). For data that are not ours
their arrays are given (`--data`), for an activation that is not one of ours its name (`--activation`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mlp import saved
from mlp.datasets import Data
from mlp.workspace import Array
from sweeps.cli import user_modules
from sweeps.cli.command import command, parser_of
from sweeps.job import pictures
from sweeps.job.kept_run import read_data, read_network, read_run
from sweeps.job.predictions import Predictions, table
from sweeps.records.errors import UserError
from sweeps.records.record import Record
from sweeps.records.untrusted import links_out, printable

FOLDER = "inspect"
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


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Show what a trained network gets wrong and what it looks at: pictures and a table in RUN/inspect."""
    parser = parser_of("sweeps.job.inspection", main.__doc__)
    parser.add_argument(
        "run", type=Path, help="the directory of a run with training.save_weights=last or best"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"where to write (default: RUN/{FOLDER})")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="arrays x_test, y_test, … (see docs/data.md) to look at instead",
    )
    parser.add_argument("--activation", metavar="NAME", help="dotted name of an activation that is not ours")
    options = parser.parse_args(arguments)
    user_modules.extend([Path.cwd()])
    record = read_run(options.run)
    network = read_network(record, options.activation)
    data = read_data(record, options.data)
    if data.features != network.features:
        raise UserError(f"the data have {data.features} inputs, the network has {network.features}")
    if data.classes > network.classes:
        raise UserError(f"the data have {data.classes} classes, the network has {network.classes}")
    folder = options.out or record.path / FOLDER
    if link := links_out(folder):
        raise UserError(f"{link}: is a link that leads elsewhere; nothing is written through it")
    try:
        lines = inspect(record, folder, data, network)
    except ValueError as error:  # numbers that are no inputs of this network
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"cannot write {error.filename or folder}: {error.strerror}") from error
    print(printable("\n".join([*lines, str(folder)])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
