"""Who may import whom: each room is a folder, and imports run one way only.

mlp ← sweeps.job ← sweeps.__main__; sweeps.records ← everything else in sweeps, and reports.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeps.records.schema import STATES

ROOT = Path(__file__).parent.parent
NOT_OURS = {"hydra", "omegaconf", "mlp", "hydra_plugins", "conf"}

SWEEPS = {  # room, or module of the top floor → the rooms that it may import besides itself
    "records": set(),
    "cli": {"records"},
    "planning": {"records", "cli"},
    "execution": {"planning", "records", "cli"},
    "view": {"planning", "records", "cli"},
    "job": {"records", "cli"},
    "upkeep": {"execution", "view", "planning", "records", "cli"},
    "runs": {"upkeep", "records", "cli"},
    "sweeper": {"execution", "view", "planning", "records", "cli"},
    "status": {"view", "planning", "records", "cli"},
    "studies": {"execution", "planning", "records", "cli"},
    "verify": {"execution", "planning", "records", "cli"},
    "__main__": {"job", "planning", "records", "cli"},
    "__init__": set(),
}
REPORTS = {
    "runs": set(),
    "analysis": {"runs"},
    "tables": {"runs", "analysis"},
    "plots": {"runs", "analysis", "tables"},
    "claims": {"runs", "analysis", "tables", "plots"},
    "compare": {"runs", "analysis", "tables"},
    "images": {"runs", "analysis", "tables"},
    "sources": {"runs", "analysis", "tables", "plots", "claims"},
    "findings": {"runs", "analysis", "tables", "sources", "tuning"},
    "calibrate": {"runs", "analysis", "tables"},
    "tuning": {"runs", "analysis", "tables", "plots"},
    "deciding": {"runs", "analysis", "tables", "claims"},
    "commands": {"runs", "tables", "on_demand", "page"},
    "closing": {"runs", "analysis", "findings", "tuning"},
    "on_demand": {"runs", "analysis", "tables", "plots", "tuning"},
    "page": {"runs", "analysis", "tables", "plots", "claims", "sources", "findings", "tuning"},
    "published": {"runs", "analysis", "tables", "plots", "claims", "sources", "page"},
    "exports": {"runs", "analysis", "tables", "plots", "claims", "sources", "page"},
    "__main__": {"runs", "analysis", "tables", "plots", "claims", "sources", "page", "published", "exports"}
    | {"compare", "calibrate", "images", "on_demand"},
    "__init__": {"runs"},
}
ENTRY_POINTS = {"__init__", "sweeper", "__main__", "status", "runs", "verify", "studies"}


def imports(path: Path) -> set[str]:
    """Dotted names that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def top(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def rooms(names: set[str], package: str) -> set[str]:
    """The rooms of a package that are among these names."""
    return {name.split(".")[1] for name in names if name.startswith(f"{package}.")}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def room_of(path: Path) -> str:
    """The room that a module is in; a module of the top floor is one of its own."""
    return path.relative_to(ROOT).with_suffix("").parts[1]


def within(package: str, rules: dict[str, set[str]]) -> Iterator[object]:
    for path in modules(package):
        yield pytest.param(path, package, rules, id=str(path.relative_to(ROOT)))


@pytest.mark.parametrize(
    ("path", "package", "rules"), [*within("sweeps", SWEEPS), *within("reports", REPORTS)]
)
def test_a_room_imports_only_from_the_floors_below(
    path: Path, package: str, rules: dict[str, set[str]]
) -> None:
    room = room_of(path)
    known = rooms(imports(path), package) & {*rules, *SWEEPS, *REPORTS}
    assert known - {room} <= rules[room]


@pytest.mark.parametrize("path", modules("mlp"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_network_library_needs_only_numpy_scipy_a_downloader_and_for_tables_pandas(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "scipy", "mlp"}
    if "datasets" in path.parts:
        allowed |= {"pooch"}
    if path.name in ("csv_files.py", "tables.py"):  # imported when such a file is read, not before
        allowed |= {"pandas"}
    assert top(imports(path)) <= allowed


@pytest.mark.parametrize("path", modules("reports"), ids=lambda p: str(p.relative_to(ROOT)))
def test_reports_read_records_and_know_neither_hydra_nor_the_network(path: Path) -> None:
    names = imports(path)
    assert not top(names) & NOT_OURS
    assert rooms(names, "sweeps") <= {"records", "cli"}


@pytest.mark.parametrize("path", modules("sweeps"), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_job_knows_the_network(path: Path) -> None:
    if room_of(path) != "job":
        assert "mlp" not in top(imports(path))
    assert "reports" not in top(imports(path))


@pytest.mark.parametrize("path", modules("sweeps/records"), ids=lambda p: p.name)
def test_records_need_the_standard_library_only(path: Path) -> None:
    assert top(imports(path)) <= set(sys.stdlib_module_names) | {"sweeps"}


def test_directly_in_sweeps_stands_only_what_is_run_and_the_sweeper() -> None:
    assert {path.stem for path in (ROOT / "sweeps").glob("*.py")} <= ENTRY_POINTS


@pytest.mark.parametrize("package", ["mlp", "sweeps", "reports", "hydra_plugins"])
def test_no_module_is_named_like_one_of_the_standard_library(package: str) -> None:
    allowed = {"__main__", "__init__"}
    names = {path.stem for path in modules(package)} | {
        p.name for p in (ROOT / package).iterdir() if p.is_dir()
    }
    assert not (names - allowed) & set(sys.stdlib_module_names)


def loaded(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return top(set(out.stdout.split()))


def test_reading_a_record_loads_the_standard_library_only() -> None:
    heavy = {"numpy", "hydra", "omegaconf", "pandas", "mlp", "scipy", "psutil"}
    assert not loaded("import sweeps.records.record") & heavy


def test_importing_reports_loads_neither_hydra_nor_the_network() -> None:
    assert not loaded("import reports.__main__") & {"hydra", "omegaconf", "mlp"}


@pytest.mark.parametrize("path", [*modules("sweeps"), *modules("reports")], ids=lambda p: str(p))
def test_the_list_of_statuses_stands_in_one_module(path: Path) -> None:
    if path == ROOT / "sweeps" / "records" / "schema.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            texts = {item.value for item in node.elts if isinstance(item, ast.Constant)}
            assert len(texts & set(STATES)) < 3, f"line {node.lineno}: take it from sweeps.records.schema"
