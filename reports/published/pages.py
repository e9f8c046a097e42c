"""The page of a study's results as Markdown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from reports.claims.claim import Judgement
from reports.claims.figure_texts import judged_figures
from reports.claims.frames import claims_frame, plot_name, reasons
from reports.claims.looks import ONE_LOOK, Looks
from reports.claims.observations import MAIN
from reports.published.beside import rankings_beside
from reports.published.changes import Change, changes
from reports.published.dumbbells import usual_words
from reports.published.fitted import fitted_words
from reports.published.rankings import Kept, rankings
from reports.published.seeds import runs_words, seeds_words
from reports.published.strips import has_strip
from reports.runs.factors import spoken
from reports.sources import Reference
from reports.sources.fitting import Fit, fit_of
from reports.sources.judged import Judged
from reports.sources.reported import TIME
from reports.tables.formats import markdown_escape
from reports.tables.spreadsheet import read_csv

DRAWN_BY = "times and figures by version"  # the first version did not say so
TEMPLATES = Path(__file__).parent / "templates"
PICTURES = {  # how the names of figures begin → what they show
    "accuracy-against-": "Test accuracy against {}",
    "boundary-": "Where the classes are told apart: {}",
    "grid-": "Learning curves: {}",
    "grid": "Learning curves",
    "heatmap-": "{} of every cell",
    "ranking-": "Every factor by {}",
}


@dataclass(frozen=True)
class Study:
    """A study as it is kept: its folder, its source, what is judged on its runs, and by which looks."""

    folder: Path
    source: Reference
    judged: Judged
    looks: Looks = ONE_LOOK

    @property
    def kept(self) -> Kept:
        """What its rankings are made from."""
        return Kept(self.name, self.judged.frame, self.looks.parts.get(MAIN))

    @property
    def unfinished(self) -> int:
        """How many of the planned runs have no result."""
        return int((~self.judged.frame["status"].isin(["done", "diverged"])).sum())

    @property
    def name(self) -> str:
        """The name of the study."""
        return self.source.study

    @cached_property
    def fit(self) -> Fit | None:
        """What comes of fitting what its report does not state; None where that was not tried."""
        return fit_of(self.source, self.judged.frame)

    @property
    def judgements(self) -> list[Judgement]:
        """All that was judged: the report's claims, and those that go beyond it."""
        return [*self.judged.claims, *self.judged.beyond]

    @property
    def changes(self) -> list[Change]:
        """The verdicts that are others than in the first version."""
        return changes(self.folder, self.judgements)


def study_page(study: Study, studies: Sequence[Study] = ()) -> str:
    """Return the page of one study as Markdown; `studies`: those whose rankings may stand beside its own."""
    judged, folder = study.judged, study.folder
    machine = records(read_csv(folder / "machine.csv"))
    return template("results_study.md").render(
        source=study.source,
        counts=judged.counts,
        claims=strip_rows(judged.claims, study.changes),
        beyond=strip_rows(judged.beyond, study.changes),
        reported=judged.reported,
        timed=judged.reported is not None and bool((judged.reported["metric"] == TIME).any()),
        usual="" if judged.reported is None else usual_words(judged.reported),
        figures=figure_counts(judged),
        fitted=fitted_words(study.source, study.fit) if study.fit else None,
        parameters=None if judged.parameters is None else records(judged.parameters),
        rankings=records(rankings(study.kept)),
        beside=rankings_of_both(study, studies),
        chosen=chosen_rates(study),
        times=records(read_csv(folder / "times.csv")) if (folder / "times.csv").exists() else [],
        machine=machine,
        drawn_by={row["what"]: row["value"] for row in machine}.get(DRAWN_BY, ""),
        plots=[(path.name, picture_words(path.stem)) for path in sorted((folder / "plots").glob("*.png"))],
        runs=runs_words(judged.frame),
        unfinished=study.unfinished,
        seeds=seeds_words(main_part(study)["seed"]),
    )


def strip_rows(judgements: Sequence[Judgement], changed: Sequence[Change]) -> list[dict[str, Any]]:
    """Return what stands in the strip of each claim: its words, its picture, what it was before."""
    before = {change.id: change for change in changed}
    rows = records(claims_frame(judgements))
    return [
        row
        | {
            "figures": [text for texts in judged_figures(judgement) for text in texts],
            "reasons": reasons(judgement),
            "banded": any(outcome.banded for outcome in judgement.outcomes),
            "strip": f"plots/{plot_name(judgement)}.svg" if has_strip(judgement) else "",
            "change": before.get(judgement.claim.id),
        }
        for row, judgement in zip(rows, judgements, strict=True)
    ]


def figure_counts(judged: Judged) -> dict[str, int]:
    """Return how many figures a report gives, how many of them are compared, and how many lie inside."""
    if judged.reported is None:
        return {"all": 0, "compared": 0, "inside": 0}
    known = judged.reported["inside"]
    return {
        "all": len(known),
        "compared": int((known != "").sum()),
        "inside": int((known == "true").sum()),
    }


def rankings_of_both(study: Study, studies: Sequence[Study]) -> list[dict[str, Any]]:
    """Return the rankings of a study that stands beside another one, with the other's, if that is there."""
    beside = study.source.beside
    other = next((each for each in studies if beside is not None and each.name == beside.study), None)
    if beside is None or other is None:
        return []
    return records(rankings_beside(other.kept, study.kept, beside.where, ("given", "tuned")))


def main_part(study: Study) -> pd.DataFrame:
    """Return the runs that are compared: not trials, timed runs or measurements."""
    return study.judged.frame[study.judged.frame["part"] == MAIN]


def chosen_rates(study: Study) -> pd.DataFrame:
    """Return the learning rate of each cell of the main part, losses by activation and depth."""
    main = main_part(study)
    cell = main["activation"] + " " + main["hidden"]
    return pd.crosstab(main["loss"], cell, main["lr"], aggfunc="first")


def picture_words(name: str) -> str:
    """Return what a figure shows, from its name."""
    start = next((start for start in PICTURES if name.startswith(start)), "")
    rest = spoken(name.removeprefix(start)).replace("-", ", ")
    text = PICTURES.get(start, "{}").format(rest)
    return text[:1].upper() + text[1:]


def anchor(heading: str) -> str:
    """Return the fragment by which a heading of a page is linked to."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def claim_anchor(judgement: Judgement) -> str:
    """Return the fragment of a claim's strip."""
    return anchor(f"{judgement.claim.id}: {judgement.verdict}")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    return frame.to_dict("records")  # type: ignore[return-value]


def template(name: str) -> jinja2.Template:
    """Return a page to fill in; what is filled in stays text (`|t`)."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,
    )
    environment.filters["said"] = spoken
    environment.filters["t"] = lambda value: markdown_escape(str(value))
    return environment.get_template(name)
