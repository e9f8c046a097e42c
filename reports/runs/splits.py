"""How test examples were split off, by what records say of it: anew for each seed, or once for all."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

SOURCE = "Bouthillier et al. 2021"


class Split(NamedTuple):
    """How the test examples of a run came about.

    `tied`: drawn from the run's own seed, so that no two seeds have the same ones; else from `seed`, None
    where they were given.
    """

    tied: bool = False
    seed: int | None = None


def split_of(record: Mapping[str, Any]) -> Split:
    """Return what a run's record says of its split."""
    dataset = record.get("dataset")
    split = dataset.get("split") if isinstance(dataset, Mapping) else None
    if not isinstance(split, Mapping):
        return Split()
    if split.get("by") == "seed":
        return Split(tied=True)
    seed = split.get("seed")
    return Split(seed=seed if isinstance(seed, int) else None)


def split_note(splits: Collection[Split]) -> str:
    """Return, for a reader of the figures, which source of variation the splits are; empty without any."""
    tied, fixed = any(split.tied for split in splits), sorted({s.seed for s in splits if s.seed is not None})
    told = []
    if tied:
        told.append(
            "Each seed has a split of its own into training and test examples (dataset.split_seed: null): "
            f"intervals over seeds are for new splits of these examples, too ({SOURCE}); no single test "
            "example is followed over seeds."
        )
    if fixed:
        seeds = ", ".join(map(str, fixed))
        told.append(
            f"All seeds have one split into training and test examples (dataset.split_seed: {seeds}): "
            f"intervals over seeds say nothing of how figures move with the split ({SOURCE})."
        )
    return " ".join(told)
