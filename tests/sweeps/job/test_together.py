"""Cells that are trained in lockstep by a sweep: each has its own record, and faults change no result."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, flag_override

from sweeps.job.components import KINDS
from sweeps.job.grouping import group
from sweeps.planning.groups import groups
from sweeps.planning.settings import Settings
from sweeps.records.plan import Cell
from sweeps.records.record import Record, load_records
from tests.support.tiny.driver import wait_until

ROOT = Path(__file__).parents[3]
FEW = ("dataset=sample", "model.hidden=[8]", "optimizer.lr=0.01,0.02", "training.epochs=1")
CELLS = (
    "dataset=sample",
    "model.hidden=[24]",
    "activation=relu,gelu",
    "loss=softmax_ce,hinge",
    "optimizer.lr=0.01,0.02",
    "training.epochs=40",
    "training.batch_size=10",
    "training.lockstep=auto",
    "hydra.sweeper.workers=1",
)


def start(root: Path, *overrides: str) -> subprocess.Popen[str]:
    latest = dict(override.split("=", 1) for override in overrides)  # none may be given twice
    wanted = (f"{key}={value}" for key, value in latest.items())
    command = [sys.executable, "-m", "sweeps", f"hydra.sweep.dir={root}", *wanted]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def sweep(root: Path, *overrides: str, code: int = 0) -> str:
    process = start(root, *overrides)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, out + err
    return out


def results(root: Path) -> dict[str, Any]:
    """Return what each record and history says, its times left out."""
    found = {}
    for identity, record in load_records(root).items():
        with (record.path / "history.csv").open(encoding="utf-8") as file:
            rows = [{k: v for k, v in row.items() if not k.endswith("_s")} for row in csv.DictReader(file)]
        found[identity] = (record.status, record.data["final"], record.data.get("diverged"), rows)
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the cells end with when each is trained by itself."""
    root = tmp_path_factory.mktemp("alone")
    sweep(root, *CELLS, "training.lockstep=off")
    assert all("lockstep" not in record.data["timing"] for record in load_records(root).values())
    return results(root)


def at_work(root: Path) -> list[Record]:
    """Return the running cells, once at least two of them have ended an epoch."""
    running = [record for record in load_records(root).values() if record.status == "running"]
    begun = [record for record in running if (record.path / "checkpoint.npz").exists()]
    return running if len(begun) > 1 else []


def test_cells_of_a_group_end_as_they_do_alone_and_their_records_say_so(
    tmp_path: Path, alone: dict[str, Any]
) -> None:
    sweep(tmp_path, *CELLS)
    assert results(tmp_path) == alone
    for record in load_records(tmp_path).values():
        assert record.data["timing"]["lockstep"] == 4
        assert record.data["attempts"] == 1


