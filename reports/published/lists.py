"""The pages that list what all studies have: every claim, every lesson, every verdict that is another now."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.claims.claim import VERDICTS, Judgement
from reports.published.changes import RUN_AGAIN, first_verdicts, made_again
from reports.published.firmness import is_firm
from reports.published.lessons import Lesson, lessons
from reports.published.pages import Study, anchor, claim_anchor, template
from reports.sources import STUDIES
from sweeps.records.errors import UserError

Judgements = Mapping[str, tuple[Study, Judgement]]


def apart(studies: Sequence[Study]) -> tuple[list[Study], list[Study]]:
    """Return the studies of the source reports, and those that go beyond them."""
    return [s for s in studies if s.name in STUDIES], [s for s in studies if s.name not in STUDIES]


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


def by_verdict(study: Study) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the claims of a study under each verdict that there is."""
    rows: dict[str, list[dict[str, Any]]] = {verdict: [] for verdict in VERDICTS}
    for judgement in study.judged.claims:
        claim = judgement.claim
        row = {"id": claim.id, "anchor": claim_anchor(judgement), "statement": claim.statement}
        rows[judgement.verdict].append(row | {"firm": is_firm(judgement)})
    return [(verdict, found) for verdict, found in rows.items() if found]


def changes_page(studies: Sequence[Study]) -> str:
    """Return the page of the verdicts that the first publication had otherwise; empty if there are none."""
    found = changes_by_reason(studies)
    words = first_words(studies)
    return template("results_changes.md").render(changes=found, first_words=words) if found else ""


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
    text += " The rules have changed (the margin was half a percentage point)"
    if not new:
        return f"{text}, the runs are the same."
    told = (
        f'. A change that is not due to "{RUN_AGAIN}" is there on the first runs, too, by the present rules.'
    )
    if len(new) == len(studies):
        return f"{text}, and all runs were made again{told}"
    again = ", ".join(f"*{title}*" for title in new)
    return f"{text}, and so are the runs of {again}{told}"
