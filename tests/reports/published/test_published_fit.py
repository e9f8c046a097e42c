"""What a report leaves unsaid, as it is published: beside the runs that are kept, which stay as they are."""

import csv
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from reports.claims.observations import read_observations
from reports.published.changes import runs_digest
from reports.published.fit_runs import keep_fit
from reports.published.pages import study_page
from reports.published.publish import publish, read
from reports.runs.reader import load
from reports.sources import reference
from reports.sources.fitting import fit_of
from reports.tables.spreadsheet import read_csv, write_csv
from sweeps.records.errors import UserError
from sweeps.records.layout import PUBLISHED_RUNS as RUNS
from sweeps.records.published import of_record, read_published, write_published
from sweeps.records.record import load_records
from tests.support import synthetic

RESULTS = Path(__file__).parents[3] / "docs" / "results"
NAME = "long_run_grid"
STEPS = {"optimizer.lr": [1e-5], "optimizer.weight_decay": [0.1]}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study as it is published, alone, without a fit; its figures are never drawn again."""
    monkeypatch.setattr("reports.published.publish.draw", lambda plots, folder, suffix: None)
    folder = shutil.copytree(RESULTS / NAME, tmp_path / "kept" / NAME)
    (folder / "again.json").unlink(missing_ok=True)
    runs = read_csv(folder / RUNS)
    write_csv(runs[runs["part"] != "fit"], folder / RUNS)
    return folder


def fitted_rows(kept: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((kept / "fitted.csv").read_text().splitlines()))


def test_a_fit_is_told_on_the_page_and_in_the_summary_and_changes_nothing_else(kept: Path) -> None:
    """The runs of the main part, called a fit: small weights, which are in use, and He's."""
    before = study_page(read(kept))
    tables = {path.name: path.read_text() for path in kept.glob("*.csv")}
    runs = read_csv(kept / RUNS)
    main = runs[(runs["part"] == "main") & (runs["lr"] == "1e-05") & runs["seed"].isin(["0", "1", "2"])]
    write_csv(pd.concat([runs, main.assign(part="fit")]), kept / RUNS)
    publish([], kept.parent)
    rows = fitted_rows(kept)
    assert [(row["what"], row["init"]) for row in rows] == [
        ("in use", "normal"),
        ("tried", "he"),
        ("chosen", "normal"),
    ]
    now, he, chosen = rows
    assert now | {"what": ""} == chosen | {"what": ""}  # they are the same runs
    assert {row["choosing_compared"] for row in rows} == {row["held_out_compared"] for row in rows} == {"14"}
    first, second = int(chosen["choosing_inside"]), int(chosen["held_out_inside"])
    assert second > int(he["held_out_inside"])
    page, summary = (kept / "README.md").read_text(), (kept.parent / "README.md").read_text()
    assert f"| chosen | init normal | {first} of 14 | {second} of 14 |" in page
    assert f"figures that count are {'inside' if second == 14 else 'not inside'}." in page
    assert f"other half 95 % or more are inside in {'1' if second == 14 else 'none'} of 1." in summary
    assert (
        f"{second} of 14 figures inside with the study's settings (init normal), which the fit chose, too."
        in summary
    )
    for name in ("claims.csv", "contrasts.csv", "reported.csv", "rankings.csv"):
        assert (kept / name).read_text() == tables[name]
    section = re.sub(r"## What the report does not state.*?(?=\n## )", "", page, flags=re.DOTALL)
    assert section.count("\n") < page.count("\n")
    told = f", {len(main)} runs of what the report does not state"
    assert told in section
    assert section.replace(told, "").split() == before.split()


def test_runs_of_a_fit_go_beside_those_that_are_kept_once(kept: Path, tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["selu", "gelu"], "loss": ["mse"], **STEPS}, (0, 1, 2), epochs=200)
    directory = synthetic.write_sweep(tmp_path / "runs", cells, f"{NAME}/fit")
    before, digest = read_csv(kept / RUNS), runs_digest(kept / RUNS)
    for _ in range(2):
        keep_fit(load(directory), kept)
        after = read_csv(kept / RUNS)
        assert after["part"].value_counts()["fit"] == 6
        assert after.loc[after["part"] != "fit", before.columns].reset_index(drop=True).equals(before)
    assert runs_digest(kept / RUNS) == digest  # the verdicts rest on the same runs
    assert read_published(kept) is None  # nor is anything of the others kept to train them again
    record = next(iter(load_records(directory).values()))
    write_published(kept, [of_record("main", record)])
    for _ in range(2):
        keep_fit(load(directory), kept)
        again = read_published(kept)
        assert again is not None
        assert [run.part for run in again] == ["main"] + ["fit"] * 6
        assert {run.record.cell_id for run in again[1:]} == {cell.cell_id for cell in cells}
    source = reference(NAME)
    assert source is not None
    fit = fit_of(source, read_observations(kept / RUNS))
    assert fit is not None
    assert fit.chosen.values == {"init": "he"}
    assert (
        len(fit.chosen.half(chooses=True)) + len(fit.chosen.half(chooses=False)) == 6
    )  # of 2 cells; gelu has 4


def test_runs_of_a_fit_without_its_study_are_one_line(tmp_path: Path) -> None:
    directory = synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"loss": ["mse"]}), f"{NAME}/fit")
    with pytest.raises(UserError, match=f"goes beside the runs of {NAME}, of which none are kept yet"):
        publish([directory], tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
