"""The results of studies as pages to commit: runs and figures kept small, everything else rebuilt from them.

For every study there is a folder. `runs.csv`, `machine.csv`, `times.csv` and the PNG figures are taken from
its run records, as is `again.json`, which trains each run again; claims, rankings, reported figures and the
pages are made from what is kept, so that anybody can rebuild and check them without a single run.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

from reports.claims.frames import claims_frame, contrasts_frame
from reports.claims.looks import looks_of
from reports.claims.observations import compact, observe, read_observations, write_observations
from reports.claims.runs import TIMING
from reports.page.build import make_report, make_tables
from reports.page.drafts import alone_at, clear, draft_for, replace_directory
from reports.page.provenance import provenance
from reports.page.report import Report
from reports.plots import Plot, save_all
from reports.published.again import kept_runs
from reports.published.dumbbells import dumbbell_plot
from reports.published.fit_runs import is_fit, keep_fit, study_of
from reports.published.fitted import fitted_table
from reports.published.lists import changes_page, claims_page, lessons_page
from reports.published.looks import read_looks, write_looks
from reports.published.named import named_in
from reports.published.pages import DRAWN_BY, Study, study_page
from reports.published.rankings import rankings
from reports.published.strips import strip_plots
from reports.published.summary import summary_page, summary_plot
from reports.runs.reader import load
from reports.runs.results import Results
from reports.sources import reference
from reports.sources.judged import judged_study
from reports.tables.spreadsheet import write_csv
from reports.tables.table import Table
from sweeps.cli.version import version
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN
from sweeps.records.layout import PUBLISHED_RUNS as RUNS
from sweeps.records.published import write_published
from sweeps.records.studies import STUDIES

SUMMARY, CLAIMS, LESSONS, CHANGES = "README.md", "claims.md", "lessons.md", "changes.md"
MAIN_PLOTS = (
    "heatmap-test_accuracy",
    "grid",
    "ranking-test_accuracy",
    "accuracy-against-",
    "boundary-",
    "tuning-",
)
COLOURS = 64
NOT_KEPT = ("host", "command", "planned")


def publish(directories: Iterable[Path], target: Path) -> Path:
    """Keep what these studies' records say in folders of `target`, and rebuild every page there.

    Returns the summary page. Raises UserError where a directory holds none of the studies, or a lesson is not
    borne out; what was in `target` then stays as it was.
    """
    found = [load(directory) for directory in directories]
    for results in found:
        if reference(study_of(results)) is None:
            raise UserError(f"{results.directory}: {results.sweep} is none of {', '.join(all_studies())}")
    clear(target)  # puts back what a command that was killed had moved aside
    require_place(target, bool(found))
    with alone_at(target), draft_for(target) as draft:
        if target.is_dir():
            shutil.copytree(target, draft, symlinks=True)
        for results in found:
            (keep_fit if is_fit(results) else keep)(results, draft / study_of(results))
        rebuild(draft)
        replace_directory(draft, target)
    return target / SUMMARY


def require_place(target: Path, new: bool) -> None:
    """Raise UserError where nothing is kept that could be rebuilt, or whose files would be written over."""
    if any((target / name / RUNS).exists() for name in all_studies()):
        return
    if not new:
        raise UserError(f"{target}: holds no study; name the directories of some")
    if other := next(
        (name for name in (SUMMARY, CLAIMS, LESSONS, CHANGES) if (target / name).exists()), None
    ):
        raise UserError(
            f"{target}: has a {other} and no study: it would be written over; name another folder"
        )


def all_studies() -> list[str]:
    """Return the names of what can be published, in the order of the summary."""
    return [study.name for study in STUDIES]


def keep(results: Results, folder: Path) -> None:
    """Write what is taken from the run records themselves."""
    source, report = reference(results.sweep), make_report(results)
    assert source is not None
    folder.mkdir(parents=True, exist_ok=True)
    frame = observe(results)
    write_observations(compact(frame, named_in(source)), folder / RUNS)
    write_published(folder, kept_runs(results.directory, frame))
    write_looks(folder, looks_of(results))
    facts = [(key, value) for key, value in provenance(results) if key not in NOT_KEPT]
    facts.append((DRAWN_BY, version()))
    write_csv(pd.DataFrame(facts, columns=["what", "value"]), folder / "machine.csv")
    if times := timing_tables(results):
        write_csv(times_of(times), folder / "times.csv")
    else:
        (folder / "times.csv").unlink(missing_ok=True)
    draw(main_plots(report), folder / "plots", "png")


def timing_tables(results: Results) -> dict[str, Table]:
    """Return what an epoch costs by each factor, of the study's timing sweep if that has any times."""
    directory = results.directory / TIMING
    tables = make_tables(load(directory)) if (directory / PLAN).exists() else []
    prefix = "timing_by_"
    return {table.name.removeprefix(prefix): table for table in tables if table.name.startswith(prefix)}


