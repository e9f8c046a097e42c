"""How many runs a study has, and how many seeds its cells."""

import pandas as pd

from reports.claims.observations import MAIN
from reports.claims.runs import TIMING
from sweeps.records.strategy import TRIALS
from sweeps.records.studies import FIT

BESIDE = {TIMING: "timed runs", FIT: "runs of what the report does not state", TRIALS: "trials"}
MEASURED = "measurements"  # whatever other part there is


def seeds_of_cells(seeds: "pd.Series[str]") -> tuple[int, int]:
    """Return, from the seeds of all runs, how many every cell has, and how many those that got the most."""
    runs = seeds.value_counts()
    return int((runs == runs.max()).sum()), len(runs)


def some_have_more(seeds: "pd.Series[str]") -> bool:
    """Whether some cells have more seeds than others."""
    every, most = seeds_of_cells(seeds)
    return most > every


def seeds_words(seeds: "pd.Series[str]") -> str:
    """Return how many seeds cells have, in words: "5", or "5 to 20" where some got more."""
    every, most = seeds_of_cells(seeds)
    return f"{every} to {most}" if some_have_more(seeds) else f"{most}"


def runs_words(frame: pd.DataFrame) -> str:
    """Return how many runs the claims are judged on, of how many seeds; beside them those of other parts."""
    main = frame[frame["part"] == MAIN]
    others = frame.loc[frame["part"] != MAIN, "part"].map(lambda part: BESIDE.get(part, MEASURED))
    counts = [f"{count} {words}" for words, count in others.value_counts(sort=False).items()]
    told = f"{len(main)} runs, {seeds_words(main['seed'])} seeds"
    return f"{told}; beside them {', '.join(counts)}" if counts else told
