"""Who may import whom: mlp ← sweeps.run → sweeps.record ← reports; the record is the seam."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"mlp", "sweeps", "reports", "hydra_plugins", "conf"}
SHARED = tuple(f"sweeps.{name}" for name in ("record", "lock", "command", "drawing", "guard"))
KNOWS_THE_NETWORK = {"run", "components", "journal", "inspect"}


def imports(path: Path) -> set[str]:
    """Dotted names that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def top(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", modules("mlp"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_network_library_needs_only_numpy_scipy_and_a_downloader(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "scipy", "mlp"}
    if "datasets" in path.parts or path.stem in ("datasets", "download", "sources"):
        allowed |= {"pooch"}
    assert top(imports(path)) <= allowed


@pytest.mark.parametrize("path", modules("reports"), ids=lambda p: str(p.relative_to(ROOT)))
def test_reports_read_records_and_know_neither_hydra_nor_the_network(path: Path) -> None:
    names = imports(path)
    assert not top(names) & {"hydra", "omegaconf", "mlp", "hydra_plugins", "conf"}
    assert {name for name in names if name.split(".")[0] == "sweeps"} <= {
        name for name in names if name.startswith(SHARED)
    } | {"sweeps"}


@pytest.mark.parametrize("path", modules("sweeps"), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_job_knows_the_network(path: Path) -> None:
    if path.stem not in KNOWS_THE_NETWORK:
        assert "mlp" not in top(imports(path))
    assert "reports" not in top(imports(path))


def test_the_record_needs_the_standard_library_only() -> None:
    code = "import sys, sweeps.record; print(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = top(set(out.stdout.split()))
    assert not loaded & {"numpy", "hydra", "omegaconf", "pandas", "mlp", "scipy", "psutil"}


def test_importing_reports_loads_neither_hydra_nor_the_network() -> None:
    code = "import sys, reports.__main__; print(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not top(set(out.stdout.split())) & {"hydra", "omegaconf", "mlp"}
