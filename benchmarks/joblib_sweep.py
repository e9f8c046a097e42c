"""`python -m benchmarks.joblib_sweep jax|own|records DIR`: cells under joblib alone, without a sweeper.

No plan, no records, no checkpoints: a list of cells, a function, all cores. Prints the accuracies as JSON.
own: the sixteen pairs of the default grid, 784-128-10; jax: the same network with gelu and softmax_ce sixteen
times, which is all that JAX's engine trains; records: the very cells of a finished sweep.
"""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed  # type: ignore[import-untyped]

from benchmarks.task import ONE_HIDDEN

EPOCHS = 10
ONE_CORE = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def jax_cell() -> float:
    """Train one network, test it after every epoch, and return its accuracy."""
    os.environ["XLA_FLAGS"] = ONE_CORE
    from benchmarks.engines.jax_scan import JaxScan

    engine = JaxScan(ONE_HIDDEN)
    accuracies = [(engine.train(epoch), engine.test_accuracy())[1] for epoch in range(EPOCHS)]
    return accuracies[-1]


def own_cell(activation: str, loss: str) -> float:
    """The same with this engine, for any pair."""
    from benchmarks.engines.own import components

    part = components(ONE_HIDDEN, activation, loss)
    return _trained(part, EPOCHS)


def recorded_cell(config: dict[str, Any]) -> float:
    """Train what a record's config describes."""
    from sweeps.job.components import Components

    return _trained(Components.of(config), None)


def _trained(part: Any, epochs: int | None) -> float:
    from dataclasses import replace

    run = part.trainer(part.data())
    if epochs is not None:
        run.training = replace(run.training, epochs=epochs)
    run.run()
    return float(run.history[-1]["test_accuracy"])


def cells(kind: str, folder: str | None) -> list[Callable[[], float]]:
    """Return a function for each cell."""
    if kind == "jax":
        return [jax_cell] * 16
    if kind == "records" and folder is not None:
        from sweeps.records.record import load_records

        return [
            partial(recorded_cell, record.data["config"]) for record in load_records(Path(folder)).values()
        ]
    from benchmarks.pairs import PAIRS

    return [partial(own_cell, *pair) for pair in PAIRS]


if __name__ == "__main__":
    wanted = cells(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    print(json.dumps(Parallel(n_jobs=-1)(delayed(cell)() for cell in wanted)))
