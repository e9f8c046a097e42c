"""Claims judged: each holds, is refuted or stays undecided, by tests that are data (form: file.py)."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from reports.analysis.equivalence import conjunction
from reports.claims.claim import CLAIM_METRICS, Claim, Judgement, Outcome, Test
from reports.claims.evaluate import evaluate
from reports.claims.file import Metrics, read_claims
from reports.claims.looks import Looks
from reports.claims.runs import Unknown
from sweeps.records.errors import UserError

__all__ = ["judge_claims", "judge_file"]

Absent = Callable[[Test, pd.DataFrame], Iterable[str]]


def judge_file(
    path: Path,
    frame: pd.DataFrame,
    looks: Looks,
    metrics: Metrics = CLAIM_METRICS,
) -> list[Judgement]:
    """Judge a user's claims; UserError for a mistake in the file, or in what it names of the runs."""
    judgements = judge_claims(read_claims(path, metrics), frame, looks)
    if wrong := [
        placed(str(path), judgement.claim, reason)
        for judgement in judgements
        for one in judgement.outcomes
        if one.unknown
        for reason in one.reasons
    ]:
        raise UserError(*wrong)
    return judgements


def problems(
    source: str, claims: Iterable[Claim], frame: pd.DataFrame, looks: Looks, absent: Absent | None = None
) -> list[str]:
    """Return a line for each thing that claims of a file name and the runs do not have.

    `absent` yields what else of a test is not there.
    """
    return [
        placed(source, claim, problem) for claim in claims for problem in unknown(claim, frame, looks, absent)
    ]


def placed(source: str, claim: Claim, problem: str) -> str:
    """Return the line that tells a problem of a claim, with where it stands."""
    return f"{source}{'' if claim.line is None else f':{claim.line}'}: claim {claim.id}: {problem}"


def unknown(claim: Claim, frame: pd.DataFrame, looks: Looks, absent: Absent | None = None) -> Iterable[str]:
    """Yield what a claim names that the runs do not have."""
    for test in claim.tests:
        try:
            evaluate(test, frame, looks, len(claim.tests))
            yield from absent(test, frame) if absent else ()
        except Unknown as error:
            yield str(error)


def judge_claims(claims: Iterable[Claim], frame: pd.DataFrame, looks: Looks) -> list[Judgement]:
    """Judge every claim on the observations; what cannot be judged on them is undecided, and says why."""
    return [judge_claim(claim, frame, looks) for claim in claims]


def judge_claim(claim: Claim, frame: pd.DataFrame, looks: Looks) -> Judgement:
    """Judge one claim: refuted if any of its tests is, holds if all do."""
    outcomes = tuple(outcome(test, frame, looks, len(claim.tests)) for test in claim.tests)
    return Judgement(claim, conjunction([one.verdict for one in outcomes]), outcomes)


def outcome(test: Test, frame: pd.DataFrame, looks: Looks, parts: int) -> Outcome:
    """Decide one test, undecided where the runs do not have what it names."""
    try:
        return evaluate(test, frame, looks, parts)
    except Unknown as error:
        return Outcome(test, "undecided", reasons=(str(error),), unknown=True)
