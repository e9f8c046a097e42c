"""The five source reports as data: what each concluded, and every figure that it gives.

`<study>.yaml` holds what a report is about, its claims (form: reports/claims/file.py), claims of our own that
go beyond it, and the parameter counts that it prints. `reported.csv` holds its figures: study, cell (the
settings that the report states, as key=value), metric, reported, note.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from reports.claims.claim import Claim, Conditions
from reports.claims.document import read_yaml
from reports.claims.file import parse_claims
from reports.claims.values import as_mapping, conditions
from sweeps.records import studies

FOLDER = Path(__file__).parent
STUDIES = tuple(study.name for study in studies.STUDIES if study.is_source_report)


@dataclass(frozen=True)
class Count:
    """A number of parameters that a report prints: for these runs, or for what they have above others."""

    network: str
    reported: int
    where: Conditions
    above: Conditions | None


@dataclass(frozen=True)
class Beside:
    """Another study whose rankings stand beside this one's, over those of its runs that are comparable."""

    study: str
    where: Conditions


@dataclass(frozen=True)
class Reference:
    """A source report.

    unsaid: the settings of a figure's cell that the report leaves unsaid
    fitted: those of them that the part `fit` of its study tries
    main: the claims, by id, that the summary of all studies states in words
    """

    study: str
    title: str
    about: str
    remarks: tuple[str, ...]
    unsaid: Conditions
    claims: tuple[Claim, ...]
    beyond: tuple[Claim, ...]
    counts: tuple[Count, ...]
    figures: pd.DataFrame
    beside: Beside | None = None
    fitted: tuple[str, ...] = ()
    main: tuple[str, ...] = ()


@cache
def reference(study: str) -> Reference | None:
    """Return the source report that a study rebuilds, None if it is none of the five."""
    path = FOLDER / f"{study}.yaml"
    if study not in (*STUDIES, *more()):
        return None
    data = read_yaml(path)
    return Reference(
        study,
        str(data["title"]),
        str(data["about"]),
        tuple(map(str, data.get("remarks", ()))),
        conditions(as_mapping(data, "unsaid")),
        tuple(parse_claims(data["claims"], path.name)),
        tuple(parse_claims(data["beyond"], path.name)) if data.get("beyond") else (),
        tuple(map(count, data.get("parameters", ()))),
        figures(study),
        Beside(data["beside"]["study"], conditions(data["beside"]["where"])) if "beside" in data else None,
        tuple(map(str, data.get("fitted", ()))),
        tuple(map(str, data.get("main", ()))),
    )


def more() -> Sequence[str]:
    """Return the sweeps that are no source report but have claims here."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem not in STUDIES)


def count(entry: Mapping[str, Any]) -> Count:
    """Return one of the parameter counts of a file."""
    above = conditions(as_mapping(entry, "above")) if "above" in entry else None
    where = conditions(as_mapping(entry, "where"))
    return Count(str(entry["network"]), int(entry["reported"]), where, above)


def figures(study: str) -> pd.DataFrame:
    """Return the figures of one report, in the order of the file."""
    table = pd.read_csv(FOLDER / "reported.csv", dtype={"reported": float}, keep_default_na=False)
    return table[table["study"] == study].reset_index(drop=True)
