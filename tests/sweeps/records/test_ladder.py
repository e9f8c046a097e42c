"""The looks at a sweep and its margin, from the command line (`hydra.sweeper.ladder`) to the plan."""

import json
from pathlib import Path

import pytest

from reports.__main__ import main
from sweeps.records.ladder import ladder_problem, margin_problem
from sweeps.records.plan import read_plan
from tests.support import synthetic
from tests.support.tiny.driver import Tiny


@pytest.mark.parametrize(
    "value", [[], [3, 3], [5, 3], [2, 5], [3.0, 5], ["3"], "3,5", [True, 3], 5], ids=repr
)
def test_a_ladder_that_is_none_is_told(value: object) -> None:
    assert "increasing numbers of seeds from 3 on" in ladder_problem(value)


def test_a_ladder_and_a_margin_that_are_some_are_taken() -> None:
    assert not ladder_problem(None)
    assert not ladder_problem([3, 7])
    assert not ladder_problem([5])
    assert not margin_problem(None)
    assert not margin_problem(0.001)
    assert all(margin_problem(value) for value in (0, -1, float("nan"), float("inf"), True, "0.1"))


def test_mistakes_end_with_exit_code_2_and_nothing_is_written(tmp_path: Path) -> None:
    for setting in ("ladder=[5,3]", "margin=0", "margin=-0.1"):
        (tmp_path / setting.partition("=")[0]).mkdir(exist_ok=True)
        tiny = Tiny(tmp_path / setting.partition("=")[0])
        done = tiny.run("x=1", f"hydra.sweeper.{setting}", code=2)
        (line,) = done.stderr.strip().splitlines()
        key = setting.partition("=")[0]
        assert line.startswith(f"error: hydra.sweeper.{key} = ")
        assert "must be" in line
        assert not (tiny.root / "sweep.json").exists()


def test_the_first_plan_of_a_directory_fixes_its_ladder(tiny: Tiny) -> None:
    tiny.run("x=1", "hydra.sweeper.ladder=[4,8]", "hydra.sweeper.margin=0.01")
    plan = read_plan(tiny.root)
    assert plan
    assert plan.ladder == [4, 8]
    assert plan.margin == 0.01
    tiny.run("x=1,2")  # says nothing of it
    plan = read_plan(tiny.root)
    assert plan
    assert plan.ladder == [4, 8]
    assert plan.margin is None
    before = (tiny.root / "sweep.json").read_bytes()
    done = tiny.run("x=1,2", "hydra.sweeper.ladder=[3,6]", code=2)
    assert done.stderr.startswith(
        "error: hydra.sweeper.ladder = [3, 6]: must be [4, 8], which the first plan"
    )
    assert (tiny.root / "sweep.json").read_bytes() == before


def test_a_plan_with_a_ladder_that_is_none_is_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    synthetic.write_sweep(tmp_path, synthetic.grid({"loss": ["mse", "hinge"]}, epochs=2))
    plan = json.loads((tmp_path / "sweep.json").read_text())
    (tmp_path / "sweep.json").write_text(json.dumps(plan | {"ladder": [5, 3]}))
    assert main([str(tmp_path), "--no-plots"]) == 2
    assert "has [5, 3] as ladder: must be increasing numbers of seeds" in capsys.readouterr().err
