"""Verdicts that are others than those of the first version, whose rules were others: which, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.claims.claim import Judgement
from reports.tables.spreadsheet import read_csv
from sweeps.records.errors import UserError

FIRST_VERSION = Path(__file__).with_name("first_version.csv")  # id, verdict, reason where it is another now


@dataclass(frozen=True)
class Change:
    """A claim with another verdict than in the first version, and why, in words that a person wrote."""

    id: str
    before: str
    after: str
    reason: str


def known_before() -> set[str]:
    """Return the claims that the first version judged."""
    return set(read_csv(FIRST_VERSION)["id"])


def changes(judgements: Iterable[Judgement]) -> list[Change]:
    """Return the changes among these judgements, in the order of the file of the first version.

    Raises UserError for a change that nobody has explained, or a reason for one that is none.
    """
    found = {judgement.claim.id: judgement.verdict for judgement in judgements}
    rows: Sequence[Mapping[str, str]] = read_csv(FIRST_VERSION).to_dict("records")  # type: ignore[assignment]
    made = []
    for row in rows:
        after = found.get(row["id"])
        if after is None:
            continue
        changed = after != row["verdict"]
        if changed != bool(row["reason"]):
            what = "changed without a reason" if changed else "has a reason and has not changed"
            raise UserError(
                f"{FIRST_VERSION.name}: the verdict on {row['id']} {what}: {row['verdict']}, {after}"
            )
        if changed:
            made.append(Change(row["id"], row["verdict"], after, row["reason"]))
    return made
