"""The public import name: what it has, how light it is; others' packages are not taken for ours."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mlp_grid
from mlp_grid import origin
from tests.support import synthetic

ROOT = Path(__file__).parents[2]
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
MODULES = (
    "sweeps",
    "sweeps.status",
    "sweeps.studies",
    "sweeps.runs",
    "sweeps.job.inspection",
    "sweeps.job.measured",
    "reports",
)


def python(*arguments: str, path: Path = ROOT, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def loaded(code: str) -> set[str]:
    done = python("-c", f"{code}; import sys; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_import_alone_is_light_and_so_are_the_base_classes() -> None:
    assert not loaded("import mlp_grid") & {"numpy", "pandas", "hydra", "mlp", "sweeps", "reports"}
    assert not loaded("import mlp_grid.origin") & {"numpy", "pandas", "hydra", "mlp", "sweeps", "reports"}
    assert not loaded("from mlp_grid import Activation, Dataset") & {"pandas", "hydra", "reports"}
    assert not loaded("from mlp_grid import load") & {"hydra", "mlp"}


def test_every_public_name_is_there_and_no_other() -> None:
    assert sorted(name for names in mlp_grid._MODULES.values() for name in names) == mlp_grid.__all__
    assert dir(mlp_grid) == mlp_grid.__all__
    assert all(getattr(mlp_grid, name) is not None for name in mlp_grid.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = mlp_grid.Nothing


def test_a_report_is_built_and_its_results_are_frames(tmp_path: Path) -> None:
    synthetic.write_sweep(tmp_path / "grid", synthetic.grid({"activation": ["relu", "gelu"]}))
    page = mlp_grid.report(tmp_path / "grid", plots=False)
    assert page == tmp_path / "grid" / "report" / "index.html"
    assert page.is_file()
    assert len(mlp_grid.load(tmp_path / "grid").runs) == 2
    with pytest.raises(ValueError, match=r"target = 2: must be above 0"):
        mlp_grid.report(tmp_path / "grid", target=2)
    with pytest.raises(mlp_grid.UserError, match="no such directory"):
        mlp_grid.load(tmp_path / "none")


# --- another distribution over ours ---


def install(site: Path, name: str, version: str, files: dict[str, bytes]) -> None:
    """Write files into a folder, and a RECORD of them, as pip does."""
    lines = []
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}")
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "RECORD").write_text("\n".join([*lines, f"{folder.name}/RECORD,,"]) + "\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder as site-packages is after our wheel was installed into it."""
    folders = [ROOT / name for name in (*origin.PACKAGES, "mlp_grid", "hydra_plugins")]
    paths = [
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".yaml", ".csv")
    ]
    files = {str(path.relative_to(ROOT)): path.read_bytes() for path in paths}
    install(tmp_path / "site", "mlp_grid", "0.1.0", files)
    return tmp_path / "site"


def test_nothing_is_said_of_an_installation_that_is_whole_or_edited_by_hand(site: Path) -> None:
    assert not [*origin.replaced(site), *origin.replaced(ROOT), *origin.elsewhere(ROOT)]
    (site / "sweeps" / "status.py").write_text("# mine\n")
    install(site, "other", "1", {"other/__init__.py": b""})
    assert not [*origin.replaced(site)]
    assert "--help" not in python("-m", "reports", "--help", path=site).stderr


@pytest.mark.parametrize("module", MODULES)
def test_every_module_tells_who_has_replaced_a_package(site: Path, tmp_path: Path, module: str) -> None:
    install(site, "sweeps", "0.1.5", {"sweeps/__init__.py": b'"""Orchestration of somebody else."""\n'})
    done = python("-m", module, "runs/grid", path=site, cwd=tmp_path)
    said = "error: sweeps/__init__.py is that of sweeps 0.1.5, which was installed over mlp-grid: install"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said), done.stderr
    assert done.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"site"}


@pytest.mark.parametrize("command", SCRIPTS)
def test_every_command_looks_before_it_imports_what_may_be_anybodys(site: Path, command: str) -> None:
    install(site, "sweeps", "0.1.5", {"sweeps/__init__.py": b"raise SystemExit('theirs')\n"})
    module, _, function = SCRIPTS[command].partition(":")
    done = python("-c", f"import sys; from {module} import {function}; sys.exit({function}())", path=site)
    assert done.returncode == 2
    assert done.stderr.startswith("error: sweeps/__init__.py is that of sweeps 0.1.5")
    done = python("-c", "import mlp_grid; mlp_grid.load('runs/grid')", path=site)
    assert "ImportError: sweeps/__init__.py is that of sweeps 0.1.5" in done.stderr


@pytest.mark.parametrize("package", origin.PACKAGES)
def test_any_file_of_any_package_counts(site: Path, package: str) -> None:
    ours = (site / package / "__init__.py").read_bytes()
    same_size = bytes(255 - byte for byte in ours)
    install(site, "theirs", "2", {f"{package}/__init__.py": same_size})
    assert [line.split(",")[0] for line in origin.replaced(site)] == [
        f"{package}/__init__.py is that of theirs 2"
    ]


def test_a_file_that_went_with_another_distribution_is_missed(site: Path) -> None:
    (site / "reports" / "__init__.py").unlink()  # as pip uninstall of theirs does
    done = python("-c", "from mlp_grid.commands import status; raise SystemExit(status())", path=site)
    assert done.returncode == 2
    assert done.stderr.startswith("error: reports/__init__.py is gone")


def test_a_package_from_another_folder_is_told(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site / "mlp", tmp_path / "before" / "mlp")
    search = Path(f"{tmp_path / 'before'}{os.pathsep}{site}")
    done = python("-m", "sweeps", "--version", path=search, cwd=tmp_path)
    said = f"error: the package mlp is imported from {tmp_path / 'before' / 'mlp'}, not from {site}: install"
    assert done.returncode == 2
    assert done.stderr.startswith(said)


def test_what_a_command_does_not_need_may_be_a_users_own(site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for name in ("conf", "mlp"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise SystemExit('mine')\n")
    (folder / "use.py").write_text("import mlp_grid\nprint(mlp_grid.load)\nprint(mlp_grid.Activation)\n")
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)

    assert run("-m", "sweeps.status", "--help").returncode == run("-m", "reports", "--help").returncode == 0
    error = f"the package mlp is imported from {folder / 'mlp'}, not from {site}: run it in another folder"
    done = run("-m", "sweeps", "--version")
    assert done.returncode == 2
    assert done.stderr.startswith("error: the package conf is imported from")
    done = run("use.py")
    assert done.stdout.startswith("<function load")
    assert error in done.stderr
