"""Sentences on how far anything could be tested, and on runs that diverged, failed or are still to come."""

from collections import Counter
from collections.abc import Iterator

from reports.analysis.outcomes import DIVERGED, OUTSTANDING
from reports.analysis.sweep import Analysis
from reports.findings.finding import Finding
from reports.runs.results import PENDING, Results
from reports.tables.grids import concurrency_note
from reports.tables.rankings import listed


def testing(analysis: Analysis) -> Iterator[Finding]:
    """Yield how far anything could be tested, where that is not far."""
    results, first = analysis.results, analysis.looks.steps.looks[0]
    if results.other_data:
        yield Finding("data", "Data", f"Left out: {results.other_data}.", "unfinished")
    if results.repeated:
        yield Finding("data", "Data", f"Left out: {results.repeated}.", "unfinished")
    seeds = analysis.seeds
    if not results.names or not seeds:
        return
    if analysis.afterwards:
        yield Finding("data", "Data", analysis.afterwards, "rankings")
    if seeds == 1:
        text = "1 seed: nothing is tested. All means and differences below are those of single runs."
        yield Finding("evidence", "Evidence", text, "rankings")
    elif seeds < first:
        text = f"{seeds} seeds: nothing is tested before the first look, at {first} seeds."
        yield Finding("evidence", "Evidence", text, "rankings")


def timing(results: Results) -> Iterator[Finding]:
    """Yield the conditions under which times were measured, if that limits what they say."""
    note = concurrency_note(results)
    if note.startswith("Warning") and results.done["epoch_cpu_s"].notna().any():
        text = note.replace("Warning: measured", "Times were measured")
        yield Finding("timing", "Cost per epoch", text, "epoch_cpu_s", metric="epoch_cpu_s")


def no_result(results: Results) -> str:
    """Return why there are no results: no run has ended, or none well."""
    ended = ~results.runs["status"].isin(OUTSTANDING)
    return "No run has ended well." if ended.any() else "No run has finished yet."


def among_others(results: Results) -> str:
    """Return what else than a factor may be in the seconds of runs that went on beside others, if any did."""
    most = results.done["concurrent_runs"].max()
    if not most > 1:
        return ""
    return f"With up to {int(most)} runs at once a difference may be due to what ran beside them, and when."


def divergence(results: Results) -> Iterator[Finding]:
    """Yield how many runs diverged, and which options they have in common."""
    lost = results.runs[results.runs["status"] == DIVERGED]
    if lost.empty:
        return
    common = [f"{name} {lost[name].iloc[0]}" for name in results.names if lost[name].nunique() == 1]
    tail = f", all with {', '.join(common)}" if common and len(lost) > 1 else ""
    plural = "s" if len(results.runs) > 1 else ""
    text = f"{len(lost)} of {len(results.runs)} run{plural} diverged{tail}."
    yield Finding("divergence", "Divergence", text, "unfinished")


def unfinished(results: Results) -> Iterator[Finding]:
    """Yield how many runs failed, with the commonest message, and how many are still to come."""
    status = results.runs["status"]
    failed = results.runs[status == "failed"]
    total = len(results.runs)
    if len(failed):
        message, count = Counter(failed["problem"].tolist()).most_common(1)[0]
        several = f"{count} of them " if len(failed) > 1 else ""
        often = f", {several}with “{message}”" if message else ""
        text = f"{len(failed)} of {total} run{'s' * (total != 1)} failed{often}."
        yield Finding("failure", "Failures", text, "unfinished")
    counts = {state: int((status == state).sum()) for state in PENDING if state != "failed"}
    if left := sum(counts.values()):
        told = listed([f"{count} {state}" for state, count in counts.items() if count])
        verb = "have" if left != 1 else "has"
        text = f"{left} of {total} run{'s' * (total != 1)} {verb} no result yet: {told}."
        yield Finding("unfinished", "Unfinished", text, "unfinished")
