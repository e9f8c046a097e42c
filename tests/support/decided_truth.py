"""How often `until_decided` is wrong about sweeps of known truth, and how many runs it takes.

As in analysis_truth: a case draws `sims` sweeps and returns (times it was wrong, the largest share allowed).
"""

import numpy as np

from tests.support.analysis_truth import SEED_SD, Case, Counts
from tests.support.decided import (
    MARGIN,
    Decided,
    Truth,
    compared,
    decide,
    planned,
    published,
    true_difference,
    truth,
)

MOST = 20
SMALL = MARGIN / 6  # by which the widest published contrasts, of 220 margins, are accuracies still
ENOUGH = 100  # sweeps whose runs are worth adding up
FIXED = (3, 5, 10, 20, 40)


def wrong_about(made: Truth, found: Decided, margin: float = MARGIN) -> dict[str, bool]:
    """What a sweep that has ended says that is not so."""
    pairs = [(each.pair, true_difference(made, each)) for each in found.compared if not each.within]
    looked = [(pair, true) for pair, true in pairs if pair.look]
    return {
        "any false difference": any(pair.relation == ">" and true <= 1e-12 for pair, true in pairs),
        "any false equivalence": any(
            pair.relation == "≈" and abs(true) >= margin * 0.999 for pair, true in pairs
        ),
        "any interval misses": any(not pair.low <= true <= pair.high for pair, true in looked),
    }


def count(sweeps: list[dict[str, bool]], *names: str) -> Counts:
    allowed = {"any false difference": 0.06, "any false equivalence": 0.06, "any interval misses": 0.07}
    return {name: (sum(sweep[name] for sweep in sweeps), allowed[name]) for name in names}


def decided_without_effects(rng: np.random.Generator, sims: int) -> Counts:
    """Nothing has an effect."""
    sweeps = []
    for _ in range(sims):
        made = truth({"a": [0, 0, 0], "b": [0, 0], "c": [0, 0]}, 4 * SEED_SD, rng)
        sweeps.append(wrong_about(made, decide(made)))
    return count(sweeps, "any false difference", "any interval misses")


def decided_at_the_margin(rng: np.random.Generator, sims: int) -> Counts:
    """A level of each factor is better by exactly the margin."""
    sweeps = []
    for _ in range(sims):
        made = truth({"a": [MARGIN, 0, 0], "b": [MARGIN, 0], "c": [MARGIN, 0]}, 4 * SEED_SD, rng)
        sweeps.append(wrong_about(made, decide(made)))
    return count(sweeps, "any false equivalence", "any interval misses")


def drawn_from_published(rng: np.random.Generator) -> Truth:
    """Two factors of two levels: effects and spread of two contrasts of one study, in (small) margins."""
    table = published()
    study = table[table["study"] == rng.choice(table["study"].to_numpy())]
    rows = study.iloc[rng.integers(len(study), size=2)]
    sizes = SMALL * rows["size"].to_numpy() * rng.choice([-1, 1], size=2)
    # A contrast of two levels over two cells each varies from seed to seed as much as a cell does.
    spread = SMALL * float(rows["spread"].median())
    return truth({"a": [0, sizes[0]], "b": [0, sizes[1]]}, spread, rng, base=0.5, unequal=0.5)


def decided_as_published(rng: np.random.Generator, sims: int) -> Counts:
    """Effects of published contrasts: what is wrong, and the runs beside those of fixed designs."""
    sweeps, taken, full, open_ones, every = [], 0, 0, 0, 0
    fixed = dict.fromkeys(FIXED, 0)
    for _ in range(sims):
        made = drawn_from_published(rng)
        found = decide(made, SMALL, most=MOST)
        sweeps.append(wrong_about(made, found, SMALL))
        taken, full = taken + found.runs, full + len(made.means) * MOST
        open_ones += sum(each.is_open for each in found.compared)
        every += len(found.compared)
        for seeds in FIXED:
            fixed[seeds] += sum(
                not each.is_open for each in compared(planned(made, range(seeds), SMALL), made)
            )
    enough = next((seeds for seeds in FIXED if fixed[seeds] >= 0.999 * (every - open_ones)), FIXED[-1])
    print(f"{taken} runs of {full}, {open_ones} of {every} open; fixed designs decide {fixed}")
    counts = count(sweeps, "any false difference", "any false equivalence", "any interval misses")
    if sims < ENOUGH:
        return counts
    return counts | {
        "more than 0.6 of the runs of max_seeds for all": (int(taken > 0.6 * full), 0.0),
        "more than 1.2 of the smallest fixed design": (int(taken > 1.2 * full / MOST * enough), 0.0),
    }


CASES: dict[str, Case] = {
    case.__name__: case for case in (decided_without_effects, decided_at_the_margin, decided_as_published)
}
