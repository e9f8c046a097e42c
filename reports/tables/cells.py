"""Tables of single cells and runs: the best cells with how each stands, and what did not end well."""

from typing import Any

import pandas as pd

from reports.analysis.cells import summarise
from reports.analysis.choosing import choice_note, chosen_by, of_classes
from reports.analysis.intervals import NAN
from reports.analysis.new_images import half_widths
from reports.analysis.sweep import Analysis
from reports.runs.metrics import Metric
from reports.runs.results import Results
from reports.tables.table import Entry, Table, text_table

OF_IMAGES = "test_accuracy"  # the answers on test examples are right or wrong
MARKS = {"best": "best", "may be best": "near"}
WORDS = {"best": "best mean", "untested": "not tested"}


NEW_IMAGES = (
    "± for new images: half the 95 % interval for new seeds and new test images (with one seed: for new "
    "images alone); the other ± is for new seeds on these images."
)


def best_table(analysis: Analysis, count: int = 20) -> Table:
    """Return the cells of each data set with the best mean of the metric that the best is chosen by."""
    results, main = analysis.results, analysis.results.main
    metric = results.measures.metrics[chosen_by(results)]
    summary, more = summarise(results, main.name), of_classes(results)
    extra = {each.name: summarise(results, each.name) for each in more}
    wider = half_widths(results) if main.name == OF_IMAGES else half_widths(results) * NAN
    known_wider = wider.notna().any()
    rows = []
    for best in analysis.best.values():
        means, sign = best.selection.means, -1 if best.higher else 1
        standing = best.standing
        known = [place for place in range(len(best.cells)) if means[place] == means[place]]
        for place in sorted(known, key=lambda place: sign * means[place])[:count]:
            row: Any = summary.loc[int(best.cells[place])]
            mark = MARKS.get(standing[place], "")
            rows.append(
                (
                    *(Entry(str(row[name])) for name in results.names),
                    Entry(metric.show(means[place]), mark, float(means[place])),
                    Entry(main.show_interval(row["mean"], row["half"])),
                    *(Entry(shown(each, extra[each.name], int(best.cells[place]))) for each in more),
                    *([Entry(metric.show(wider[int(best.cells[place])]))] if known_wider else []),
                    Entry(f"{row['n']} of {row['runs']}"),
                    Entry(str(int(best.diverged[place]))),
                    Entry(WORDS.get(standing[place], standing[place])),
                )
            )
    each = f", at most {count} of each data set" if results.dataset else ""
    title = f"The {f'{len(rows)} best cells' if len(rows) != 1 else 'best cell'} by {metric.words}{each}"
    beside = ("± for new images",) if known_wider else ()
    finished = "finished runs ± 95 %" if metric is main else f"{main.label}, finished runs ± 95 %"
    others = (*(each.label for each in more), *beside)
    heads = (*results.names, metric.label, finished, *others, "runs", "diverged", "standing")
    notes = (
        "Sorted by the mean over all runs, a diverged one as what it counts as. Not the best: beaten by some "
        "other cell; worse: than the best mean, of all pairs of cells; both corrected for cells and looks. "
        "Never finished: every run diverged, so that it is no candidate; how it would stand is not said.",
        *((NEW_IMAGES,) if known_wider else ()),
        *filter(None, (choice_note(results), results.split)),
    )
    return Table("best_cells", title, heads, tuple(rows), len(results.names), notes)


def shown(metric: Metric, summary: pd.DataFrame, cell: int) -> str:
    """Return a metric of a cell as a table prints it."""
    return metric.show_interval(float(summary["mean"].loc[cell]), float(summary["half"].loc[cell]))


def unfinished_table(results: Results) -> Table:
    """Return every run that did not end well, or did not end, and why."""
    rows = results.runs[results.runs["status"] != "done"]
    columns = ["status", *results.names, "seed", "name", "problem"]
    body = rows[columns].astype(object).map(str).itertuples(index=False, name=None)
    return text_table("unfinished", "Diverged and unfinished runs", columns, body)
