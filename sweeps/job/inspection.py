"""What a trained network gets wrong, and what it looks at: `python -m sweeps.job.inspection RUN`.

RUN is the directory of one run that kept its weights (`training.save_weights`). Nothing that a run record
names is imported, except our own data sets: for others their arrays are given (`--data`), for an activation
that is not one of ours its name (`--activation`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlp import datasets, saved
from mlp.datasets import Data, DatasetError
from mlp.datasets.labels import Label
from mlp.workspace import Array
from sweeps.cli import user_modules
from sweeps.cli.command import command, parser_of
from sweeps.job import pictures
from sweeps.job.components import build
from sweeps.records.errors import UnusableRun, UserError
from sweeps.records.layout import WEIGHTS, cell_dirs
from sweeps.records.record import Record, read_record
from sweeps.records.untrusted import links_out, printable

FOLDER = "inspect"
MISTAKES = 24
UNITS = 64
AGAIN = "run it again with training.save_weights=last hydra.sweeper.retry=all"


@dataclass(frozen=True)
class Verdict:
    """What a network says of the test examples: labels, predicted (n,), and scores (n, classes).

    `names` are what the classes are called, where they have names.
    """

    labels: Array
    scores: Array
    names: tuple[Label, ...] | None = None

    def name(self, label: int) -> str:
        """Return what a class is called."""
        return str(label if self.names is None else self.names[label])

    @property
    def predicted(self) -> Array:
        """The class given to each example."""
        classes: Array = self.scores.argmax(axis=1)
        return classes

    @property
    def counts(self) -> Array:
        """How many examples of each class (rows) were given which (columns)."""
        classes = self.scores.shape[1]
        flat = np.bincount(self.labels * classes + self.predicted, minlength=classes**2)
        return flat.reshape(classes, classes)

    @property
    def accuracy(self) -> float:
        """Share of the examples that were given their class."""
        return float((self.predicted == self.labels).mean())

    def mistakes(self) -> Array:
        """Return the rows that were given a wrong class, most confident first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(-self.lead()[wrong], kind="stable")]

    def lead(self) -> Array:
        """Return by how much the largest output of each example exceeds that of its true class."""
        lead: Array = self.scores.max(axis=1) - self.scores[np.arange(len(self.labels)), self.labels]
        return lead


