"""A whole report from one directory: tables, plots and page, built aside and then put in place at once."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from reports.analysis.cells import summarise
from reports.analysis.intervals import NAN
from reports.analysis.new_images import half_widths
from reports.analysis.sweep import Analysis, analyse
from reports.findings.finding import as_json, pair_entry
from reports.findings.report import told
from reports.page.adapter import content_of
from reports.page.compared import within
from reports.page.content import File
from reports.page.drafts import draft_for, replace_directory
from reports.page.provenance import notes_of
from reports.page.report import Report
from reports.page.view import render
from reports.runs import record_cache
from reports.runs.curve_cache import CACHE, save_cache
from reports.runs.results import Results, natural
from reports.sources.judged import Judged, judged, judged_tables
from reports.tables.about import stands_on
from reports.tables.cells import best_table, unfinished_table
from reports.tables.costs import timing_tables
from reports.tables.drawn import Plots
from reports.tables.formats import csv_text, markdown
from reports.tables.grids import grid_tables
from reports.tables.latex import latex
from reports.tables.rankings import contrasts_table, levels_table, rankings_table, variance_table
from reports.tables.spreadsheet import BOM, write_csv
from reports.tables.table import Table, file_name
from reports.tuning.told import tables as tuning_tables
from reports.tuning.told import tuning_of
from reports.tuning.trials import trials_of
from sweeps.records.errors import UserError
from sweeps.records.layout import FINDINGS, REPORT_DIR

if TYPE_CHECKING:
    from reports.plots import Plot

FORMATS = {"csv": csv_text, "md": markdown, "tex": latex}


Wanted = Plots | str | bool


def make_report(results: Results, plots: Wanted = Plots.ALL, claims: Path | None = None) -> Report:
    """Return everything that a report says, nothing of it written or drawn yet.

    `claims` is a file of claims to judge; without one, a study is judged by those of its source report.
    """
    analysis, found = analyse(results), judged(results, claims)
    tables = {table.name: table for table in [*judged_tables(found), *all_tables(analysis)]}
    figures = drawn(analysis, found, tables, Plots.of(plots))
    return Report(results, told(analysis, found), analysis, tables, figures, found)


def drawn(analysis: Analysis, found: Judged | None, tables: dict[str, Table], which: Plots) -> "list[Plot]":
    """Return these figures of a report; Matplotlib is imported only if there are to be any."""
    if which is Plots.NONE:
        return []
    from reports.plots import plots_of
    from reports.sources.judged import judged_plots
    from reports.tuning.plot import plots as tuning_plots

    tuned = tuning_plots(tuning_of(trials_of(analysis.results)))
    return [*judged_plots(found), *plots_of(analysis, tables, which), *tuned]


def make_tables(results: Results) -> list[Table]:
    """Return every table of a report."""
    return all_tables(analyse(results))


def all_tables(analysis: Analysis) -> list[Table]:
    """Return every table, given what they share."""
    results, effects = analysis.results, analysis.effects
    tables = [
        *grid_tables(results, analysis.parts),
        best_table(analysis),
        rankings_table(effects, analysis.afterwards),
        contrasts_table(effects, analysis.afterwards),
        levels_table(effects),
        variance_table(analysis),
        *timing_tables(analysis),
        *tuning_tables(tuning_of(trials_of(results))),
        unfinished_table(results),
    ]
    about = stands_on(results)
    return [replace(table, about=about) for table in tables]


def write_report(
    results: Results,
    *,
    plots: Wanted = Plots.DEFAULT,
    jobs: int = -1,
    claims: Path | None = None,
    out: Path | None = None,
    called: Path | None = None,
) -> Path:
    """Build the report of a sweep and return its page; an older report stays until the new one is whole.

    Built in the sweep's directory, or as `out`. Without plots those of an older report stay. `called` is
    what the commands on the page call the sweep's directory, if it goes to another machine. Raises UserError
    if that is no place for it.
    """
    drawing = Plots.of(plots) is not Plots.NONE
    target = check_place(out.absolute()) if out else results.directory / REPORT_DIR
    report = make_report(results, plots, claims)
    with draft_for(target, "" if out else " (--out DIR builds the report elsewhere)") as draft:
        write_tables(report, draft / "tables")
        if drawing:
            from reports.plots import save_all

            save_all(report.plots, draft / "plots", jobs)
        (draft / FINDINGS).write_text(as_json(report.findings), encoding="utf-8")
        shown = report.analysis
        if called:
            shown = replace(shown, results=replace(results, directory=called))
        content = replace(content_of(shown, report.judged, files_of(report)), written=notes_of(results))
        (draft / "index.html").write_text(render(content), encoding="utf-8")
        save_caches(results, draft)
        replace_directory(draft, target, keep=None if drawing else "plots")
    return (out or target) / "index.html"


def save_caches(results: Results, folder: Path) -> None:
    """Keep what was read, for the next report."""
    if results.stamps:
        save_cache(folder / CACHE.name, results.history, results.stamps)
    if results.cache is not None and results.cache.entries:
        results.cache.save(folder / record_cache.CACHE.name)


def check_place(target: Path) -> Path:
    """Return where a report is to be. Raises UserError for a directory that holds something else."""
    if target.is_dir() and any(target.iterdir()) and not (target / "tables" / "runs.csv").is_file():
        raise UserError(f"--out {target}: holds something else than a report: name a new directory")
    return target


def write_tables(report: Report, folder: Path) -> None:
    """Write every table in every format, and the frames behind them as CSV."""
    folder.mkdir(parents=True)
    for table in report.tables.values():
        for suffix, text in FORMATS.items():
            encoding = BOM if suffix == "csv" else "utf-8"
            (folder / f"{file_name(table.name)}.{suffix}").write_text(text(table), encoding=encoding)
    results = report.results
    runs = natural(results, results.runs[results.columns]).drop(columns=["cell", "started", "finished"])
    write_csv(runs, folder / "runs.csv", BOM)
    write_csv(cell_figures(results), folder / "cells.csv", BOM)
    write_csv(contrast_figures(report.analysis), folder / "contrasts.csv", BOM)


def files_of(report: Report) -> list[File]:
    """Return the files beside the page, those for further work first."""
    frames = [
        File("tables/runs.csv", "every run: settings, status, all figures"),
        File("tables/cells.csv", "every cell and metric: mean, interval, seeds"),
        File("tables/contrasts.csv", "every comparison of two levels: difference, interval, relation"),
    ]
    tables = [File(f"tables/{file_name(table.name)}.csv", table.title) for table in report.tables.values()]
    plots = [File(f"plots/{plot.file}.svg", plot.title) for plot in report.plots]
    there = {file.path for file in frames}
    return [*frames, *(file for file in tables if file.path not in there), *plots]


def cell_figures(results: Results) -> pd.DataFrame:
    """Return every metric of every cell as plain numbers: metric, the factors, n, mean, sd, low, high.

    `half_new_images`, of the test accuracy only, is the number after its ± for new seeds and new images.
    """
    figures = ["runs", "diverged", "n", "mean", "sd", "low", "high"]
    figures += [] if results.measures.own else ["half_new_images"]
    columns = ["metric", *results.names, *figures]
    wider = {"test_accuracy": half_widths(results)}
    parts = [
        summarise(results, name).assign(metric=name, half_new_images=wider.get(name, NAN))[columns]
        for name in results.metrics
    ]
    return natural(results, pd.concat(parts))


def contrast_figures(analysis: Analysis) -> pd.DataFrame:
    """Return every comparison of two levels as plain numbers: first − second, the better one first.

    `within` says what it is limited to; `detectable` is the difference that so many seeds show with 80 %.
    """
    rows = []
    for effect in analysis.effects:
        about = {"metric": effect.metric.name, "factor": effect.factor, "exploratory": effect.exploratory}
        for part, comparison in effect.shown.items():
            for pair in comparison.pairs:
                entry = pair_entry(pair) | {"margin": effect.settings.margin}
                relations, power = entry.pop("relations"), entry.pop("power") or {}
                halves = {"relation m/2": relations["m/2"], "relation 2m": relations["2m"]}
                rows.append(about | {"within": within(effect, part)} | entry | halves | power)
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["metric", "factor", "within"])
