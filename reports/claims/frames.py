"""Judged claims as rows to keep: claims.csv, contrasts.csv."""

import math
from collections.abc import Sequence

import pandas as pd

from reports.claims.claim import Judgement
from reports.claims.figure_texts import judged_figures
from reports.claims.wording import test_words
from reports.tables.table import file_name

CLAIM_COLUMNS = (
    "id",
    "statement",
    "verdict",
    "written",
    "half_margin",
    "double_margin",
    "test",
    "numbers",
    "why",
    "seeds",
    "cells",
    "diverged",
    "plot",
    "note",
)
PAIR_COLUMNS = (
    "id",
    "metric",
    "first",
    "claimed",
    "second",
    "difference",
    "low",
    "high",
    "p",
    "low_shared",
    "high_shared",
    "p_shared",
    "margin",
    "seeds",
    "cells",
    "half_margin",
    "verdict",
    "double_margin",
    "decided_at",
)


def claims_frame(judgements: Sequence[Judgement], folder: str = "plots") -> pd.DataFrame:
    """Return one row for each claim (CLAIM_COLUMNS); `plot` is the file of its figure, in `folder`."""
    rows = [
        (
            j.claim.id,
            j.claim.statement,
            j.verdict,
            j.written.words if j.written else "",
            j.verdicts[0],
            j.verdicts[2],
            "; and ".join(dict.fromkeys(test_words(o.test) for o in j.outcomes)),
            "; ".join(text for parts in judged_figures(j) for text in parts),
            "; ".join(reasons(j)),
            min(o.seeds for o in j.outcomes),
            min(o.cells for o in j.outcomes),
            sum(o.diverged for o in j.outcomes),
            f"{folder}/{plot_name(j)}.svg" if has_figures(j) else "",
            j.claim.note,
        )
        for j in judgements
    ]
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))


def reasons(judgement: Judgement) -> list[str]:
    """Return why a claim has its verdict, a sentence each."""
    deciding = [o for o in judgement.outcomes if o.verdict == judgement.verdict]
    return list(dict.fromkeys(reason for outcome in deciding for reason in outcome.reasons if reason))


def has_figures(judgement: Judgement) -> bool:
    """Whether there is anything to draw."""
    return any(math.isfinite(i.mean) for outcome in judgement.outcomes for _, i in outcome.shown)


def plot_name(judgement: Judgement) -> str:
    """Return the name of a claim's figure."""
    return file_name(f"claim-{judgement.claim.id}")


def contrasts_frame(judgements: Sequence[Judgement]) -> pd.DataFrame:
    """Return every contrast behind the claims (PAIR_COLUMNS), as plain numbers."""
    rows = [
        (
            judgement.claim.id,
            outcome.test.metric.name,
            pair.first,
            pair.symbol,
            pair.second,
            *map(rounded, (pair.estimate, pair.low, pair.high, pair.p, *pair.corrected, outcome.margin)),
            pair.seeds,
            pair.cells,
            *pair.verdicts,
            pair.decided_at,
        )
        for judgement in judgements
        for outcome in judgement.outcomes
        for pair in outcome.pairs
    ]
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS))


def rounded(value: float) -> float:
    """Return a figure with six significant digits."""
    return float(f"{value:.6g}")
