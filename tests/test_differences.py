"""What makes runs look new, said by every command: the dry run, the run, the status, the report."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.__main__ import main as reports
from sweeps import status
from sweeps.records.differences import near_misses, settings_of
from tests.support import synthetic
from tests.support.tiny.driver import Tiny

AXES = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge", "focal"], "seed": [0, 1]}


def settings(**values: object) -> dict[str, str]:
    config = {"lr": 0.1, "seed": 0, "loss": {"name": "mse"}, **values}
    return settings_of(config, {"loss": str(config["loss"]["name"]), "sweep": "grid"})  # type: ignore[index]


def test_runs_that_differ_in_one_setting_are_counted_together() -> None:
    old = [settings(seed=seed, momentum=0.9) for seed in range(12)]
    new = [settings(seed=seed, momentum=0.8) for seed in range(12)]
    assert near_misses(old, new) == ["12 runs here differ only in momentum: 0.9 → 0.8"]
    assert near_misses(old[:1], new) == ["1 run here differs only in momentum: 0.9 → 0.8"]
    assert near_misses(old, new, asked=["momentum"]) == []
    assert near_misses([], new) == near_misses(old, []) == []


def test_numbers_that_are_written_otherwise_are_no_difference() -> None:
    old, new = [settings(lr=1.0, decay=0)], [settings(lr=1, decay=1e-3)]
    assert near_misses(old, new) == ["1 run here differs only in decay: 0 → 0.001"]


def test_of_a_group_its_option_says_it_all() -> None:
    old = [settings(loss={"name": "mse", "reduction": "mean"}), settings(seed=1, lr=0.2)]
    new = [settings(loss={"name": "hinge", "margin": 5}), settings(seed=1, lr=0.3)]
    assert near_misses(old, new) == [
        "1 run here differs only in loss: mse → hinge",
        "1 run here differs only in lr: 0.2 → 0.3",
    ]


def test_keys_that_came_or_went_are_named() -> None:
    assert near_misses([settings()], [settings(shift=0)]) == ["1 run here differs only in shift: (none) → 0"]


def test_what_differs_in_much_is_not_compared() -> None:
    far = {"a": 1, "b": 2, "c": 3, "d": 4}
    assert near_misses([settings()], [settings(**far)]) == []


def test_what_cannot_change_a_result_is_no_difference() -> None:
    old, new = ({"lr": lr, "log": {"level": level}} for lr, level in ((0.1, "info"), (0.2, "debug")))
    pair = [settings_of(config, {}, ["log"]) for config in (old, new)]
    assert near_misses(pair[:1], pair[1:]) == ["1 run here differs only in lr: 0.1 → 0.2"]


@pytest.fixture
def edited(tiny: Tiny) -> Callable[..., str]:
    """The tiny application with a named sweep and an option of its own: run once, then edited."""
    conf = tiny.cwd / "conf"
    for name, content in {
        "part/c.yaml": "size: 10\n",
        "sweep/own.yaml": "# @package _global_\nhydra: {sweeper: {params: {part: c, x: '1,2'}}}\n",
    }.items():
        (conf / name).parent.mkdir(parents=True, exist_ok=True)
        (conf / name).write_text(content)
    tiny.run("--config-dir", str(conf), "sweep=own")
    (conf / "part" / "c.yaml").write_text("size: 11\n")
    return lambda *more: tiny.run("--config-dir", str(conf), "sweep=own", *more).stdout


def test_a_change_in_the_configuration_is_named_before_and_after(
    edited: Callable[..., str], tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "2 runs here differ only in part.size: 10 → 11"
    assert line in edited("hydra.sweeper.dry_run=true").splitlines()
    assert edited().splitlines()[0].startswith(line)
    assert "differ only" not in edited(), "they look new no more"
    assert status.main([str(tiny.cwd / "runs" / "own")]) == 0
    assert f"  {line}" in capsys.readouterr().out.splitlines()


def test_what_a_single_run_asks_for_is_not_remarked(two_done: Tiny) -> None:
    assert "differ" not in two_done.run("x=3").stdout


def test_the_report_names_the_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fixed = {"activation": ["relu", "gelu"], "loss": ["mse"]}
    old = synthetic.grid({**fixed, "optimizer.momentum": [0.9]}, epochs=2)
    new = synthetic.grid({**fixed, "optimizer.momentum": [0.8]}, epochs=2)
    for one in old:
        synthetic.write_cell(tmp_path, one)
    synthetic.write_sweep(tmp_path, new)
    line = "2 runs here differ only in optimizer.momentum: 0.9 → 0.8"
    assert reports([str(tmp_path), "--no-plots"]) == 0
    assert line in capsys.readouterr().err.splitlines()
    assert line in (tmp_path / "report" / "index.html").read_text()
    assert reports([str(tmp_path), "--no-plots", "--all"]) == 0
    assert "differ only" not in capsys.readouterr().err
    shutil.rmtree(tmp_path / "report")
