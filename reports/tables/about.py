"""What a sweep's tables stand on, in few words: which data, how many epochs, how many seeds."""

from collections.abc import Iterator

from reports.runs.factors import label
from reports.runs.results import Results

MOST = 3  # values that are named; of more their number is


def stands_on(results: Results) -> str:
    """Return the data, the epochs and the seeds of a sweep: "mnist, 10 epochs, 5 seeds"."""
    return ", ".join(parts(results))


def parts(results: Results) -> Iterator[str]:
    """Yield what is known of the data, the epochs and the seeds."""
    data = [name for name in results.runs["data_name"].unique().tolist() if name]
    data = data or values(results, "dataset")
    if data:
        yield listed(data, "data sets")
    if epochs := values(results, "training.epochs"):
        yield f"{listed(epochs, 'numbers of')} epoch{'s' if epochs != ['1'] else ''}"
    counts = results.cells["runs"].tolist()
    fewest, most = min(counts, default=0), max(counts, default=0)
    yield f"{fewest} to {most} seeds" if fewest < most else f"{most} seed{'s' if most != 1 else ''}"


def values(results: Results, key: str) -> list[str]:
    """Return the values that runs have of a setting, none if it is none of theirs."""
    settings = results.settings
    return list(dict.fromkeys(settings[key].map(label).tolist())) if key in settings else []


def listed(texts: list[str], what: str) -> str:
    """Return a few texts, or how many there are."""
    return " and ".join(texts) if len(texts) <= MOST else f"{len(texts)} {what}"
