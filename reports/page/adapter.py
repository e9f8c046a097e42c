"""Today's results and verdicts as the page's content, until the new statistics fill it themselves."""

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from reports.analysis.cells import layout, summarise
from reports.analysis.paired import MIN_SEEDS
from reports.analysis.rankings import MAX_LEVELS, Pair, Ranking
from reports.analysis.verdict import Verdict
from reports.claims.tables import claims_frame
from reports.page import content as page
from reports.page.findings import divergence, testing
from reports.page.provenance import about, command_of, last_change, question_of, trained_on
from reports.runs.metrics import METRICS, Metric
from reports.runs.results import Results
from reports.sources.judged import Judged

CURVES = {
    "test_accuracy": ("test accuracy", "test_accuracy"),
    "test_loss": ("test loss", "test_loss"),
    "train_accuracy": ("training accuracy", "train_accuracy"),
    "train_loss": ("training loss", "train_loss"),
}
STATES = ("done", "diverged", "failed", "running", "interrupted", "lost", "damaged", "missing")
NAN = float("nan")


def content_of(
    verdict: Verdict, judged: Judged | None = None, files: Sequence[page.File] = ()
) -> page.Content:
    """Return what the page shows of a sweep; `files` are those that are written beside it."""
    results = verdict.results
    plan = layout(results.factors)
    return page.Content(
        header=header(results),
        sweep=sweep_of(results),
        answer=answer(verdict),
        effects=tuple(effects(verdict.rankings)),
        comparisons=tuple(comparisons(verdict.rankings)),
        comparisons_note="Paired t over the seeds, Holm-corrected within a factor and metric.",
        failures=tuple(failures(results)),
        notices=tuple(notices(results)),
        claims=tuple(claims(judged)),
        about=about(results, files),
        rerun=f"python -m sweeps.runs {results.directory} rerun {{id}}",
        interval="± 95 % interval over seeds",
        layout=(plan.row.name if plan.row else "", plan.column.name if plan.column else ""),
    )


def header(results: Results) -> page.Header:
    """Return the first lines of the page."""
    counts = results.runs["status"].value_counts()
    unfinished = len(results.runs) - int(counts.get("done", 0)) - int(counts.get("diverged", 0))
    return page.Header(
        title=results.sweep,
        trained=tuple(trained_on(results)),
        question=question_of(results),
        counts={state: int(counts[state]) for state in STATES if state in counts},
        changed=last_change(results),
        unfinished=unfinished,
        watch=f"python -m reports serve {results.directory}",
    )


def sweep_of(results: Results) -> page.Sweep:
    """Return the cells, runs and curves."""
    metrics = [metric for name, metric in METRICS.items() if results.runs[name].notna().any()]
    metrics = metrics or [METRICS["test_accuracy"]]
    data = (results.dataset.name,) if results.dataset else ()
    losses = tuple(factor.name for factor in results.factors if factor.key == "loss")
    runs = results.runs
    return page.Sweep(
        metrics=tuple(shown(metric, data, losses) for metric in metrics),
        factors=tuple(
            page.Factor(
                factor.name,
                factor.key,
                factor.levels,
                tuple(factor.numbers.values()) if factor.numeric else None,
                factor.along,
            )
            for factor in results.factors
        ),
        cells=cells(results, metrics),
        runs=page.Runs(
            id=runs["cell_id"].tolist(),
            folder=runs["name"].where(runs["status"] != "missing", "").tolist(),
            status=runs["status"].tolist(),
            seed=runs["seed"].map(str).tolist(),
            cell=runs["cell"].to_numpy(np.int64),
            problem=runs["problem"].tolist(),
            metrics={metric.name: runs[metric.name].to_numpy(np.float64) for metric in metrics},
        ),
        curves=curves(results),
    )


def shown(metric: Metric, data: tuple[str, ...], losses: tuple[str, ...]) -> page.Metric:
    """Return how the page calls and shows a metric."""
    direction: page.Direction = (
        "maximize" if metric.better == "higher" else "minimize" if metric.better == "lower" else ""
    )
    within = data if metric.across_losses else (*data, *losses)
    if metric.unit == "accuracy":
        axis = metric.name != "gap"
        return page.Metric(metric.name, metric.label, direction, "%", "points", 100, 2, axis, within)
    digits = {"epochs": 1, "seconds": 3}.get(metric.unit, 4)
    unit = {"epochs": "", "seconds": "s"}.get(metric.unit, "")
    return page.Metric(metric.name, metric.label, direction, unit, unit, 1, digits, False, within)


