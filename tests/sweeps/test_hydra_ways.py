"""What Hydra lets applications set and expect, held or refused in a line: directories, returns, sweepers."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

import hydra_plugins.resumable  # noqa: F401  (its resolvers: Hydra's fixture takes away what comes later)
from sweeps.records.record import load_records
from tests.support.tiny.driver import Tiny

ROOT = Path(__file__).parents[2]


@pytest.mark.filterwarnings(r"ignore:\s*(Future Hydra|The version_base):UserWarning")
@pytest.mark.usefixtures("hydra_restore_singletons")
@pytest.mark.parametrize(
    ("returned", "expected"),
    [(lambda a: a / 2, [0.5, 1.0]), (lambda a: {"loss": a}, [{"loss": 1}, {"loss": 2}]), (str, ["1", "2"])],
    ids=["number", "figures", "text"],
)
def test_a_sweep_returns_hydras_list_of_job_returns(
    hydra_sweep_runner: Any, tmp_path: Path, returned: Any, expected: list[Any]
) -> None:
    def job(config: DictConfig) -> Any:
        return returned(config.a)

    def swept() -> Any:
        return hydra_sweep_runner(
            calling_file=None,
            calling_module="hydra.test_utils.a_module",
            task_function=job,
            config_path="configs",
            config_name="compose",
            overrides=["hydra/sweeper=resumable", "hydra.job.chdir=true", "+a=1,2"],
            temp_dir=tmp_path,
        )

    with swept() as sweep:
        [batch] = sweep.returns
        assert [job.return_value for job in batch] == expected
        assert [job.overrides for job in batch] == [["+a=1"], ["+a=2"]]
        assert [job.cfg for job in batch] == [{"foo": 10, "bar": 100, "a": a} for a in (1, 2)]
        assert [job.hydra_cfg.hydra.job.num for job in batch] == [0, 1]
        assert [Path(job.working_dir) for job in batch] == [
            load_records(tmp_path)[path.name[-12:]].path
            for path in sorted(tmp_path.glob("a=*"), key=lambda path: path.name)
        ]
        with swept() as again:  # which are all there
            assert [job.return_value for job in again.returns[0]] == expected


def names(tiny: Tiny) -> list[str]:
    return sorted(record.path.name.rpartition("-")[0] for record in tiny.records())


def test_a_subdirectory_begins_the_names_of_cells(tiny: Tiny) -> None:
    tiny.run("x=1,2", "hydra.sweep.subdir=run${hydra.job.num}_${x}")
    assert names(tiny) == ["run0_1", "run1_2"]
    out = tiny.run("x=1,2,3", "hydra.sweep.subdir=${hydra.job.override_dirname}").stdout
    assert "(2 kept, 1 run)" in out
    assert names(tiny) == ["run0_1", "run1_2", "x=3"], "a cell keeps the directory that it has"
    assert "(3 kept, 0 run)" in tiny.run("x=1,2,3").stdout


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("hydra.sweep.dir=out${hydra.job.num}", "hydra.sweep.dir=out${hydra.job.num}: must be one directory"),
        ("hydra.sweep.subdir=a/b", "hydra.sweep.subdir=a/b: must be one name"),
        ("hydra.sweep.subdir=${nope}", "hydra.sweep.subdir=${nope}: "),
    ],
)
def test_directories_that_cannot_be_are_refused(tiny: Tiny, setting: str, told: str) -> None:
    error = tiny.run("x=1,2", setting, code=2).stderr
    assert error.startswith(f"error: {told}")
    assert error.count("\n") == 1
    assert list(tiny.cwd.iterdir()) == []


def test_the_overrides_can_name_the_sweeps_directory(tiny: Tiny) -> None:
    tiny.run("x=7", "hydra.sweep.dir=by/${hydra.job.override_dirname}")
    assert len(tiny.records(tiny.cwd / "by" / "x=7")) == 1


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_the_networks_train_with_hydras_own_sweeper(tmp_path: Path, launcher: str) -> None:
    words = ["hydra/sweeper=basic", f"hydra/launcher={launcher}", "dataset=xor", "training.epochs=2"]
    words += ["activation=relu,tanh", "model.hidden=[4]", "hydra.sweep.dir=plain"]
    done = subprocess.run(
        [sys.executable, "-m", "sweeps", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    curves = [(tmp_path / "plain" / str(job) / "history.csv").read_text() for job in (0, 1)]
    assert [len(curve.splitlines()) for curve in curves] == [3, 3]
    assert curves[0] != curves[1]


def test_a_command_has_hydra_compose_its_config_once() -> None:
    script = (
        "import sys; from hydra._internal.hydra import Hydra; compose = Hydra.compose_config\n"
        "def counted(*arguments, **options):\n"
        "    print('composed', options['run_mode'].name, flush=True)\n"
        "    return compose(*arguments, **options)\n"
        "Hydra.compose_config = counted\n"
        "from sweeps.__main__ import main\n"
        "sys.argv = ['sweeps', 'dataset=sample', 'seed=0,1', 'hydra.sweeper.dry_run=true']; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [line for line in done.stdout.splitlines() if line.startswith("composed")] == ["composed MULTIRUN"]
