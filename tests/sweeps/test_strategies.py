"""Strategies: asked when nothing is due, held to the factors of the sweep, the same wherever killed."""

import random
import sys
from pathlib import Path
from typing import Any

import pytest

from sweeps.planning.settings import Settings
from sweeps.planning.strategies.budget import seconds
from sweeps.planning.strategies.named import strategy_of
from sweeps.records.errors import UserError
from sweeps.records.strategy import with_setting
from tests.support.tiny.driver import Tiny, after
from tests.support.tiny.killed import decided, killed, results

MINE = "hydra.sweeper.strategy=tests.support.tiny.strategies."
DECIDE = ("mode=score", "x=1,2", "part=a,b", "hydra.sweeper.strategy=until_decided")
CLOSE = (*DECIDE, "mode.score.gain=0.0004", "step_s=0.02")  # two levels of x that few seeds do not tell apart


def set_up(settings: dict[str, Any]) -> None:
    """Look for the strategy of these settings, as a sweep does first."""
    made = Settings.of(settings)
    made.require_strategy()
    strategy_of(made)


@pytest.fixture(scope="module")
def ran_close(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return after(tmp_path_factory.mktemp("close"), *CLOSE)


def test_a_strategy_adds_cells_until_it_has_finished(tiny: Tiny) -> None:
    output = tiny.run("x=1,2", f"{MINE}highest").stdout
    assert "5 cells: 5 done (0 kept, 5 run)" in output
    plan = tiny.plan()
    assert [cell["overrides"] for cell in plan["cells"]] == [[f"x={x}"] for x in (1, 2, 3, 4, 5)]
    assert [len(step["cells"]) for step in plan["strategy"]["steps"]] == [1, 1, 1]
    assert plan["strategy"]["steps"][0]["why"] == "x = 2 is best"
    assert [(entry["cells"], entry["new"], entry["due"]) for entry in plan["history"]] == [
        (2, 2, 2),
        (3, 1, 1),
        (4, 1, 1),
        (5, 1, 1),
    ]


@pytest.mark.parametrize("how", ["hydra/launcher=joblib", "hydra.sweeper.start_method=spawn"])
def test_one_worker_is_launched_for_each_step_by_joblib_too(tiny: Tiny, how: str) -> None:
    """It runs in the sweeper's process, where Hydra then imports all plugins anew."""
    output = tiny.run("x=1,2", f"{MINE}highest", how, "hydra.sweeper.workers=1").stdout
    assert "5 cells: 5 done (0 kept, 5 run)" in output


def test_the_same_command_again_runs_nothing_and_keeps_the_plan(tiny: Tiny) -> None:
    tiny.run("x=1,2", f"{MINE}highest")
    before = decided(tiny)
    assert "5 cells: 5 done (5 kept, 0 run)" in tiny.run("x=1,2", f"{MINE}highest").stdout
    assert decided(tiny) == before


def test_a_dry_run_shows_what_a_strategy_would_add_and_writes_nothing(two_done: Tiny) -> None:
    before = two_done.plan()
    output = two_done.run("x=1,2", f"{MINE}highest", "hydra.sweeper.dry_run=true").stdout
    assert "due  x=3" in output
    step = "strategy tests.support.tiny.strategies.highest: x = 2 is best, at most 1 run"
    assert step in output
    assert "; what they find decides what follows" in output
    assert two_done.plan() == before


def test_a_dry_run_says_that_a_strategy_may_add_more_and_how_it_has_ended(tiny: Tiny) -> None:
    first, dry = f"{MINE}highest", "hydra.sweeper.dry_run=true"
    assert ".highest: more may follow, by what these find" in tiny.run("x=1,2", first, dry).stdout
    tiny.run("x=1,2", first)
    end = tiny.plan()["strategy"]["end"]["why"]
    assert f".highest: {end}\n" in tiny.run("x=1,2", first, dry).stdout


def test_a_failed_cell_ends_no_strategy_but_the_exit_code(tiny: Tiny) -> None:
    output = tiny.run("x=1,2", "mode=plain,raise", f"{MINE}endless", code=1)
    assert "4 cells: 2 done, 2 failed" in output.stdout
    assert "asks for no cell that is not planned" in output.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("outside", "asks for steps=4, which is outside of what the sweep varies (x)"),
        ("endless", "asks for no cell that is not planned, and has not finished"),
        ("invalid", "nowhere"),
        ("broken", "ZeroDivisionError: the strategy's own mistake"),
        ("other", "must return a Step of cells, each a list of overrides such as loss=hinge, or None"),
    ],
)
def test_a_strategy_that_cannot_go_on_ends_the_sweep_orderly(
    two_done: Tiny, tmp_path: Path, name: str, told: str
) -> None:
    before = two_done.plan()
    known = two_done.run("x=1,2", f"{MINE}{name}", code=2).stderr  # nothing is due: seen while planning
    assert told in known
    assert len(known.splitlines()) == 1
    assert two_done.plan() == before
    fresh = Tiny(tmp_path / "fresh")
    fresh.cwd.mkdir()
    ended = fresh.run("x=1,2", f"{MINE}{name}", code=1)
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "2 cells: 2 done (0 kept, 2 run)" in ended.stdout


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"strategy": "until_decidd"}, "strategy=until_decidd: must be one of until_decided"),
        ({"strategy": "nowhere.at_all"}, "strategy=nowhere.at_all: cannot be imported"),
        ({"strategy": "os.sep"}, "strategy=os.sep: must be a function, not a str"),
        ({"budget": "30m"}, "budget = 30m: has no effect without hydra.sweeper.strategy"),
        ({"max_seeds": 5}, "max_seeds = 5: has no effect without hydra.sweeper.strategy"),
        ({"claims": __file__}, f"claims = {__file__}: has no effect without hydra.sweeper.strategy"),
        ({"strategy": "a.b", "claims": "no.yaml"}, "claims = no.yaml: cannot be read (No such file or dir"),
        ({"strategy": "a.b", "claims": "."}, "claims = .: cannot be read (is no file)"),
        ({"strategy": "a.b", "claims": sys.executable}, f"claims = {sys.executable}: cannot be read ("),
        ({"strategy": "a.b", "budget": "soon"}, "budget = soon: must be a time such as 90s, 30m, 2h"),
        ({"strategy": "a.b", "budget": "30"}, "budget = 30: must be a time such as"),
        ({"strategy": "a.b", "budget": "-5m"}, "budget = -5m: must be a time such as"),
        ({"strategy": "a.b", "budget": "0m"}, "budget = 0m: must be a time such as"),
        ({"strategy": "a.b", "max_seeds": 0}, "max_seeds = 0: must be at least 1, or null"),
    ],
)
def test_what_no_strategy_can_be_is_told_in_one_line(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as error:
        set_up(settings)
    assert told in str(error.value)
    assert len(error.value.lines) == 1


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            ["x=1,2", "seed=0,1,2,3", "hydra.sweeper.max_seeds=3"],
            "max_seeds = 3: must be at least 4, the seeds",
        ),
        (["x=1,2", "seed=a,b"], "seed = 'a': must be a whole number, 0 or more"),
        (["x=1", "seed=0,1,2"], "the sweep varies nothing that could be compared"),
        (
            ["x=1,2", "hydra.sweeper.max_seeds=2"],
            "max_seeds = 2: must be at least 3, the seeds of the first look",
        ),
        (["x=1,2", "hydra.sweeper.ladder=[4,8]", "hydra.sweeper.max_seeds=3"], "must be at least 4"),
        (["x=1,2", "hydra.sweeper.budget=30"], "budget = 30: must be a time such as 90s"),
    ],
)
def test_a_plan_that_cannot_be_decided_is_refused(tiny: Tiny, overrides: list[str], told: str) -> None:
    error = tiny.run("mode=score", "hydra.sweeper.strategy=until_decided", *overrides, code=2).stderr
    assert told in error
    assert len(error.splitlines()) == 1
    assert not tiny.root.exists()


