"""How many seeds the cells of a study have."""

import pandas as pd


def seeds_words(seeds: "pd.Series[str]") -> str:
    """Return how many seeds cells have, from the seeds of all runs: "5", or "5 to 20" where some got more."""
    runs = seeds.value_counts()
    first, most = int((runs == runs.max()).sum()), len(runs)
    return f"{most}" if first == most else f"{first} to {most}"
