"""What cells get right and wrong, image by image: accuracy of each class, and errors that two cells share."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from reports.analysis.images import class_interval, error_overlap, two_way
from reports.analysis.intervals import Interval, Mask, t_interval
from reports.analysis.new_images import accuracy_of
from reports.runs.results import Results
from reports.runs.test_bits import Answers
from reports.tables.formats import markdown
from reports.tables.number_formats import minus
from reports.tables.table import Table, text_table
from sweeps.records.errors import UserError

NEAR = 3  # names told beside one that is not there
AGAIN = "hydra.sweeper.retry=stale runs them again"


@dataclass(frozen=True)
class Cell:
    """A cell that is asked about: its words, its data, and the answers of its finished runs by seed."""

    title: str
    data: str
    answers: dict[int, Answers]

    @property
    def masks(self) -> Mask:
        """Which examples each run got right, (seeds, examples)."""
        return np.array([each.correct for each in self.answers.values()], dtype=bool)

    @property
    def examples(self) -> int:
        """How many test examples each run was shown."""
        return next(iter(self.answers.values())).examples


def images(results: Results, names: Sequence[str]) -> str:
    """Show how well each class is recognised, and which errors two cells share: for one or two cells.

    A cell is all its seeds; its name is that of one of its runs, an id, or a part that fits no other cell.
    """
    cells = [cell_of(results, name) for name in names]
    parts = [part for cell in cells for part in (heading(cell), markdown(class_table(cell)))]
    return "\n".join([*parts, *(markdown(overlap_table(*pair)) for pair in pairwise(cells))])


def cell_of(results: Results, text: str) -> Cell:
    """Return the cell that a text means. Raises UserError if it means none or several, or has no answers."""
    number = find(results, text)
    row = results.cells.loc[number]
    title = " · ".join(f"{name} {row[name]}" for name in results.names) or results.sweep
    done = results.done[results.done["cell"] == number]
    answers = {
        int(seed): results.answers[cell_id]
        for seed, cell_id in zip(done["seed"], done["cell_id"], strict=True)
        if cell_id in results.answers
    }
    if not answers and results.split:
        raise UserError(f"{title}: there is no image that all of its runs were tested on. {results.split}")
    if not answers:
        raise UserError(f"{title}: none of its {len(done)} finished runs has a test_correct; {AGAIN}")
    if len({each.examples for each in answers.values()}) > 1:
        raise UserError(f"{title}: its runs were tested on different numbers of examples")
    return Cell(title, str(row[results.dataset.name]) if results.dataset else "", answers)


def find(results: Results, text: str) -> int:
    """Return the number of the one cell whose runs' id or name is the text, begins with it, or holds it."""
    runs, wanted = results.runs, text.rstrip("/").rpartition("/")[2]
    names, ids = runs["name"].astype(str), runs["cell_id"].astype(str)
    ways = (
        (names == wanted) | (ids == wanted),
        names.str.startswith(wanted) | ids.str.startswith(wanted),
        names.str.contains(wanted, regex=False),
    )
    for fits in ways:
        found = runs.loc[fits, "cell"].unique()
        if len(found) == 1:
            return int(found[0])
        if len(found):
            some = ", ".join(runs.loc[fits].drop_duplicates("cell")["name"].head(NEAR))
            raise UserError(
                f"{text} may be any of {len(found):,} cells, such as {some}: give more of the name"
            )
    raise UserError(f"no cell is called {text}" + near(wanted, names.tolist()))


def near(wanted: str, names: Sequence[str]) -> str:
    """Return the names that begin most alike, with the words before them; empty if none does."""
    by_start = {name[: len(wanted)].lower(): name for name in reversed(names)}
    found = [by_start[start] for start in difflib.get_close_matches(wanted.lower(), by_start, NEAR)]
    return f"; near are {', '.join(found)}" if found else ""


