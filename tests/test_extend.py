"""Components in a user's own file: found by every worker, checked before they are called, not from records.

docs/how-to/add-your-own.md walks through one of each kind; tests/test_docs.py runs what it says.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.cli import user_modules
from sweeps.planning.fingerprint import fingerprint
from sweeps.records.errors import UserError
from sweeps.records.record import load_records

ROOT = Path(__file__).parent.parent
SINE = (ROOT / "tests" / "support" / "sine.py").read_text()
HARM = """

def harm(**_):
    open("HARM", "w").close()

class Undeclared:
    def __init__(self, **_):
        harm()
"""
# as the installed `mlp-sweep`: no current directory in path
COMMAND = "import sys; from sweeps.__main__ import main; sys.exit(main())"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a module and, beside it, a config directory."""
    (tmp_path / "conf" / "activation").mkdir(parents=True)
    (tmp_path / "waves.py").write_text(SINE + HARM)
    (tmp_path / "conf" / "activation" / "sine.yaml").write_text("# Sine.\n_target_: waves.Sine\n")
    return tmp_path


def mlp_sweep(cwd: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", COMMAND, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.mark.parametrize(
    "launcher",
    [("hydra/launcher=basic",), ("hydra.sweeper.workers=2",), ("hydra.sweeper.start_method=spawn",)],
    ids=["basic", "joblib", "spawn"],
)
def test_every_worker_finds_a_module_beside_the_config_directory(
    own: Path, tmp_path_factory: pytest.TempPathFactory, launcher: tuple[str, ...]
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    overrides = ("activation=sine", "seed=0,1", "dataset=sample", "training.epochs=1", *launcher)
    mlp_sweep(elsewhere, "--config-dir", str(own / "conf"), *overrides)
    records = load_records(elsewhere / "runs" / "adhoc")
    assert [record.status for record in records.values()] == ["done", "done"]


def test_one_override_selects_a_class_in_the_current_directory(own: Path) -> None:
    mlp_sweep(own, "activation._target_=waves.Sine", "dataset=sample", "training.epochs=1")
    (record,) = load_records(own / "runs" / "adhoc").values()
    assert record.data["config"]["activation"]["_target_"] == "waves.Sine"


def test_what_is_not_of_the_kind_is_refused_and_never_called(own: Path) -> None:
    targets = ("waves.harm", "waves.Undeclared", "mlp.losses.Hinge", "os.system")
    done = mlp_sweep(own, f"activation._target_={','.join(targets)}", "dataset=sample", code=2)
    rule = "must be a dataclass derived from Activation"
    assert done.stderr.splitlines() == [f"error: activation._target_ = {name}: {rule}" for name in targets]
    assert not (own / "HARM").exists()
    assert not (own / "runs").exists()


def test_no_file_of_the_users_replaces_an_installed_module(own: Path) -> None:
    (own / "numpy.py").write_text("raise SystemExit('the wrong numpy')")
    (own / "reports.py").write_text("raise SystemExit('the wrong reports')")
    mlp_sweep(own, "--config-dir=conf", "activation=sine", "dataset=sample", "training.epochs=1")


def test_help_lists_the_users_own_options_beside_ours(own: Path) -> None:
    shown = mlp_sweep(own, "--help", "--config-dir", "conf").stdout
    assert "  sine " in shown
    assert "  relu " in shown


@pytest.mark.parametrize(
    "arguments", [["--config-dir", "a/conf"], ["--config-dir=a/conf"], ["-cd", "a/conf"]]
)
def test_the_config_directory_is_taken_as_hydra_takes_it(arguments: list[str]) -> None:
    assert user_modules.config_dir(["x=1", *arguments, "-m"]) == Path("a/conf")


def test_a_command_line_without_a_config_directory_names_none() -> None:
    assert user_modules.config_dir(["x=1"]) is None
    assert user_modules.config_dir(["--config-dir"]) is None


def test_results_are_told_apart_by_the_users_code_that_made_them(own: Path) -> None:
    code = "hydra.sweeper.code=[mlp,waves]"
    arguments = ("--config-dir=conf", "activation=sine", "dataset=sample", "training.epochs=1", code)
    mlp_sweep(own, *arguments)
    (own / "waves.py").write_text(SINE + HARM + "\n# another form\n")
    status = [sys.executable, "-m", "sweeps.status", "runs/adhoc"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    shown = subprocess.run(status, cwd=own, env=environment, capture_output=True, text=True, check=True)
    assert "1 result made by other code" in shown.stdout
    assert "1 run" in mlp_sweep(own, *arguments, "hydra.sweeper.retry=stale").stdout


def test_the_sources_of_a_module_are_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "trapped"
    package.mkdir()
    for name in ("__init__", "inner"):
        (package / f"{name}.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert fingerprint(["trapped.inner"]) != fingerprint(["trapped"])
    for wrong in ("trapped.nothing", "trapped.inner.deeper", "..", "", "../trapped"):
        with pytest.raises(UserError):
            fingerprint([wrong])


def test_a_record_that_names_a_module_does_not_get_it_imported(own: Path) -> None:
    mlp_sweep(own, "--config-dir=conf", "activation=sine", "dataset=sample", "training.epochs=1")
    root = own / "runs" / "adhoc"
    (record,) = load_records(root).values()
    data = json.loads((record.path / "report.json").read_text())
    data["config"]["activation"]["_target_"] = "trap.Trap"
    (record.path / "report.json").write_text(json.dumps(data))
    (own / "trap.py").write_text("open('HARM', 'w').close()")
    for module, *options in (("reports", "--no-plots"), ("sweeps.status",), ("sweeps.job.inspection",)):
        command = [sys.executable, "-m", module, str(root), *options]
        subprocess.run(command, cwd=own, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert not (own / "HARM").exists()
