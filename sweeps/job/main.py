"""The job of one cell: config → objects → training → what the run record tells.

With its neighbours components.py and journal.py the only place in this package that knows that the job is a
multilayer perceptron.
"""

import base64
import json
import math
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from mlp.datasets import Data, Dataset, DatasetError
from mlp.lockstep import Lockstep
from mlp.metrics import balanced_accuracy, macro_f1, majority_accuracy, predicted, predicted_of
from mlp.training import EVALUATION_BATCH, Divergence, Trainer
from mlp.workspace import Array
from sweeps.job.components import Components, build, problems
from sweeps.job.concurrency import concurrent_runs
from sweeps.job.journal import Journal
from sweeps.job.loaded import loaded
from sweeps.job.provenance import provenance, single_blas_thread
from sweeps.records.errors import UserError
from sweeps.records.history import best_row
from sweeps.records.member import Member

CHECKPOINTS_PER_S = 100  # of all the runs that go on at once: with a hundred, one a second each
FIRST_CHECKPOINT_S = 0.1  # of a run's CPU time: less is trained again as soon as a checkpoint is read
METRICS = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
TEST_ACCURACY, FAIR, HELD_OUT_FAIR = METRICS[-1], "test_balanced_accuracy", "validation_balanced_accuracy"
OF_CLASSES = (FAIR, "test_macro_f1", "test_majority_accuracy")