def cells(results: Results, metrics: Sequence[Metric]) -> page.Cells:
    """Return every cell with its figures."""
    table = results.cells
    places = [table[f.name].cat.codes.to_numpy(np.int64) for f in results.factors]
    figures = {}
    for metric in metrics:
        summary = summarise(results, metric.name)
        mean, half = (summary[column].to_numpy(np.float64) for column in ("mean", "half"))
        figures[metric.name] = page.CellFigures(mean, half, summary["n"].to_numpy(np.int64))
    levels = np.stack(places, axis=1).astype(np.int64) if places else np.zeros((len(table), 0), np.int64)
    return page.Cells(levels, table["runs"].to_numpy(np.int64), figures)


def curves(results: Results) -> page.Curves | None:
    """Return the curves of all runs, in the order of the runs; None if there are none."""
    history = results.history
    if history.empty:
        return None
    places = pd.Series(np.arange(len(results.runs)), index=results.runs["cell_id"].to_numpy())
    run = places.reindex(history["cell_id"].astype(object)).to_numpy()
    order = np.argsort(run, kind="stable")
    known = [name for name in CURVES if history[name].notna().any()]
    return page.Curves(
        lengths=np.bincount(run.astype(np.int64), minlength=len(places)),
        steps=history["epoch"].to_numpy(np.float64)[order],
        values={name: history[name].to_numpy(np.float64)[order] for name in known},
        labels={name: CURVES[name][0] for name in known},
        metric={name: CURVES[name][1] for name in known},
    )


def answer(verdict: Verdict) -> page.Answer:
    """Return the headline."""
    results, summary = verdict.results, verdict.summary
    best: list[page.Best] = []
    for cell in summary.index[verdict.marked == "best"]:
        row = summary.loc[cell]
        data = str(row[results.dataset.name]) if results.dataset else ""
        if any(known.scope == data for known in best):
            continue
        same = summary[results.dataset.name] == data if results.dataset else pd.Series(True, summary.index)
        near = summary.index[same & (verdict.marked == "near")]
        figure = f"{100 * row['mean']:.2f} %"
        figure += f" ± {100 * row['half']:.2f}" if math.isfinite(row["half"]) else ""
        near_cells = tuple(int(place) for place in near)
        text = near_text(row, len(near_cells)) if same.sum() > 1 else ""
        best.append(page.Best(int(cell), figure, near_cells, data, text))
    warning = next((finding.text for finding in testing(results)), "") if best else ""
    command = seeds_command(results) if results.runs["seed"].nunique() < MIN_SEEDS and best else ""
    diverged = [finding.text for finding in divergence(results)]
    none = "No run has ended well." if diverged else "No run has finished yet."
    return page.Answer(
        best=tuple(best),
        sentences=(*(() if best else (none,)), *diverged, *unranked(verdict.rankings)),
        warning=warning,
        command=command,
        command_note=cost_note(results) if command else "",
    )


def unranked(rankings: Sequence[Ranking]) -> Iterator[str]:
    """Yield which factors have too many levels to be compared."""
    for ranking in rankings:
        if ranking.metric.name == "test_accuracy" and ranking.state == "too many levels":
            yield f"Not ranked, for more than {MAX_LEVELS} levels: {ranking.title}."


def near_text(row: "pd.Series[float]", near: int) -> str:
    """Return what is known of the other cells."""
    if row["n"] < MIN_SEEDS:
        return ""
    return f"{near} other cell{'s' if near != 1 else ''} may be as good" if near else "all others are worse"


def seeds_command(results: Results) -> str:
    """Return the command that runs the same sweep with enough seeds to test anything."""
    seeds = ",".join(map(str, range(MIN_SEEDS)))
    words = [word for word in command_of(results).split() if not word.startswith("seed=")]
    return " ".join([*words, f"seed={seeds}"]) if results.plan else ""


def cost_note(results: Results) -> str:
    """Return how long the missing seeds would take at the pace of the recorded runs."""
    seconds = results.done["total_wall_s"].sum() / max(results.done["concurrent_runs"].max(), 1)
    have = max(results.runs["seed"].nunique(), 1)
    minutes = seconds * (MIN_SEEDS - have) / have / 60
    return f"about {max(round(minutes), 1)} min" if math.isfinite(minutes) else ""


