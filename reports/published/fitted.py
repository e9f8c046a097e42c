"""What comes of fitting what a report does not state: as a table to keep, and in words."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from reports.claims.claim import CLAIM_METRICS, of_setting
from reports.sources import Reference
from reports.sources.fitting import Candidate, Fit, multiples
from reports.sources.reported import cell_settings, number

ENOUGH = 0.95  # of the figures: what a 95 % interval holds
FEWEST = 4  # figures of a group that is named
NAMED = 3  # groups


def fitted_table(fit: Fit) -> pd.DataFrame:
    """Return what the study uses and every candidate, a row each, with how many figures lie inside."""
    rows = [row_of(fit.present, "in use")]
    rows += [row_of(each, "chosen" if each is fit.chosen else "tried") for each in fit.candidates]
    return pd.DataFrame(rows)


def row_of(candidate: Candidate, what: str) -> dict[str, Any]:
    """Return a row of the table."""
    choosing, others = candidate.half(chooses=True), candidate.half(chooses=False)
    return {
        "what": what,
        **candidate.values,
        "choosing_inside": int(choosing["inside"].sum()),
        "choosing_compared": len(choosing),
        "choosing_distance": number(candidate.distance),
        "held_out_inside": int(others["inside"].sum()),
        "held_out_compared": len(others),
        "held_out_inside_printed": int(others["inside_printed"].sum()),
        "accuracy_half_width": number(candidate.width),
    }


def fitted_words(source: Reference, fit: Fit) -> dict[str, Any]:
    """Return what the pages say of a fit."""
    chosen = fit.chosen
    others = chosen.half(chooses=False)
    return {
        "names": " and ".join(source.fitted),
        "tried": len(fit.candidates),
        "seeds": fit.seeds,
        "rows": [shown(fit.present, "in use"), shown(chosen, "chosen")],
        "now": shown(fit.present, ""),
        "chosen": shown(chosen, ""),
        "reached": bool(len(others) and others["inside"].mean() >= ENOUGH),
        "metrics": by_metric(others),
        "groups": worst_groups(others),
        "whole": whole(source),
        "printed": int(others["inside_printed"].sum()),
    }


def whole(source: Reference) -> int:
    """Return how many training accuracies are of few batches by their digits, if all that can tell are."""
    right, told = multiples(source)
    return told if right == told else 0


def shown(candidate: Candidate, what: str) -> dict[str, Any]:
    """Return a candidate's counts in words."""
    choosing, others = candidate.half(chooses=True), candidate.half(chooses=False)
    return {
        "what": what,
        "words": ", ".join(f"{name} {value}" for name, value in candidate.values.items()),
        "choosing": f"{choosing['inside'].sum()} of {len(choosing)}",
        "held_out": f"{others['inside'].sum()} of {len(others)}",
        "half_width": f"{candidate.width:.4f}",
    }


def by_metric(figures: pd.DataFrame) -> list[str]:
    """Return how many figures of the metrics that have any lie outside, the most first."""
    outside = (~figures["inside"]).groupby(figures["metric"], sort=False).agg(["sum", "size"])
    rows = outside[outside["sum"] > 0].sort_values("sum", ascending=False, kind="stable").iterrows()
    return [f"{CLAIM_METRICS[str(metric)].words} {row['sum']} of {row['size']}" for metric, row in rows]


def worst_groups(figures: pd.DataFrame) -> list[str]:
    """Return the groups of cells, by one setting, with the largest shares outside, above that of all.

    One figure alone is no group.
    """
    share = float((~figures["inside"]).mean())
    found = [group for group in groups_of(figures) if group[1] > 1 and group[1] / group[2] > share]
    worst = sorted(found, key=lambda group: (-group[1] / group[2], -group[2]))[:NAMED]
    return [f"{name} {outside} of {size}" for name, outside, size in worst]


def groups_of(figures: pd.DataFrame) -> Iterator[tuple[str, int, int]]:
    """Yield the groups of figures by each setting of their cells: its words, outside, size."""
    settings = pd.DataFrame([cell_settings(cell) for cell in figures["cell"]], index=figures.index)
    for name in [name for name in settings if settings[name].nunique(dropna=False) > 1]:
        for level, own in figures.groupby(settings[name], sort=False):
            if len(own) >= FEWEST:
                yield f"{of_setting(str(name))} {level}", int((~own["inside"]).sum()), len(own)