def times_of(tables: Mapping[str, Table]) -> pd.DataFrame:
    """Return what an epoch costs by the levels of each factor, the cheapest first."""
    named = [
        table_frame(table).rename(columns={factor: "level"}).assign(factor=factor)
        for factor, table in tables.items()
    ]
    times = pd.concat(named, ignore_index=True).fillna("")
    first = [name for name in ("factor", "part", "level") if name in times]
    return times[[*first, *(name for name in times.columns if name not in first)]]


def rebuild(target: Path) -> None:
    """Make every page and table in `target` from what is kept there."""
    studies = [read(target / name) for name in all_studies() if (target / name / RUNS).exists()]
    summary = summary_page(studies)  # first, as a lesson may not hold
    for study in studies:
        for name, frame in tables_of(study).items():
            write_csv(frame, study.folder / f"{name}.csv")
        draw(drawn_anew(study), study.folder / "plots", "svg")
        (study.folder / SUMMARY).write_text(study_page(study, studies), encoding="utf-8")
    draw([summary_plot(studies)], target, "svg")
    (target / SUMMARY).write_text(summary, encoding="utf-8")
    (target / CLAIMS).write_text(claims_page(studies), encoding="utf-8")
    for name, page in ((LESSONS, lessons_page(studies)), (CHANGES, changes_page(studies))):
        if page:
            (target / name).write_text(page, encoding="utf-8")


def drawn_anew(study: Study) -> list[Plot]:
    """Return the figures that are made from a study's runs as they are kept."""
    reported = study.judged.reported
    return [*strip_plots(study.judgements), *([] if reported is None else [dumbbell_plot(reported)])]


def read(folder: Path) -> Study:
    """Read the runs of a study that are kept, and judge them."""
    source = reference(folder.name)
    assert source is not None
    looks = read_looks(folder)
    return Study(folder, source, judged_study(source, read_observations(folder / RUNS), looks), looks)


def tables_of(study: Study) -> dict[str, pd.DataFrame]:
    """Return what is made from a study's runs as tables to keep, by name."""
    judged = study.judged
    tables: dict[str, pd.DataFrame | None] = {
        "rankings": rankings(study.kept),
        "claims": claims_frame(judged.claims),
        "beyond": claims_frame(judged.beyond) if judged.beyond else None,
        "contrasts": contrasts_frame([*judged.claims, *judged.beyond]),
        "reported": judged.reported,
        "parameters": judged.parameters,
        "fitted": fitted_table(study.fit) if study.fit else None,
    }
    return {name: table for name, table in tables.items() if table is not None}


def main_plots(report: Report) -> list[Plot]:
    """Return the figures that show the most of a study."""
    return [plot for plot in report.plots if plot.name.startswith(MAIN_PLOTS)]


def draw(plots: Sequence[Plot], folder: Path, suffix: str) -> None:
    """Draw figures as SVG, or as PNG with few colours, in place of those of that kind that are there."""
    for old in folder.glob(f"*.{suffix}"):
        old.unlink()
    save_all(plots, folder, formats=(suffix,))
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            few = image.convert("RGB").quantize(COLOURS)
        few.save(path, optimize=True)


def table_frame(table: Table) -> pd.DataFrame:
    """Return the texts of a table."""
    return pd.DataFrame([[entry.text for entry in row] for row in table.rows], columns=list(table.heads))
