"""The pages of the studies' results as Markdown: one for each study, and the summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from reports.claims.claim import VERDICTS, Judgement
from reports.claims.observations import MAIN
from reports.claims.tables import claims_frame
from reports.published.beside import rankings_beside
from reports.published.changes import Change, changes, first_verdicts
from reports.published.lessons import Lesson, lessons
from reports.published.rankings import rankings
from reports.sources import STUDIES, Reference
from reports.sources.judged import Judged
from reports.tables.formats import markdown_escape
from reports.tables.spreadsheet import read_csv
from sweeps.records.errors import UserError
from sweeps.records.layout import PUBLISHED_RUNS as RUNS

DRAWN_BY = "times and figures by version"  # the first version did not say so
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Study:
    """A study as it is kept: its folder, its source and what is judged on its runs."""

    folder: Path
    source: Reference
    judged: Judged

    @property
    def unfinished(self) -> int:
        """How many of the planned runs have no result."""
        return int((~self.judged.frame["status"].isin(["done", "diverged"])).sum())

    @property
    def name(self) -> str:
        """The name of the study."""
        return self.source.study


def study_page(study: Study) -> str:
    """Return the page of one study as Markdown."""
    judged, folder = study.judged, study.folder
    machine = records(read_csv(folder / "machine.csv"))
    return template("results_study.md").render(
        source=study.source,
        counts=judged.counts,
        claims=records(claims_frame(judged.claims)),
        beyond=records(claims_frame(judged.beyond)),
        reported=None if judged.reported is None else records(judged.reported),
        inside=inside(judged),
        parameters=None if judged.parameters is None else records(judged.parameters),
        rankings=records(rankings(judged.frame, study.name)),
        times=records(read_csv(folder / "times.csv")) if (folder / "times.csv").exists() else [],
        machine=machine,
        drawn_by={row["what"]: row["value"] for row in machine}.get(DRAWN_BY, ""),
        plots=sorted(path.name for path in (folder / "plots").glob("*.png")),
        runs=len(judged.frame),
        unfinished=study.unfinished,
        seeds=judged.frame["seed"].nunique(),
    )


def summary_page(studies: Sequence[Study]) -> str:
    """Return the page that says what of the source reports holds, what does not, and why."""
    own = [study for study in studies if study.name in STUDIES]
    judgements = {j.claim.id: (study, j) for study in studies for j in every_judgement(study)}
    return template("results_summary.md").render(
        studies=[(study, study.judged.counts, inside(study.judged)) for study in studies],
        total={verdict: sum(study.judged.counts[verdict] for study in own) for verdict in VERDICTS},
        inside=tuple(sum(inside(study.judged)[k] for study in own) for k in (0, 1)),
        verdicts=VERDICTS,
        judged=sum(len(first_verdicts(study.folder / RUNS)) for study in studies),
        statements={name: judgement.claim.statement for name, (_, judgement) in judgements.items()},
        changes=[(study.name, change) for study in studies for change in changes_of(study)],
        claims=[(study, with_held(study.judged.claims)) for study in own],
        lessons=[told(lesson, judgements) for lesson in lessons() if set(lesson.rests_on) <= set(judgements)],
        beside=rankings_of_both(studies),
        chosen=chosen_rates([study for study in studies if study.source.beside]),
    )


def changes_of(study: Study) -> list[Change]:
    """Return the verdicts on a study's claims that are others than in the first version."""
    return changes(study.folder / RUNS, every_judgement(study))


def with_held(judgements: Sequence[Judgement]) -> list[dict[str, Any]]:
    """Return the rows of the claims' table, each with how many of its comparisons hold ("2 of 6")."""
    pairs = [[pair for outcome in j.outcomes for pair in outcome.pairs] for j in judgements]
    held = [f"{sum(p.verdict == 'holds' for p in each)} of {len(each)}" if each else "–" for each in pairs]
    return records(claims_frame(judgements).assign(held=held))


def every_judgement(study: Study) -> list[Judgement]:
    """Return all that was judged of a study."""
    return [*study.judged.claims, *study.judged.beyond]


def told(lesson: Lesson, judgements: Mapping[str, tuple[Study, Judgement]]) -> dict[str, Any]:
    """Return a lesson with the claims that it rests on; UserError unless their verdicts are as it says."""
    evidence = []
    for name, verdict in lesson.rests_on.items():
        study, judgement = judgements[name]
        if judgement.verdict != verdict:
            raise UserError(
                f"lesson {lesson.title!r}: rests on {name} {verdict}, which is {judgement.verdict}"
            )
        evidence.append((study.name, records(claims_frame([judgement]))[0]))
    return {"title": lesson.title, "text": lesson.text, "evidence": evidence}


def inside(judged: Judged) -> tuple[int, int]:
    """Return how many reported figures lie inside our prediction intervals, of how many that have one."""
    if judged.reported is None:
        return 0, 0
    known = judged.reported["inside"]
    return int((known == "true").sum()), int((known != "").sum())


def rankings_of_both(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """Return the rankings of a study that stands beside another one, with the other's, if both are there."""
    by_name = {study.name: study for study in studies}
    pairs = [(study, study.source.beside) for study in studies if study.source.beside is not None]
    return [
        row
        for study, other in pairs
        if other is not None and other.study in by_name
        for row in records(
            rankings_beside(
                by_name[other.study].judged.frame, study.judged.frame, other.where, ("given", "tuned")
            )
        )
    ]


def chosen_rates(studies: Sequence[Study]) -> pd.DataFrame:
    """Return the learning rate of each cell of the main part, losses by activation and depth."""
    if not studies:
        return pd.DataFrame()
    runs = pd.concat([study.judged.frame for study in studies])
    main = runs[runs["part"] == MAIN]
    cell = main["activation"] + " " + main["hidden"]
    return pd.crosstab(main["loss"], cell, main["lr"], aggfunc="first")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    return frame.to_dict("records")  # type: ignore[return-value]


def template(name: str) -> jinja2.Template:
    """Return a page to fill in; what is filled in stays text (`|e`)."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,
    )
    environment.filters["t"] = lambda value: markdown_escape(str(value))
    return environment.get_template(name)
