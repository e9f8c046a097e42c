"""Two sweeps side by side: cells matched by what they share, paired differences, what else differs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reports.analysis.contrasts import MIN_SEEDS, spread_of
from reports.analysis.counting import counted
from reports.analysis.effects import matched_by
from reports.analysis.intervals import t_quantile, t_tail
from reports.analysis.looks import Looks
from reports.analysis.sequential import ladder, read
from reports.runs.contents import AT_FIRST, by_content, known_contents
from reports.runs.factors import DATASET, REPLICATE, find_factors, label
from reports.runs.metrics import RANKED, Metric
from reports.runs.results import RESERVED, Results
from reports.tables.formats import markdown
from reports.tables.number_formats import p_text, show_contrast
from reports.tables.table import Table, text_table
from sweeps.records.content import short
from sweeps.records.errors import UserError

SIDE = "sweep compared"
LISTED = 20
ALPHA = 0.05
FEW = f"Fewer than {MIN_SEEDS} seeds are too few runs to test any difference."
NOTHING = "No finished runs agree in the seed and in all that both sweeps vary: nothing could be compared."
METRICS_COMPARED = (*RANKED, "test_loss")


@dataclass(frozen=True)
class Comparison:
    """Two sweeps matched: `both` has the runs of both, told apart by SIDE; `names` are the shared factors.

    `joined` are the results of both as one, `fixed` the settings that differ between them as a whole;
    `dataset` is the name of the factor that tells data sets apart, if there are several.
    """

    joined: Results
    names: tuple[str, ...]
    fixed: tuple[tuple[str, str, str], ...]
    dataset: str | None = None

    @property
    def both(self) -> pd.DataFrame:
        """The runs of both."""
        return self.joined.runs

    @property
    def metrics(self) -> tuple[str, ...]:
        """What can be compared: values of a loss only where both sweeps have the same losses."""
        other = any(key.split(".")[0] == "loss" for key, _, _ in self.fixed)
        metrics = self.joined.measures.metrics
        return tuple(name for name in compared_by(self.joined) if metrics[name].across_losses or not other)


@dataclass(frozen=True)
class Difference:
    """A difference, second − first, with its interval and p, and what it stands on."""

    estimate: float
    low: float
    high: float
    p: float
    seeds: int
    cells: int = 1


def compare(first: Results, second: Results) -> str:
    """Compare two sweeps cell by cell, and say what else differs between them."""
    for results in (first, second):
        if results.runs.empty:
            raise UserError(f"{results.directory}: has no run that could be compared")
    if first.main.name not in second.measures.metrics:
        raise UserError(
            f"{second.directory}: its runs have no {first.main.name}, which {first.directory} is about; "
            f"they have {', '.join(second.measures.metrics)}"
        )
    comparison = match(first, second)
    names = (str(first.directory), str(second.directory))
    tables = [differences_table(comparison, names), cells_table(comparison), *only_tables(comparison, names)]
    tables += [setup_table(first, second, comparison, names)]
    text = "\n".join(markdown(table) for table in tables if table.rows)
    heads = ["" if compared(comparison) else NOTHING, different_data(comparison, names)]
    heads += [left_out(comparison), other_conditions(comparison, names)]
    return "\n\n".join(filter(None, [*heads, text]))


def compared_by(results: Results) -> list[str]:
    """Return the metrics by which sweeps are compared, the main one first."""
    metrics, main = results.measures.metrics, results.main.name
    if results.measures.own:
        return [name for name in metrics if results.runs[name].notna().any()]
    return [main, *(name for name in METRICS_COMPARED if name != main)]


def different_data(comparison: Comparison, names: Sequence[str]) -> str:
    """Return in a line which data only one of the sweeps has; empty if either has only what both have."""
    if comparison.dataset is None:
        return ""
    levels = comparison.both[comparison.dataset].astype(str).groupby(comparison.both[SIDE], observed=False)
    first, second = (set(levels.get_group(side)) for side in ("first", "second"))
    if not (first - second and second - first):
        return ""
    only = (", ".join(sorted(own)) for own in (first - second, second - first))
    sides = "; ".join(f"{own} ({name})" for own, name in zip(only, names, strict=True))
    return f"Not compared, because the data differ or are not known to be the same: {sides}."


def compared(comparison: Comparison) -> bool:
    """Whether any cell has finished runs of one seed on both sides."""
    done = comparison.both[comparison.both[comparison.joined.main.name].notna()]
    return bool(done.duplicated([*comparison.names, REPLICATE]).any())


def match(first: Results, second: Results) -> Comparison:
    """Match the runs of two sweeps by every setting that does not differ between the two as a whole."""
    settings = pd.concat([first.settings, second.settings], keys=["first", "second"])
    known = pd.concat([first.runs, second.runs], keys=["first", "second"])
    contents = known_contents(known["data_hash"], (first.plan, second.plan))
    settings = by_content(settings, contents, known["data_name"].tolist())
    apart = (REPLICATE, DATASET)  # figures on different data compare nothing
    fixed = [key for key in settings.columns if key not in apart and differs_as_a_whole(settings[key])]
    shown = tuple((key, label(settings[key].iloc[0]), label(settings[key].iloc[-1])) for key in fixed)
    taken = (*RESERVED, *first.measures.metrics)
    factors, labels = find_factors(settings.drop(columns=fixed), [], taken)
    runs = pd.concat([first.runs, second.runs], keys=["first", "second"])
    names = tuple(factor.name for factor in factors)
    own = runs.drop(columns=[c for c in runs.columns if c not in (*taken, REPLICATE)])
    both = own.assign(**{name: labels[name] for name in names})
    both[SIDE] = pd.Categorical(both.index.get_level_values(0), categories=["first", "second"])
    dataset = next((factor.name for factor in factors if factor.key == DATASET), None)
    joined = replace(
        first,
        runs=both.reset_index(drop=True),
        settings=settings.reset_index(drop=True),
        factors=tuple(factors),
    )
    return Comparison(joined, names, shown, dataset)


def left_out(comparison: Comparison) -> str:
    """Return which metrics are left out because the losses differ, in a line; empty if none are."""
    metrics = comparison.joined.measures.metrics
    names = [name for name in compared_by(comparison.joined) if name not in comparison.metrics]
    labels = [metrics[name].label for name in names]
    return (
        f"{', '.join(labels)} is left out: values of different losses cannot be compared." if labels else ""
    )


def other_conditions(comparison: Comparison, names: Sequence[str]) -> str:
    """Return in a line under what different conditions times were measured; empty if they are alike."""
    done = comparison.both[comparison.both["epoch_cpu_s"].notna()]
    told = [conditions(done[done[SIDE] == side]) for side in ("first", "second")]
    if "" in told or told[0] == told[1]:
        return ""
    sides = "; ".join(f"{own} ({name})" for own, name in zip(told, names, strict=True))
    return f"Times were measured under other conditions, so their differences say little: {sides}."


def conditions(done: pd.DataFrame) -> str:
    """Return under what conditions runs were measured."""
    if done.empty:
        return ""
    most, threads = done["concurrent_runs"].max(), done["blas_threads"].max()
    at_once = "unknown number of runs at once" if most != most else f"{int(most)} runs at once"
    blas = "" if threads != threads else f"{int(threads)} BLAS threads"
    machines = sorted(set(done["machine"]) - {""})
    return ", ".join(filter(None, [at_once, blas, *machines]))


def differs_as_a_whole(column: pd.Series) -> bool:
    """Whether a setting has one value in either sweep, but not the same."""
    sides = [column.loc[side].map(label).unique() for side in ("first", "second")]
    return all(len(side) == 1 for side in sides) and sides[0][0] != sides[1][0]


def differences_table(comparison: Comparison, names: Sequence[str]) -> Table:
    """Return the difference of every main metric over all matched cells: second − first."""
    metrics = comparison.joined.measures.metrics
    found = [(metrics[name], difference(comparison, name)) for name in comparison.metrics]
    rows = [
        (metric.label, *texts(c, metric), str(c.seeds), str(c.cells)) for metric, c in found if c is not None
    ]
    heads = ("metric", "difference", "low", "high", "p", "seeds", "matched cells")
    worst = "the worst" if comparison.joined.measures.own else "one at chance, or as the worst"
    note = (
        "Averaged over the matched cells within each seed, tested over the seeds at looks that share 5 %. "
        f"A diverged run counts as {worst} that finished; in times it is left out."
    )
    few = any(c is not None and 0 < c.seeds < MIN_SEEDS for _, c in found)
    title = f"{names[1]} − {names[0]}"
    return text_table("differences", title, heads, rows, note, *((FEW,) if few else ()))


def difference(comparison: Comparison, name: str) -> Difference | None:
    """Return the difference of a metric; None unless both sides have runs."""
    steps = ladder()
    use = counted(comparison.joined, name)
    matched = matched_by(use, SIDE, comparison.names, Looks((), steps))
    if len(matched.levels) < 2:
        return None
    found = read(matched, steps, grain=use.grain)
    low, high, p = (float(side[0]) for side in (found.low, found.high, found.p))
    return Difference(-float(found.estimate[0]), -high, -low, p, int(found.seeds[0]), int(found.blocks[0]))


def texts(c: Difference, metric: Metric) -> tuple[str, ...]:
    """Return a difference as a table prints it."""
    return (*show_contrast(c, metric), p_text(c.p))


def cells_table(comparison: Comparison) -> Table:
    """Return the cells whose main metric changed most, each with its interval over its seeds."""
    metric = comparison.joined.main
    found = changes(comparison)
    rows = [(*key, *texts(c, metric), str(c.seeds)) for key, c in found[:LISTED]]
    heads = (*comparison.names, "difference", "low", "high", "p", "seeds")
    notes = (f"{len(found)} cells matched. Intervals and p are corrected over all of them (Bonferroni).",)
    few = any(c.seeds < MIN_SEEDS for _, c in found)
    title = f"Largest differences in {metric.words}"
    return text_table("cells", title, heads, rows, *notes, *((FEW,) if few else ()))


def changes(comparison: Comparison) -> list[tuple[tuple[str, ...], Difference]]:
    """Return every matched cell's change in the main metric among finished runs, the largest first."""
    keys = [*comparison.names, REPLICATE]
    wide = comparison.both.pivot(index=keys, columns=SIDE, values=comparison.joined.main.name)
    sides = [wide[side] if side in wide else pd.Series(dtype=float) for side in ("first", "second")]
    change = (sides[1] - sides[0]).dropna()
    if change.empty:
        return []
    table = change.unstack(REPLICATE) if comparison.names else change.to_frame().T
    return largest(table)


