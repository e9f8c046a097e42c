"""The pages over all studies as Markdown: what of the reports holds, and what that teaches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from reports.claims.claim import VERDICTS, Compared, Judgement, Outcome
from reports.plots.plot import Plot
from reports.published.changes import RUN_AGAIN, first_verdicts, made_again
from reports.published.fitted import fitted_words
from reports.published.lessons import Lesson, lessons
from reports.published.overview import overview_plot
from reports.published.pages import (
    Study,
    anchor,
    claim_anchor,
    figure_counts,
    main_part,
    template,
)
from reports.published.seeds import some_have_more
from reports.sources import STUDIES
from sweeps.records.errors import UserError

Judgements = Mapping[str, tuple[Study, Judgement]]


def summary_page(studies: Sequence[Study]) -> str:
    """Return the page that says what of the source reports holds, what does not, and what has changed."""
    reports, more = apart(studies)
    rows = [counts_of(study) for study in reports]
    return template("results_summary.md").render(
        rows=rows,
        total={key: sum(row[key] for row in rows) for key in counts_of_none()},
        more=[counts_of(study) for study in more],
        beyond=sum(len(study.judged.beyond) for study in studies),
        kept_verdicts=kept_verdicts([j for study in reports for j in study.judged.claims]),
        negligible=sum(negligible(j) for study in reports for j in study.judged.claims),
        grown=[study.source.title for study in reports if some_have_more(main_part(study)["seed"])],
        fitted=[
            {"name": study.name, "title": study.source.title, **fitted_words(study.source, study.fit)}
            for study in reports
            if study.fit
        ],
        lessons=told_lessons(studies),
        changes=changes_by_reason(studies),
        first_words=first_words(studies),
    )


def lessons_page(studies: Sequence[Study]) -> str:
    """Return the page of the lessons, each with the verdicts that it rests on; empty if there are none."""
    found = told_lessons(studies)
    return template("results_lessons.md").render(lessons=found) if found else ""


def claims_page(studies: Sequence[Study]) -> str:
    """Return the page that lists every claim of the studies by its verdict, those of the reports first."""
    reports, more = apart(studies)
    listed = [
        {"name": s.name, "title": s.source.title, "reported": s in reports, "groups": by_verdict(s)}
        for s in (*reports, *more)
    ]
    return template("results_claims.md").render(studies=listed)


def by_verdict(study: Study) -> list[tuple[str, list[dict[str, str]]]]:
    """Return the claims of a study under each verdict that there is."""
    rows: dict[str, list[dict[str, str]]] = {verdict: [] for verdict in VERDICTS}
    for judgement in study.judged.claims:
        claim = judgement.claim
        row = {"id": claim.id, "anchor": claim_anchor(judgement), "statement": claim.statement}
        rows[judgement.verdict].append(row)
    return [(verdict, found) for verdict, found in rows.items() if found]


def summary_plot(studies: Sequence[Study]) -> Plot:
    """Return the picture of all verdicts."""
    reports, more = ([(s.source.title, s.judged.claims) for s in each] for each in apart(studies))
    return overview_plot(reports, more)


def apart(studies: Sequence[Study]) -> tuple[list[Study], list[Study]]:
    """Return the studies of the source reports, and those that go beyond them."""
    return [s for s in studies if s.name in STUDIES], [s for s in studies if s.name not in STUDIES]


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


def kept_verdicts(judgements: Sequence[Judgement]) -> dict[str, int]:
    """Return how many verdicts of each kind are the same with half and with twice the band."""
    same = [j.verdict for j in judgements if set(j.verdicts) == {j.verdict}]
    return {verdict: same.count(verdict) for verdict in VERDICTS}


def negligible(judgement: Judgement) -> bool:
    """Whether a claim is refuted only because what it calls different differs by less than the band."""
    if judgement.verdict != "refuted":
        return False
    wrong = [outcome for outcome in judgement.outcomes if outcome.verdict == "refuted"]
    return all(outcome.pairs and all(map(equal(outcome), outcome.pairs)) for outcome in wrong)


def equal(outcome: Outcome) -> Callable[[Compared], bool]:
    """Return whether a pair is not refuted, or is by a difference within the margin where one was claimed."""

    def within(pair: Compared) -> bool:
        ends = pair.corrected[:2]
        small = pair.symbol == ">" and max(map(abs, ends)) <= outcome.margin
        return pair.verdict != "refuted" or small

    return within


def told_lessons(studies: Sequence[Study]) -> list[dict[str, Any]]:
    """Return the lessons all of whose claims have been judged."""
    judgements = {j.claim.id: (study, j) for study in studies for j in study.judgements}
    return [told(lesson, judgements) for lesson in lessons() if set(lesson.rests_on) <= set(judgements)]


def told(lesson: Lesson, judgements: Judgements) -> dict[str, Any]:
    """Return a lesson with the claims that it rests on; UserError unless their verdicts are as it says."""
    evidence = []
    for name, verdict in lesson.rests_on.items():
        study, judgement = judgements[name]
        if judgement.verdict != verdict:
            raise UserError(
                f"lesson {lesson.title!r}: rests on {name} {verdict}, which is {judgement.verdict}"
            )
        fragment, statement = claim_anchor(judgement), judgement.claim.statement
        where = {"study": study.name, "anchor": fragment}
        evidence.append({"id": name, "verdict": verdict, "statement": statement, **where})
    return {
        "title": lesson.title,
        "text": lesson.text,
        "evidence": evidence,
        "anchor": anchor(lesson.title),
    }


def changes_by_reason(studies: Iterable[Study]) -> list[dict[str, Any]]:
    """Return what changed since the first publication, claims with one reason together."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for study in studies:
        verdicts = {j.claim.id: claim_anchor(j) for j in study.judgements}
        for change in study.changes:
            link = f"[{change.id}]({study.name}/README.md#{verdicts[change.id]})"
            groups.setdefault((change.before, change.after, change.short), []).append(link)
    keys = ("before", "after", "reason")
    return [
        dict(zip(keys, group, strict=True)) | {"claims": ", ".join(links)} for group, links in groups.items()
    ]


def first_words(studies: Sequence[Study]) -> str:
    """Return how many claims were judged before, how many otherwise, and whose runs are new since then."""
    judged = [first_verdicts(study.folder, study.judgements) for study in studies]
    changed = sum(len(study.changes) for study in studies)
    before, now = sum(map(len, judged)), sum(len(study.judgements) for study in studies)
    text = f"{before} claims were judged then, ours included; {changed} of them have another verdict now"
    text += f", and {now - before} have been added." if now > before else "."
    new = [study.source.title for study in studies if made_again(study.folder)]
    text += " The rules are others (the margin was half a percentage point)"
    if not new:
        return f"{text}, the runs are the same."
    told = f'. What is not due to "{RUN_AGAIN}" the first runs show as well, by these rules.'
    if len(new) == len(studies):
        return f"{text}, and all runs were made again{told}"
    again = ", ".join(f"*{title}*" for title in new)
    return f"{text}, and so are the runs of {again}{told}"
