"""The page over all studies as Markdown, and its picture: what of the reports holds, and how sure that is."""

from collections.abc import Sequence
from typing import Any

from reports.claims.claim import VERDICTS
from reports.plots.plot import Plot
from reports.published.firmness import firm_counts, moved_words, negligible
from reports.published.fitted import ENOUGH, fitted_words
from reports.published.lists import apart, by_verdict, told_lessons
from reports.published.overview import overview_plot
from reports.published.pages import Study, figure_counts, main_part, template
from reports.published.seeds import some_have_more


def summary_page(studies: Sequence[Study]) -> str:
    """Return the page that says what of the source reports holds, what does not, and how sure that is."""
    reports, more = apart(studies)
    rows = [counts_of(study) for study in reports]
    total = {key: sum(row[key] for row in rows) for key in counts_of_none()}
    claims = [judgement for study in reports for judgement in study.judged.claims]
    return template("results_summary.md").render(
        rows=rows,
        total=total,
        expected_inside=round(ENOUGH * total["compared"]),
        main=[main_claims(study) for study in reports if study.source.main],
        more=[counts_of(study) for study in more],
        beyond=sum(len(study.judged.beyond) for study in studies),
        firm=firm_counts(claims),
        moved=moved_words(claims),
        negligible=sum(map(negligible, claims)),
        grown=[study.source.title for study in reports if some_have_more(main_part(study)["seed"])],
        fitted=[
            {"name": study.name, "title": study.source.title, **fitted_words(study.source, study.fit)}
            for study in reports
            if study.fit
        ],
        lessons=told_lessons(studies),
        changed=sum(len(study.changes) for study in studies),
    )


def main_claims(study: Study) -> dict[str, Any]:
    """Return the main claims of a study, by their verdicts."""
    groups = [
        (verdict, [claim for claim in claims if claim["id"] in study.source.main])
        for verdict, claims in by_verdict(study)
    ]
    return {"name": study.name, "title": study.source.title, "groups": groups}


def summary_plot(studies: Sequence[Study]) -> Plot:
    """Return the picture of all verdicts."""
    reports, more = ([(s.source.title, s.judged.claims) for s in each] for each in apart(studies))
    return overview_plot(reports, more)


def counts_of_none() -> dict[str, int]:
    """Return what is counted of a study, all 0."""
    return dict.fromkeys(("claims", *VERDICTS, "figures", "compared", "inside"), 0)


def counts_of(study: Study) -> dict[str, Any]:
    """Return how many claims and figures a study has, and what became of them."""
    figures = figure_counts(study.judged)
    return {
        "name": study.name,
        "title": study.source.title,
        "unfinished": study.unfinished,
        "claims": len(study.judged.claims),
        **study.judged.counts,
        "figures": figures["all"],
        "compared": figures["compared"],
        "inside": figures["inside"],
    }
