"""The package: what it imports it requires, and its wheel works alone, in any folder, on every Python here.

Those that build and install are run by `make test-package`.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("mlp", "sweeps", "reports", "mlp_grid", "hydra_plugins", "conf")
OPTIONAL = {name: name for name in ("mlflow", "optuna", "tensorboard", "wandb", "torch")} | {
    "sklearn": "scikit-learn"
}
BROUGHT = {"ray", "submitit", "IPython"}  # imported where a launcher or a notebook runs, which brings them
OLDEST = (3, 11)
STUDY = (
    "activation=gelu",
    "loss=mse",
    "model.hidden=[8]",
    "optimizer.lr=1e-5",
    "training.epochs=1",
    "init=he",
)


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower() for requirement in requirements}


def imported() -> set[str]:
    """Top-level modules that the packages import, wherever in them."""
    found = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - set(PACKAGES)


def test_everything_that_is_imported_is_required() -> None:
    required, installed = names(PROJECT["dependencies"]), packages_distributions()
    extras = names([name for extra in PROJECT["optional-dependencies"].values() for name in extra])
    for module in imported() - BROUGHT:
        if module in OPTIONAL:
            assert OPTIONAL[module] in extras
        else:
            assert {name.lower() for name in installed[module]} & required, f"{module} is not required"


def test_everything_that_is_required_is_imported() -> None:
    through_hydra = {"hydra-joblib-launcher", "joblib"}  # named in conf/hydra/launcher
    used = {name.lower() for module in imported() for name in packages_distributions().get(module, ())}
    assert names(PROJECT["dependencies"]) - through_hydra <= used


@pytest.mark.parametrize("command", PROJECT["scripts"])
def test_every_command_is_there(command: str) -> None:
    module, _, name = PROJECT["scripts"][command].partition(":")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("package", ["mlp", "sweeps", "reports", "mlp_grid"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


def pythons() -> dict[str, str]:
    """Version → interpreter, of every Python on this machine that the package is for."""
    candidates = [sys.executable, *map(str, sorted(Path.home().glob(".pyenv/versions/3.*/bin/python")))]
    candidates += [path for minor in range(11, 15) if (path := shutil.which(f"python3.{minor}"))]
    found: dict[str, str] = {}
    for python in candidates:
        command = [python, "-c", "import sys; print(*sys.version_info[:2])"]
        done = subprocess.run(command, capture_output=True, text=True)
        version = tuple(map(int, done.stdout.split()))
        if version >= OLDEST:
            found.setdefault(".".join(map(str, version)), python)
    return found


def run(
    *command: str | Path, cwd: Path, code: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=clean | environment, capture_output=True, text=True
    )
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


def requested() -> list[str]:
    """The interpreters to test with; asked for only when these tests are."""
    return sorted(pythons()) if any("package" in argument for argument in sys.argv) else ["here"]


@pytest.fixture(scope="module", params=requested())
def commands(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a wheel that is installed into an environment where nothing else is."""
    environment = tmp_path_factory.mktemp("environment")
    python = pythons().get(request.param, sys.executable)
    run(python, "-m", "venv", environment, cwd=environment)
    pip = (environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, wheel, cwd=environment)
    return environment / "bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.package
def test_a_sweep_and_its_report_stay_in_the_users_folder(commands: Path, folder: Path) -> None:
    before = {path for path in commands.parent.rglob("*") if "__pycache__" not in path.parts}
    assert "4 done" in run(commands / "mlp-sweep", "sweep=smoke", cwd=folder).stdout
    run(commands / "mlp-report", "runs/smoke", cwd=folder)
    assert "4 done" in run(commands / "mlp-status", "runs/smoke", cwd=folder).stdout
    assert {path.name for path in folder.iterdir()} == {"runs"}
    assert {path.name for path in (folder / "runs").iterdir()} == {"smoke"}
    assert (folder / "runs/smoke/report/index.html").stat().st_size > 10_000
    assert list((folder / "runs/smoke/report/plots").glob("*.png"))
    assert "4 kept, 0 run" in run(commands / "mlp-sweep", "sweep=smoke", cwd=folder).stdout
    assert {path for path in commands.parent.rglob("*") if "__pycache__" not in path.parts} == before
    report = next((folder / "runs/smoke").glob("*/report.json"))
    made = json.loads(report.read_text())["provenance"]
    assert made["version"] == PROJECT["version"]
    assert made["git_commit"] is None


