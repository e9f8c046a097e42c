"""`hydra.sweeper.claims=FILE`: what is to be decided is whether the claims of a file hold.

The plan keeps what the file said, so that a sweep that was killed goes on with the same claims. A claim is
open while it is undecided; it rests on the runs of the tests that keep it so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from reports.analysis.looks import Looks as PlannedLooks
from reports.claims.claim import Claim, Judgement, Outcome, Test, claim_metrics
from reports.claims.document import parse_yaml
from reports.claims.file import LEVELS_OF, parse_claims
from reports.claims.judge import judge_claim, problems
from reports.claims.looks import Looks, data_of
from reports.claims.observations import MAIN, complete, parts_frame
from reports.claims.runs import LEVEL, Unknown, matched_on, present, select, with_levels
from reports.claims.tables import counts
from reports.deciding.question import Question, Questions, block_of, runs_of
from reports.runs.results import Results

BESIDE = "about times or another part, which a report judges"
Pair = tuple[str, str]


def questions(told: Mapping[str, str], results: Results, looks: PlannedLooks) -> Questions:
    """Return the claims of a file (`told`: its name and text) as questions to the runs so far."""
    frame, looks_at = observed(results), looks_among(results, looks)
    judged = [judge_claim(claim, frame, looks_at) for claim in claims_of(told, results)]
    seen = [each for each in judged if is_seen(each.claim)]
    return Questions(
        "claims",
        [question(each, frame) for each in seen],
        decided(seen),
        [f"{each.claim.id}: {BESIDE}" for each in judged if not is_seen(each.claim)],
    )


def wrong(told: Mapping[str, str], results: Results, looks: PlannedLooks) -> Iterator[str]:
    """Yield a line for each claim that no run of a plan can decide. Raises UserError for no claims file."""
    seen = [claim for claim in claims_of(told, results) if is_seen(claim)]
    yield from problems(told["file"], seen, observed(results), looks_among(results, looks), absent)
    if not seen:
        yield f"hydra.sweeper.claims = {told['file']}: has only claims {BESIDE}"


def claims_of(told: Mapping[str, str], results: Results) -> list[Claim]:
    """Return the claims that a plan keeps. Raises UserError, a line for each mistake."""
    content = parse_yaml(told["text"], told["file"])
    return parse_claims(content.get("claims"), told["file"], claim_metrics(results.measures))


def observed(results: Results) -> pd.DataFrame:
    """Return the runs of the sweep itself as observations."""
    return complete(parts_frame({MAIN: results}))


def looks_among(results: Results, looks: PlannedLooks) -> Looks:
    """Return the looks at the sweep itself, as claims are judged by them."""
    return Looks({MAIN: looks}, test_sets=data_of(results), answers=results.answers)


def is_seen(claim: Claim) -> bool:
    """Whether the records of the sweep's own runs can decide a claim."""
    return all(test.part in (None, MAIN) and test.metric.unit != "seconds" for test in claim.tests)


def absent(test: Test, frame: pd.DataFrame) -> Iterator[str]:
    """Yield what a test asks for that no planned run has. Raises Unknown for a setting."""
    rows = select(test, frame)
    if rows.empty:
        yield "no planned run is as its where says" if test.where else "there is no such run"
        return
    if test.kind not in LEVELS_OF:
        return
    there = present(replace(test, among=()), rows)
    missing = [level for level in wanted(test) if level not in there]
    for level in missing:
        yield f"{level}: no planned run has this level; there are {', '.join(there)}"
    if not missing and not is_matched(test, rows):
        yield "no planned runs of two levels agree in all else (along names what changes with the level)"


def is_matched(test: Test, rows: pd.DataFrame) -> bool:
    """Return whether there are runs of two levels that agree in all that has to be equal."""
    own = with_levels(test, rows)
    levels = own[LEVEL].groupby(block_of(own, matched_on(test, own))).nunique()
    return bool((levels > 1).any())


def wanted(test: Test) -> Sequence[str]:
    """Return the levels that a test names."""
    named: dict[str, Any] = {
        "order": lambda: test.wanted[0],
        "best": lambda: [test.wanted],
        "worst": lambda: [test.wanted],
        "ratio": lambda: test.wanted[:2],
    }
    return [*(named[test.kind]() if test.kind in named else ()), *test.among]


def question(judged: Judgement, frame: pd.DataFrame) -> Question:
    """Return a claim as a question."""
    still = [each for each in judged.outcomes if each.verdict == "undecided"]
    runs = dict.fromkeys(run for each in still for run in needed(each, frame))
    why = "; ".join(dict.fromkeys(each.why for each in still if each.why))
    standing = f"claim {judged.claim.id}" + (f": {why}" if why else "")
    return Question(judged.verdict == "undecided", tuple(runs), standing)


def needed(outcome: Outcome, frame: pd.DataFrame) -> Sequence[str]:
    """Return the ids of the runs that an open test rests on: of its open pairs, in whole blocks."""
    test = outcome.test
    try:
        rows = select(test, frame)
        if test.kind not in LEVELS_OF:
            return tuple(rows["cell_id"])
        own = with_levels(test, rows)
        blocks = block_of(own, matched_on(test, own))
    except Unknown:
        return ()
    return [run for pair in open_pairs(outcome) for run in runs_of(own, blocks, LEVEL, pair)]


def open_pairs(outcome: Outcome) -> list[Pair]:
    """Return the two levels of each comparison that keeps a test open, and that more seeds may decide."""
    if outcome.test.kind == "ratio":
        return [outcome.test.wanted[:2]]
    return [
        (pair.first, pair.second) for pair in outcome.pairs if pair.verdict == "undecided" and not pair.turned
    ]


def decided(judged: Sequence[Judgement]) -> str:
    """Return how all claims were decided."""
    number = counts(judged)
    holds = "holds" if number["holds"] == 1 else "hold"
    many = f"all {len(judged)} claims are" if len(judged) > 1 else "the one claim is"
    return f"{many} decided: {number['holds']} {holds}, {number['refuted']} refuted"
