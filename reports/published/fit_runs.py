"""The runs that try what a report leaves unsaid, added to what is kept of its study: they may come later."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from reports.claims.observations import (
    compact,
    complete,
    observe,
    read_observations,
    settings_of,
    varying,
    write_observations,
)
from reports.published.again import kept_runs
from reports.published.named import named_in
from reports.runs.results import Results
from reports.sources import reference
from sweeps.records.errors import UserError
from sweeps.records.layout import PUBLISHED_RUNS as RUNS
from sweeps.records.published import read_published, write_published
from sweeps.records.studies import FIT


def is_fit(results: Results) -> bool:
    """Whether a directory holds only the runs that try what a report leaves unsaid."""
    return results.sweep.endswith(f"/{FIT}")


def study_of(results: Results) -> str:
    """Return the name of the study that a directory's runs are of."""
    return results.sweep.removesuffix(f"/{FIT}")


def keep_fit(results: Results, folder: Path) -> None:
    """Add these runs to those of their study, in place of earlier ones.

    Settings in which they agree and of which the others say nothing are left out; what trains them again is
    kept where it is of the others. Raises UserError where no others are kept.
    """
    study, source = study_of(results), reference(study_of(results))
    if source is None or not (folder / RUNS).is_file():
        raise UserError(f"{results.directory}: goes beside the runs of {study}, of which none are kept yet")
    own = observe(results)
    kept, tried = read_observations(folder / RUNS), own.assign(part=FIT)
    left_out = {*settings_of(tried)} - {*settings_of(kept), *varying(tried), *source.fitted}
    both = pd.concat([kept[kept["part"] != FIT], tried.drop(columns=list(left_out))], ignore_index=True)
    write_observations(compact(complete(both), named_in(source)), folder / RUNS)
    if (others := read_published(folder)) is not None:
        runs = (replace(run, part=FIT) for run in kept_runs(results.directory, own))
        write_published(folder, [*(run for run in others if run.part != FIT), *runs])
