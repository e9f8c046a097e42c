"""Sweeps drawn from a known truth, and how often the statistics are wrong about them.

Each case draws `sims` sweeps and returns what it counted: (times it was wrong, the largest share allowed).
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats

from reports.analysis.comparison import Comparison, compare, compare_within
from reports.analysis.components import compare_effects, components
from reports.analysis.equivalence import accuracy_margin
from reports.analysis.images import class_interval, two_way
from reports.analysis.intervals import Floats, Mask, t_interval
from reports.analysis.judging import judge_effects
from reports.analysis.limits import between_limits
from reports.analysis.matched import Matched, from_arrays
from reports.analysis.new_images import also_for_new_images
from reports.analysis.selection import Selection, select
from reports.analysis.sequential import Ladder, ladder, one_look
from reports.analysis.settings import Settings

Counts = dict[str, tuple[int, float]]
Case = Callable[[np.random.Generator, int], Counts]
SEED_SD = 0.0009  # the median of our published cells
MARGIN = 0.003


def excess(wrong: int, sims: int, allowed: float) -> bool:
    """Whether so many errors have a probability below .001 where the allowed share is the true one."""
    return bool(wrong > stats.binom.isf(0.001, sims, allowed)) if allowed else wrong > 0


def check(case: Case, sims: int) -> None:
    """Draw a case so often, and hold each of its counts to what is allowed."""
    counts = case(np.random.default_rng(20260501), sims)
    print({what: f"{wrong}/{sims}" for what, (wrong, _) in counts.items()})
    assert not {
        what: f"{wrong} of {sims}, allowed {share:.1%}"
        for what, (wrong, share) in counts.items()
        if excess(wrong, sims, share)
    }


def settings(steps: Ladder, family: int = 1, margin: float = np.nan, grain: float = 0.0) -> Settings:
    return Settings(steps, family, margin, grain)


def found(values: Floats, chosen: Settings, **options: object) -> Comparison:
    return compare(from_arrays(values, **options), chosen)  # type: ignore[arg-type]


def decided(comparison: Comparison) -> bool:
    return any(pair.relation == ">" for pair in comparison.pairs)


def cell_sds(rng: np.random.Generator, *shape: int) -> Floats:
    """Standard deviations that differ 15- to 57-fold between cells, as ours do."""
    return SEED_SD * np.exp(rng.normal(0, 0.8, size=(*shape, 1)))


def null_ladder(rng: np.random.Generator, sims: int) -> Counts:
    wrong = dict.fromkeys((3, 5, None), 0)
    for _ in range(sims):
        values = rng.normal(size=(2, 8, 20))
        for first in wrong:
            wrong[first] += decided(found(values, settings(ladder(first))))
    return {f"first plan of {first}": (count, 0.06) for first, count in wrong.items()}


def looked_at_after_every_run(rng: np.random.Generator, sims: int) -> Counts:
    wrong = 0
    for _ in range(sims):
        values = rng.normal(size=(2, 8, 10))
        wrong += any(
            decided(found(values, settings(ladder(5)), outstanding=waiting))
            for waiting in unfinished(rng, values.shape, range(5, 11))
        )
    return {"a false difference at any time": (wrong, 0.06)}


def unfinished(rng: np.random.Generator, shape: tuple[int, ...], seeds: range) -> Iterator[Floats]:
    """Yield which runs are still to come, as the last runs of each seed come in one by one."""
    levels, blocks, _ = shape
    for n in seeds:
        order = rng.permutation(levels * blocks)
        for left in (3, 2, 1, 0):
            waiting = np.zeros(shape, dtype=bool)
            waiting[:, :, n:] = True
            last = np.zeros(levels * blocks, dtype=bool)
            last[order[:left]] = True
            waiting[:, :, n - 1] = last.reshape(levels, blocks)
            yield waiting


def null_grid(rng: np.random.Generator, sims: int) -> Counts:
    wrong = turned = 0
    for _ in range(sims):
        grid = cell_sds(rng, 4, 4, 6) * rng.normal(size=(4, 4, 6, 5))
        comparisons = [compare(by_factor(grid, axis), settings(ladder(5), 3)) for axis in range(3)]
        wrong += any(map(decided, comparisons))
        turned += any(comparison.reversals for comparison in comparisons)
    return {"any false difference": (wrong, 0.065), "any reversal": (turned, 0.05)}


def by_factor(grid: Floats, axis: int) -> Matched:
    """The runs of a full grid (levels of each factor …, seeds), matched for one factor."""
    values = np.moveaxis(grid, axis, 0)
    places = np.indices(values.shape[1:-1]).reshape(values.ndim - 2, -1)
    others = [f"factor {other}" for other in range(grid.ndim - 1) if other != axis]
    return from_arrays(
        values.reshape(len(values), -1, values.shape[-1]),
        settings={name: place.astype(str).tolist() for name, place in zip(others, places, strict=True)},
        factor=f"factor {axis}",
    )


def unequal_variances(rng: np.random.Generator, sims: int) -> Counts:
    """One level of ten varies ten times as much, by cell or with the seed in all cells alike."""
    wrong = {"by cell": 0, "by seed": 0}
    for _ in range(sims):
        for kind, blocks in (("by cell", 8), ("by seed", 1)):
            values = 0.1 * rng.normal(size=(10, 8, 5))
            values[0] += rng.normal(size=(blocks, 5))
            wrong[kind] += decided(found(values, settings(ladder(5))))
    return {kind: (count, 0.05) for kind, count in wrong.items()}


def equal_cells(rng: np.random.Generator, sims: int) -> Counts:
    counts: Counts = {}
    for n in (5, 10):
        worse = missed = out = 0
        for _ in range(sims):
            selection = select(0.97 + cell_sds(rng, 96) * rng.normal(size=(96, n)), ladder(n))
            worse += bool(selection.worse.any())
            out += not selection.may_be_best.all()
            missed += not selection.interval.low <= 0.97 <= selection.interval.high
        counts |= {f"worse than the best, {n}": (worse, 0.06), f"one of the best left out, {n}": (out, 0.06)}
        counts[f"interval misses, {n}"] = (missed, 0.06)
    return counts


def unequal_cells(rng: np.random.Generator, sims: int) -> Counts:
    """Few equal cells of which every other varies four times as much; seeds of which every other does."""
    designs = [f"{cells} cells, {n} seeds" for cells in (4, 8, 12) for n in (3, 5)]
    designs.append("8 cells, every other seed wild")
    worse, out = dict.fromkeys(designs, 0), dict.fromkeys(designs, 0)
    for _ in range(sims):
        for design in designs:
            selection = unequal(rng, design)
            worse[design] += bool(selection.worse.any())
            out[design] += not selection.may_be_best.all()
    told = {"worse than the best": worse, "one of the best left out": out}
    return {f"{what}, {design}": (n, 0.06) for what, wrong in told.items() for design, n in wrong.items()}


def unequal(rng: np.random.Generator, design: str) -> Selection:
    if design.endswith("wild"):
        values = 0.97 + SEED_SD * np.array([4, 1, 4, 1, 4, 1]) * rng.normal(size=(8, 6))
        return select(values, ladder(3, (3, 6, 12)))
    cells, n = (int(word) for word in design.split() if word.isdigit())
    spread = np.where(np.arange(cells) % 2, 1, 4)[:, None]
    return select(0.97 + SEED_SD * spread * rng.normal(size=(cells, n)), one_look(n))


def diverging_cells(rng: np.random.Generator, sims: int) -> Counts:
    """Equal cells of which each run diverges with the same probability, whichever cell it is of.

    The interval of the one that was picked is held against the mean over all runs, or if none of its runs
    diverged, against that of runs that finish.
    """
    counts: Counts = {}
    plans = {(24, 5): ladder(5), (24, 10): ladder(10), (24, 20): ladder(3), (8, 10): ladder(10)}
    for (cells, n), steps in plans.items():
        for share in (0.1, 0.5, 0.9):
            out = missed = 0
            for _ in range(sims):
                values = 0.97 + cell_sds(rng, cells) * rng.normal(size=(cells, n))
                lost = rng.random(values.shape) < share
                found = select(np.where(lost, 0.1, values), steps, diverged=lost, grain=1e-4)
                truth = 0.97 - share * 0.87 * lost[found.winner].any()
                out += not found.may_be_best.all()
                missed += bool(found.look) and not found.interval.low <= truth <= found.interval.high
            design = f"{cells} cells, {n} seeds, {share} diverge"
            counts[f"one of the best left out, {design}"] = (out, 0.06)
            counts[f"interval misses, {design}"] = (missed, 0.06)
    return counts


def reversal(rng: np.random.Generator, sims: int) -> Counts:
    main = within = 0
    effect = np.repeat([0.030, 0.0, -0.029], 3)[:, None]
    losses, depths = np.repeat(["mse", "ce", "hinge"], 3).tolist(), ["1", "2", "3"] * 3
    for _ in range(sims):
        values = SEED_SD * rng.normal(size=(2, 9, 5))
        values[0] += effect
        runs = from_arrays(values, levels=("relu", "selu"), settings={"loss": losses, "depth": depths})
        comparison = compare(runs, settings(ladder(5), 3))
        main += any(pair.relation != "?" for pair in comparison.pairs) or comparison.depends_on != "loss"
        by_loss = compare_within(runs, "loss", settings(ladder(5), 3))
        ahead = {loss: (part.pairs[0].first, part.pairs[0].relation) for loss, part in by_loss.items()}
        within += ahead["mse"] != ("relu", ">") or ahead["hinge"] != ("selu", ">")
    return {"a main effect": (main, 0.0), "wrong within a loss": (within, 0.0)}


def mostly_diverged(rng: np.random.Generator, sims: int) -> Counts:
    wrong = untested = 0
    for _ in range(sims):
        values = 0.97 + SEED_SD * rng.normal(size=(3, 4, 10)) + np.array([0, -0.002, 0.002])[:, None, None]
        lost = np.zeros(values.shape, dtype=bool)
        lost[2, :, 1:] = True
        levels = ("relu", "gelu", "selu")
        comparison = found(values, settings(ladder(10), 2, MARGIN), diverged=lost, levels=levels)
        pairs = [comparison.pair(level, "selu") for level in levels[:2]]
        wrong += any(pair.second != "selu" or pair.relation != ">" for pair in pairs)
        wrong += comparison.levels[-1] != "selu"
        untested += comparison.pair("relu", "gelu").relation == "?"
    return {"selu not last": (wrong, 0.0), "relu against gelu not decided": (untested, 0.05)}


def diverges_on_hard_seeds(rng: np.random.Generator, sims: int) -> Counts:
    """A level is .001 better where it finishes, and diverges on the two fifths of seeds that are hardest.

    As a report compares them: with the default margin, in a grid of two factors. Five seeds show no
    divergence in .6^5 = 7.8 %, and whoever names a large difference after five seeds without one errs as
    often, by whatever rule: to compare, a level that is .01 better, and one without a margin.
    """
    plans = [(5, 5, 0.001), (10, 5, 0.001), (20, 3, 0.001), (10, 5, 0.01), (5, 5, 0.01), (5, 5, np.nan)]
    over_all, seen = [0] * len(plans), 0
    for _ in range(sims):
        for place, (n, first, size) in enumerate(plans):
            values, lost = diverging_on_hard_seeds(rng, n, np.nan_to_num(size, nan=0.001))
            margin = accuracy_margin(np.where(lost, np.nan, values), 10_000) if size > 0 else np.nan
            pair = found(values, settings(ladder(first), 2, margin), diverged=lost).pairs[0]
            better = pair.relation == ">" and pair.first == "level 0"
            over_all[place] += better
            seen += better and bool(lost.any())
    return {"better where it was seen to diverge": (seen, 0.0)} | {
        f"better{f' by {size}' if size > 0 else ', no margin'}, {n} seeds, {first} at first": (
            count,
            0.06 if n > 5 or size == 0.001 else 0.6**5,
        )
        for count, (n, first, size) in zip(over_all, plans, strict=True)
    }


def diverging_on_hard_seeds(rng: np.random.Generator, n: int, size: float = 0.001) -> tuple[Floats, Mask]:
    """Values (2 levels, 8 cells, n seeds), and which runs diverged: those of level 0 on its hardest seeds."""
    seed = rng.normal(size=n)
    values = 0.97 + SEED_SD * rng.normal(size=(2, 8, n)) + 0.001 * seed
    values[0] += size
    lost = np.zeros(values.shape, dtype=bool)
    lost[0] = seed < stats.norm.ppf(0.4)
    return values, lost


def equal_divergence(rng: np.random.Generator, sims: int) -> Counts:
    wrong = dict.fromkeys((0.1, 0.5, 0.9), 0)
    for _ in range(sims):
        for share in wrong:
            values = 0.97 + SEED_SD * rng.normal(size=(3, 4, 20))
            lost = np.broadcast_to(rng.random((3, 1, 20)) < share, values.shape)
            wrong[share] += decided(found(values, settings(ladder(), 1, MARGIN), diverged=lost))
    return {f"a difference where {share} diverge": (count, 0.05) for share, count in wrong.items()}


def effects(rng: np.random.Generator, sims: int) -> Counts:
    noise = real = equal = 0
    for _ in range(sims):
        grid = rng.normal(size=(12, 2, 5))
        sizes = compare_effects(by_factor(grid, 0), by_factor(grid, 1), ladder(5))
        noise += judge_effects([sizes], [">"]) != "undecided"
        grid[:, 1] += 1.5
        sizes = compare_effects(by_factor(grid, 0), by_factor(grid, 1), ladder(5))
        real += judge_effects([sizes], [">"]) == "holds"
        alike = rng.normal(size=(4, 2, 10)) + 0.5 * (
            np.array([1, -1, 1, -1])[:, None, None] * 0.75**0.5 + np.array([1, -1])[:, None] * 0.5**0.5
        )
        difference = compare_effects(by_factor(alike, 0), by_factor(alike, 1), ladder(10)).difference
        equal += difference.low > 0 or difference.high < 0
    return {
        "activation > loss decided on noise": (noise, 0.05),
        "activation > loss holds with a loss effect only": (real, 0.0),
        "an order of equal effects": (equal, 0.05),
    }


def limits(rng: np.random.Generator, sims: int) -> Counts:
    ends = {"at least": (0.97, np.inf), "about": (0.965, 0.975)}
    return at_their_limits(
        rng, sims, lambda kind, values: between_limits(values, *ends[kind], ladder(5)).verdict == "refuted"
    )


def at_their_limits(rng: np.random.Generator, sims: int, refutes: Callable[[str, Floats], bool]) -> Counts:
    """Cells just as good as is said of them: `refutes` judges a kind of limit by values (cells, 5 seeds)."""
    wrong = {("at least", 24): 0, ("at least", 96): 0, ("about", 24): 0}
    for _ in range(sims):
        for kind, cells in wrong:
            truth = 0.97 if kind == "at least" else 0.9748
            values = truth + cell_sds(rng, cells) * rng.normal(size=(cells, 5))
            wrong[kind, cells] += refutes(kind, values)
    return {f"{kind} over {cells} cells refuted": (count, 0.05) for (kind, cells), count in wrong.items()}


def collapse(rng: np.random.Generator, sims: int) -> Counts:
    seen = 0
    for _ in range(sims):
        for n, first in ((3, 3), (5, 5), (10, None), (20, 5), (40, None)):
            values = 0.97 + SEED_SD * rng.normal(size=(2, 4, n))
            gone = rng.random(n) < 0.1
            values[1] -= 0.3 * gone
            pair = found(values, settings(ladder(first), 1, MARGIN)).pairs[0]
            seen += pair.relation == "≈" and bool(gone.any())
    return {"equivalent where a collapse was seen": (seen, 0.0)}


def rounded_epochs(rng: np.random.Generator, sims: int) -> Counts:
    equivalent = {5: 0, 20: 0}
    missed = dict(equivalent)
    for _ in range(sims):
        for n in equivalent:
            values = np.full((2, 1, n), 2.0)
            values[1] += rng.random(n) < 0.25
            pair = found(values, settings(one_look(n), 1, 0.2, 1.0), higher=False).pairs[0]
            truth = -0.25 if pair.first == "level 0" else 0.25
            equivalent[n] += pair.relation == "≈"
            missed[n] += not pair.low <= truth <= pair.high
    counts: Counts = {f"2 and 2.25 equivalent, {n}": (count, 0.05) for n, count in equivalent.items()}
    return counts | {f"interval misses, {n}": (count, 0.07) for n, count in missed.items()}


def no_interaction(rng: np.random.Generator, sims: int) -> Counts:
    shares = []
    for _ in range(sims):
        first, second = np.indices((2, 6)).reshape(2, -1)
        values = (0.002 * first + 0.001 * second)[:, None] + 0.001 * rng.normal(size=(12, 5))
        parts = components(values, {"a": first.astype(str).tolist(), "b": second.astype(str).tolist()})
        assert parts is not None
        shares.append(parts.shares["interactions"])
    return {
        "a mean share above 1 %": (int(np.mean(shares) > 0.01), 0.0),
        "above 5 %": (sum(s > 0.05 for s in shares), 0.03),
    }


def one_diagonal_missing(rng: np.random.Generator, sims: int) -> Counts:
    wrong, wider = 0, []
    for _ in range(sims):
        values = rng.normal(size=(2, 4, 5)) + rng.normal(size=(4, 1))
        gaps = values.copy()
        gaps[0, range(4), range(4)] = np.nan
        full, part = (found(v, settings(ladder(5))).pairs[0] for v in (values, gaps))
        assert (part.seeds, part.cells) == (5, 4)
        wrong += part.relation == ">"
        wider.append((part.high - part.low) / (full.high - full.low))
    return {"a false difference": (wrong, 0.05), "wider by a quarter": (int(np.median(wider) > 1.25), 0.0)}


def new_images(rng: np.random.Generator, sims: int) -> Counts:
    """Accuracy of logit-normal images and seeds; the truth by Gauss–Hermite quadrature.

    Seeds that often disagree on an image, and (as networks do) seeds that err on much the same images.
    """
    counts: Counts = {}
    for kind, middle, spread in (("noisy", 2.5, 1.5), ("steady", 9.0, 6.0)):
        truth, missed = mean_logistic(middle, (spread**2 + 0.3**2) ** 0.5), [0, 0, 0, 0]
        for _ in range(sims):
            image = middle + spread * rng.normal(size=1000)
            right = answers(rng, image + 0.3 * rng.normal(size=(5, 1)))
            of_a_class = class_interval(right[:, :100].sum(axis=1).tolist(), 100)
            intervals = [two_way(right).interval(), of_a_class, t_interval(right.mean(axis=1))]
            for place, interval in enumerate([*intervals, two_way(right[:3]).interval()]):
                missed[place] += not interval.low <= truth <= interval.high
        counts |= {
            f"interval misses, {kind} seeds": (missed[0], 0.07),
            f"interval misses, 3 {kind} seeds": (missed[3], 0.07),
            f"interval of a class of 100 misses, {kind} seeds": (missed[1], 0.07),
            f"interval over {kind} seeds alone misses, to compare": (missed[2], 1.0),
        }
    return counts


def mean_logistic(mean: float, sd: float) -> float:
    """The mean of 1/(1 + exp(−x)) over a normal x."""
    node, weight = np.polynomial.hermite_e.hermegauss(200)
    return float((weight / weight.sum()) @ (1 / (1 + np.exp(-(mean + sd * node)))))


def only_these_images(rng: np.random.Generator, sims: int) -> Counts:
    """Two levels, each better on other images and equal on average: any test set has one of them ahead."""
    ahead = also = 0
    for _ in range(sims):
        image = 9 + 6 * rng.normal(size=1000) + 4 * rng.normal(size=(2, 1, 1000))
        right = answers(rng, image + 0.1 * rng.normal(size=(2, 5, 1)))
        pair = found(right.mean(axis=2)[:, None], settings(ladder(5))).pairs[0]
        one, other = (right[int(level[-1])].astype(np.float64) for level in (pair.first, pair.second))
        ahead += pair.relation == ">"
        also += also_for_new_images(two_way(one - other), pair) is True
    return {
        "a difference, true of these images, to compare": (ahead, 1.0),
        "a difference for new images, too": (also, 0.05),
    }


def answers(rng: np.random.Generator, logit: Floats) -> Mask:
    """Whether each run gets each image right, from the logit of its probability, (…, seeds, images)."""
    return np.asarray(rng.random(logit.shape) < 1 / (1 + np.exp(-logit)))


CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        null_ladder,
        looked_at_after_every_run,
        null_grid,
        unequal_variances,
        equal_cells,
        unequal_cells,
        diverging_cells,
        reversal,
        mostly_diverged,
        diverges_on_hard_seeds,
        equal_divergence,
        effects,
        limits,
        collapse,
        rounded_epochs,
        no_interaction,
        one_diagonal_missing,
        new_images,
        only_these_images,
    )
}