def effects(rankings: Sequence[Ranking]) -> Iterator[page.Effect]:
    """Yield what each factor does to each ranked metric."""
    for ranking in rankings:
        sign = -1 if ranking.metric.better == "higher" else 1
        known = [(level, i) for level, i in ranking.levels.items() if math.isfinite(i.mean)]
        known.sort(key=lambda item: sign * item[1].mean)
        levels = [
            page.LevelEffect(
                level, i.mean, i.low, i.high, i.n * ranking.blocks, ranking.diverged.get(level, 0)
            )
            for level, i in known
        ]
        means = [level.mean for level in levels]
        yield page.Effect(
            factor=ranking.factor,
            metric=ranking.metric.name,
            levels=tuple(levels),
            text=ranking.text if ranking.state == "tested" else "",
            note=ranking.note if ranking.state == "tested" else ranking.caution,
            within=ranking.part,
            size=max(means) - min(means) if means else NAN,
            seeds=ranking.seeds,
            cells=ranking.blocks,
        )


def comparisons(rankings: Sequence[Ranking]) -> Iterator[page.Comparison]:
    """Yield every pair of levels, the better first."""
    for ranking in rankings:
        for pair in ranking.pairs:
            yield comparison(ranking, pair)


def comparison(ranking: Ranking, pair: Pair) -> page.Comparison:
    """Return one pair with the better level first."""
    c, metric = pair.contrast, ranking.metric
    ahead = (c.estimate >= 0) == (metric.better != "lower")
    first, second = (pair.first, pair.second) if ahead else (pair.second, pair.first)
    sign = 1 if ahead else -1
    low, high = sorted((sign * c.low, sign * c.high))
    relation: page.Relation = ">" if pair.relation in "<>" else "≈" if pair.equivalent else "?"
    means = [i.mean for level, i in ranking.levels.items() if level in (first, second)]
    margin = metric.margin(float(np.mean(means)) if means else NAN)
    power = f"{MIN_SEEDS} seeds are needed to test" if c.seeds < MIN_SEEDS else ""
    return page.Comparison(
        factor=ranking.factor,
        metric=metric.name,
        first=first,
        second=second,
        estimate=sign * c.estimate,
        low=low,
        high=high,
        p=pair.p_holm,
        relation=relation,
        margin=margin,
        seeds=c.seeds,
        cells=c.blocks,
        power=power,
        within=ranking.part,
        exploratory=metric.name != "test_accuracy",
    )


def failures(results: Results) -> Iterator[page.Failure]:
    """Yield the runs without a result, grouped by state and message, the commonest first."""
    pending = results.runs.reset_index(drop=True)
    pending = pending[pending["status"].isin(("failed", "damaged", "lost", "interrupted", "diverged"))]
    message = pending["problem"].map(lambda text: re.sub(r"\d+", "…", text)[:300])
    groups = pending.groupby([pending["status"], message], sort=False)
    for (state, _), rows in sorted(groups, key=lambda item: (item[0][0] == "diverged", -len(item[1]))):
        command = command_of(results) if state != "diverged" else ""
        text = str(rows["problem"].iloc[0])
        yield page.Failure(str(state), text, len(rows), tuple(rows.index.tolist()), command)


def notices(results: Results) -> Iterator[page.Notice]:
    """Yield what could not be believed and what was left out."""
    if results.problems:
        plural = "s" if len(results.problems) != 1 else ""
        text = f"{len(results.problems)} file{plural} could not be believed and left out."
        yield page.Notice(text, tuple(map(str, results.problems[:20])), bad=True)
    if results.unplanned:
        plural = "s are" if len(results.unplanned) != 1 else " is"
        text = (
            f"{len(results.unplanned)} recorded cell{plural} not part of the latest plan and left out here."
        )
        yield page.Notice(f"{text} --all takes them in.", tuple(results.unplanned[:20]))


def claims(judged: Judged | None) -> Iterator[page.Claims]:
    """Yield the claims that were judged."""
    if judged is None:
        return
    title = judged.source.title if judged.source else "Claims"
    for name, own in (("", judged.claims), ("Beyond the report", judged.beyond)):
        if own:
            rows = claims_frame(own).to_dict("records")
            yield page.Claims(
                name or title,
                tuple((f"{r['id']} {r['statement']}", str(r["verdict"]), str(r["numbers"])) for r in rows),
                judged.source.remarks if judged.source and not name else (),
            )
