"""The findings in words: every sentence computed, and pointing to the table that it was computed from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.analysis.paired import MIN_SEEDS, known_shares
from reports.analysis.rankings import MAX_LEVELS, Ranking, listed
from reports.analysis.verdict import Verdict
from reports.runs.metrics import METRICS
from reports.runs.results import Results
from reports.sources.judged import Judged
from reports.tables.evidence import percent, show_contrast
from reports.tables.grids import concurrency_note

TIED = 3  # cells that are named where several have the best figure


@dataclass(frozen=True)
class Finding:
    """One sentence, what it is about, the name of its table, and the figures behind it in short."""

    about: str
    text: str
    table: str
    evidence: str = ""


def findings(verdict: Verdict) -> list[Finding]:
    """Return the findings in reading order."""
    results, rankings = verdict.results, verdict.rankings
    if results.done.empty:
        diverged = list(divergence(results))
        none = "No run has ended well." if diverged else "No run has finished yet."
        return [Finding("Results", none, "unfinished"), *testing(results), *diverged]
    return [
        *best_cells(verdict),
        *testing(results),
        *factor_findings(rankings, "test_accuracy", "Test accuracy, higher first"),
        *shares(verdict),
        *factor_findings(rankings, "gap", "Generalisation gap, wider first"),
        *factor_findings(rankings, "convergence", "Convergence, sooner first"),
        *factor_findings(rankings, "epoch_cpu_s", "Cost per epoch, dearer first"),
        *timing(results, rankings),
        *divergence(results),
    ]


def judged_findings(judged: Judged | None) -> Iterator[Finding]:
    """Yield how many claims hold, and how many reported figures are where one more run of ours would be."""
    if judged is None:
        return
    hold = {"holds": "hold"}
    counts = ", ".join(
        f"{count} {hold.get(verdict, verdict) if count != 1 else verdict}"
        for verdict, count in judged.counts.items()
    )
    whose = "of the source report" if judged.source else "judged here"
    yield Finding("Claims", f"{len(judged.claims)} claims {whose}: {counts}.", "claims")
    if judged.reported is not None:
        inside = judged.reported["inside"].value_counts()
        known = int(inside.get("true", 0) + inside.get("false", 0))
        text = f"{inside.get('true', 0)} of {known} reported figures lie inside our 95 % prediction interval."
        yield Finding("Claims", text, "reported")


def best_cells(verdict: Verdict) -> Iterator[Finding]:
    """Yield which cell of each data set is ahead on its test set, and how many are not shown to be worse."""
    results, summary = verdict.results, verdict.summary.assign(mark=verdict.marked)
    data = results.dataset
    known = summary[summary["n"] > 0]
    for level in data.levels if data else ("",):
        cells = known[known[data.name] == level] if data else known
        if cells.empty:
            continue
        best = cells[cells["mark"] == "best"]
        names = [name for name in results.names if data is None or name != data.name]
        head, n = f"On {level}, the" if data else "The", int(best["n"].min())
        others = not_worse(n, int((cells["mark"] == "near").sum())) if len(cells) > len(best) else ""
        yield Finding("Best cell", f"{head} {whose(best, names)}{others}.", "best_cells", runs_text(n))


def whose(best: pd.DataFrame, names: Sequence[str]) -> str:
    """Return the best figure with the cell that has it, or the cells that share it."""
    metric, (mean, half) = METRICS["test_accuracy"], best[["mean", "half"]].iloc[0]
    figure = metric.show_interval(mean, half)
    if not names:
        return f"only cell has a test accuracy of {figure}"
    told = [", ".join(f"{name} {row[name]}" for name in names) for _, row in best.iterrows()]
    if len(told) == 1:
        return f"highest test accuracy, {figure}, has {told[0]}"
    more = "; …" if len(told) > TIED else ""
    shared = f"is shared by {len(told)} cells: {'; '.join(told[:TIED])}{more}"
    return f"highest test accuracy, {metric.show(mean)}, {shared}"


def runs_text(n: int) -> str:
    """Return how many runs a mean stands on."""
    return f"mean of {n} seeds ± 95 % interval" if n > 1 else "a single run"


def not_worse(seeds: int, near: int) -> str:
    """Return what can be said of the other cells."""
    if seeds < MIN_SEEDS:
        return ""
    if not near:
        return "; every other cell that could be tested is significantly worse"
    return f"; {near} other cell{'s are' if near > 1 else ' is'} not significantly worse"


def testing(results: Results) -> Iterator[Finding]:
    """Yield how far anything could be tested, where that is not far."""
    if results.other_data:
        yield Finding("Data", f"Left out: {results.other_data}.", "unfinished")
    if results.repeated:
        yield Finding("Data", f"Left out: {results.repeated}.", "unfinished")
    seeds = results.done["seed"].nunique()
    if not results.names:
        return
    if seeds == 1:
        text = "One seed per cell: the orders below are those of single runs, and nothing was tested."
        yield Finding("Evidence", text, "rankings")
    elif seeds < MIN_SEEDS:
        text = f"{seeds} seeds are too few runs to say which differences are real; {MIN_SEEDS} are needed."
        yield Finding("Evidence", text, "rankings")


def factor_findings(rankings: Sequence[Ranking], metric: str, about: str) -> Iterator[Finding]:
    """Yield one sentence per ranking, those without any difference shown or any comparison gathered."""
    many = [r.title for r in rankings if r.metric.name == metric and r.state == "too many levels"]
    own = [r for r in rankings if r.metric.name == metric and len(r.order) > 1]
    apart = [r for r in own if r.state == "not comparable"]
    told = [r for r in own if r not in apart and (r.state != "tested" or len(r.groups) > 1 or r.is_partial)]
    silent = [r for r in own if r not in told and r not in apart]
    for ranking in told:
        yield Finding(about, f"By {ranking.title}: {ranking.text}.", "rankings", evidence(ranking))
    if silent:
        text = f"No difference was shown between the levels of {', '.join(r.title for r in silent)}."
        yield Finding(about, text, "rankings", f"{min(r.seeds for r in silent)} seeds")
    if many:
        yield Finding(about, f"Not ranked, for more than {MAX_LEVELS} levels: {listed(many)}.", "rankings")
    if apart:
        text = f"No two levels of {', '.join(r.title for r in apart)} have runs that differ in nothing else."
        yield Finding(about, text, "rankings")


def evidence(ranking: Ranking) -> str:
    """Return the size of a ranking's largest contrast and what is behind it, or why there is none."""
    seeds = "1 seed" if ranking.seeds == 1 else f"{ranking.seeds} seeds"
    counts = f"{ranking.blocks} matched cell{'s' if ranking.blocks != 1 else ''}"
    if ranking.state in ("one seed", "too few seeds"):
        alone = f"; compared with no other: {listed(ranking.alone)}" if ranking.alone else ""
        return f"order of means over {counts} of {seeds}; not tested{alone}"
    if ranking.state != "tested":
        return ranking.note
    widest = max(ranking.pairs, key=lambda pair: abs(pair.contrast.estimate))
    c = widest.contrast
    estimate, low, high = show_contrast(c, ranking.metric)
    size = f"{widest.first} − {widest.second} = {estimate} [{low}, {high}]"
    note = f"{ranking.note}; " if ranking.note else ""
    return f"{note}{size}; {counts}, {seeds}"


