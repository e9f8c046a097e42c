"""How many seeds the cells of a study have."""

import pandas as pd


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
