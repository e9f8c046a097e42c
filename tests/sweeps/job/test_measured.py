"""What studies measure beside their runs: where it goes, and that both engines do the same work."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from mlp.datasets import Sample
from mlp.losses import MSE, SoftmaxCE
from sweeps.job.measured import __main__ as measured
from sweeps.job.measured import engines, stability
from tests.support import synthetic


def sweep(folder: Path, name: str) -> Path:
    synthetic.write_plan(folder, synthetic.grid({"activation": ["relu"]}), name)
    return folder


def test_a_measurement_stands_beside_the_runs_of_its_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stability, "MAGNITUDES", [1.0, 1e38])
    directory = sweep(tmp_path / "long", "long_run_grid")
    assert measured.main([str(directory)]) == 0
    table = pd.read_csv(directory / "measured" / "stability.csv")
    assert set(table["loss"]) >= {"softmax_ce", "focal"}
    assert table["seed"].nunique() == 5


def test_a_loss_that_overflows_is_seen() -> None:
    assert stability.nonfinite(SoftmaxCE(), seed=0, size=1e38) == 0
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert stability.nonfinite(MSE(), seed=0, size=1e38) > 0


def test_most_studies_measure_nothing(tmp_path: Path) -> None:
    directory = sweep(tmp_path / "grid", "activation_loss_grid")
    assert measured.main([str(directory)]) == 0
    assert not (directory / "measured").exists()


def test_without_pytorch_the_comparison_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    directory = sweep(tmp_path / "fashion", "fashion_tuning")
    assert measured.main([str(directory)]) == 0
    assert capsys.readouterr().out == (
        "engines: left out, torch is not installed (it is in the extra [bench])\n"
    )
    assert not (directory / "measured").exists()


def test_a_directory_without_a_sweep_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measured.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}: holds no sweep (no sweep.json)\n"


@pytest.mark.parity
def test_from_the_same_weights_both_engines_train_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    parts = engines.components(3)
    small = replace(parts, dataset=Sample(), training=replace(parts.training, epochs=2))
    monkeypatch.setattr(engines, "components", lambda seed: small)
    own, same, other = (
        [row["train_loss"] for row in engine.run()]
        for engine in (
            engines.OurEngine(3),
            engines.TorchEngine(3, same=True),
            engines.TorchEngine(3, same=False),
        )
    )
    assert len(own) == 2
    assert own == pytest.approx(same, rel=1e-4)
    assert own != pytest.approx(other, rel=1e-2)