def validate(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each mistake in a cell's config; the sweeper asks before anything runs."""
    yield from problems(config)


def figures(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the figures that a cell's record will have."""
    held_out = ["validation"] if config["training"]["validation_size"] else []
    for part in ("train", "test", *held_out):
        yield from (f"final.{part}_{figure}" for figure in ("loss", "accuracy"))
    if build("dataset", config["dataset"]).is_uneven() is not None:
        yield from (f"final.{figure}" for figure in (*OF_CLASSES, *([HELD_OUT_FAIR] if held_out else [])))


def about(configs: Iterable[Mapping[str, Any]], metric: str | None) -> dict[str, str]:
    """Return what cells are compared by, unless a `metric` is named, and what trials are judged by.

    Balanced accuracy if the classes of some data set are of uneven size, else accuracy. The two are one where
    classes are even, so one such data set is enough; but the runs of all of them must have it.
    """
    distinct = {json.dumps(config["dataset"]): config["dataset"] for config in configs}
    uneven = {build("dataset", node).is_uneven() for node in distinct.values()}
    fair = FAIR if True in uneven and None not in uneven else TEST_ACCURACY
    balanced = (metric or fair) == FAIR
    return {"metric": fair, "judged_by": f"final.{HELD_OUT_FAIR if balanced else 'validation_accuracy'}"}


def identify(configs: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the content of each cell's data: name, hash, by what else it was known, and warnings."""
    known: dict[str, dict[str, Any]] = {}
    for config in configs:
        node = json.dumps(config["dataset"])
        if node not in known:
            known[node] = content_of(build("dataset", config["dataset"]))
        yield known[node]


def content_of(dataset: Dataset) -> dict[str, Any]:
    """Return the content of one data set; UserError if it cannot be had."""
    try:
        return {"name": dataset.name, **vars(dataset.identity())}
    except DatasetError as error:
        raise UserError(str(error)) from error


def prepare(configs: Iterable[Mapping[str, Any]]) -> None:
    """Fetch and verify every data set that these cells need; UserError if one cannot be had.

    What every training needs is imported and read here, the machine looked at: processes that are forked
    after that share it.
    """
    import scipy.linalg  # noqa: F401  # mlp.optimizers.optimizer

    provenance()
    distinct = {json.dumps(config["dataset"]): config["dataset"] for config in configs}
    for node in distinct.values():
        try:
            loaded(build("dataset", node))
        except DatasetError as error:
            raise UserError(str(error)) from error


@hydra.main(version_base="1.3", config_path="../../conf", config_name="config")
def main(cfg: DictConfig) -> dict[str, Any]:
    """Train the cell that `cfg` describes in its own directory, and return what its record should say."""
    directory = Path(HydraConfig.get().runtime.output_dir)
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    ((_, result),) = train([Member(config, directory, concurrent_runs(directory))])
    return result


def train(cells: Sequence[Member]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Train cells that see the same batches; yield each one's number, and what its record should say.

    Each writes into its own directory. The seconds of a cell are an equal share of what all of them took.
    """
    started, threads = time.perf_counter(), single_blas_thread()
    parts = [Components.of(cell.config) for cell in cells]
    data = parts[0].ordered(loaded(parts[0].dataset))
    batches = parts[0].batches(data)
    runs = [part.trainer(data, batches) for part in parts]
    at_once = cells[0].concurrent_runs
    pause_s = max(FIRST_CHECKPOINT_S, (at_once or 1) / CHECKPOINTS_PER_S)
    journals = [
        Journal(cell.directory, run, pause_s, together=len(cells), data=data.sha256)
        for cell, run in zip(cells, runs, strict=True)
    ]
    numbers = {id(run): number for number, run in enumerate(runs)}
    for run in Lockstep(runs).ended(lambda run: journals[numbers[id(run)]].after_epoch(run)):
        number = numbers[id(run)]
        part, journal = parts[number], journals[number]
        result = outcome(run, data)
        result["dataset"] = {
            "name": part.dataset.name,
            "sha256": data.sha256,
            **described(part.dataset, data),
        }
        journal.save_weights(part.model, part.activation, data)
        journal.close()
        result["timing"] |= {
            "total_wall_s": (time.perf_counter() - started) / len(cells),
            "blas_threads": threads,
            **({} if at_once is None else {"concurrent_runs": at_once}),
            **({"lockstep": len(cells)} if len(cells) > 1 else {}),
        }
        yield number, result


def outcome(trainer: Trainer, data: Data) -> dict[str, Any]:
    """Return what the record says of a finished run; the figures of a diverged one are not there.

    A run whose final figures are not finite has diverged, too, if only in its last step.
    """
    figures = {} if trainer.diverged else final_figures(trainer)
    if wrong := next((name for name, figure in figures.items() if not math.isfinite(figure)), None):
        what = f"final {wrong.replace('_', ' ')}"
        trainer.diverged = Divergence(trainer.final_epoch, trainer.steps, what)
    history = trainer.history
    result: dict[str, Any] = {
        "status": "diverged" if trainer.diverged else "done",
        "final": dict.fromkeys(METRICS),
        "best": best_epoch(history, judge := trainer.judge),
        "best_by": judge,
        "best_by_test": best_epoch(history, "test_accuracy"),
        "final_epoch": trainer.final_epoch,
        "timing": {
            f"{name}_median": statistics.median(row[name] for row in history) if history else None
            for name in ("epoch_cpu_s", "epoch_wall_s")
        },
        "parameters": trainer.network.params.size,
        "provenance": {**provenance(), "dataset_sha256": data.sha256},
    }
    if trainer.diverged:
        return result | {"diverged": vars(trainer.diverged)}
    with np.errstate(all="ignore"):  # as in final_figures
        given = predicted(trainer.network, trainer.test, EVALUATION_BATCH)
    of_classes = {} if data.labels is None else class_figures(trainer, given)
    result |= {"final": figures | of_classes, **answers(trainer, given)}
    if data.features == 2:
        result["boundary"] = boundary(trainer, data)
    return result


def final_figures(trainer: Trainer) -> dict[str, float]:
    """Return the figures of the trained network on every example that it was trained on and on the others.

    Those of the others were measured after the epoch that the network is of, by the same function.
    """
    with np.errstate(all="ignore"):  # what is not finite is recognised by its value
        loss, accuracy = trainer.evaluate(trainer.train, trainer.train_rows)
    row = trainer.history[trainer.final_epoch - 1]
    names = [f"{part}_{figure}" for part in ("test", "validation") for figure in ("loss", "accuracy")]
    return {
        "train_loss": loss,
        "train_accuracy": accuracy,
        **{name: row[name] for name in names if name in row},
    }


def class_figures(trainer: Trainer, given: Array) -> dict[str, float]:
    """Return what test accuracy hides where classes are of uneven size; `given` are the classes predicted."""
    true = trainer.test.y
    majority = majority_accuracy(trainer.train.y[trainer.train_rows], true)
    found = dict(
        zip(OF_CLASSES, (balanced_accuracy(given, true), macro_f1(given, true), majority), strict=True)
    )
    if not len(rows := trainer.validation_rows):
        return found
    held_out = predicted_of(trainer.network, trainer.train, EVALUATION_BATCH, rows)
    return found | {HELD_OUT_FAIR: balanced_accuracy(*held_out)}


def described(dataset: Dataset, data: Data) -> dict[str, Any]:
    """Return what the classes were called and how test examples were split off, where there is such."""
    labels = None if data.labels is None else list(data.labels)
    facts = {"labels": labels, "split": dataset.split()}
    return {key: value for key, value in facts.items() if value is not None}


def answers(trainer: Trainer, given: Array) -> dict[str, Any]:
    """Return which test examples the network that `final` is of gets right, and how many of each class.

    `test_correct` has a bit for each example in the data set's own order, packed (the first in the highest
    bit of the first byte) and base64; `test_by_class` has (correct, all) for each class.
    """
    right = given == trainer.test.y
    labels, classes = trainer.test.y, len(trainer.test.classes)
    counts = (np.bincount(of, minlength=classes).tolist() for of in (labels[right], labels))
    return {
        "test_correct": base64.b64encode(np.packbits(right).tobytes()).decode(),
        "test_by_class": list(zip(*counts, strict=True)),
    }


def best_epoch(history: list[dict[str, float]], judge: str) -> dict[str, float | None]:
    """Return the figures of the first epoch that is best by an accuracy; nulls if there is no epoch."""
    if not history:
        return dict.fromkeys(("epoch", *METRICS))
    best = best_row(history, judge)
    held_out = [name for name in ("validation_loss", "validation_accuracy") if name in best]
    return {"epoch": int(best["epoch"]), **{name: best[name] for name in (*METRICS, *held_out)}}


BOUNDARY_EXAMPLES = 200  # as many as a picture can show


def boundary(trainer: Trainer, data: Data, points: int = 101) -> dict[str, Any]:
    """Return the network's class on a grid over the plane of two inputs, for a plot of its boundary.

    `test` has the first test examples that it was judged by: where they lie, and their true class.
    """
    low, high = data.x_train.min(axis=0) * data.scale, data.x_train.max(axis=0) * data.scale
    x, y = (np.linspace(a, b, points) for a, b in zip(low, high, strict=True))
    plane = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(trainer.network.params.dtype)
    label = trainer.network.forward(plane).argmax(axis=1).reshape(points, points)
    at = data.x_test[:BOUNDARY_EXAMPLES] * data.scale
    examples = {"x": at[:, 0], "y": at[:, 1], "label": data.y_test[:BOUNDARY_EXAMPLES]}
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "label": label.tolist(),
        "test": {name: values.tolist() for name, values in examples.items()},
    }
