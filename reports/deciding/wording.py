"""What is told of comparisons when a sweep that decides has ended."""

from collections.abc import Iterator, Sequence

from reports.deciding.comparisons import Compared, counts
from reports.deciding.question import Question
from reports.tables.number_formats import show_size
from reports.tables.rankings import power_text

SHOWN = 12  # open questions told one by one


def decided(found: Sequence[Compared]) -> str:
    """Return how all comparisons were decided."""
    if not found:
        return "nothing to compare: no two levels have runs that differ in nothing else"
    number = counts(found)
    many = f"all {len(found)} comparisons are" if len(found) > 1 else "the one comparison is"
    return f"{many} decided: {number['>']} shown ahead, {number['≈']} shown to be negligible"


def standing(each: Compared) -> str:
    """Return how a comparison stands, and what it would take."""
    return f"{each.title}{interval(each)}{takes(each)}"


def left_open(still: Sequence[Question]) -> Iterator[str]:
    """Yield a line for each question that is open, and what it would take."""
    for each in still[:SHOWN]:
        yield f"  open: {each.standing}"
    if len(still) > SHOWN:
        yield f"  and {len(still) - SHOWN} more; the report has them all"


def interval(each: Compared) -> str:
    """Return the difference so far with its interval, if there was a look."""
    pair = each.pair
    return f", {show_size(pair, each.effect.metric)} at {pair.look} seeds" if pair.look else ""


def takes(each: Compared) -> str:
    """Return what keeps a comparison open, or what it would take to decide it, if that is known."""
    pair = each.pair
    if pair.why:
        return f"; {pair.why}"
    return "" if pair.power is None else f"; {power_text(pair.power, pair.seeds, each.effect.metric)}"