@pytest.mark.package
def test_a_config_directory_of_ones_own_comes_on_top(commands: Path, folder: Path) -> None:
    for group in ("activation", "sweep"):
        (folder / "conf" / group).mkdir(parents=True)
    (folder / "waves.py").write_text((ROOT / "tests" / "support" / "sine.py").read_text())
    (folder / "conf/activation/sine.yaml").write_text("# Sine.\n_target_: waves.Sine\n")
    (folder / "conf/sweep/mine.yaml").write_text(
        "# @package _global_\n# Sine or not?\ndefaults:\n  - override /dataset: sample\n"
        "training:\n  epochs: 1\nhydra:\n  sweeper:\n    params:\n      activation: sine,relu\n"
    )
    assert "2 done" in run(commands / "mlp-sweep", "--config-dir", "conf", "sweep=mine", cwd=folder).stdout
    assert {path.name[:4] for path in (folder / "runs/mine").glob("*-*")} == {"sine", "relu"}


@pytest.mark.package
def test_a_trained_network_is_kept_loaded_and_looked_at(commands: Path, folder: Path) -> None:
    overrides = ("dataset=sample", "training.epochs=1", "training.save_weights=last")
    run(commands / "mlp-sweep", *overrides, cwd=folder)
    run(commands / "mlp-inspect", "runs/adhoc", cwd=folder)
    weights = next(folder.glob("runs/adhoc/*/weights.npz"))
    load = f"mlp_grid.load_network({str(weights)!r})"
    code = f"import mlp_grid, numpy; print({load}.predict(numpy.zeros((2, 28, 28))).shape)"
    assert run(commands / "python", "-c", code, cwd=folder).stdout == "(2,)\n"


@pytest.mark.package
def test_mistakes_end_with_2_and_write_nothing(commands: Path, folder: Path) -> None:
    for arguments in (("mlp-sweep", "loss=hinj"), ("mlp-report", "runs/none"), ("mlp-status", "runs/none")):
        done = run(commands / arguments[0], *arguments[1:], cwd=folder, code=2)
        assert len(done.stderr.splitlines()) == 1
    assert not list(folder.iterdir())


@pytest.mark.package
def test_the_shell_completes_options(commands: Path, folder: Path) -> None:
    script = f"""
    export PATH={commands}:$PATH
    eval "$(mlp-sweep -sc install=bash)"
    COMP_LINE="mlp-sweep activation=leak" COMP_POINT=25 COMP_WORDS=(mlp-sweep activation=leak) COMP_CWORD=1
    hydra_bash_completion
    echo "${{COMPREPLY[@]}}"
    """
    assert run("bash", "-c", script, cwd=folder).stdout.strip() == "activation=leaky_relu"


@pytest.mark.package
def test_programs_that_use_the_package_are_type_checked(commands: Path, folder: Path) -> None:
    (folder / "use.py").write_text(
        "import mlp_grid\n\nnetwork: int = mlp_grid.load_network('w')\npage: int = mlp_grid.report('d')\n"
    )
    python = commands / "python"
    done = run(sys.executable, "-m", "mypy", "--python-executable", python, "use.py", cwd=folder, code=1)
    assert all(f'expression has type "{name}"' in done.stdout for name in ("Trained", "Path"))


@pytest.mark.package
def test_a_study_is_planned_in_any_folder(commands: Path, folder: Path) -> None:
    assert "long_run_grid" in run(commands / "mlp-study", "--list", cwd=folder).stdout
    assert "5 due" in run(commands / "mlp-study", "long_run_grid", *STUDY, "--dry-run", cwd=folder).stdout
    assert not list(folder.iterdir())


@pytest.mark.package
def test_a_distribution_that_was_installed_over_ours_is_told(wheel: Path, folder: Path) -> None:
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python, theirs = folder / "venv/bin/python", folder / "sweeps-9.9-py3-none-any.whl"
    with zipfile.ZipFile(theirs, "w") as archive:
        archive.writestr("sweeps/__init__.py", '"""Somebody else\'s sweeps."""\n')
        archive.writestr(
            "sweeps-9.9.dist-info/METADATA", "Metadata-Version: 2.1\nName: sweeps\nVersion: 9.9\n"
        )
        archive.writestr(
            "sweeps-9.9.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            "sweeps-9.9.dist-info/RECORD", "sweeps/__init__.py,,\nsweeps-9.9.dist-info/RECORD,,\n"
        )
    for one in (wheel, theirs):
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", one, cwd=folder)
    calls = [[folder / "venv/bin" / name] for name in PROJECT["scripts"]]
    calls += [[python, "-m", module] for module in ("sweeps", "sweeps.status", "sweeps.studies")]
    for call in calls:
        error = run(*call, "sweep=smoke", cwd=folder, code=2).stderr
        assert error.startswith("error: sweeps/__init__.py is that of sweeps 9.9, which was installed over")
        assert error.count("\n") == 1
    run(python, "-m", "pip", "uninstall", "--quiet", "--yes", "sweeps", cwd=folder)
    error = run(folder / "venv/bin/mlp-status", "x", cwd=folder, code=2).stderr
    assert error.startswith("error: sweeps/__init__.py is gone")
