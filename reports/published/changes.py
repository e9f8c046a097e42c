"""Verdicts that are others than those of the first version, whose rules were others: which, and why."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.claims.claim import Judgement
from reports.claims.observations import FIGURES, MAIN, RUN
from reports.published.seeds import seeds_words, some_have_more
from reports.tables.spreadsheet import read_csv
from sweeps.records.errors import UserError
from sweeps.records.layout import PUBLISHED_RUNS
from sweeps.records.studies import FIT

FIRST_VERSION = Path(__file__).with_name("first_version.csv")
DIGITS = 12  # of the SHA-256 of the runs that verdicts rest on
RUN_AGAIN = "new runs"
BY_RULES = "; on the first runs: "  # before the reason that was a reason on the first runs, too


@dataclass(frozen=True)
class Change:
    """A claim with another verdict than in the first version, and why, in words that a person wrote."""

    id: str
    before: str
    after: str
    reason: str

    @property
    def short(self) -> str:
        """The reason that holds on the first runs, too; else all of it."""
        return self.reason.partition(BY_RULES)[2] or self.reason


def first_verdicts(folder: Path, judgements: Iterable[Judgement]) -> Sequence[Mapping[str, str]]:
    """Return what the first version found of these claims: id, verdict, reason if it is another now.

    On other runs than the first version's that is a reason, too: the only one unless its own runs have the
    same verdict by the present rules (`now`), which then is explained as well.
    """
    found = {judgement.claim.id: judgement.verdict for judgement in judgements}
    rows = [row for row in read_csv(FIRST_VERSION).to_dict("records") if row["id"] in found]
    if not made_again(folder):
        return rows  # type: ignore[return-value]
    what = run_again(folder)
    return [row | {"reason": again(row, found[row["id"]], what)} for row in rows]  # type: ignore[arg-type]


def made_again(folder: Path) -> bool:
    """Return whether a folder keeps other runs than those of the first version."""
    return runs_digest(folder / PUBLISHED_RUNS) not in set(read_csv(FIRST_VERSION)["runs"])


def run_again(folder: Path) -> str:
    """Return that runs were made again, and with how many seeds where some cells got more of them."""
    table = read_csv(folder / PUBLISHED_RUNS)
    seeds = table.loc[table["part"] == MAIN, "seed"]
    return f"{RUN_AGAIN}, {seeds_words(seeds)} seeds" if some_have_more(seeds) else RUN_AGAIN


def again(row: Mapping[str, str], after: str, what: str) -> str:
    """Return why a verdict on runs that were made again is another: "" if it is the same."""
    if after == row["verdict"]:
        return ""
    return f"{what}{BY_RULES}{row['reason']}" if after == row["now"] else what


def runs_digest(path: Path) -> str:
    """Return a digest of the runs of a table that verdicts may rest on: which, how they ended, their figures.

    Runs that try what a report leaves unsaid decide no claim, and a setting more is a column more.
    """
    table = read_csv(path)
    table = table[[name for name in (*RUN, *FIGURES) if name in table]]
    rows = table[table["part"] != FIT] if "part" in table else table
    return hashlib.sha256(rows.to_csv(index=False, lineterminator="\n").encode()).hexdigest()[:DIGITS]


def changes(folder: Path, judgements: Sequence[Judgement]) -> list[Change]:
    """Return the changes among judgements on the runs that a folder keeps.

    Raises UserError for a change that nobody has explained, or a reason for one that is none.
    """
    found = {judgement.claim.id: judgement.verdict for judgement in judgements}
    made = []
    for row in first_verdicts(folder, judgements):
        after = found[row["id"]]
        changed = after != row["verdict"]
        if changed != bool(row["reason"]):
            what = "changed without a reason" if changed else "has a reason and has not changed"
            raise UserError(
                f"{FIRST_VERSION.name}: the verdict on {row['id']} {what}: {row['verdict']}, {after}"
            )
        if changed:
            made.append(Change(row["id"], row["verdict"], after, row["reason"]))
    return made