def shares(verdict: Verdict) -> Iterator[Finding]:
    """Yield how much of the variance of test accuracy each factor explains."""
    for (metric, data), found in verdict.shares.items():
        if metric == "test_accuracy":
            parts = known_shares(found).sort_values(ascending=False)
            told = ", ".join(f"{name} {percent(share)}" for name, share in parts.items())
            where = f" on {data}" if data else ""
            yield Finding(
                "Main effects", f"Share of the variance of test accuracy{where}: {told}.", "variance"
            )


def timing(results: Results, rankings: Sequence[Ranking]) -> Iterator[Finding]:
    """Yield the conditions under which times were measured, if that limits what they say."""
    note = concurrency_note(results)
    if note.startswith("Warning") and results.done["epoch_cpu_s"].notna().any():
        tables = (f"timing_by_{r.factor}" for r in rankings if r.metric.name == "epoch_cpu_s")
        table = next(tables, "epoch_cpu_s")
        yield Finding(
            "Cost per epoch, dearer first", note.replace("Warning: measured", "Times were measured"), table
        )


def divergence(results: Results) -> Iterator[Finding]:
    """Yield how many runs diverged, and which options they have in common."""
    lost = results.runs[results.runs["status"] == "diverged"]
    if lost.empty:
        return
    common = [f"{name} {lost[name].iloc[0]}" for name in results.names if lost[name].nunique() == 1]
    tail = f", all with {', '.join(common)}" if common and len(lost) > 1 else ""
    plural = "s" if len(results.runs) > 1 else ""
    yield Finding(
        "Divergence", f"{len(lost)} of {len(results.runs)} run{plural} diverged{tail}.", "unfinished"
    )