def heading(cell: Cell) -> str:
    """Return a line on the whole test set."""
    found, seeds = accuracy_of(list(cell.answers.values())), len(cell.answers)
    these = t_interval([float(mask.mean()) for mask in cell.masks])
    beside = f" ± {these.half:.4f} on these images," if seeds > 1 else ""
    how_many = f"{seeds} seed{'s' * (seeds != 1)}, {found.examples:,} images"
    new = f"{beside} ± {found.interval().half:.4f} on new ones"
    return f"{cell.title} ({how_many}): test accuracy {found.mean:.4f}{new}\n"


def class_table(cell: Cell) -> Table:
    """Return the accuracy of each class, for new seeds and new images."""
    rows = list(class_rows(cell))
    note = (
        "95 % intervals for new seeds and new images of the class; seeds are taken to err on the same images."
        if rows
        else "The records do not say of which class the examples are (test_by_class)."
    )
    heads = ("class", "images", "accuracy", "95 % low", "95 % high")
    return text_table("classes", "Accuracy by class", heads, rows, note)


def class_rows(cell: Cell) -> Iterator[tuple[str, ...]]:
    """Yield a row for each class that has test examples, if all runs recorded the same classes."""
    counts = [answers.by_class for answers in cell.answers.values()]
    labels = next(iter(cell.answers.values())).labels
    alike = len({tuple(total for _, total in of_run) for of_run in counts}) == 1
    for label, of_class in enumerate(zip(*counts, strict=True) if alike else ()):
        if total := of_class[0][1]:
            found = class_interval([right for right, _ in of_class], total)
            yield (labels[label], f"{total:,}", *map("{:.4f}".format, (found.mean, found.low, found.high)))


def overlap_table(first: Cell, second: Cell) -> Table:
    """Return how far two cells err on the same images, beside two seeds of one cell, and beside chance."""
    seeds = sorted(first.answers.keys() & second.answers.keys())
    if (first.data, first.examples) != (second.data, second.examples):
        raise UserError("the two cells were not tested on the same images")
    if not seeds:
        raise UserError("the two cells share no seed, so that their errors cannot be paired")
    one, other = (
        np.array([cell.answers[seed].correct for seed in seeds], dtype=bool) for cell in (first, second)
    )
    both, only = (~one & ~other).sum(axis=1), [(~one & other).sum(axis=1), (one & ~other).sum(axis=1)]
    rows = [
        ("images that both get wrong", f"{both.mean():.1f}"),
        ("that only the first does", f"{only[0].mean():.1f}"),
        ("that only the second does", f"{only[1].mean():.1f}"),
        ("shared errors, of all that either makes", f"{error_overlap(one, other):.3f}"),
        ("the same, if errors had nothing to do with the image", f"{by_chance(one, other):.3f}"),
        *(
            (f"the same, of two seeds of the {which}", f"{overlap:.3f}")
            for which, cell in (("first", first), ("second", second))
            if (overlap := among_seeds(cell.masks)) == overlap
        ),
        *differences(one, other),
    ]
    title = f"Errors of both, over {len(seeds)} shared seed{'s' * (len(seeds) != 1)}"
    return text_table("errors", title, ("", "mean"), rows)


def differences(one: Mask, other: Mask) -> Iterator[tuple[str, str]]:
    """Yield the difference in accuracy on these images, and for new ones."""
    found = two_way(one.astype(np.float64) - other)
    if len(one) > 1:
        yield "accuracy, first − second, on these images", signed(t_interval(one.mean(1) - other.mean(1)))
    yield "accuracy, first − second, on new images", signed(found.interval())


def signed(interval: Interval) -> str:
    """Return a difference with its interval."""
    return minus(f"{interval.mean:+.4f} ± {interval.half:.4f}")


def by_chance(one: Mask, other: Mask) -> float:
    """Return the overlap of errors that fall on images independently, at the same error rates."""
    p, q = (~one).mean(), (~other).mean()
    return float(p * q / (p + q - p * q)) if p + q > 0 else float("nan")


def among_seeds(masks: Mask) -> float:
    """Return the mean overlap of the errors of every two runs of one cell; NaN of one run."""
    pairs = list(combinations(masks, 2))
    return float(np.mean([error_overlap(a, b) for a, b in pairs])) if pairs else float("nan")
