"""Claims as a gate: verdicts held against expected ones; and a note that claims came before the runs."""

from collections.abc import Sequence
from pathlib import Path

from reports.claims.claim import CLAIM_METRICS, Claim, Judgement, claim_metrics, stamp
from reports.claims.file import Metrics, read_claims
from reports.claims.written import read_claims_file
from reports.runs.figures import measures_planned
from sweeps.records.claims_seen import first_seen
from sweeps.records.errors import UserError


def expected_claims(path: Path | None, metrics: Metrics = CLAIM_METRICS) -> list[tuple[Path, Claim]]:
    """Return the claims of a file that expect a verdict. Raises UserError if there is none."""
    if path is None:
        raise UserError("--check: needs --claims FILE")
    claims = [(path, claim) for claim in read_claims(path, metrics) if claim.expect is not None]
    if not claims:
        raise UserError(f"--check: no claim of {path} has an `expect`: holds, refuted or undecided")
    return claims


def differing_verdicts(expected: Sequence[tuple[Path, Claim]], judgements: Sequence[Judgement]) -> list[str]:
    """Return a line for each claim with another verdict than it expects."""
    found = {judgement.claim.id: judgement for judgement in judgements}
    return [
        f"{path}:{claim.line}: claim {claim.id}: expected {claim.expect}, {found[claim.id].verdict}{because}"
        for path, claim in expected
        if found[claim.id].verdict != claim.expect
        for because in [reason(found[claim.id])]
    ]


def reason(judgement: Judgement) -> str:
    """Return why a verdict is as it is, after a colon; "" if there is nothing to say."""
    found = [one.why for one in judgement.outcomes if one.why and one.verdict == judgement.verdict]
    return f": {'; '.join(dict.fromkeys(found))}" if found else ""


def note(directory: Path, path: Path | None) -> str:
    """Keep when a claims file was there, and return that in words; UserError for a file with mistakes."""
    if path is None:
        raise UserError("--note: needs --claims FILE")
    read_claims(path, claim_metrics(measures_planned(directory)))
    directory.mkdir(parents=True, exist_ok=True)
    return f"{path}: was in {directory} on {stamp(first_seen(directory, read_claims_file(path)))}"
