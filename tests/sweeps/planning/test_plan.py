"""From grids to a plan on disk: sweeps.planning.grid, sweeps.planning.planner, sweeps.records.plan."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from sweeps.planning.callables import load_callable
from sweeps.planning.compose import Composer
from sweeps.planning.planner import Planner
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell, Plan, read_plan, write_plan

CONF = Path(__file__).parents[2] / "support" / "tiny" / "conf"


@pytest.fixture(scope="module")
def composer() -> Iterator[Composer]:
    with initialize_config_dir(str(CONF), version_base="1.3", job_name="tiny"):
        loader = GlobalHydra.instance().config_loader()
        yield Composer(loader, loader.load_configuration("config", [], RunMode.MULTIRUN))


@pytest.fixture
def planner(composer: Composer) -> Planner:
    return Planner(composer)


def seen(planner: Planner, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(cell.config[key] for key in keys) for cell in planner.cells.values()]


def test_a_grid_is_a_product_in_the_order_written(planner: Planner) -> None:
    planner.run([{"x": "1,2", "seed": "range(2)"}], ["steps=5"])
    assert seen(planner, "x", "seed", "steps") == [(1, 0, 5), (1, 1, 5), (2, 0, 5), (2, 1, 5)]
    assert planner.swept == ["x", "seed"]


def test_values_may_be_yaml_lists_and_lists_themselves(planner: Planner) -> None:
    planner.run([{"x": [[1], [2, 3], None, "a b", 0.5]}], [])
    assert seen(planner, "x") == [([1],), ([2, 3],), (None,), ("a b",), (0.5,)]
    again = Planner(planner.composer)
    again.run([{"x": "[1],[2,3]"}], [])
    assert seen(again, "x") == [([1],), ([2, 3],)]


def test_a_union_of_grids_with_a_group_each(planner: Planner) -> None:
    planner.run([{"part": "a", "part.nested.deep": "1,2"}, {"part": "b", "part.shade": [4, 5]}], [])
    assert [cell.choices["part"] for cell in planner.cells.values()] == ["a", "a", "b", "b"]
    assert planner.swept == ["part", "part.nested.deep", "part.shade"]


def test_the_command_line_wins_over_every_grid_and_adds_to_each(planner: Planner) -> None:
    planner.run([{"x": "1,2"}, {"x": "3", "part": "b"}], ["x=7,8", "seed=5"])
    assert seen(planner, "x", "seed") == [(7, 5), (8, 5), (7, 5), (8, 5)]


def test_without_a_grid_the_command_line_is_the_sweep(planner: Planner) -> None:
    planner.run([{}], [])
    assert len(planner.cells) == 1


def test_duplicates_are_planned_once(planner: Planner) -> None:
    planner.run([{"x": "1,1.0,2"}, {"x": "2,3"}], [])
    assert seen(planner, "x") == [(1,), (2,), (3,)]
    assert planner.duplicates == 2


@pytest.mark.parametrize(
    ("conditions", "left", "counts"),
    [
        ([{"x": 1}], [(2, 0), (2, 1)], [2]),
        ([{"x": 1.0, "seed": [1, 2]}], [(1, 0), (2, 0), (2, 1)], [1]),
        ([{"x": 1, "seed": 0}, {"x": [1, 2], "seed": 1}], [(2, 0)], [1, 2]),
        ([{"part": "b"}], [(1, 0), (1, 1), (2, 0), (2, 1)], [0]),
        ([{"part.kind": "a", "x": 2}], [(1, 0), (1, 1)], [2]),
        ([{"part.list": [[1, 2]], "x": 2}], [(1, 0), (1, 1)], [2]),
        ([{"part.shade": 3}], [(1, 0), (1, 1), (2, 0), (2, 1)], [0]),
    ],
)
def test_excluded_are_the_cells_that_meet_a_whole_condition(
    composer: Composer, conditions: Sequence[dict[str, Any]], left: list[Any], counts: list[int]
) -> None:
    planner = Planner(composer, exclude=conditions)
    planner.run([{"x": "1,2", "seed": "0,1"}], [])
    assert seen(planner, "x", "seed") == left
    assert [exclusion.count for exclusion in planner.exclusions] == counts


def test_a_combination_that_does_not_compose_can_be_excluded(composer: Composer) -> None:
    planner = Planner(composer, exclude=[{"part": "a", "part.shade": [4, 5]}])
    planner.run([{"part": "a,b", "part.shade": "4,5"}], [])
    assert [cell.choices["part"] for cell in planner.cells.values()] == ["b", "b"]


def test_all_problems_of_all_cells_are_listed_together(composer: Composer) -> None:
    planner = Planner(composer, validate=load_callable("validate", "tests.support.tiny.app.check"))
    with pytest.raises(UserError) as error:
        planner.run([{"steps": "0,-1,3", "seed": "0,1"}, {"x": "${nope}"}, {"part.shade": "1"}], [])
    lines = str(error.value).splitlines()
    assert lines == [
        "steps = 0: must be at least 1 (2 cells)",
        "steps = -1: must be at least 1 (2 cells)",
        "x: Interpolation key 'nope' not found",
        "part.shade: no such key; part has kind, size, list, nested (+part.shade=… adds one)",
    ]


@pytest.mark.parametrize(
    ("grid", "arguments", "message"),
    [
        ({"x": "interval(0,1)"}, [], "interval"),
        ({"hydra.verbose": "true,false"}, [], "Hydra's own settings cannot be swept"),
        ({"x": []}, [], "x is swept over an empty list"),
        ({"x": "range(0)"}, [], r"x=range\(0\): gives no value to try"),
        ({}, ["part=glob(z*)"], r"part=glob\(z\*\): gives no value to try"),
        ({"sweep": "pair"}, [], "sweep=pair: sets the sweep itself; a command takes only one such"),
        ({}, ["part=a", "part=b"], "part=a part=b: part is set twice; several values are one list, part=…,…"),
        ({}, ["+new=1", "x=2", "++new=3"], r"\+new=1 \+\+new=3: new is set twice"),
        (
            {"x": "range(0,100000000)"},
            [],
            r"x \(100,000,000\): 100,000,000 combinations; must be at most 200,000",
        ),
        ({"x": "range(500)"}, ["seed=range(500)"], r"x \(500\) x seed \(500\): 250,000 combinations"),
        ({"x": "range(0,1,1e-12)"}, [], "1,000,000,000,000 combinations"),
        *(
            ({"x": text}, [], r"must be range\(start,stop,step\), finite and with a step not 0")
            for text in (
                "range(0,1,0)",
                "range(0,inf)",
                "range(nan,1)",
                "range(0.5,1,0.0)",
                f"range(1{400 * '0'})",
            )
        ),
    ],
)
def test_what_cannot_be_swept_is_refused(
    planner: Planner, grid: dict[str, Any], arguments: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        planner.run([grid], arguments)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("range(0.1,0.4,0.1)", [0.1, 0.2, 0.3]),
        ("range(0,1,0.1)", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        ("range(0.3,0,-0.1)", [0.3, 0.2, 0.1]),
        ("range(1e-3,4e-3,1e-3)", [0.001, 0.002, 0.003]),
        ("range(0,0.35,0.1)", [0.0, 0.1, 0.2, 0.3]),
        ("range(1,7,2)", [1, 3, 5]),
        ("range(3,0,-1)", [3, 2, 1]),
        ("float(range(3))", [0.0, 1.0, 2.0]),
    ],
)
def test_a_range_counts_its_steps(planner: Planner, text: str, values: list[float]) -> None:
    planner.run([{"x": text}], [])
    assert [cell.config["x"] for cell in planner.cells.values()] == values
    assert [repr(cell.config["x"]) for cell in planner.cells.values()] == list(map(repr, values))
    assert list(planner.cells) == [cell.id for cell in planner.cells.values()]


def test_a_shuffled_range_holds_the_same_values(planner: Planner) -> None:
    planner.run([{"x": "shuffle(range(0.1,0.6,0.1))"}], [])
    assert sorted(cell.config["x"] for cell in planner.cells.values()) == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"named": ["stpes"]}, r"hydra.sweeper.name: stpes: no cell has this key \(did you mean steps\?\)"),
        ({"ignore": ["part.siz"]}, r"hydra.sweeper.ignore: part.siz: .* \(did you mean part.size\?\)"),
        ({"exclude": [{"prat": "a"}]}, r"hydra.sweeper.exclude: prat: .* \(did you mean part\?\)"),
        ({"exclude": [{"x": 9, "qqq": "a"}]}, "qqq: no cell has this key; cells have sweep, part, mode, x"),
    ],
)
def test_keys_that_nothing_has_are_named(composer: Composer, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Planner(composer, **settings).run([{"x": "1,2"}], [])


def test_keys_that_only_another_option_has_are_known(composer: Composer) -> None:
    others: dict[str, Any] = {
        "named": ["part.shade"],
        "ignore": ["part.shade"],
        "exclude": [{"part.shade": 3, "sweep": "pair"}],
    }
    Planner(composer, **others).run([{"x": "1,2"}], ["part=a"])


def test_a_sweep_without_cells_is_a_mistake(composer: Composer) -> None:
    with pytest.raises(UserError, match="every combination is excluded"):
        Planner(composer, exclude=[{"x": 1}]).run([{}], [])


def test_a_check_that_cannot_be_imported_is_a_mistake() -> None:
    for name in ("nowhere.at.all", "tests.support.tiny.app.nothing", "plain", "os.path"):
        with pytest.raises(UserError, match=name):
            load_callable("validate", name)


def test_names_tell_what_was_swept_and_what_is_always_named(composer: Composer) -> None:
    master = composer.loader.load_configuration("config", ["sweep=pair"], RunMode.MULTIRUN)
    planner = Planner(Composer(composer.loader, master), named=["x"], ignore=["step_s"])
    planner.run([{"part": "a,b", "mode.at": "3"}], ["sweep=pair", "step_s=1"])
    names = [cell.name.rpartition("-")[0] for cell in planner.cells.values()]
    assert names == ["a-x=1-at=3", "b-x=1-at=3"]


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    cells = [
        Cell("0" * 12, "a-" + "0" * 12, ["x=1"], {"x": 1, "same": {"y": [1]}}, {"part": "a", "other": None}),
        Cell(
            "1" * 12, "b-" + "1" * 12, ["x=2"], {"x": 1.0, "same": {"y": [1]}}, {"part": "b", "other": None}
        ),
        Cell("2" * 12, "c-" + "2" * 12, ["x=3"], {"x": True, "same": {"y": [1]}, "more": 1}, {"part": "b"}),
    ]
    plan = Plan("grid", cells, ["x"], [{"condition": "x=4", "count": 2}], 3, "now", ["command"], "code")
    write_plan(tmp_path, plan)
    assert read_plan(tmp_path) == plan
    stored = json.loads((tmp_path / "sweep.json").read_text())
    assert stored["base"] == {"same": {"y": [1]}}
    assert stored["base_choices"] == {}
    assert stored["cells"][0]["config"] == {"x": 1}


def test_a_plan_may_hold_values_that_json_has_not(tmp_path: Path) -> None:
    config = {"x": float("inf"), "file": Path("/data"), "raw": b"abc"}
    write_plan(tmp_path, Plan("odd", [Cell("0" * 12, "a", [], config, {}), Cell("1" * 12, "b", [], {}, {})]))
    plan = read_plan(tmp_path)
    assert plan is not None
    assert plan.cells[0].config == {"x": None, "file": "/data", "raw": "b'abc'"}


def test_there_may_be_no_plan(tmp_path: Path) -> None:
    assert read_plan(tmp_path) is None
    assert read_plan(tmp_path / "nowhere") is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"schema": 1}', '{"schema": 2, "base": {}}'])
def test_a_damaged_plan_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(UserError, match=r"sweep\.json is damaged"):
        read_plan(tmp_path)


STEP: dict[str, Any] = {"why": "x", "cells": []}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sweep": None}, "has NoneType as sweep, not str"),
        (
            {"strategy": {"steps": [{**STEP, "runs": "x"}]}},
            "has 'x' as runs of a step, not a number of 0 or more",
        ),
        ({"strategy": {"steps": [{**STEP, "runs": True}]}}, "has True as runs of a step"),
        ({"strategy": {"steps": [{**STEP, "about_s": -5}]}}, "has -5 as about_s of a step"),
        (
            {"strategy": {"steps": [], "end": {"why": "x", "left": [5]}}},
            "has left of the end that are not str",
        ),
        ({"strategy": {"steps": [], "named": 5}}, "has named cells that are no lists of overrides"),
        ({"strategy": {"steps": [], "named": [[5]]}}, "has overrides of a named cell that are not str"),
        ({"cells": 2}, "has the cell 000000000000 twice"),
    ],
)
def test_a_plan_with_one_wrong_value_is_named_with_it(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """As text the number of a step's runs ended every report with a traceback."""
    write_plan(tmp_path, Plan("odd", [Cell("0" * 12, "a", [], {}, {})]))
    data = json.loads((tmp_path / "sweep.json").read_text())
    if "strategy" in change:
        change = {"strategy": {"name": "x", "settings": {}, **change["strategy"]}}
    if "cells" in change:
        change = {"cells": data["cells"] * change["cells"]}
    (tmp_path / "sweep.json").write_text(json.dumps(data | change))
    with pytest.raises(UserError, match="is damaged") as caught:
        read_plan(tmp_path)
    assert said in str(caught.value)
    assert len(caught.value.lines) == 1


def test_cells_that_differ_only_in_what_has_no_effect_are_refused(composer: Composer) -> None:
    def effective(config: dict[str, Any]) -> dict[str, Any]:
        return {**config, "seed": 0} if config["x"] < 0 else config

    planner = Planner(composer, effective=effective)
    planner.run([{"x": "-1,1,2", "seed": "3"}, {"x": "1", "seed": "4"}], [])
    assert len(planner.cells) == 4
    planner = Planner(composer, effective=effective)
    with pytest.raises(UserError) as caught:
        planner.run([{"x": "-1,1", "seed": "3,4"}], [])
    assert str(caught.value) == (
        "seed: 3 → 4: has no effect here, the cells must be equal; leave all but one out"
    )


def test_a_sweep_of_lbfgs_over_batch_sizes_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sweeps", "dataset=sample", "optimizer=lbfgs", "seed=0,1"]
    root = f"hydra.sweep.dir={tmp_path / 'runs'}"
    done = subprocess.run(
        [*command, "training.batch_size=10,100", root], cwd=CONF.parents[3], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: training.batch_size: 10 → 100: has no effect here, the cells must be equal; "
        "leave all but one out (2 cells)"
    ]
    assert not (tmp_path / "runs").exists()
