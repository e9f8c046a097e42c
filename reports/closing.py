"""What came out of a sweep, in a few lines for its end in the terminal.

`hydra.sweeper.closing` names `closing`. Its sentences are those of findings.json, of the same analysis; of a
single run there are only its figures, and nothing heavy is imported for them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reports.runs.metrics import METRICS
from sweeps.cli.command import called
from sweeps.cli.garbage import lasting
from sweeps.records.layout import REPORT_DIR, cell_dirs
from sweeps.records.metric import figures_of
from sweeps.records.plan import read_plan
from sweeps.records.record import Record, read_record
from sweeps.records.strategy import settings_of

if TYPE_CHECKING:
    from reports.analysis.best import Best
    from reports.analysis.sweep import Analysis
    from reports.findings.finding import Finding
    from reports.runs.results import Results

SHOWN = 3  # cells that are named of those that may be as good as the best
OUTCOMES = ("divergence", "failure", "unfinished")
Words = Iterator[str]


def closing(root: Path, ids: Sequence[str]) -> Words:
    """Yield lines on the cells of these ids in a sweep's directory, and the commands that show more."""
    if len(ids) == 1:
        folder = cell_dirs(root).get(ids[0])
        yield from run_words(read_record(folder)) if folder else ()
        yield from tuned(root)
    else:
        yield from sweep_words(root, ids)
    yield from more(root)


def run_words(record: Record) -> Words:
    """Yield the final figures of a run, those that have a name here first; how it diverged."""
    final = figures_of(record.data)
    if record.status == "diverged":
        where = record.data.get("diverged") or {}
        place = ", ".join(f"{key} {where[key]}" for key in ("epoch", "step") if key in where)
        yield " ".join(["Diverged:", f"{where.get('what', 'a figure')} is not finite", place]).strip() + "."
    elif figures := [figure(name, final[name]) for name in in_order(final)]:
        text = ", ".join(figures)
        yield f"{text[:1].upper()}{text[1:]}."


def in_order(final: "dict[str, object]") -> list[str]:
    """Return the names of the figures that are numbers: the known ones in their order, then the others."""
    numbers = [name for name, value in final.items() if isinstance(value, int | float)]
    return [
        *(name for name in METRICS if name in numbers),
        *(name for name in numbers if name not in METRICS),
    ]


def figure(name: str, value: float) -> str:
    """Return a figure with its name."""
    known = METRICS.get(name)
    return f"{known.label.lower()} {known.show(value)}" if known else f"{name} {value:.6g}"


def sweep_words(root: Path, ids: Sequence[str]) -> Words:
    """Yield the best cell and those that may be as good, what matters most, and what did not end well."""
    with lasting():
        from reports.analysis.sweep import analyse
        from reports.findings.report import findings
        from reports.runs.reader import load
        from reports.tuning.told import chosen_text, tuning_of
        from reports.tuning.trials import trials_of

    results = load(root)
    mine = results.runs["cell_id"].isin(list(ids))
    shown = results if mine.all() or not mine.any() else results.part(mine)
    analysis = analyse(shown, [shown.main.name])
    told = findings(analysis)
    yield from (finding.text for finding in told if finding.kind == "best")
    yield from filter(None, (as_good(data, best, analysis.results) for data, best in analysis.best.items()))
    yield from (finding.text for finding in told if finding.kind == "evidence")
    yield from what_matters(analysis, told)
    yield from (finding.text for finding in told if finding.kind in OUTCOMES)
    yield from chosen_text(tuning_of(trials_of(results)))


def as_good(data: str, best: "Best", results: "Results") -> str:
    """Return which cells may be as good as the best one of a data set, by the settings that vary."""
    from reports.findings.best import cell_name

    near = [place for place, standing in enumerate(best.standing) if standing == "may be best"]
    order = sorted(near, key=lambda place: best.selection.means[place], reverse=best.higher)
    names = [name for name in results.names if not results.dataset or name != results.dataset.name]
    told = [cell_name(best, place, results.cells, names) for place in order[:SHOWN]]
    rest = f"; and {len(near) - SHOWN:,} more" if len(near) > SHOWN else ""
    on = f" on {data}" if data else ""
    return f"May be as good{on}: {'; '.join(told)}{rest}." if near else ""


def what_matters(analysis: "Analysis", told: "Sequence[Finding]") -> Words:
    """Yield the shares of the variance; without repeats the factor whose levels lie furthest apart."""
    if shares := [finding.text for finding in told if finding.kind == "variance"]:
        yield from shares
        return
    main = [
        each
        for each in told
        if each.kind == "effect" and each.metric == analysis.results.main.name and each.pairs
    ]
    widest = max(main, key=lambda each: max(abs(pair.estimate) for pair in each.pairs), default=None)
    if widest is not None:
        yield f"{widest.text.partition('). ')[0]})."


def tuned(root: Path) -> Words:
    """Yield what the trials have chosen, of a sweep that tunes one run; others ask for nothing heavy here."""
    plan = read_plan(root)
    if plan is not None and settings_of(plan).get("tune"):
        from reports.tuning.told import chosen_text, tuning_of
        from reports.tuning.trials import trials_in

        yield from chosen_text(tuning_of(trials_in(root)))


def more(root: Path) -> Words:
    """Yield the commands that show more: the page while it can change, and the report."""
    made = Path("Makefile").is_file() and root == Path.cwd() / "runs" / root.name
    short = root.relative_to(Path.cwd()) if root.is_relative_to(Path.cwd()) else root
    watch = [f"make watch SWEEP={root.name}"] if made else []
    yield f"Look at it: {' or '.join([*watch, called('reports serve') + f' {short}'])}"
    yield f"Its report: {called('reports')} {short} → {short / REPORT_DIR / 'index.html'}"