def largest(table: pd.DataFrame) -> list[tuple[tuple[str, ...], Difference]]:
    """Return the differences of cells (rows) over their seeds (columns), NaN where missing."""
    estimate, seeds, _, variance, *_ = spread_of(table.to_numpy(np.float64)[:, None, :])
    df = np.maximum(seeds - 1, 1)
    error = np.sqrt(np.where(seeds >= MIN_SEEDS, variance, np.nan) / np.maximum(seeds, 1))
    half = t_quantile(ALPHA / 2 / len(table), df) * error
    p = np.minimum(2 * len(table) * t_tail(np.abs(estimate) / np.maximum(error, 1e-300), df), 1.0)
    names = [key if isinstance(key, tuple) else (key,) for key in table.index]
    found = [
        (
            tuple(map(str, names[k])),
            Difference(
                float(estimate[k]),
                float(estimate[k] - half[k]),
                float(estimate[k] + half[k]),
                float(p[k]),
                int(seeds[k]),
            ),
        )
        for k in range(len(names))
    ]
    return sorted(found, key=lambda item: -abs(item[1].estimate))


def only_tables(comparison: Comparison, names: Sequence[str]) -> list[Table]:
    """Return, for each side, the cells that only it has."""
    columns = list(comparison.names)
    sides = {
        side: part[columns].astype(str).drop_duplicates()
        for side, part in comparison.both.groupby(SIDE, observed=False)
    }
    tables = []
    for side, other, name in (("first", "second", names[0]), ("second", "first", names[1])):
        theirs = set(sides[other].itertuples(index=False, name=None))
        rows = [row for row in sides[side].itertuples(index=False, name=None) if row not in theirs]
        more = [f"and {len(rows) - LISTED} more"] if len(rows) > LISTED else []
        tables.append(
            text_table(f"only_{side}", f"Cells only in {name}: {len(rows)}", columns, rows[:LISTED], *more)
        )
    return tables if columns else []


