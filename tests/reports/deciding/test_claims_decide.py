"""`until_decided` with a claims file: seeds only where a claim is open, until it holds or is refuted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.claims.judge import judge_claims
from reports.claims.looks import looks_of
from reports.claims.observations import observe
from reports.deciding import until_decided
from reports.deciding.claimed import claims_of
from reports.runs.reader import figures_of, load
from sweeps.records import plan_history
from sweeps.records.errors import UserError
from sweeps.records.plan import Plan, read_plan
from sweeps.records.record import load_records
from sweeps.records.strategy import SEED, Step
from tests.support import synthetic
from tests.support.decided import MARGIN, Truth, planned, records_of, run_of, truth

FILE = "mine.yaml"
Seeds = dict[tuple[str, ...], int]
Moved = dict[tuple[str, ...], float]


def claim(name: str, test: str) -> str:
    return f"  - {{id: {name}, statement: as it says, metric: test_accuracy, {test}}}\n"


def asked(made: Truth, *claims: str, seeds: int = 1, most: int = 20) -> Plan:
    """A plan whose strategy is to decide these claims."""
    plan = planned(made, range(seeds), margin=None, most=most)
    settings = {"max_seeds": most, "claims": {"file": FILE, "text": "claims:\n" + "".join(claims)}}
    return replace(plan, strategy=plan.strategy | {"settings": settings})


def run(plan: Plan, made: Truth) -> tuple[Plan, Step]:
    """Ask until the strategy has ended."""
    names = [*made.levels]
    while (step := until_decided(plan, records_of(plan, made))).cells:
        values = [dict(text.split("=") for text in overrides) for overrides in step.cells]
        new = [run_of(names, tuple(own[name] for name in names), int(own[SEED])) for own in values]
        assert not {each.id for each in new} & {each.id for each in plan.cells}
        plan = replace(plan, cells=[*plan.cells, *new])
        plan = replace(plan, history=[*plan.history, plan_history.entry(plan)])
    return plan, step


def seeds_of(plan: Plan, made: Truth) -> Seeds:
    """How many seeds each cell has."""
    found: Seeds = {}
    for each in plan.cells:
        cell = tuple(each.config[name] for name in made.levels)
        found[cell] = found.get(cell, 0) + 1
    return found


def verdicts(plan: Plan, made: Truth) -> dict[str, str]:
    """What a report says of the claims once the sweep has ended."""
    results = figures_of(plan, records_of(plan, made))
    claims = claims_of(plan.strategy["settings"]["claims"], results)
    return {each.claim.id: each.verdict for each in judge_claims(claims, observe(results), looks_of(results))}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_only_the_cells_of_a_claim_get_seeds(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0.02, 0.04], "b": [0, 0.01]}, 0.001, rng, unequal=0)
    mine = claim("first", 'factor: a, where: {b: b0}, order: "a1 > a0"')
    plan, step = run(asked(made, mine), made)
    assert step.why == "the one claim is decided: 1 holds, 0 refuted"
    touched = {("a0", "b0"), ("a1", "b0")}
    assert {cell: seeds == 3 for cell, seeds in seeds_of(plan, made).items()} == {
        cell: cell in touched for cell in made.means
    }
    assert verdicts(plan, made) == {"first": "holds"}


def test_a_decided_claim_gets_no_more_seeds_while_another_is_open(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0.05, 0.0504]}, 0.002, rng, unequal=0)
    clear = claim("clear", 'factor: a, order: "a0 > a1", margin: 0.001')
    close = claim("close", 'factor: a, order: "a2 ~ a1", margin: 0.001')
    plan, step = run(asked(made, clear, close, most=40), made)
    seeds = seeds_of(plan, made)
    assert seeds[("a0",)] == 3
    assert seeds[("a1",)] == seeds[("a2",)] > 3
    assert verdicts(plan, made)["clear"] == "refuted"
    assert step.why.startswith(
        ("all 2 claims are decided: 1 holds, 1 refuted", "hydra.sweeper.max_seeds = 40")
    )


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ("factor: a, best: a1", "holds"),
        ("factor: a, worst: a1", "refuted"),
        ("at_least: 0.9", "holds"),
        ("about: 0.5, within: 0.1", "refuted"),
        ('effects: "a > b"', "holds"),
        ("factor: b, equivalent: all, margin: 0.1", "holds"),
        ('factor: a, ratio: {"a1 / a0": 1.0}', "holds"),
        ('levels: {x: {a: a1, b: b0}, y: {a: a0, b: b1}}, order: "x > y"', "holds"),
    ],
)
def test_each_kind_of_claim_is_decided_as_a_report_judges_it(
    test: str, verdict: str, rng: np.random.Generator
) -> None:
    made = truth({"a": [0, 0.03], "b": [0, 0.004]}, 0.0005, rng, base=0.94, unequal=0)
    plan, step = run(asked(made, claim("it", test)), made)
    assert step.why.startswith("the one claim is decided")
    assert verdicts(plan, made) == {"it": verdict}


def test_an_end_by_max_seeds_says_which_claims_are_open(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0]}, 5 * MARGIN, rng, unequal=0)
    plan, step = run(asked(made, claim("close", 'factor: a, order: "a0 > a1"'), most=5), made)
    assert step.why == "hydra.sweeper.max_seeds = 5: 1 of 1 claims open"
    assert step.left[0].startswith("  open: claim close: a0, a1: no difference shown")
    assert set(seeds_of(plan, made).values()) == {5}


def test_where_no_seeds_can_decide_the_sweep_ends_once_the_rest_is(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0.02, 0.04], "b": [0, 0]}, 0.001, rng, unequal=0)
    plan = asked(made, claim("it", 'factor: a, order: "a2 > a1 > a0"'))
    there = {("a0", "b0"), ("a1", "b0"), ("a2", "b1")}  # a2 agrees with no other in b
    plan, step = run(
        replace(plan, cells=[each for each in plan.cells if (each.config["a"], each.config["b"]) in there]),
        made,
    )
    assert step.why == "no further seeds would help: 1 of 1 claims open"
    assert step.left[0].startswith("  open: claim it: ")
    assert seeds_of(plan, made) == {("a0", "b0"): 3, ("a1", "b0"): 3, ("a2", "b1"): 1}


def test_claims_about_curves_are_decided_by_the_histories_beside_the_records(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["hinge", "focal"]}, seeds=(0, 1, 2))
    directory = synthetic.write_sweep(tmp_path, cells)
    plan = read_plan(directory)
    assert plan is not None
    mine = '  - {id: soon, statement: x, metric: convergence, factor: loss, order: "hinge > focal"}\n'
    told = {"max_seeds": 3, "claims": {"file": FILE, "text": f"claims:\n{mine}"}}
    plan = replace(plan, strategy={"name": "until_decided", "settings": told, "steps": [], "end": None})
    epochs = load(directory).runs.groupby(load(directory).settings["loss"])["convergence"].max()
    assert epochs["hinge"] < epochs["focal"]
    assert until_decided(plan, load_records(directory)).why == "the one claim is decided: 1 holds, 0 refuted"


def test_an_order_that_turns_round_gets_no_more_seeds(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0], "b": [0, 0]}, 0.001, rng, unequal=0)
    turned: Moved = {("a1", "b0"): 0.05, ("a1", "b1"): -0.05}
    made = replace(made, means={cell: mean + turned.get(cell, 0) for cell, mean in made.means.items()})
    plan, step = run(asked(made, claim("it", 'factor: a, order: "a1 > a0"')), made)
    assert step.why == "no further seeds would help: 1 of 1 claims open"
    assert step.left == ["  open: claim it: a1, a0: the order turns round with b"]
    assert set(seeds_of(plan, made).values()) == {3}


def test_claims_about_times_are_left_to_the_report(rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0.02]}, 0.001, rng, unequal=0)
    other = '  - {id: cost, statement: x, metric: epoch_cpu_s, factor: a, order: "a0 > a1"}\n'
    _, step = run(asked(made, claim("it", 'factor: a, order: "a1 > a0"'), other), made)
    assert step.why == "the one claim is decided: 1 holds, 0 refuted"
    assert step.left == ("  left out: cost: about times or another part, which a report judges",)
    assert [*until_decided.check(asked(made, other))] == [
        f"hydra.sweeper.claims = {FILE}: has only claims about times or another part, which a report judges"
    ]


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ('factor: depth, order: "a1 > a0"', "depth: no setting of that name; known are a, b"),
        ('factor: a, order: "a1 > a7"', "a7: no planned run has this level; there are a0, a1"),
        ("factor: a, best: a9", "a9: no planned run has this level; there are a0, a1"),
        (
            "factor: a, equivalent: all, among: [a8]",
            "a8: no planned run has this level; there are a0, a1",
        ),
        ('factor: a, where: {b: b9}, order: "a1 > a0"', "no planned run is as its where says"),
        ('effects: "a > depth"', "depth: no setting of that name; known are a, b"),
    ],
)
def test_what_no_planned_run_has_is_told_in_one_line(test: str, told: str, rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0], "b": [0, 0]}, 0.001, rng)
    (line,) = until_decided.check(asked(made, claim("c", test)))
    assert line == f"{FILE}:2: claim c: {told}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- [", "cannot be read as YAML"),
        (claim("c", 'factor: a, ordr: "a1 > a0"'), f"{FILE}:2: claim c: ordr: unknown key"),
        ("", "claims must be a list with at least one claim"),
    ],
)
def test_a_file_with_mistakes_is_told_in_one_line(text: str, told: str, rng: np.random.Generator) -> None:
    made = truth({"a": [0, 0]}, 0.001, rng)
    with pytest.raises(UserError) as error:
        [*until_decided.check(asked(made, text))]
    (line,) = error.value.lines
    assert told in line
