"""`until_decided`: a pure function of a plan and its records; how often it is wrong in simulated sweeps."""

from dataclasses import replace

import numpy as np
import pytest

from reports.deciding import until_decided
from sweeps.records.plan import Plan
from sweeps.records.record import Record
from sweeps.records.strategy import SEED, settings_of
from tests.support.analysis_truth import check
from tests.support.decided import MARGIN, decide, planned, records_of, truth
from tests.support.decided_truth import CASES


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def seeds_of(plan: Plan) -> dict[tuple[str, ...], set[int]]:
    """The seeds of each cell."""
    found: dict[tuple[str, ...], set[int]] = {}
    for run in plan.cells:
        cell = tuple(value for key, value in run.config.items() if key != SEED)
        found.setdefault(cell, set()).add(run.config[SEED])
    return found


def test_the_first_step_brings_every_cell_to_the_first_look(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0, 0], "b": [0, 0]}, 0.001, rng)
    plan = planned(made, [0])
    step = until_decided(plan, records_of(plan, made))
    assert step.why == "rung 1 of 4: 4 of 4 comparisons open"
    assert len(step.cells) == 12
    assert {text for overrides in step.cells for text in overrides if text.startswith("seed=")} == {
        "seed=1",
        "seed=2",
    }


def test_seeds_are_the_smallest_that_are_not_planned(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0]}, 0.001, rng)
    plan = planned(made, [1, 7])
    step = until_decided(plan, records_of(plan, made))
    assert [overrides[-1] for overrides in step.cells] == ["seed=0", "seed=0"]


def test_only_what_an_open_comparison_rests_on_gets_more_seeds(rng: np.random.Generator) -> None:
    """b is clear at once; of a's levels two are alike to the margin and the third is far behind."""
    made = truth({"a": [0, 0.8 * MARGIN, -20 * MARGIN], "b": [0, 20 * MARGIN]}, 0.6 * MARGIN, rng, unequal=0)
    seeds = seeds_of(decide(made).plan)
    assert {len(own) for (a, _), own in seeds.items() if a == "a2"} == {3}
    close = {len(own) for (a, _), own in seeds.items() if a != "a2"}
    assert len(close) == 1  # whole blocks
    assert close.pop() > 3


def test_where_the_order_turns_round_it_is_decided_within_each_level(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0], "b": [0, 0]}, 0.1 * MARGIN, rng, unequal=0)
    turned = {
        cell: mean + 5 * MARGIN * ((cell[0] == "a0") == (cell[1] == "b0"))
        for cell, mean in made.means.items()
    }
    found = decide(replace(made, means=turned))
    assert not found.step.left
    assert {(each.effect.factor, each.within) for each in found.compared} == {
        (factor, f"{other}{k}") for factor, other in ("ab", "ba") for k in (0, 1)
    }
    assert {each.pair.relation for each in found.compared} == {">"}


def test_the_end_says_what_is_open_and_what_it_would_take(rng: np.random.Generator) -> None:
    made = truth({"a": [0, MARGIN]}, 5 * MARGIN, rng, unequal=0)
    found = decide(made, most=5)
    assert found.step.why == "hydra.sweeper.max_seeds = 5: 1 of 1 comparisons open"
    (line,) = found.step.left
    assert line.startswith("  open: a: a")
    assert "at 5 seeds; 5 seeds show" in line
    assert found.runs == 10


def test_max_seeds_between_two_looks_adds_none_that_no_look_would_use(rng: np.random.Generator) -> None:
    made = truth({"a": [0, MARGIN]}, 5 * MARGIN, rng, unequal=0)
    assert decide(made, most=9).runs == 10


def test_a_failed_run_is_not_asked_for_again(rng: np.random.Generator) -> None:
    made = truth({"a": [0, MARGIN]}, 5 * MARGIN, rng, unequal=0)
    plan = planned(made, range(5))
    records = failing(plan, records_of(plan, made), 1)
    step = until_decided(plan, records)
    assert step.why.startswith("rung 2 of 3")
    assert {overrides[-1] for overrides in step.cells} == {f"seed={seed}" for seed in range(5, 10)}


def test_a_level_that_nothing_can_be_said_of_is_told(rng: np.random.Generator) -> None:
    made = truth({"a": [0, MARGIN]}, 5 * MARGIN, rng, unequal=0)
    plan = planned(made, range(3))
    step = until_decided(plan, failing(plan, records_of(plan, made), 1))
    assert not step.cells
    assert step.left == ("  left out: a: a1, 2 of 3 runs have a result",)


def failing(plan: Plan, records: dict[str, Record], last: int) -> dict[str, Record]:
    """The records with those of the last runs of the plan failed."""
    failed = {run.id: run.config for run in plan.cells[-last:]}
    return records | {
        run: replace(records[run], status="failed", data={"config": config}) for run, config in failed.items()
    }


def test_it_answers_alike_however_often_it_is_asked(rng: np.random.Generator) -> None:
    made = truth({"a": [0, MARGIN], "b": [0, 0]}, MARGIN, rng)
    plan = planned(made, range(3))
    records = records_of(plan, made)
    assert until_decided(plan, records) == until_decided(plan, dict(reversed(records.items())))


@pytest.mark.parametrize(
    ("most", "seeds", "told"),
    [
        (2, [0], "max_seeds = 2: must be at least 3, the seeds of the first look"),
        (3, [0, 1, 2, 3], "max_seeds = 3: must be at least 4, the seeds that are planned"),
    ],
)
def test_what_cannot_be_decided_is_told(
    most: int, seeds: list[int], told: str, rng: np.random.Generator
) -> None:
    plan = planned(truth({"a": [0, 0]}, 0.001, rng), seeds, most=most)
    assert settings_of(plan)["max_seeds"] == most
    assert [*until_decided.check(plan)] == [f"hydra.sweeper.{told}"]


@pytest.mark.parametrize("name", CASES)
def test_simulated_it_is_wrong_no_more_often_than_it_says(name: str) -> None:
    check(CASES[name], 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_simulated_it_is_wrong_no_more_often_than_it_says_in_2000_sweeps(name: str) -> None:
    check(CASES[name], 2000)
