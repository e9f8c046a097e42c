"""Claims judged: each holds, is refuted or stays undecided, by tests that are data (form: file.py)."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from reports.claims.claim import Claim, Judgement, Outcome, Test
from reports.claims.evaluate import evaluate
from reports.claims.file import read_claims
from reports.claims.pairs import combine
from reports.claims.runs import Unknown
from sweeps.records.errors import UserError

__all__ = ["judge_claims", "judge_file"]


def judge_file(path: Path, frame: pd.DataFrame) -> list[Judgement]:
    """Judge a user's claims; UserError for a mistake in the file, or in what it names of the runs."""
    claims = read_claims(path)
    problems = [
        f"{path}: claim {claim.id}: {problem}" for claim in claims for problem in unknown(claim, frame)
    ]
    if problems:
        raise UserError(*problems)
    return judge_claims(claims, frame)


def unknown(claim: Claim, frame: pd.DataFrame) -> Iterable[str]:
    """Yield what a claim names that the runs do not have."""
    for test in claim.tests:
        try:
            evaluate(test, frame)
        except Unknown as error:
            yield str(error)


def judge_claims(claims: Iterable[Claim], frame: pd.DataFrame) -> list[Judgement]:
    """Judge every claim on the observations; what cannot be judged on them is undecided, and says why."""
    return [judge_claim(claim, frame) for claim in claims]


def judge_claim(claim: Claim, frame: pd.DataFrame) -> Judgement:
    """Judge one claim: refuted if any of its tests is, holds if all do."""
    outcomes = tuple(outcome(test, frame) for test in claim.tests)
    return Judgement(claim, combine([one.verdict for one in outcomes]), outcomes)


def outcome(test: Test, frame: pd.DataFrame) -> Outcome:
    """Decide one test, undecided where the runs do not have what it names."""
    try:
        return evaluate(test, frame)
    except Unknown as error:
        return Outcome(test, "undecided", why=str(error))
