"""`python -m sweeps.verify`: runs trained again, to the last bit, and what is told where they differ."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sweeps.execution.kernels import CHOICE, kernels_of, run_here
from sweeps.job.provenance import provenance
from sweeps.records import archive
from sweeps.records.errors import UserError
from sweeps.records.record import read_record
from sweeps.records.same import Compared, Likeness, compare
from tests.support.tiny.driver import PROJECT, Tiny

CELL = ["dataset=sample", "training.epochs=2", "model.hidden=[8]", "loss=hinge", "init=normal"]


def python(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trained_by(kernels: str, place: Path) -> Path:
    """Train a cell by kernels of OpenBLAS that are not those of this process, or skip."""
    if not str(provenance()["blas"]).startswith("openblas") or not run_here(kernels):
        pytest.skip(f"this machine has no kernels {kernels}")
    assert provenance()["blas_architecture"] != kernels
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CHOICE, kernels)
        process = python("sweeps", *CELL, "activation=gelu", "hydra.sweep.dir=kept", cwd=place)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (out, err)
    return place / "kept"


def verify(root: Path, *words: str, code: int = 0) -> str:
    process = python("sweeps.verify", str(root), *words, cwd=root.parent if root.exists() else Path.cwd())
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, (process.returncode, out, err)
    return out + err


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads((folder / "report.json").read_text())
    change(data)
    (folder / "report.json").write_text(json.dumps(data))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of our own networks, one with a choice that its record alone remembers."""
    place = tmp_path_factory.mktemp("trained")
    words = [*CELL, "activation=relu,swish,selu", "++init.std=0.03", "hydra.sweep.dir=kept"]
    process = python("sweeps", *words, cwd=place)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (out, err)
    return place / "kept"


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "kept"))


def with_hash(digest: str, data: dict[str, Any]) -> None:
    data["history_csv"]["sha256"] = digest


def cells(root: Path) -> list[Path]:
    return sorted(path.parent for path in root.glob("*/report.json"))


def test_what_nobody_touched_is_identical_and_nothing_is_changed(root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    out = verify(root, "--cells", "9", "--seed", "5")
    assert [line.split()[0] for line in out.splitlines()[:3]] == ["identical"] * 3
    assert out.splitlines()[-1] == "3 of 3 runs trained again: identical (drawn with --seed 5)"
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_run_is_trained_again_by_the_kernels_of_its_record(tmp_path: Path) -> None:
    """By those of this process its losses have other bits, which is told."""
    root = trained_by("Sandybridge", tmp_path)
    assert verify(root).splitlines()[-1].startswith("1 of 1 runs trained again: identical")
    edit(cells(root)[0], lambda data: data["provenance"].update(blas="openblas", blas_architecture="Sandy"))
    out = verify(root)
    assert out.startswith("close")
    assert f"blas_architecture was Sandy, is {provenance()['blas_architecture']}" in out


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"blas": "mkl 2026.0", "blas_architecture": "Haswell"},
        {"blas": "openblas 0.3.31", "blas_architecture": None},
        {"blas": "openblas 0.3.31", "blas_architecture": "NoSuchKernels"},
        {"blas": "openblas 0.3.31", "blas_architecture": "Haswell\nX=1"},
        {"blas": ["openblas"], "blas_architecture": ["Haswell"]},
    ],
)
def test_what_is_no_name_of_kernels_here_chooses_none(facts: dict[str, Any], two_done: Tiny) -> None:
    folder = two_done.records()[0].path
    edit(folder, lambda data: data.update(provenance=facts))
    assert kernels_of(read_record(folder)) == {}


def test_the_same_seed_draws_the_same_runs(root: Path) -> None:
    first, again = (verify(root, "--cells", "1", "--seed", "7") for _ in range(2))
    assert first == again
    assert "1 of 3 runs trained again: identical" in first


def test_a_figure_that_was_touched_up_is_found(root: Path) -> None:
    for folder in cells(root):
        edit(folder, lambda data: data["final"].update(test_accuracy=0.9712))
    out = verify(root, "--cells", "1", code=1)
    assert "different" in out
    assert "final.test_accuracy was 0.9712, is 0." in out
    assert "1 of 3 runs trained again: 1 different" in out


