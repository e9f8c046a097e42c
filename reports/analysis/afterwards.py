"""What was left out or run again after results could be seen: told, for no error rate allows for it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.analysis.contrasts import MIN_SEEDS
from reports.analysis.outcomes import seeds_in_order
from reports.runs.results import Results

AGAIN = ("hydra.sweeper.retry=all", "hydra.sweeper.retry=stale", "hydra.sweeper.only=")
SHOWN = 6
SO = "The levels of error hold only if that did not depend on the results."


def afterwards(results: Results) -> str:
    """Return what was done to results after a look at them was possible, "" if nothing is known of any.

    A look is possible from 3 seeds on. What is known stands in the plan's history, in the runs that are
    recorded but not planned, and in those that are excluded on purpose.
    """
    told = list(changes(results, (results.plan or {}).get("history") or []))
    return f"{' '.join(told)} {SO}" if told else ""


def changes(results: Results, history: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each kind of change."""
    if results.excluded:
        yield f"Excluded on purpose: {some(results.excluded)}."
    planned = [entry.get("seeds") or [] for entry in history]
    looked = next((k for k, seeds in enumerate(planned) if len(seeds) >= MIN_SEEDS), None)
    if looked is None:
        return
    if gone := [seed for seed in seeds_in_order(planned)[0] if seed not in planned[-1]]:
        yield f"Left out, though planned earlier: the runs of seed {some(gone)}."
    elif results.unplanned:
        yield f"Left out, though recorded: {some(results.unplanned)}, which the latest plan does not have."
    for entry in history[looked + 1 :]:
        yield from again(entry)


def again(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many runs that had been planned before a command was told to run again."""
    words = [str(word) for word in entry.get("command") or [] if str(word).startswith(AGAIN)]
    number = int(entry.get("due") or 0) - int(entry.get("new") or 0)
    if words and number > 0:
        how = f"by {' '.join(words)} on {str(entry.get('time') or 'an unknown day')[:10]}"
        yield f"Run again, though planned earlier: {number} run{'s' * (number > 1)}, {how}."


def some(names: Sequence[Any]) -> str:
    """Return the first few, and whether there are more."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return "; ".join(map(str, names[:SHOWN])) + more
