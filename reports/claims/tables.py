"""Judged claims as a table to read, and how many of them hold."""

from collections.abc import Sequence

from reports.claims.claim import CLAIM_METRICS, VERDICTS, Judgement
from reports.claims.frames import claims_frame
from reports.tables.rankings import UNSEEN_NOTE
from reports.tables.table import Table, text_table

OWN_MARGIN = (
    "Margin m, where the claim names none: of seconds, and of what is to be small and is above 0, a tenth of "
    "the least level. The verdicts at half and at twice the margin stand beside."
)
NOTES = (
    "a > b: a is ahead, by an interval above 0 that is not within the margin; refuted where b is ahead "
    "or the two are equivalent. a ~ b: equivalent, the whole interval within the margin; refuted where it is "
    "outside. a >= b: not behind by the margin. Limits, ratios: the interval lies within; refuted if not. "
    "Everything else is undecided. A claim holds where each part does at 5 %, and is refuted where a part is "
    "at 5 % divided by the number of parts.",
    "Margin m, where the claim names none: of accuracy a tenth of the best level's error, of epochs, seconds "
    "and losses a tenth of the least level. The verdicts at half and at twice the margin stand beside.",
    "Means are over the cells that all levels of a test share, each difference over the cells that its two "
    "levels share: it need not be the difference of the means.",
)


def claims_table(
    judgements: Sequence[Judgement], name: str = "claims", title: str = "Claims", afterwards: str = ""
) -> Table:
    """Return the claims as a table to read; `afterwards`: what was left out or run again after a look."""
    rows = claims_frame(judgements)
    heads = ("id", "claim", "verdict", "at m/2, 2m", "test", "numbers", "why", "seeds", "matched cells")
    written = rows["written"].map(lambda when: f" ({when})" if when else "")
    rows = rows.assign(
        verdict=rows["verdict"] + written, other=rows["half_margin"] + ", " + rows["double_margin"]
    )
    columns = ["id", "statement", "verdict", "other", "test", "numbers", "why", "seeds", "cells"]
    body = rows[columns]
    rule, usual, reading = NOTES
    margin = OWN_MARGIN if all(map(about_own, judgements)) else usual
    notes = filter(None, (rule, margin, reading, UNSEEN_NOTE, *dated(judgements), afterwards))
    return text_table(name, title, heads, body.astype(str).to_numpy().tolist(), *notes)


def about_own(judgement: Judgement) -> bool:
    """Whether a claim is about figures of an application's own alone."""
    return all(test.metric.name not in CLAIM_METRICS for test in judgement.claim.tests)


def dated(judgements: Sequence[Judgement]) -> list[str]:
    """Return how it is known when the claims were written."""
    return list(dict.fromkeys(j.written.detail for j in judgements if j.written))


def counts(judgements: Sequence[Judgement]) -> dict[str, int]:
    """Return how many claims hold, are refuted and stay undecided."""
    found = [judgement.verdict for judgement in judgements]
    return {verdict: found.count(verdict) for verdict in VERDICTS}
