"""Two sweeps side by side: cells matched by what they share, paired differences, what else differs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from reports.analysis.paired import MIN_SEEDS, Contrast, contrast, holm, matched
from reports.runs.contents import AT_FIRST, by_content, known_contents
from reports.runs.factors import DATASET, REPLICATE, find_factors, label
from reports.runs.metrics import METRICS, RANKED, Metric
from reports.runs.results import RESERVED, Results
from reports.tables.evidence import p_text, show_contrast
from reports.tables.formats import markdown
from reports.tables.table import Table, text_table
from sweeps.records.content import short
from sweeps.records.errors import UserError

SIDE = "sweep compared"
LISTED = 20
FEW = f"Fewer than {MIN_SEEDS} seeds are too few runs to say which differences are real."
NOTHING = "No finished runs agree in the seed and in all that both sweeps vary: nothing could be compared."


@dataclass(frozen=True)
class Comparison:
    """Two sweeps matched: `both` has the runs of both, told apart by SIDE; `names` are the shared factors.

    `dataset` is the name of the factor that tells data sets apart, if there are several.
    """

    both: pd.DataFrame
    names: tuple[str, ...]
    fixed: tuple[tuple[str, str, str], ...]
    dataset: str | None = None


def compare(first: Results, second: Results) -> str:
    """Compare two sweeps cell by cell, and say what else differs between them."""
    for results in (first, second):
        if results.runs.empty:
            raise UserError(f"{results.directory}: has no run that could be compared")
    comparison = match(first, second)
    names = (str(first.directory), str(second.directory))
    tables = [differences_table(comparison, names), cells_table(comparison), *only_tables(comparison, names)]
    tables += [setup_table(first, second, comparison, names)]
    text = "\n".join(markdown(table) for table in tables if table.rows)
    heads = ["" if compared(comparison) else NOTHING, different_data(comparison, names)]
    return "\n\n".join(filter(None, [*heads, text]))


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
    done = comparison.both[comparison.both["test_accuracy"].notna()]
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
    factors, labels = find_factors(settings.drop(columns=fixed), [], RESERVED)
    runs = pd.concat([first.runs, second.runs], keys=["first", "second"])
    names = tuple(factor.name for factor in factors)
    own = runs.drop(columns=[c for c in runs.columns if c not in (*RESERVED, REPLICATE)])
    both = own.assign(**{name: labels[name] for name in names})
    both[SIDE] = pd.Categorical(both.index.get_level_values(0), categories=["first", "second"])
    dataset = next((factor.name for factor in factors if factor.key == DATASET), None)
    return Comparison(both, names, shown, dataset)


def differs_as_a_whole(column: pd.Series) -> bool:
    """Whether a setting has one value in either sweep, but not the same."""
    sides = [column.loc[side].map(label).unique() for side in ("first", "second")]
    return all(len(side) == 1 for side in sides) and sides[0][0] != sides[1][0]


def differences_table(comparison: Comparison, names: Sequence[str]) -> Table:
    """Return the difference of every main metric over all matched cells: second − first."""
    found = []
    for name in (*RANKED, "test_loss"):
        metric = METRICS[name]
        levels, values = matched(comparison.both, SIDE, name, comparison.names)
        if len(levels) == 2:
            found.append((metric, contrast(values[1] - values[0])))
    rows = [(metric.label, *contrast_texts(c, metric)) for metric, c in found]
    heads = ("metric", "difference", "95 % low", "95 % high", "p", "seeds", "matched cells")
    note = "Averaged over the matched cells within each seed, then a paired t over the seeds (uncorrected)."
    few = any(0 < c.seeds < MIN_SEEDS for _, c in found)
    title = f"{names[1]} − {names[0]}"
    return text_table("differences", title, heads, rows, note, *((FEW,) if few else ()))


def contrast_texts(c: Contrast, metric: Metric) -> tuple[str, ...]:
    """Return a contrast as a table prints it."""
    return (*show_contrast(c, metric), p_text(c.p), str(c.seeds), str(c.blocks))


def cells_table(comparison: Comparison) -> Table:
    """Return the cells whose test accuracy changed most, with the paired interval over their seeds."""
    metric, keys = METRICS["test_accuracy"], [*comparison.names, REPLICATE]
    wide = comparison.both.pivot(index=keys, columns=SIDE, values=metric.name)
    sides = [wide[side] if side in wide else pd.Series(dtype=float) for side in ("first", "second")]
    change = (sides[1] - sides[0]).dropna()
    cells = (
        change.groupby(level=list(range(len(comparison.names))), observed=True)
        if comparison.names
        else [((), change)]
    )
    found = [
        (key if isinstance(key, tuple) else (key,), contrast(values.to_numpy()[None]))
        for key, values in cells
    ]
    found.sort(key=lambda item: -abs(item[1].estimate))
    corrected = holm([c.p for _, c in found])
    rows = [
        (*map(str, key), *contrast_texts(replace(c, p=float(p)), metric)[:-1])
        for (key, c), p in zip(found[:LISTED], corrected, strict=False)
    ]
    heads = (*comparison.names, "difference", "95 % low", "95 % high", "p (Holm)", "seeds")
    notes = (f"{len(found)} cells matched. p is corrected over all of them, intervals are not.",)
    few = any(c.seeds < MIN_SEEDS for _, c in found)
    title = "Largest differences in test accuracy"
    return text_table("cells", title, heads, rows, *notes, *((FEW,) if few else ()))


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
