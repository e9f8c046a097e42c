"""Divergence: whatever is not finite, at whatever step, the run says so, and no finished run holds it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp.datasets import Sample
from mlp.losses import SoftmaxCE
from mlp.network import MLP
from mlp.optimizers import LBFGS, SGD, RMSprop
from mlp.optimizers.optimizer import State
from mlp.training import Trainer, l2_norm
from mlp.workspace import Array, Workspace
from reports.runs.reader import load
from sweeps.execution.outcome import outcome as end_of
from sweeps.job.main import outcome
from sweeps.records.record import read_record, write_record
from tests.support import synthetic
from tests.support.small_run import trainer


@dataclass(frozen=True, kw_only=True)
class Blast(SGD):
    """Ordinary steps, but for the last one, which multiplies all parameters."""

    by: float = 1.0
    at: int = 0
    taken: list[int] = field(default_factory=list)

    def step(self, params: Array, grads: Array, state: State, lr: float, work: Workspace) -> None:
        super().step(params, grads, state, lr, work)
        self.taken.append(1)
        if len(self.taken) == self.at:
            params *= np.float32(self.by)


def blown_up(by: float, **training: Any) -> Trainer:
    run = trainer(epochs=3, **training)
    run.optimizer = Blast(lr=0.1, by=by, at=3 * run.steps)
    run.run()
    return run


@pytest.mark.parametrize(
    ("by", "what"), [(math.inf, "parameters"), (math.nan, "parameters"), (1e25, "test loss")]
)
@pytest.mark.parametrize("training", [{}, {"validation_size": 40, "patience": 5}, {"save_weights": "best"}])
def test_a_run_that_blows_up_in_its_last_step_has_diverged(
    by: float, what: str, training: dict[str, Any]
) -> None:
    run = blown_up(by, **training)
    assert run.diverged is not None
    assert (run.diverged.epoch, run.diverged.step, run.diverged.what) == (3, run.steps, what)
    assert len(run.history) == 2
    result = outcome(run, Sample().load())
    assert result["status"] == "diverged"
    assert set(result["final"].values()) == {None}
    assert result["diverged"]["what"] == what


def test_a_large_but_finite_last_step_is_a_result() -> None:
    run = blown_up(2.0)
    result = outcome(run, Sample().load())
    assert result["status"] == "done"
    assert all(math.isfinite(figure) for figure in result["final"].values())


def test_a_network_that_only_fails_on_all_of_its_training_examples_has_diverged() -> None:
    run = trainer(epochs=1)
    run.run()
    run.train.scale = np.asarray(1e38, np.float32)  # as if one row were far out
    result = outcome(run, Sample().load())
    assert (result["status"], result["diverged"]["what"]) == ("diverged", "final train loss")
    assert set(result["final"].values()) == {None}


def spoil_statistics(run: Trainer) -> None:
    run.network.state()["1.variance"][0] = np.inf


def spoil_slots(run: Trainer) -> None:
    run.slots["mean_square"][0] = np.inf  # its parameter never moves again, and all else is finite


@pytest.mark.parametrize(
    ("spoil", "what"), [(spoil_statistics, "running statistics"), (spoil_slots, "optimiser state")]
)
def test_what_only_hides_behind_finite_figures_is_seen(spoil: Callable[[Trainer], None], what: str) -> None:
    run = trainer(MLP(hidden=(12,), batch_norm=True))
    run = replace(run, optimizer=RMSprop())
    spoil(run)
    run.run()
    assert run.diverged is not None
    assert (run.diverged.epoch, run.diverged.what) == (1, what)


@dataclass(frozen=True, kw_only=True)
class OneIsEnough(SoftmaxCE):
    """Finite whatever the outputs are."""

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        return super().per_example(np.nan_to_num(logits, posinf=9.0), targets, grad, work)


def test_outputs_that_are_not_finite_are_no_result_whatever_the_loss_makes_of_them() -> None:
    run = replace(trainer(epochs=1), loss=OneIsEnough())
    run.network.params[-1] = np.inf  # a bias of the last layer
    run.optimizer = SGD(lr=1e-30, momentum=0.0, weight_decay=0.0)
    loss, _ = run.evaluate(run.test)
    assert math.isnan(loss)
    run.run()
    assert run.diverged is not None
    assert (run.diverged.epoch, run.diverged.step, run.diverged.what) == (1, 1, "outputs")


def test_lbfgs_diverges_too() -> None:
    run = replace(trainer(), optimizer=LBFGS())
    run.network.params[0] = np.nan
    run.run()
    assert run.diverged is not None
    assert run.diverged.epoch == 1
    assert not run.history


def test_a_gradient_beyond_the_range_of_float32_squares_is_clipped_not_lost() -> None:
    run = trainer(clip_norm=1.0)
    run.network.grads.fill(1e30)
    size = run.network.grads.size
    with np.errstate(over="ignore"):  # as in a run
        assert run.clip() == pytest.approx(1e30 * math.sqrt(size), rel=1e-5)
    assert l2_norm(run.network.grads) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("figure", [math.nan, math.inf, np.float32("nan"), np.float64("-inf")])
def test_a_job_that_says_done_with_a_figure_that_is_not_finite_has_diverged(
    figure: float, tmp_path: Path
) -> None:
    end = end_of({"final": {"rmse": figure, "mae": 1.0, "auc": None}}, {})
    assert end["status"] == "diverged"
    assert end["diverged"] == {"what": "final rmse"}
    assert "auc" not in end["final"]  # not measured is not there
    assert end_of({"final": {"rmse": 2.0, "auc": None}}, {}) == {"status": "done", "final": {"rmse": 2.0}}


def test_a_record_of_the_first_version_that_is_done_with_a_null_is_in_no_mean(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, seeds=(0, 1, 2))
    synthetic.write_sweep(tmp_path, cells)
    for one, is_flagged in ((cells[0], True), (cells[1], False)):
        folder = tmp_path / one.name
        data = read_record(folder).data
        write_record(
            folder, data | {"final": data["final"] | {"test_loss": math.nan if is_flagged else None}}
        )
    flagged, bare = (read_record(tmp_path / one.name) for one in cells[:2])
    assert (flagged.status, flagged.data["diverged"]) == ("diverged", {"what": "final test loss"})
    assert flagged.is_complete  # the same again would come to the same
    assert (bare.status, bare.problem) == ("damaged", "is done, but its final.test_loss is null")
    results = load(tmp_path)
    assert results.runs["status"].tolist() == ["diverged", "damaged", *["done"] * 4]
    assert results.runs["test_accuracy"].isna().tolist() == [True, True, *[False] * 4]
    assert results.runs["problem"][0] == "final test loss not finite"
