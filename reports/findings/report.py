"""All findings of a report in reading order."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reports.analysis.sweep import Analysis
from reports.findings.best import best_cells, variance
from reports.findings.decisions import decisions
from reports.findings.effects import effect_findings
from reports.findings.finding import Finding
from reports.findings.state import among_others, divergence, no_result, testing, timing, unfinished
from reports.runs.results import Results
from reports.tuning.told import sentences, tuning_of
from reports.tuning.trials import trials_of

if TYPE_CHECKING:
    from reports.sources.judged import Judged


def findings(analysis: Analysis) -> list[Finding]:
    """Return the findings in reading order."""
    results = analysis.results
    if results.done.empty:
        head = [Finding("evidence", "Results", no_result(results), "unfinished"), *testing(analysis)]
        return [*head, *divergence(results), *unfinished(results)]
    data = results.dataset.name if results.dataset else None
    told = [*best_cells(analysis), *testing(analysis), *decisions(analysis), *tuned(results)]
    for name in results.measures.ranked:
        own = [effect for effect in analysis.effects if effect.metric.name == name]
        told += effect_findings(own, data, among_others(results))
        told += variance(analysis) if name == results.main.name else ()
    return [*told, *timing(results), *divergence(results), *unfinished(results)]


def tuned(results: Results) -> Iterator[Finding]:
    """Yield what the search for settings shows, of a sweep that has one."""
    for text in sentences(tuning_of(trials_of(results))):
        yield Finding("tuning", "Tuning", text, "tuning")


def told(analysis: Analysis, judged: "Judged | None") -> list[Finding]:
    """Return the findings of a sweep and of the claims that it was judged by."""
    return [*judged_findings(judged), *findings(analysis)]


def judged_findings(judged: "Judged | None") -> Iterator[Finding]:
    """Yield how many claims hold, and how many reported figures are where one more run of ours would be."""
    if judged is None:
        return
    hold = {"holds": "hold"}
    counts = ", ".join(
        f"{count} {hold.get(verdict, verdict) if count != 1 else verdict}"
        for verdict, count in judged.counts.items()
    )
    whose = "of the source report" if judged.source else "judged here"
    yield Finding("claims", "Claims", f"{len(judged.claims)} claims {whose}: {counts}.", "claims")
    if judged.reported is not None:
        inside = judged.reported["inside"].value_counts()
        known = int(inside.get("true", 0) + inside.get("false", 0))
        text = f"{inside.get('true', 0)} of {known} reported figures lie inside our 95 % prediction interval."
        yield Finding("claims", "Claims", text, "reported")