def test_a_curve_whose_hash_was_renewed_as_well_is_found(root: Path) -> None:
    for folder in cells(root):
        with (folder / "history.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        rows[1]["test_loss"] = repr(float(rows[1]["test_loss"]) * (1 + 1e-15))
        with (folder / "history.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        digest = hashlib.sha256((folder / "history.csv").read_bytes()).hexdigest()
        edit(folder, partial(with_hash, digest))
    out = verify(root, "--cells", "1", code=1)
    assert "different" in out
    assert "test_loss in row 2 of history.csv was " in out


def test_a_damaged_record_and_other_data_are_told(root: Path) -> None:
    torn, other, _ = cells(root)
    (torn / "report.json").write_text("{")
    edit(other, lambda data: data["dataset"].update(sha256="0" * 64))
    out = verify(root, "--cells", "2", code=1)
    assert f"damaged    {torn.name}: report.json " in out
    assert f"other data {other.name}: not of what sample held" in out
    assert f"different  {other.name}: the data had SHA-256 000000000000, now " in out
    assert "2 of 2 runs trained again: 1 identical, 1 different" in out


def test_a_record_of_other_code_that_says_less_is_trained_to_the_same(root: Path) -> None:
    def earlier(data: dict[str, Any]) -> None:
        """What version 0.1 wrote: no `ignore`, fewer figures."""
        for key in ("ignore", "final_epoch", "best_by", "best_by_test", "test_correct", "test_by_class"):
            data.pop(key, None)
        data["config"]["training"].pop("lockstep")
        data["code"] = "0" * 12

    for folder in cells(root):
        edit(folder, earlier)
    out = verify(root, "--cells", "1")
    assert out.startswith("identical")
    assert "(it was made by other code)" in out


def test_other_code_is_that_of_the_modules_that_the_sweep_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("WIDTH = 1\n")
    process = python("sweeps", *CELL, "hydra.sweeper.code=[mlp,mine]", "hydra.sweep.dir=kept", cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (out, err)
    assert "other code" not in verify(tmp_path / "kept")
    (tmp_path / "mine.py").write_text("WIDTH = 2\n")
    assert "(it was made by other code)" in verify(tmp_path / "kept")


def test_options_that_are_gone_are_told_in_a_line(root: Path) -> None:
    for folder in cells(root):
        edit(folder, lambda data: data["choices"].update(loss="of_mine"))
    out = verify(root, "--cells", "1", code=1)
    assert "different" in out
    assert "could not be run: " in out
    assert "of_mine" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cells", "0"], "--cells = 0: must be at least 1"),
        (["--cells", "two"], "invalid int value: 'two'"),
        (["--cell", "2", "--sed", "1"], "did you mean --seed?"),
    ],
)
def test_wrong_words_are_one_line(root: Path, words: list[str], said: str) -> None:
    out = verify(root, *words, code=2)
    assert said in out
    assert out.startswith("error: ")
    assert out.count("\n") == 1


def test_where_there_is_no_sweep_or_no_result(tmp_path: Path, root: Path) -> None:
    assert "holds no sweep" in verify(tmp_path / "nowhere", code=2)
    for folder in cells(root):
        edit(folder, lambda data: data.update(schema=99))
    out = verify(root, code=1)
    assert out.count("damaged ") == len(cells(root))
    assert f"{root}: no run has a result that can be believed, so none is trained again" in out
    for folder in cells(root):
        shutil.rmtree(folder)
    assert "no run has a result yet" in verify(root, code=2)


def test_what_is_wrong_in_a_bundle_is_told_of_its_file(root: Path, tmp_path: Path) -> None:
    """The message named a temporary directory, which was gone when it was read."""
    (root / "sweep.json").write_text("[]")
    kept = {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}
    sums = "".join(f"{hashlib.sha256(kept[name]).hexdigest()}  {name}\n" for name in kept)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name, content in {**kept, "SHA256SUMS": sums.encode()}.items():
            file.writestr(f"kept/{name}", content)
    out = verify(tmp_path / "a.zip", code=2)
    assert out.startswith(f"error: {tmp_path / 'a.zip'}/sweep.json is damaged: it is no JSON object")


def test_another_application_is_run_by_the_command_that_is_given(two_done: Tiny) -> None:
    out = verify(two_done.root, code=2)
    assert "was made by " in out
    assert "--application 'python app.py'" in out
    process = python(
        "sweeps.verify",
        str(two_done.root),
        "--application",
        "python -m tests.support.tiny.app",
        cwd=two_done.cwd,
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (out, err)
    assert "2 of 2 runs trained again: identical" in out


@pytest.mark.parametrize("command", ["evil.py", "evil/sweeps/__main__.py", "evil/mlp-sweep"])
def test_what_a_plan_names_is_not_started(command: str, root: Path) -> None:
    script = root.parent / command
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text("open('HARM', 'w').close()")
    plan = json.loads((root / "sweep.json").read_text())
    (root / "sweep.json").write_text(json.dumps(plan | {"command": [str(script), *plan["command"][1:]]}))
    out = verify(root, "--cells", "1", code=2 if command == "evil.py" else 0)
    assert ("identical" in out) == (command != "evil.py")
    assert not list(root.parent.rglob("HARM"))


def test_options_that_a_plan_names_are_not_read(root: Path) -> None:
    plan = json.loads((root / "sweep.json").read_text())
    command = [*plan["command"], "--config-dir", "of a stranger"]
    (root / "sweep.json").write_text(json.dumps(plan | {"command": command}))
    out = verify(root, code=2)
    assert "was made with a --config-dir: say how it is started, --application" in out
    assert "python -m sweeps --config-dir" in out


HARM = "touch HARM"
STRANGE: dict[str, Callable[[dict[str, Any]], None]] = {
    "a setting of Hydra's": lambda data: data["config"].update(hydra={"sweeper": {"notify": HARM}}),
    "its dotted name": lambda data: data["config"].update({"hydra.sweeper.notify": HARM}),
    "a key of more than a key": lambda data: data["config"].update({"seed=1 hydra.sweeper.notify": HARM}),
    "an option of Hydra's": lambda data: data["choices"].update({"hydra.sweeper.notify": HARM}),
    "a group into Hydra": lambda data: data["choices"].update({"loss@hydra.sweeper": "hinge"}),
    "a way out": lambda data: data["choices"].update(loss="../../kept/evil"),
    "a path": lambda data: data["choices"].update(loss="/kept/evil"),
}


@pytest.mark.parametrize("change", STRANGE.values(), ids=STRANGE)
def test_a_record_sets_nothing_of_hydras(change: Callable[[dict[str, Any]], None], root: Path) -> None:
    for folder in cells(root):
        edit(folder, change)
    out = verify(root, "--cells", "1", code=2)
    assert "a record's must be the name of a setting" in out
    assert out.count("\n") == 1
    assert not list(root.parent.rglob("HARM"))


def test_code_that_a_record_names_is_not_imported(root: Path) -> None:
    (root.parent / "trap.py").write_text("open('HARM', 'w').close()")
    for folder in cells(root):
        edit(folder, lambda data: data["config"]["loss"].update(_target_="trap.Loss"))
    assert "1 of 3 runs trained again: identical" in verify(root, "--cells", "1")
    assert not list(root.parent.rglob("HARM"))


def test_runs_with_kept_weights_and_a_test_set_of_their_own_are_the_same_cells(tmp_path: Path) -> None:
    rows = [f"{place % 7},{place % 5},{'odd' if place % 2 else 'even'}" for place in range(60)]
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("\n".join(["a,b,class", *rows, ""]))
    own = ["dataset=file", "dataset.path=train.csv", "dataset.test_path=test.csv", "hydra.sweep.dir=kept"]
    size = ["training.epochs=1", "training.batch_size=10", "model.hidden=[4]", "training.save_weights=last"]
    process = python("sweeps", *own, *size, cwd=tmp_path)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert "1 of 1 runs trained again: identical" in verify(tmp_path / "kept")


def test_ctrl_c_ends_it_and_leaves_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    process = python("sweeps.verify", str(root), "--cells", "3", cwd=tmp_path)
    while not list(place.glob("verify-*")):
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in out + err
    assert not list(place.glob("verify-*"))


def compared(two: Tiny, change: Callable[[dict[str, Any]], None]) -> Compared:
    """A run against itself, once the later record was changed."""
    before = two.records()[0]
    edit(before.path, change)
    return compare(before, two.records()[0])


@pytest.mark.parametrize(
    ("then", "now", "likeness"),
    [
        ({"test_accuracy": 0.9}, {"test_accuracy": 0.9049}, Likeness.CLOSE),
        ({"test_accuracy": 0.9}, {"test_accuracy": 0.9051}, Likeness.DIFFERENT),
        ({"test_loss": 0.1}, {"test_loss": 0.1017}, Likeness.CLOSE),
        ({"test_loss": 0.1}, {"test_loss": 0.106}, Likeness.DIFFERENT),
        ({"rmse": 200.0}, {"rmse": 200.9}, Likeness.CLOSE),
        ({"rmse": 200.0}, {"rmse": 202.0}, Likeness.DIFFERENT),
        ({"rmse": 200.0, "fit_s": 1.0}, {"rmse": 200.0, "fit_s": 9.0}, Likeness.IDENTICAL),
        ({"rmse": 200.0}, {"mae": 200.0}, Likeness.DIFFERENT),
    ],
)
def test_another_processor_makes_figures_close_never_identical(
    two_done: Tiny, then: dict[str, float], now: dict[str, float], likeness: Likeness
) -> None:
    folder = two_done.records()[0].path
    edit(folder, lambda data: data.update(final=then, provenance={"cpu": "one"}))
    found = compared(two_done, lambda data: data.update(final=now, provenance={"cpu": "another"}))
    assert found.likeness is likeness
    if likeness is not Likeness.IDENTICAL:
        assert "cpu was one, is another" in found.why


def test_on_the_same_processor_nothing_is_close(two_done: Tiny) -> None:
    folder = two_done.records()[0].path
    edit(folder, lambda data: data.update(final={"test_accuracy": 0.9}))
    found = compared(two_done, lambda data: data.update(final={"test_accuracy": 0.9001}))
    assert found == Compared(Likeness.DIFFERENT, "final.test_accuracy was 0.9, is 0.9001")


def test_an_archive_that_is_too_large_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_BUNDLE", 3)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("large", "1234")
    with pytest.raises(UserError, match=r"a\.zip: is larger than"):
        archive.unpacked(tmp_path / "a.zip", tmp_path / "out")
