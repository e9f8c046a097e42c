"""The findings in words: every sentence computed, and pointing to the table that it was computed from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.evidence import percent, show_signed
from reports.grids import concurrency_note
from reports.judged import Judged
from reports.metrics import METRICS
from reports.rankings import Ranking
from reports.results import Results
from reports.statistics import MIN_SEEDS
from reports.verdict import Verdict


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
        return [Finding("Results", "No run has finished yet.", "unfinished")]
    return [
        *best_cell(verdict),
        *testing(results),
        *factor_findings(rankings, "test_accuracy", "Test accuracy, higher first"),
        *shares(verdict),
        *factor_findings(rankings, "gap", "Generalisation gap, wider first"),
        *factor_findings(rankings, "convergence", "Convergence, sooner first"),
        *factor_findings(rankings, "epoch_cpu_s", "Cost per epoch, dearer first"),
        *timing(results),
        *divergence(results),
    ]


def judged_findings(judged: Judged | None) -> Iterator[Finding]:
    """Yield how many claims hold, and how many reported figures are where one more run of ours would be."""
    if judged is None:
        return
    counts = ", ".join(f"{count} {verdict}" for verdict, count in judged.counts.items())
    whose = "of the source report" if judged.source else "judged here"
    yield Finding("Claims", f"{len(judged.claims)} claims {whose}: {counts}.", "claims")
    if judged.reported is not None:
        inside = judged.reported["inside"].value_counts()
        known = int(inside.get("true", 0) + inside.get("false", 0))
        text = f"{inside.get('true', 0)} of {known} reported figures lie inside our 95 % prediction interval."
        yield Finding("Claims", text, "reported")


def best_cell(verdict: Verdict) -> Iterator[Finding]:
    """Yield which cell is ahead on the test set, and how many are not shown to be worse."""
    best = verdict.summary.loc[verdict.marked == "best"]
    if best.empty:
        return
    row, metric = best.iloc[0], METRICS["test_accuracy"]
    name = ", ".join(f"{key} {row[key]}" for key in verdict.results.names) or "the only cell"
    figure, n = metric.show_interval(row["mean"], row["half"]), int(row["n"])
    near = int((verdict.marked == "near").sum())
    text = f"The highest test accuracy, {figure}, has {name}{not_worse(n, near)}."
    yield Finding("Best cell", text, "best_cells", runs_text(n))


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
    seeds = results.done["seed"].nunique()
    if seeds == 1:
        text = "One seed per cell: the orders below are those of single runs, and nothing was tested."
        yield Finding("Evidence", text, "rankings")
    elif seeds < MIN_SEEDS:
        text = f"{seeds} seeds are too few runs to say which differences are real; {MIN_SEEDS} are needed."
        yield Finding("Evidence", text, "rankings")


def factor_findings(rankings: Sequence[Ranking], metric: str, about: str) -> Iterator[Finding]:
    """Yield one sentence per factor, those without any difference shown gathered into one."""
    own = [r for r in rankings if r.metric.name == metric and len(r.order) > 1]
    told = [r for r in own if r.state != "tested" or len(r.groups) > 1]
    silent = [r for r in own if r not in told]
    for ranking in told:
        yield Finding(about, f"By {ranking.factor}: {ranking.text}.", "rankings", evidence(ranking))
    if silent:
        text = f"No difference was shown between the levels of {', '.join(r.factor for r in silent)}."
        yield Finding(about, text, "rankings", f"{min(r.seeds for r in silent)} seeds")


def evidence(ranking: Ranking) -> str:
    """Return the size of a ranking's largest contrast and what is behind it, or why there is none."""
    if ranking.state in ("one seed", "too few seeds"):
        seeds = "one seed" if ranking.seeds == 1 else f"{ranking.seeds} seeds"
        return f"order of means over {ranking.blocks} matched cells of {seeds}; not tested"
    if ranking.state != "tested":
        return ranking.note
    widest = max(ranking.pairs, key=lambda pair: abs(pair.contrast.estimate))
    c = widest.contrast
    estimate, low, high = (show_signed(x, ranking.metric) for x in (c.estimate, c.low, c.high))
    size = f"{widest.first} − {widest.second} = {estimate} [{low}, {high}]"
    note = f"{ranking.note}; " if ranking.note else ""
    return f"{note}{size}; {c.blocks} matched cells, {c.seeds} seeds"


def shares(verdict: Verdict) -> Iterator[Finding]:
    """Yield how much of the variance of test accuracy each factor explains."""
    if "test_accuracy" in verdict.shares:
        parts = verdict.shares["test_accuracy"].dropna().sort_values(ascending=False)
        parts = parts[(parts.index != "shared") | (parts > 0.0005)]
        text = ", ".join(f"{name} {percent(share)}" for name, share in parts.items())
        yield Finding("Main effects", f"Share of the variance of test accuracy: {text}.", "variance")


def timing(results: Results) -> Iterator[Finding]:
    """Yield the conditions under which times were measured, if that limits what they say."""
    note = concurrency_note(results)
    if note.startswith("Warning") and results.done["epoch_cpu_s"].notna().any():
        table = f"timing_by_{results.names[0]}" if results.names else "epoch_cpu_s"
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
