"""Choosing a setting for each cell from an earlier sweep's records."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sweeps.planning.chosen import chosen
from sweeps.planning.hydra_errors import one_line
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell, Plan, write_plan
from sweeps.records.record import write_record

FIGURE = "final.validation_accuracy"
SCORES = {("relu", "0.1"): 0.9, ("relu", "1"): 0.8, ("gelu", "0.1"): 0.7, ("gelu", "1"): 0.95}


def searched(root: Path, scores: Mapping[tuple[str, str], float | None]) -> None:
    cells = []
    for number, ((activation, lr), score) in enumerate(scores.items()):
        identity = f"{number:012x}"
        overrides = [f"activation={activation}", f"optimizer.lr={lr}", "dataset=sample"]
        cells.append(Cell(identity, f"cell-{identity}", overrides, {}, {}))
        status = "diverged" if score is None else "done"
        data = {
            "schema": 1,
            "cell_id": identity,
            "status": status,
            "config": {},
            "final": {"validation_accuracy": score},
        }
        folder = root / f"cell-{identity}"
        folder.mkdir(parents=True)
        write_record(folder, data)
    write_plan(root, Plan("search", cells, ["activation", "optimizer.lr"]))


def test_each_cell_gets_the_value_with_the_highest_figure(tmp_path: Path) -> None:
    searched(tmp_path, SCORES)
    wanted = [{"activation": "relu", "optimizer.lr": "0.1"}, {"activation": "gelu", "optimizer.lr": "1"}]
    assert chosen("optimizer.lr", FIGURE, str(tmp_path)) == wanted


def test_a_diverged_run_is_never_chosen(tmp_path: Path) -> None:
    searched(tmp_path, SCORES | {("gelu", "1"): None})
    assert [grid["optimizer.lr"] for grid in chosen("optimizer.lr", FIGURE, str(tmp_path))] == ["0.1", "0.1"]
    searched(tmp_path / "all", dict.fromkeys(SCORES, None))
    with pytest.raises(UserError, match="no run of activation=relu"):
        chosen("optimizer.lr", FIGURE, str(tmp_path / "all"))


def test_of_equal_values_the_first_planned_is_chosen(tmp_path: Path) -> None:
    searched(tmp_path, dict.fromkeys(SCORES, 0.5))
    assert [grid["optimizer.lr"] for grid in chosen("optimizer.lr", FIGURE, str(tmp_path))] == ["0.1", "0.1"]


def test_an_unfinished_or_unrelated_sweep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no sweep was run there"):
        chosen("optimizer.lr", FIGURE, str(tmp_path))
    searched(tmp_path, SCORES)
    with pytest.raises(UserError, match=r"does not vary optimizer\.momentum, but activation, optimizer\.lr"):
        chosen("optimizer.momentum", FIGURE, str(tmp_path))
    report = tmp_path / "cell-000000000000" / "report.json"
    report.write_text(json.dumps(json.loads(report.read_text()) | {"status": "failed"}))
    with pytest.raises(UserError, match="1 of 4 runs to choose from have no result"):
        chosen("optimizer.lr", FIGURE, str(tmp_path))


def test_what_is_wrong_is_told_without_the_interpolation_around_it(tmp_path: Path) -> None:
    OmegaConf.register_new_resolver("chosen", chosen, replace=True)
    config = OmegaConf.create({"grids": f"${{chosen:optimizer.lr,{FIGURE},{tmp_path}}}"})
    with pytest.raises(OmegaConfBaseException) as error:
        OmegaConf.to_container(config, resolve=True)
    assert one_line(error.value).removeprefix("grids: ").startswith(f"{tmp_path}: no sweep was run there")
