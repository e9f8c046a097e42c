"""`python -m sweeps.verify docs/results`: published runs trained again, long after their records went."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.published.publish import publish
from sweeps.records.published import own_of, read_published, shared_by, whole
from tests.sweeps.test_verify import CELL, HARM, STRANGE, python, verify

STUDY = "tuned_grid"  # whose claims no lesson needs


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of three runs of our own networks, published; their records are gone."""
    place = tmp_path_factory.mktemp("published")
    process = python("sweeps", *CELL, "activation=relu,swish,selu", "hydra.sweep.dir=runs", cwd=place)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (out, err)
    plan = place / "runs" / "sweep.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"sweep": STUDY}))
    publish([place / "runs"], place / "results")
    shutil.rmtree(place / "runs")
    return place / "results"


@pytest.fixture
def results(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "results"))


def edit(results: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change each run of what is kept, and what they share."""
    path = results / STUDY / "again.json"
    data = json.loads(path.read_text())
    runs = [[part, whole(data["shared"][part], own)] for part, own in data["runs"]]
    for _, run in runs:
        change(run)
    shared: dict[str, Any] = {part: {} for part in data["shared"]}
    path.write_text(json.dumps(data | {"shared": shared, "runs": runs}))


def test_what_the_runs_of_a_part_share_is_kept_once(tmp_path: Path) -> None:
    config = {"seed": 0, "loss": {"name": "mse", "scale": 1}, "model": {"hidden": [8]}}
    rows = [
        {"part": "main", "config": config, "figures": ["a", "b"], "x": 1},
        {"part": "main", "config": config | {"seed": 1, "loss": {"name": "mse", "scale": 1.0}}, "x": True},
    ]
    shared = shared_by(rows)
    assert shared == {"part": "main", "config": {"loss": {"name": "mse"}, "model": {"hidden": [8]}}}
    owned = [own_of(row, shared) for row in rows]
    assert owned[1] == {"config": {"seed": 1, "loss": {"scale": 1.0}}, "x": True}
    assert [json.dumps(whole(shared, own), sort_keys=True) for own in owned] == [
        json.dumps(row, sort_keys=True) for row in rows
    ]


def test_what_is_published_is_trained_again_to_the_same_bits(results: Path) -> None:
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    out = verify(results, "--cells", "9", "--seed", "5")
    assert [line.split()[0] for line in out.splitlines()[:-1]] == ["identical"] * 3
    assert out.splitlines()[-1] == "3 of 3 runs trained again: identical (drawn with --seed 5)"
    assert {path: path.read_bytes() for path in results.rglob("*") if path.is_file()} == before


def test_one_study_alone_and_the_short_runs_alone(results: Path) -> None:
    edit(results, lambda run: run["timing"].update(epoch_cpu_s_median=1 + (run["config"]["seed"] == 0) * 99))
    assert verify(results / STUDY, "--longest", "100", code=2) == (
        "error: --longest = 100: no run took so little, of 3\n"
    )
    path = results / STUDY / "again.json"
    data = json.loads(path.read_text())
    data["runs"][1][1]["timing"] = {"epoch_cpu_s_median": 0.5}
    path.write_text(json.dumps(data))
    out = verify(results / STUDY, "--longest", "1.5", "--seed", "1")
    assert out.endswith(
        "1 of 3 runs trained again: identical (drawn with --seed 1, among 1 that take at most 1.5 s)\n"
    )


def test_a_study_published_before_is_told_and_the_others_are_trained(results: Path) -> None:
    earlier = results / "long_run_grid"
    shutil.copytree(results / STUDY, earlier)
    (earlier / "again.json").unlink()
    line = "long_run_grid: was published before overrides were kept; its runs cannot be drawn"
    assert verify(earlier).splitlines() == [line, "0 runs trained again: nothing here keeps what trains them"]
    out = verify(results, "--cells", "1").splitlines()
    assert out[0] == line
    assert out[-1].startswith("1 of 3 runs trained again: identical")


def test_figures_are_kept_as_they_were_recorded(results: Path) -> None:
    runs = read_published(results / STUDY)
    assert runs is not None
    assert len({run.digest.sha256 for run in runs}) == 3
    losses = [run.record.data["final"]["train_loss"] for run in runs]
    assert all(loss != round(loss, 9) for loss in losses)  # to the last bit, not as the table has them
    assert all("test_correct" in run.digest.figures for run in runs)


def test_a_figure_touched_up_in_the_table_or_in_what_is_kept_is_found(results: Path) -> None:
    table = results / STUDY / "runs.csv"
    head, first, *rest = table.read_text().splitlines()
    column = head.split(",").index("test_accuracy")
    cells = first.split(",")
    then, cells[column] = cells[column], "0.99"
    table.write_text("\n".join([head, ",".join(cells), *rest, ""]))
    out = verify(results, "--cells", "1", code=1)
    assert f"test_accuracy is 0.99 in runs.csv, {then} in again.json" in out
    table.write_text("\n".join([head, first, *rest, ""]))
    edit(results, lambda run: run["final"].update(train_loss=run["final"]["train_loss"] + 1e-14))
    assert "different" in verify(results, "--cells", "1", code=1)


def test_a_curve_of_another_digest_is_found(results: Path) -> None:
    edit(results, lambda run: run.update(sha256="0" * 64))
    out = verify(results, "--cells", "1", code=1)
    assert "its curve, or what it recorded of each example, is another" in out


@pytest.mark.parametrize(("shift", "code", "likeness"), [(0.0049, 0, "close"), (0.0051, 1, "different")])
def test_another_processor_makes_it_close_at_best(
    results: Path, shift: float, code: int, likeness: str
) -> None:
    def elsewhere(run: dict[str, Any]) -> None:
        run["final"]["train_accuracy"] += shift
        run["provenance"] = run["provenance"] | {"cpu": "of yesterday"}

    edit(results, elsewhere)
    table = results / STUDY / "runs.csv"  # says the same, as it would had the runs been made there
    rows = [line.split(",") for line in table.read_text().splitlines()]
    column = rows[0].index("train_accuracy")
    for row in rows[1:]:
        row[column] = repr(round(float(row[column]) + shift, 9))
    table.write_text("\n".join([*(",".join(row) for row in rows), ""]))
    out = verify(results, "--cells", "1", code=code)
    assert out.startswith(likeness)
    assert "cpu was of yesterday, is " in out


@pytest.mark.parametrize("what", ["a setting of Hydra's", "a way out"])
def test_what_is_kept_sets_nothing_of_hydras(what: str, results: Path) -> None:
    edit(results, STRANGE[what])
    out = verify(results, "--cells", "1", code=2)
    assert "a record's must be the name of a setting" in out
    assert out.count("\n") == 1
    assert HARM.split()[1] not in {path.name for path in results.parent.rglob("*")}


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"schema": 2}',
        '{"schema": 1, "shared": {"main": {"config": {}}}, "runs": [["main", {"config": {}}]]}',
        '{"schema": 1, "shared": {"main": {"config": {}}}, "runs": [["main", {"config": "x"}]]}',
        '{"schema": 1, "shared": {}, "runs": [["main", {}]]}',
    ],
)
def test_a_damaged_file_is_one_line(results: Path, content: str) -> None:
    (results / STUDY / "again.json").write_text(content)
    out = verify(results, code=2)
    assert out.startswith("error: ")
    assert "again.json is damaged: it " in out
    assert out.count("\n") == 1
