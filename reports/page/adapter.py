"""What a sweep shows as the page's content: its figures and sentences come from analysis and findings."""

import re
import shlex
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from reports.analysis.cells import layout
from reports.analysis.sweep import Analysis
from reports.claims.frames import claims_frame
from reports.claims.tables import dated
from reports.findings.best import variance
from reports.findings.finding import Finding, as_json
from reports.findings.report import told
from reports.page import content as page
from reports.page.answer import answer
from reports.page.compared import comparisons, effects
from reports.page.provenance import about, command_of, last_change, notes_of, question_of, trained_on
from reports.page.swept import sweep_of
from reports.runs.results import Results
from reports.sources.judged import Judged
from reports.tables.rankings import CONTRAST_NOTES
from sweeps.records.schema import PENDING, STATES

MOST_LINES = 20  # of a notice's details
NUMBER = re.compile(r"\d+")


def content_of(
    analysis: Analysis, judged: Judged | None = None, files: Sequence[page.File] = ()
) -> page.Content:
    """Return what the page shows of a sweep; `files` are those that are written beside it."""
    results, findings = analysis.results, told(analysis, judged)
    plan = layout(results.factors)
    return page.Content(
        header=header(results),
        sweep=sweep_of(results),
        answer=answer(analysis, findings),
        effects=tuple(effects(analysis)),
        matters=tuple(finding.text for finding in findings if finding.kind in ("variance", "size")),
        matters_shown=tuple(finding.text for finding in variance(analysis, results.main.in_percent)),
        comparisons=tuple(comparisons(analysis)),
        comparisons_note=CONTRAST_NOTES[0],
        failures=tuple(failures(results)),
        notices=tuple(notices(results, findings)),
        claims=tuple(claims(judged, findings)),
        about=about(results, files, [finding.text for finding in findings if finding.kind == "timing"]),
        rerun=f"python -m sweeps.runs {shlex.quote(str(results.directory))} rerun {{id}}",
        interval="± 95 % interval over seeds, of finished runs",
        written=notes_of(results),
        layout=(plan.row.name if plan.row else "", plan.column.name if plan.column else ""),
        findings=as_json(findings),
    )


def header(results: Results) -> page.Header:
    """Return the first lines of the page."""
    counts = results.runs["status"].value_counts()
    return page.Header(
        title=results.sweep,
        trained=tuple(trained_on(results)),
        question=question_of(results),
        counts={state: int(counts[state]) for state in STATES if state in counts},
        changed=last_change(results),
        unfinished=sum(int(counts.get(state, 0)) for state in PENDING if state != "failed"),
        watch=f"python -m reports serve {shlex.quote(str(results.directory))}",
    )


def failures(results: Results) -> Iterator[page.Failure]:
    """Yield the runs without a result, those alike in state and message (but for numbers) as one."""
    pending = results.runs.reset_index(drop=True)
    told = [state for state in ("diverged", *PENDING) if state not in ("missing", "running")]
    pending = pending[pending["status"].isin(told)]
    message = pending["problem"].map(lambda text: NUMBER.sub("…", text))
    groups = pending.groupby([pending["status"], message], sort=False)
    for (state, _), rows in sorted(groups, key=lambda item: (item[0][0] == "diverged", -len(item[1]))):
        command = command_of(results) if state != "diverged" else ""
        text = in_ranges(rows["problem"].unique().tolist())
        yield page.Failure(str(state), text, len(rows), tuple(rows.index.tolist()), command)


def in_ranges(messages: Sequence[str]) -> str:
    """Return messages that differ in their numbers as one, each number from the least to the largest.

    ["epoch 1, step 9", "epoch 1, step 14"] is "epoch 1, step 9–14".
    """
    columns = zip(*map(NUMBER.findall, messages), strict=True)
    spans = [sorted(set(column), key=lambda number: (len(number), number)) for column in columns]
    texts = iter(f"{span[0]}{page.RANGE}{span[-1]}" if len(span) > 1 else span[0] for span in spans)
    return NUMBER.sub(lambda _: next(texts), messages[0])


def notices(results: Results, findings: Sequence[Finding]) -> Iterator[page.Notice]:
    """Yield what could not be believed, and what was left out."""
    if results.problems:
        plural = "s" if len(results.problems) != 1 else ""
        text = f"{len(results.problems)} file{plural} could not be believed and left out."
        yield page.Notice(text, tuple(map(str, results.problems[:MOST_LINES])), bad=True)
    if results.excluded:
        plural = "runs are" if len(results.excluded) != 1 else "run is"
        text = f"{len(results.excluded)} {plural} excluded on purpose, and counted in nothing here."
        yield page.Notice(text, results.excluded)
    if results.unplanned:
        plural = "s are" if len(results.unplanned) != 1 else " is"
        text = (
            f"{len(results.unplanned)} recorded cell{plural} not part of the latest plan and left out here."
        )
        lines = (*results.near_misses, *results.unplanned)[:MOST_LINES]
        yield page.Notice(f"{text} --all takes them in.", lines)
    for finding in findings:
        if finding.kind == "data":
            yield page.Notice(finding.text)


def claims(judged: Judged | None, findings: Sequence[Finding]) -> Iterator[page.Claims]:
    """Yield the claims that were judged."""
    if judged is None:
        return
    title = judged.source.title if judged.source else "Claims"
    counts = tuple(finding.text for finding in findings if finding.kind == "claims")
    for name, own in (("", judged.claims), ("Beyond the report", judged.beyond)):
        if own:
            rows = claims_frame(own).to_dict("records")
            remarks = judged.source.remarks if judged.source else ()
            yield page.Claims(
                name or title,
                tuple(map(claim_row, rows)),
                (*counts, *remarks, *dated(own)) if not name else (),
            )


def claim_row(row: Mapping[Hashable, Any]) -> tuple[str, str, str]:
    """Return a claim as the page lists it: words, verdict, and numbers with when the claim was written."""
    numbers = "; ".join(filter(None, (str(row["written"]), str(row["numbers"]))))
    return f"{row['id']}: {row['statement']}", str(row["verdict"]), numbers