def test_max_seeds_counts_the_seeds_that_were_added_before(ran_close: Tiny, tmp_path: Path) -> None:
    tiny = ran_close.copied_to(tmp_path)
    seeds = len({cell["config"].get("seed") for cell in tiny.plan()["cells"]})
    assert seeds > 3
    error = tiny.run(*CLOSE, "hydra.sweeper.max_seeds=3", code=2).stderr
    assert f"max_seeds = 3: must be at least {seeds}, the seeds that are planned" in error


def test_a_clear_difference_takes_the_first_look_only(tiny: Tiny) -> None:
    output = tiny.run("mode=score", "x=1,2", "hydra.sweeper.strategy=until_decided")
    assert "6 cells: 6 done" in output.stdout
    assert "the one comparison is decided: 1 shown ahead, 0 shown to be negligible" in output.stdout
    assert "rung 1 of 4: 1 of 1 comparisons open, at most 4 runs" in output.stderr
    assert tiny.plan()["history"][-1]["seeds"] == [0, 1, 2]


def test_seeds_go_to_the_open_comparisons_in_whole_blocks(ran_close: Tiny) -> None:
    plan = ran_close.plan()
    configs = [{**plan["base"], **cell["config"]} for cell in plan["cells"]]
    seeds: dict[tuple[int, str], set[int]] = {}
    for config in configs:
        seeds.setdefault((config["x"], config["part"]["kind"]), set()).add(config["seed"])
    assert set(map(len, seeds.values())) <= {3, 5, 10, 20}
    assert all(found == set(range(len(found))) for found in seeds.values())
    for part in ("a", "b"):  # a block has both levels of x, or neither
        assert seeds[1, part] == seeds[2, part]


