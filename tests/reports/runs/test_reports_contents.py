"""Reports and the content of the data: no mean holds two, rankings and comparisons stay within one."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.__main__ import main
from reports.compare import compare
from reports.page.build import make_report
from reports.runs.contents import by_content
from reports.runs.reader import load
from tests.support import synthetic

A, B, C = (hashlib.sha256(letter.encode()).hexdigest() for letter in "abc")
EDITED = "2 results of other data (a.npz: "


def on(path: str, sha256: str, seeds: Sequence[int] = range(5), **values: Any) -> list[synthetic.Cell]:
    """A cell with some seeds, trained on a file that held what the hash says."""
    cells = [synthetic.cell({**values, "seed": seed}) for seed in seeds]
    for one in cells:
        one.choices["dataset"] = "npz"
        one.config["dataset"] = {"_target_": "mlp.datasets.NPZ", "path": path, "classes": None}
        one.values["dataset.path"] = path
        one.cell_id = hashlib.sha256(f"{path}{one.cell_id}".encode()).hexdigest()[:12]
        one.name = f"{path.replace('/', '_')}-{one.cell_id}"
        one.extra = {"dataset": {"name": Path(path).name, "sha256": sha256}}
    return cells


def written(
    root: Path, cells: Sequence[synthetic.Cell], planned: Mapping[str, str] | None = None, **more: Any
) -> Path:
    """A sweep of the cells; `planned` is what each path held when the plan was made."""
    synthetic.write_sweep(root, cells)
    paths = list(planned or {})
    datasets = [
        {"name": Path(path).name, "sha256": (planned or {})[path], "earlier": [], "file": path} | more
        for path in paths
    ]
    plan = synthetic.write_plan(root, cells, datasets=datasets)
    if planned:
        data = json.loads(plan.read_text())
        for entry, one in zip(data["cells"], cells, strict=True):
            entry["dataset"] = paths.index(one.values["dataset.path"])
        plan.write_text(json.dumps(data))
    return root


def test_no_mean_holds_two_contents_and_what_is_left_out_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [*on("a.npz", A, seeds=(0, 1)), *on("a.npz", B, seeds=(2, 3, 4))]
    root = written(tmp_path / "grid", cells, {"a.npz": B})
    results = load(root)
    assert results.other_data == f"{EDITED}{A[:12]}, now {B[:12]})"
    assert results.runs["status"].tolist() == ["missing"] * 2 + ["done"] * 3
    assert results.runs["problem"].tolist() == ["what is recorded is of other data"] * 2 + [""] * 3
    assert set(results.history["cell_id"]) == {one.cell_id for one in cells[2:]}
    assert results.runs["test_accuracy"].notna().tolist() == [False] * 2 + [True] * 3
    assert any(EDITED in finding.text for finding in make_report(results, plots=False).findings)
    assert main([str(root), "--no-plots"]) == 1
    assert f"left out: {EDITED}" in capsys.readouterr().err


def test_without_a_plan_each_content_is_a_data_set_of_its_own(tmp_path: Path) -> None:
    cells = [*on("a.npz", A, seeds=(0, 1)), *on("a.npz", B, seeds=(2, 3, 4))]
    root = written(tmp_path, cells)
    (root / "sweep.json").unlink()
    parts = load(root).by_dataset()
    assert {name: len(part.runs) for name, part in parts.items()} == {
        f"a.npz, {A[:12]}": 2,
        f"a.npz, {B[:12]}": 3,
    }


def test_several_files_are_several_data_sets_and_ranked_apart(tmp_path: Path) -> None:
    cells = [
        one
        for path, sha256 in (("a.npz", A), ("b.npz", B))
        for width in ([64], [256])
        for one in on(path, sha256, **{"model.hidden": width})
    ]
    report = make_report(load(written(tmp_path, cells, {"a.npz": A, "b.npz": B})), plots=False)
    assert report.results.names == ["dataset", "hidden"]
    assert report.results.factor("dataset").levels == ("a.npz", "b.npz")
    assert {ranking.title for ranking in report.rankings} == {"hidden (a.npz)", "hidden (b.npz)"}
    assert not any("path" in text for text in (finding.text for finding in report.findings))
    heads = report.tables["variance"].heads
    assert "path" not in heads
    assert heads[1] == "dataset"


def test_two_files_of_one_content_are_one_data_set(tmp_path: Path) -> None:
    cells = [*on("a.npz", A, seeds=(0, 1, 2)), *on("copy/a.npz", A, seeds=(3, 4))]
    results = load(written(tmp_path, cells, {"a.npz": A, "copy/a.npz": A}))
    assert results.dataset is None
    assert results.names == []
    assert results.runs["cell"].nunique() == 1
    assert len(results.done) == 5


def test_a_run_on_a_copy_of_the_file_repeats_another_and_is_not_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [*on("a.npz", A, seeds=(0, 1)), *on("copy/a.npz", A, seeds=(1,))]
    root = written(tmp_path, cells, {"a.npz": A, "copy/a.npz": A})
    results = load(root)
    assert len(results.done) == 2
    assert results.is_whole
    assert main([str(root), "--no-plots"]) == 0
    said = capsys.readouterr().err
    assert said.startswith("left out: 1 run, which repeats the settings, data and seed of another (")
    assert "damaged" not in said


def test_files_of_one_name_and_several_contents_are_told_apart(tmp_path: Path) -> None:
    cells = [*on("one/a.npz", A), *on("two/a.npz", B)]
    results = load(written(tmp_path, cells, {"one/a.npz": A, "two/a.npz": B}))
    assert results.factor("dataset").levels == (f"a.npz, {A[:12]}", f"a.npz, {B[:12]}")


def test_one_file_keeps_the_name_of_its_choice(tmp_path: Path) -> None:
    cells = [*on("a.npz", A, **{"model.hidden": [64]}), *on("a.npz", A, **{"model.hidden": [256]})]
    results = load(written(tmp_path, cells, {"a.npz": A}))
    assert results.names == ["hidden"]
    assert set(results.settings["dataset"]) == {"npz"}
    assert set(results.settings["dataset.path"]) == {"a.npz"}


def drawn(rows: Sequence[tuple[int | None, float, str]]) -> pd.DataFrame:
    settings = pd.DataFrame(
        [
            {"dataset": "xor", "dataset.train_size": size, "dataset.noise": noise, "seed": k}
            for k, (size, noise, _) in enumerate(rows)
        ]
    )
    return by_content(settings, [row[2] for row in rows], ["xor"] * len(rows))


def test_drawn_data_of_another_noise_are_another_set_and_more_of_the_same_are_not() -> None:
    rows = [(100, 0.1, A), (200, 0.1, B), (100, 0.5, C), (100, 0.1, A)]
    named = ["xor, noise 0.1", "xor, noise 0.1", "xor, noise 0.5", "xor, noise 0.1"]
    assert drawn(rows)["dataset"].tolist() == named
    assert drawn([(100, 0.1, A), (200, 0.1, B)])["dataset"].tolist() == ["xor", "xor"]


def test_drawn_data_that_became_others_are_not_united() -> None:
    levels = drawn([(100, 0.1, A), (100, 0.1, B), (200, 0.1, C)])["dataset"]
    assert levels.nunique() == 3


def test_sweeps_on_different_contents_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(tmp_path / "old", on("a.npz", A), {"a.npz": A})
    new = written(tmp_path / "new", on("a.npz", B), {"a.npz": B})
    assert main(["compare", str(old), str(new)]) == 0
    told = capsys.readouterr().out
    line = next(line for line in told.splitlines() if line.startswith("Not compared"))
    assert f"a.npz, {A[:12]} ({old}); a.npz, {B[:12]} ({new})" in line
    assert "nothing could be compared" in told
    assert f"| data | a.npz {A[:12]} | a.npz {B[:12]} |" in told


def test_sweeps_on_one_content_are_compared_wherever_their_files_were(tmp_path: Path) -> None:
    here = written(tmp_path / "here", on("a.npz", A), {"a.npz": A})
    there = written(tmp_path / "there", on("/data/b.npz", A), {"/data/b.npz": A})
    told = compare(load(here), load(there))
    assert "Not compared" not in told
    assert any(
        line.startswith("| Test accuracy") and line.endswith("| 5 | 1 |") for line in told.splitlines()
    )


def mnist(root: Path, first_version: bool) -> Path:
    """Five seeds on MNIST, as the first version or the present one records them."""
    cells = [synthetic.cell({"seed": seed}) for seed in range(5)]
    facts = synthetic.provenance() | {"dataset_sha256": "c65580" if first_version else A}
    for one in cells:
        one.extra = {"provenance": facts}
        if not first_version:
            one.extra["dataset"] = {"name": "mnist", "sha256": A}
        one.values["dataset.path"] = "mnist"
    return written(root, cells, None if first_version else {"mnist": A}, name="mnist", earlier=["c65580"])


def test_records_of_the_first_version_are_the_same_data_by_the_value_of_then(tmp_path: Path) -> None:
    old, new = mnist(tmp_path / "old", True), mnist(tmp_path / "new", False)
    assert load(old).other_data == load(new).other_data == ""
    told = compare(load(old), load(new))
    assert "Not compared" not in told
    assert "| 5 | 1 |" in told
    for path in new.glob("*/report.json"):
        path.write_text((old / path.parent.name / "report.json").read_text())
    mixed = load(new)
    assert (mixed.other_data, len(mixed.done)) == ("", 5)
    assert {facts["dataset_sha256"] for facts in mixed.provenance} == {A}


def test_records_of_the_first_version_of_a_file_are_left_out(tmp_path: Path) -> None:
    cells = on("a.npz", A)
    for one in cells:
        one.extra = {}
    results = load(written(tmp_path, cells, {"a.npz": A}))
    assert results.other_data == f"5 results of other data (a.npz: unknown, now {A[:12]})"
    assert results.done.empty


def test_repeats_that_were_planned_with_two_contents_count_with_the_last(tmp_path: Path) -> None:
    cells = [*on("a.npz", A, seeds=(0, 1)), *on("a.npz", B, seeds=(2, 3))]
    root = written(tmp_path, cells, {"a.npz": A})
    plan = json.loads((root / "sweep.json").read_text())
    plan["datasets"].append({"name": "a.npz", "sha256": B, "earlier": [], "file": None})
    for entry in plan["cells"][2:]:
        entry["dataset"] = 1
    (root / "sweep.json").write_text(json.dumps(plan))
    results = load(root)
    assert results.other_data.startswith(EDITED)
    assert results.runs["status"].tolist() == ["missing"] * 2 + ["done"] * 2


def test_a_target_set_beside_a_choice_is_a_factor_and_no_repeat(tmp_path: Path) -> None:
    """`activation._target_=…` leaves the choice as it is: without it such runs looked like repeats."""
    cells = [synthetic.cell({"activation": "relu", "seed": seed}) for seed in range(3)]
    for number, target in enumerate(("ELU", "Tanh")):
        for seed in range(3):
            one = synthetic.cell({"activation": "relu", "seed": seed})
            one.config["activation"] = {"_target_": f"mlp.activations.{target}"}
            one.cell_id = f"{number}{seed}{one.cell_id[2:]}"
            one.name = f"{target}-{one.cell_id}"
            cells.append(one)
    results = load(synthetic.write_sweep(tmp_path, cells))
    assert not results.repeated
    assert results.names == ["activation._target_"]
    assert len(results.runs) == 9
    plain = load(synthetic.write_sweep(tmp_path / "plain", synthetic.grid({"activation": ["relu", "gelu"]})))
    assert plain.names == ["activation"]
    assert "activation._target_" not in plain.settings
    assert plain.factors[0].along == ()
