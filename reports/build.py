"""A whole report from one directory: tables, plots and page, built aside and then put in place at once."""

import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reports.findings import findings
from reports.formats import csv_text, latex, markdown
from reports.grids import grid_tables
from reports.metrics import METRICS, RANKED
from reports.page import Report, render
from reports.plots import all_plots, save_all
from reports.rankings import Ranking
from reports.results import Results, natural
from reports.statistics import explained
from reports.summary import marks, summarise
from reports.tables import Table, file_name
from reports.verdicts import (
    best_table,
    contrasts_table,
    levels_table,
    rankings_of,
    rankings_table,
    timing_tables,
    unfinished_table,
    variance_table,
    varies,
)

REPORT_DIR = "report"
FORMATS = {"csv": csv_text, "md": markdown, "tex": latex}


def make_report(results: Results, plots: bool = True) -> Report:
    """Return everything that a report says, nothing of it written or drawn yet."""
    verdict = judge(results)
    tables = {table.name: table for table in all_tables(results, verdict)}
    return Report(
        results=results,
        findings=findings(results, verdict.rankings, verdict.summary, verdict.marked),
        rankings=verdict.rankings,
        tables=tables,
        plots=all_plots(results, tables, verdict.rankings) if plots else [],
        shares={
            name: explained(results.done, results.names, name) for name in RANKED if varies(results, name)
        },
    )


def make_tables(results: Results) -> list[Table]:
    """Return every table of a report."""
    return all_tables(results, judge(results))


@dataclass(frozen=True)
class Verdict:
    """What several tables share: the rankings, and test accuracy of all cells with the best marked."""

    rankings: Sequence[Ranking]
    summary: pd.DataFrame
    marked: pd.Series


def judge(results: Results) -> Verdict:
    """Rank the factors and find the best cells."""
    summary = summarise(results, "test_accuracy")
    one_group = pd.Series(0, index=summary.index)
    return Verdict(rankings_of(results), summary, marks(results, METRICS["test_accuracy"], one_group))


def all_tables(results: Results, verdict: Verdict) -> list[Table]:
    """Return every table, given what they share."""
    return [
        *grid_tables(results),
        best_table(results, verdict.summary, verdict.marked),
        rankings_table(verdict.rankings),
        contrasts_table(verdict.rankings),
        levels_table(verdict.rankings),
        variance_table(results),
        *timing_tables(results),
        unfinished_table(results),
    ]


def write_report(results: Results, *, plots: bool = True, jobs: int = -1) -> Path:
    """Build the report of a sweep and return its page; an older report stays until the new one is whole."""
    target = results.directory / REPORT_DIR
    draft = results.directory / f".{REPORT_DIR}-{uuid.uuid4().hex[:8]}.tmp"
    report = make_report(results, plots)
    try:
        write_tables(report, draft / "tables")
        if plots:
            save_all(report.plots, draft / "plots", jobs)
        (draft / "index.html").write_text(render(report), encoding="utf-8")
        replace_directory(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target / "index.html"


def write_tables(report: Report, folder: Path) -> None:
    """Write every table in every format, and the frames behind them as CSV."""
    folder.mkdir(parents=True)
    for table in report.tables.values():
        for suffix, text in FORMATS.items():
            (folder / f"{file_name(table.name)}.{suffix}").write_text(text(table), encoding="utf-8")
    results = report.results
    runs = natural(results, results.runs).drop(columns=["cell", "started", "finished"])
    runs.to_csv(folder / "runs.csv", index=False, lineterminator="\n")
    cell_figures(results).to_csv(folder / "cells.csv", index=False, lineterminator="\n")


def cell_figures(results: Results) -> pd.DataFrame:
    """Return every metric of every cell as plain numbers: metric, the factors, n, mean, sd, low, high."""
    columns = [*results.names, "runs", "diverged", "n", "mean", "sd", "low", "high"]
    parts = [summarise(results, name)[columns].assign(metric=name) for name in METRICS]
    return natural(results, pd.concat(parts))[["metric", *columns]]


def replace_directory(new: Path, old: Path) -> None:
    """Put a finished directory in the place of an older one."""
    if old.exists():
        aside = new.with_suffix(".old")
        old.rename(aside)
        new.rename(old)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        new.rename(old)