def test_an_end_by_max_seeds_is_no_failure_and_says_what_is_open(tiny: Tiny) -> None:
    output = tiny.run(*CLOSE, "hydra.sweeper.max_seeds=4").stdout.splitlines()
    (line,) = [line for line in output if line.startswith("hydra.sweeper.max_seeds = 4: ")]
    assert "comparisons open" in line
    assert any(text.startswith("  open: ") and "seeds show" in text for text in output)
    assert tiny.plan()["strategy"]["end"]["why"] == line


def test_a_budget_ends_before_a_step_that_does_not_fit(tiny: Tiny) -> None:
    output = tiny.run(*CLOSE, "hydra.sweeper.budget=4s").stdout  # of which a launch alone is taken to need 4
    assert "hydra.sweeper.budget = 4s: no time left for rung 1 of 4: 2 of 2 comparisons open" in output
    assert "  open: part: a and b" in output
    assert len(tiny.plan()["cells"]) == 4


CLAIM = "claims: [{id: two, statement: 2 is better., metric: test_accuracy, factor: %s, order: 2 > 1, %s}]"


def test_claims_are_decided_by_the_runs_that_they_need(tiny: Tiny) -> None:
    (tiny.cwd / "claims.yaml").write_text(CLAIM % ("x", "along: [double], where: {kind: a}"))
    command = (*DECIDE, "hydra.sweeper.claims=claims.yaml")
    output = tiny.run(*command)
    assert "rung 1 of 4: 1 of 1 claims open, at most 4 runs" in output.stderr
    assert "the one claim is decided: 1 holds, 0 refuted\n" in output.stdout
    plan = tiny.plan()
    parts = [{**plan["base_choices"], **cell["choices"]}["part"] for cell in plan["cells"]]
    assert (parts.count("a"), parts.count("b")) == (6, 2)
    before = decided(tiny)
    assert "8 cells: 8 done (8 kept, 0 run)" in tiny.run(*command).stdout
    assert decided(tiny) == before


def test_claims_that_name_what_the_sweep_does_not_have_are_refused(tiny: Tiny) -> None:
    for factor, told in {
        "depth": "depth: no setting of that name; known are ",
        "x": "no planned runs of two levels agree in all else (along names ",  # double goes along with it
    }.items():
        (tiny.cwd / "claims.yaml").write_text(CLAIM % (factor, "note: none"))
        error = tiny.run(*DECIDE, "hydra.sweeper.claims=claims.yaml", code=2).stderr
        assert error.startswith(f"error: claims.yaml:1: claim two: {told}")
        assert len(error.splitlines()) == 1
        assert not tiny.root.exists()


def test_claims_may_lie_in_a_package() -> None:
    settings = Settings(strategy="until_decided", claims="pkg://reports.sources/fashion_tuning.yaml")
    assert "title: " in settings.of_strategy["claims"]["text"]
    for place, why in {
        "pkg://reports.nowhere/x.yaml": "no package reports.nowhere",
        "pkg://reports.sources/x.yaml": "No such file or directory",
    }.items():
        with pytest.raises(UserError, match=rf"hydra\.sweeper\.claims = {place}: cannot be read \({why}\)"):
            Settings(strategy="until_decided", claims=place)


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1.5h", 5400)]
)
def test_a_budget_is_read_as_it_is_said(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0m", "30", "m", "-1h", "1d", "30m2h", "1h 30m", "nan", "1e3s"])
def test_what_is_no_budget_is_none(text: str) -> None:
    assert seconds(text) is None


def test_a_setting_is_set_in_its_place_or_at_the_end() -> None:
    assert with_setting(["x=1", "seed=0", "part=a"], "seed", 3) == ["x=1", "seed=3", "part=a"]
    assert with_setting(["+x=1"], "seed", 3) == ["+x=1", "seed=3"]


def test_killed_it_ends_with_the_same_plan_the_same_runs_and_the_same_bits(
    ran_close: Tiny, tiny: Tiny
) -> None:
    rng = random.Random(1)
    killed(tiny, CLOSE, [rng.uniform(1, 4) for _ in range(3)])
    assert decided(tiny) == decided(ran_close)
    assert results(tiny) == results(ran_close)


@pytest.mark.faults
def test_killed_at_thirty_moments_it_ends_with_the_same_plan_runs_and_bits(
    ran_close: Tiny, tiny: Tiny
) -> None:
    rng = random.Random(2)
    print(f"{killed(tiny, CLOSE, [rng.uniform(0.2, 5) for _ in range(30)])} of 30 kills found it at work")
    assert decided(tiny) == decided(ran_close)
    assert results(tiny) == results(ran_close)
