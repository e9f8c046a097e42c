"""A directory judged: the claims about its runs, and the figures of a source report beside them.

The five studies (and other sweeps that have a file in reports/reference) bring their claims along; any
sweep can be given a claims file of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.afterwards import afterwards
from reports.claims.claim import Judgement, claim_metrics
from reports.claims.judge import judge_claims, judge_file
from reports.claims.looks import ONE_LOOK, Looks, looks_of
from reports.claims.observations import observe
from reports.claims.tables import claims_table, counts
from reports.claims.written import written
from reports.runs.results import Results
from reports.sources import Reference, reference
from reports.sources.reported import parameter_counts, reported_against_ours, reported_table
from reports.tables.table import Table, text_table

if TYPE_CHECKING:
    from reports.plots.plot import Plot


@dataclass(frozen=True)
class Judged:
    """Observations, the claims judged on them, those that go beyond, reported figures and counts.

    `afterwards`: what was left out or run again after a look at the results was possible.
    """

    frame: pd.DataFrame
    source: Reference | None
    claims: Sequence[Judgement]
    beyond: Sequence[Judgement] = ()
    reported: pd.DataFrame | None = None
    parameters: pd.DataFrame | None = None
    afterwards: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many claims hold, are refuted and stay undecided."""
        return counts(self.claims)


def judged(results: Results, claims: Path | None = None) -> Judged | None:
    """Return what a directory is judged by: a user's claims, else those of the study that it is; or None."""
    source = reference(results.sweep)
    if claims is None and source is None:
        return None
    frame, looks = observe(results), looks_of(results)
    if claims is not None:
        metrics = claim_metrics(results.measures)
        found = judge_file(claims, frame, looks, metrics)
        since = written(results, claims)  # kept in the sweep's directory: only of a file without mistakes
        own = Judged(frame, None, [replace(judgement, written=since) for judgement in found])
    elif source is not None:
        own = judged_study(source, frame, looks)
    return replace(own, afterwards=afterwards(results))


def judged_study(source: Reference, frame: pd.DataFrame, looks: Looks = ONE_LOOK) -> Judged:
    """Judge a study's observations by its source report; one that is published has had one look."""
    return Judged(
        frame,
        source,
        judge_claims(source.claims, frame, looks),
        judge_claims(source.beyond, frame, looks),
        reported_against_ours(source, frame) if len(source.figures) else None,
        parameter_counts(source, frame) if source.counts else None,
    )


def judged_tables(judged: Judged | None) -> list[Table]:
    """Return what was judged as tables to read."""
    if judged is None:
        return []
    tables = [claims_table(judged.claims, afterwards=judged.afterwards)]
    if judged.beyond:
        tables.append(claims_table(judged.beyond, "beyond", "Beyond the report", judged.afterwards))
    if judged.reported is not None:
        tables.append(reported_table(judged.reported))
    if judged.parameters is not None:
        rows = judged.parameters.astype(str).to_numpy().tolist()
        heads = ("network", "reported", "ours", "equal")
        tables.append(text_table("parameters", "Numbers of parameters", heads, rows))
    return tables


def judged_plots(judged: Judged | None) -> "list[Plot]":
    """Return a figure for each claim that has figures."""
    from reports.claims.figures import claim_plots

    return claim_plots([*judged.claims, *judged.beyond]) if judged else []
