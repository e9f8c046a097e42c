"""A sweep's report, as `python -m reports DIR` builds it."""

from pathlib import Path

from reports.page.build import write_report
from reports.runs.reader import load


def report(
    directory: str | Path,
    *,
    unplanned: bool = False,
    target: float | None = None,
    plots: bool = True,
    claims: str | Path | None = None,
) -> Path:
    """Rebuild the report of a sweep's directory from its run records, and return its page.

    unplanned: also take in recorded cells that the plan does not have
    target: the test accuracy that tables count epochs and seconds to, in (0, 1]
    plots: draw the figures, too
    claims: a file of claims to judge

    Raises UserError if there is nothing to report, or a file of claims is not as it should be.
    """
    if target is not None and not 0 < target <= 1:
        raise ValueError(f"target = {target}: must be above 0 and at most 1")
    results = load(directory, unplanned=unplanned, target=target)
    return write_report(results, plots=plots, claims=None if claims is None else Path(claims))
