"""`python -m reports calibrate DIR`: a sweep's own plan, simulated with a truth that is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from reports.__main__ import main
from reports.analysis.residuals import residuals_of
from reports.calibrate import KINDS, calibrate
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.truth import SWEEPS, write

CHANCE = 1e-4  # of a run of the tests in which some bound is broken by bad luck alone


def sweep(path: Path, name: str) -> Path:
    axes, seeds, truth, plans = SWEEPS[name]
    return write(path, axes, seeds, truth, plans)


def test_it_prints_what_is_achieved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(sweep(tmp_path, "five seeds")), "--simulations", "2"]) == 0
    told = capsys.readouterr()
    assert "2 simulated sweeps of each kind" in told.out
    assert "2 of 2 simulated" in told.err
    for line in ("any false difference", "all intervals", "interval of the best", "at the margin called ≈"):
        assert line in told.out
    assert all(kind in told.out for kind in KINDS)
    assert not (tmp_path / "report").exists()


def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    results = load(sweep(tmp_path, "reversal"))
    one, other = (calibrate(results, 2, random=3) for _ in range(2))
    assert one == other


def test_mistakes_end_with_exit_code_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    single = sweep(tmp_path / "single", "one seed")
    assert main(["calibrate", str(single)]) == 2
    assert capsys.readouterr().err == (
        f"error: {single}: no cell has two finished runs, so no variance is known\n"
    )
    alone = synthetic.write_sweep(tmp_path / "alone", synthetic.grid({}, seeds=range(3), epochs=2))
    assert main(["calibrate", str(alone)]) == 2
    assert "varies nothing that could be compared" in capsys.readouterr().err
    assert main(["calibrate", str(tmp_path / "nowhere")]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", str(alone), "--simulations", "0"])
    assert ended.value.code == 2


def test_an_unfinished_sweep_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(sweep(tmp_path, "unfinished")), "--simulations", "1"]) == 1


def test_draws_have_the_variances_of_the_residuals() -> None:
    rng = np.random.default_rng(1)
    own = np.array([0.5, 1.0, 2.0])[:, None]
    values = rng.normal(0, 1.5, (1, 400)) + own * rng.normal(0, 1, (3, 400))
    values[0, :50] = np.nan
    found = residuals_of(values)
    assert found is not None
    assert found.shared == pytest.approx(1.5**2, rel=0.2)
    for draw in (found.gaussian, found.resampled):
        drawn = np.concatenate([draw(rng) for _ in range(20)], axis=1)
        assert drawn.var(axis=1) == pytest.approx(1.5**2 + own[:, 0] ** 2, rel=0.2)
        assert np.cov(drawn)[1, 2] == pytest.approx(1.5**2, rel=0.25)
    assert residuals_of(np.array([[1.0, np.nan], [np.nan, 2.0]])) is None


SHAPES: dict[str, tuple[dict[str, list[Any]], int, list[int]]] = {
    "full grid": ({"activation": ["relu", "gelu", "selu"], "loss": ["mse", "hinge"]}, 5, [5]),
    "rates, some missing": ({"optimizer.lr": [0.001, 0.01, 0.1, 1.0], "loss": ["mse", "hinge"]}, 6, [3, 6]),
    "one factor, seed by seed": ({"activation": ["relu", "gelu"]}, 10, [1, 10]),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_no_more_is_said_falsely_than_is_allowed(tmp_path: Path, shape: str) -> None:
    axes, seeds, plans = SHAPES[shape]

    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        missing = shape.startswith("rates") and values["seed"] == 1 and values["loss"] == "mse"
        return "failed" if missing else 0.95 + float(rng.normal(0, 0.001)) * (1 + values["seed"] % 2)

    simulations = 400
    found = calibrate(load(write(tmp_path, axes, seeds, truth, plans)), simulations)
    most = binom.ppf(1 - CHANCE, simulations, 0.05)
    for achieved in found.values():
        assert achieved.false_differences.hits <= most
        assert achieved.worse_cells.hits <= most
        assert achieved.false_equivalence.hits <= most
        assert achieved.covered.hits >= simulations - most
        assert achieved.best_covered.hits >= simulations - most