def setup_table(first: Results, second: Results, comparison: Comparison, names: Sequence[str]) -> Table:
    """Return the settings, code and versions in which the two sweeps differ."""
    rows: list[tuple[str, ...]] = list(comparison.fixed)
    facts = [made_with(results) for results in (first, second)]
    for key in dict.fromkeys([*facts[0], *facts[1]]):
        texts = [side.get(key, "–") for side in facts]
        rows += [(key, *texts)] if texts[0] != texts[1] else []
    rows = rows or [("nothing", "", "")]
    return text_table("setup", "What else differs", ("setting", *names), rows)


def made_with(results: Results) -> dict[str, str]:
    """Return every distinct answer to where and with what the runs were made."""
    pairs = results.runs[["data_name", "data_hash"]].drop_duplicates().itertuples(index=False, name=None)
    known = ((name, sha256) for name, sha256 in pairs if sha256 and not sha256.startswith(AT_FIRST))
    contents = sorted(f"{name} {short(sha256)}" for name, sha256 in known)
    keys = dict.fromkeys(key for facts in results.provenance for key in facts)
    if contents:
        keys.pop("dataset_sha256", None)
    answers = {key: {str(facts[key]) for facts in results.provenance if key in facts} for key in keys}
    found = {key: ", ".join(sorted(texts)) for key, texts in answers.items()}
    found |= {"data": ", ".join(contents)} if contents else {}
    return {"code": ", ".join(sorted(set(results.runs["code"]) - {""})), **found}