@pytest.mark.faults
def test_a_group_whose_process_is_killed_is_done_one_by_one_and_ends_the_same(
    tmp_path: Path, alone: dict[str, Any]
) -> None:
    process = start(tmp_path, *CELLS)
    (victim, *_) = wait_until(lambda: at_work(tmp_path))
    os.kill(victim.data["worker"]["pid"], signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert results(tmp_path) == alone
    attempts = {record.data["attempts"] for record in load_records(tmp_path).values()}
    assert attempts == {1, 2}


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_group_is_continued_together_or_alone(
    tmp_path: Path, alone: dict[str, Any], number: signal.Signals
) -> None:
    process = start(tmp_path, *CELLS)
    wait_until(lambda: at_work(tmp_path))
    process.send_signal(number)
    process.communicate(timeout=30)
    time.sleep(0.5)
    assert {record.status for record in load_records(tmp_path).values()} <= {"interrupted", "lost", "done"}
    sweep(tmp_path, *CELLS, "optimizer.lr=0.01", "training.lockstep=off")
    sweep(tmp_path, *CELLS)
    assert results(tmp_path) == alone


def test_one_that_diverges_leaves_the_others_as_they_were(tmp_path: Path, alone: dict[str, Any]) -> None:
    sweep(tmp_path, *CELLS, "optimizer.lr=0.01,0.02,1e30")
    found = results(tmp_path)
    assert {identity: found[identity] for identity in alone} == alone
    others = [found[identity] for identity in found.keys() - alone.keys()]
    assert [status for status, *_ in others] == ["diverged"] * 4


def test_the_plan_shows_groups_and_why_a_cell_has_none(tmp_path: Path) -> None:
    text = sweep(
        tmp_path,
        *CELLS,
        "optimizer=sgd,lbfgs",
        "optimizer.lr=1",
        "seed=0,1",
        "hydra.sweeper.dry_run=true",
    )
    assert "8 together, in 2 groups" in text
    assert "8 alone: lbfgs takes no steps over batches" in text
    ungrouped = sweep(tmp_path, *CELLS, "training.lockstep=off", "hydra.sweeper.dry_run=true")
    assert "alone" not in ungrouped
    assert "together" not in ungrouped
    assert not list(tmp_path.iterdir())


def test_an_unknown_value_is_refused(tmp_path: Path) -> None:
    process = start(tmp_path, "training.lockstep=on")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.strip() == "error: training.lockstep = 'on': must be auto or off"


def test_cells_of_other_batches_or_of_components_of_others_are_in_no_group() -> None:
    config = {
        "activation": {"_target_": "mlp.activations.ReLU"},
        "optimizer": {"_target_": "mlp.optimizers.SGD"},
        "dataset": {"_target_": "mlp.datasets.Sample"},
        "model": {"_target_": "mlp.network.MLP", "hidden": [8]},
        "schedule": {"_target_": "mlp.schedules.Constant"},
        "training": {"_target_": "mlp.training.Training", "lockstep": "auto", "batch_size": 10},
        "seed": 0,
    }
    key, why = group(config)
    assert (key is not None, why) == (True, "")
    assert group(config | {"activation": {"_target_": "mlp.activations.GELU"}})[0] == key
    assert group(config | {"seed": 1})[0] != key
    training = json.loads(json.dumps(config["training"])) | {"batch_size": 20}
    assert group(config | {"training": training})[0] != key
    assert group(config | {"activation": {"_target_": "mine.Wave"}}) == (
        None,
        "mine.Wave is not one of the project's own components",
    )
    off = config | {"training": training | {"lockstep": "off"}}
    assert group(off) == ("", "")  # by itself, and nothing to explain
    assert group(off | {"activation": {"_target_": "mine.Wave"}}) == (None, "")


@pytest.mark.parametrize("lockstep", ["off", "auto"])
def test_what_hydra_is_asked_to_do_around_a_job_is_done_for_each(tmp_path: Path, lockstep: str) -> None:
    asked = ("hydra.job.chdir=true", "hydra.output_subdir=.hydra", "hydra/job_logging=default")
    sweep(tmp_path, *FEW, f"training.lockstep={lockstep}", *asked)
    records = list(load_records(tmp_path).values())
    assert [record.status for record in records] == ["done", "done"]
    for record in records:
        assert (record.path / ".hydra" / "config.yaml").is_file()
        assert [path.name for path in record.path.glob("*.log")] == ["main.log"]


@pytest.mark.parametrize(
    ("asked", "key", "why"),
    [
        ("seed=0", "", "batches"),
        ("hydra.job.chdir=true", None, "hydra.job.chdir is done for one cell at a time"),
        ("+hydra.job.env_set.A=b", None, "hydra.job.env_set is set for one cell at a time"),
        (
            "+hydra.callbacks.mine._target_=mine.Notes",
            None,
            "hydra.callbacks are called for one cell at a time",
        ),
        ("hydra.output_subdir=.hydra", None, "batches"),
        ("hydra/job_logging=default", None, "batches"),
        ("hydra.verbose=true", "", "batches"),
    ],
)
def test_a_cell_goes_without_hydra_only_where_hydra_has_nothing_to_do_for_it(
    asked: str, key: str | None, why: str
) -> None:
    settings = Settings(group="sweeps.job.grouping.group", group_job="sweeps.job.main.train")
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        composed = compose("config", [asked, "dataset=sample"], return_hydra_config=True)
    with flag_override(composed, "struct", False):
        config: Any = OmegaConf.to_container(OmegaConf.masked_copy(composed, [*KINDS, "seed"]), resolve=True)
    cell = Cell("a" * 12, "a", [], config, {})
    assert groups([cell], settings, composed)[cell.id] == (key, "")
    config["training"]["lockstep"] = "auto"
    together = groups([cell], settings, composed)[cell.id]
    assert (together.why or "batches", together.key is None) == (why, why != "batches")


def test_a_function_that_names_no_group_is_refused_in_one_line(tmp_path: Path) -> None:
    process = start(tmp_path, *CELLS, "hydra.sweeper.group=json.dumps")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.strip() == "error: hydra.sweeper.group=json.dumps: must return a text or None, and a reason"
    assert not list(tmp_path.iterdir())