def inspect(record: Record, folder: Path, data: Data, network: saved.Trained) -> list[str]:
    """Write the pictures and the table of one run into a folder, and return the table's lines."""
    x_test = data.original(data.x_test)
    scores = network.scores(x_test) if data.scaling is None else network.outputs(x_test)
    verdict = Verdict(data.y_test.astype(np.intp), scores, network.labels)
    folder.mkdir(parents=True, exist_ok=True)
    names = [verdict.name(label) for label in range(len(verdict.counts))]
    pictures.confusion(verdict.counts, folder / "confusion.png", names)
    if side := side_of(data.features):
        draw_mistakes(verdict, x_test.reshape(-1, side, side), folder / "mistakes.png")
        draw_weights(network, side, folder / "weights.png")
    lines = [*table(record, verdict)]
    (folder / "summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines


def draw_mistakes(verdict: Verdict, x: Array, path: Path) -> None:
    """Draw the most confident mistakes among images x (n, side, side); none: no picture."""
    worst = verdict.mistakes()[:MISTAKES]
    if not len(worst):
        return
    lead = verdict.lead()
    titles = [
        f"{verdict.name(verdict.labels[row])} as {verdict.name(verdict.predicted[row])} (+{lead[row]:.1f})"
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


def table(record: Record, verdict: Verdict) -> Iterator[str]:
    """Yield, line by line, how well each class was recognised and what it was taken for."""
    yield record.path.name
    wrong = int((verdict.predicted != verdict.labels).sum())
    yield f"test accuracy {verdict.accuracy:.4f}: {wrong:,} of {len(verdict.labels):,} examples wrong"
    if (final := (record.data.get("final") or {}).get("test_accuracy")) is not None:
        yield from differs(verdict, final)
    yield ""
    width = max(5, *(len(verdict.name(label)) for label in range(verdict.scores.shape[1])))
    yield f"{'class':>{width}}  {'examples':>8}  {'recall':>6}  {'precision':>9}  most often taken for"
    counts = verdict.counts
    for label, row in enumerate(counts):
        given = int(counts[:, label].sum())
        others = np.where(np.arange(len(row)) == label, 0, row)
        taken = (
            f"{verdict.name(int(others.argmax()))} ({others.max():,} times)" if others.max() else "nothing"
        )
        yield (
            f"{verdict.name(label):>{width}}  {row.sum():>8,}  {share(row[label], row.sum()):>6}  "
            f"{share(row[label], given):>9}  {taken}"
        )


def differs(verdict: Verdict, recorded: object) -> Iterator[str]:
    """Yield a line if the record says another test accuracy."""
    if not isinstance(recorded, float | int) or abs(recorded - verdict.accuracy) > 1e-9:
        why = "the weights kept are those of the best epoch, or the data are others"
        yield f"the record says {recorded!s:.12} of the network after its last epoch: {why}"


def share(part: int, whole: int) -> str:
    """Return a share as a decimal fraction; a dash for one of nothing."""
    return f"{part / whole:.3f}" if whole else "-"


def read_run(path: Path) -> Record:
    """Return the record of a run that kept its weights.

    Raises UserError if there is none there, UnusableRun if it is damaged or has not ended well.
    """
    if not path.is_dir():
        raise UserError(f"{path}: no such directory; it needs the directory of one run")
    inside = [cell for cell in cell_dirs(path).values() if (cell / WEIGHTS).is_file()]
    if len(inside) > 1:
        examples = ", ".join(cell.name for cell in inside[:3])
        raise UserError(
            f"{path}: holds {len(inside)} runs with weights, such as {examples}: name one of them"
        )
    if not inside and cell_dirs(path):
        raise UserError(f"{path}: no run in it kept weights; {AGAIN}")
    record = read_record(inside[0] if inside else path.resolve())
    history_lost = record.status == "damaged" and record.data.get("status") == "done"  # nothing looks at it
    if record.status != "done" and not history_lost:
        why = f" ({record.problem})" if record.problem else ""
        kind = UserError if record.status == "missing" else UnusableRun
        raise kind(f"{path}: is no finished run: its record is {record.status}{why}")
    if not (record.path / WEIGHTS).is_file():
        raise UserError(f"{path}: kept no weights; {AGAIN}")
    return record


def read_data(record: Record, given: Path | None) -> Data:
    """Return the data set that a run was tested on, or the given arrays. Raises UserError."""
    node = record.data["config"].get("dataset")
    target = node.get("_target_") if isinstance(node, Mapping) else None
    module, _, name = str(target).rpartition(".")
    if given is not None:
        node = {"_target_": "mlp.datasets.NPZ", "path": str(given)}
    elif module != "mlp.datasets" or name not in datasets.__all__:
        raise UserError(
            f"dataset._target_ = {target}: is not one of mlp.datasets; give its arrays, --data FILE.npz"
        )
    try:
        data: Data = build("dataset", node).seeded(seed_of(record)).load()
    except (ValueError, DatasetError) as error:
        raise UserError(str(error)) from error
    return data


def seed_of(record: Record) -> int:
    """Return the seed of a run, which its split may follow; 0 where the record says none."""
    seed = record.data["config"].get("seed")
    return seed if isinstance(seed, int) and seed >= 0 else 0


def read_network(record: Record, activation: str | None) -> saved.Trained:
    """Return the network of a run; `activation` names the class of one that is not ours. Raises UserError."""
    given: Any = None
    try:
        if activation is not None:
            node = record.data["config"].get("activation")
            given = build("activation", {**(node if isinstance(node, dict) else {}), "_target_": activation})
        network = saved.load(record.path / WEIGHTS, activation=given)
        if (cell := network.origin.get("cell", record.cell_id)) != record.cell_id:
            raise ValueError(f"{record.path / WEIGHTS}: is the network of cell {cell}, not of this one")
        return network
    except (OSError, ValueError) as error:
        text = str(error).replace("load(path, activation=…)", "--activation MODULE.CLASS")
        kind = UserError if activation or "--activation" in text else UnusableRun
        raise kind(text) from error


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
