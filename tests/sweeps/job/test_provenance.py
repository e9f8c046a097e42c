"""Each word of a record's provenance, compared with the truth that something else knows."""

import ctypes
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp.datasets.npz import SAMPLE
from sweeps.planning import revision
from sweeps.records.record import Record, load_records
from tests.support.tiny.driver import Tiny

ROOT = Path(__file__).parents[3]


def git(folder: Path, *arguments: str) -> str:
    name = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *name, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip("\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The record of one run, made where four could have gone on at once and BLAS may have two threads."""
    root = tmp_path_factory.mktemp("one")
    overrides = ("dataset=sample", "model.hidden=[4]", "training.epochs=1", "hydra.sweeper.workers=4")
    subprocess.run(
        [sys.executable, "-m", "sweeps", *overrides, f"hydra.sweep.dir={root}"],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2"},
        check=True,
        capture_output=True,
    )
    (record,) = load_records(root).values()
    return record


def test_every_word_of_the_provenance_is_true(made: Record) -> None:
    facts = dict(made.data["provenance"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert facts.pop("version") == project["version"]
    assert facts.pop("python") == sys.version.split()[0]
    assert facts.pop("numpy") == importlib.metadata.version("numpy")
    assert facts.pop("host") == socket.gethostname()
    system = facts.pop("platform")
    assert platform.system() in system
    assert os.uname().release in system
    assert os.uname().machine in system
    assert facts.pop("dataset_sha256") == hashlib.sha256(SAMPLE.read_bytes()).hexdigest()
    models = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    if models:
        assert facts.pop("cpu") == models[0]
    assert set(facts) - {"cpu", "git_diff"} == {"git_commit", "git_dirty", "blas", "blas_architecture"}


def test_the_blas_is_the_one_that_numpy_calls(made: Record) -> None:
    facts = made.data["provenance"]
    library = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if "openblas" not in library["name"]:
        pytest.skip("NumPy was built with another BLAS")
    name, version = facts["blas"].split()
    assert name == "openblas"
    assert version.split(".")[:3] == library["version"].split(".")[:3]
    (path,) = (Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*")
    core = ctypes.CDLL(str(path)).scipy_openblas_get_corename64_
    core.restype = ctypes.c_char_p
    assert facts["blas_architecture"] == core().decode()


def test_the_commit_and_whether_it_was_changed_are_true(made: Record) -> None:
    facts = made.data["provenance"]
    try:
        commit = git(ROOT, "rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        assert facts["git_commit"] is None
        assert facts["git_dirty"] is None
        return
    changed = git(ROOT, "status", "--porcelain", "--untracked-files=no")
    new = git(
        ROOT, "ls-files", "--others", "--", "mlp/*.py", "sweeps/job/main.py", "sweeps/job/components.py"
    )
    assert facts["git_commit"] == commit
    assert facts["git_dirty"] is bool(changed or new)
    assert ("git_diff" in facts) is facts["git_dirty"]
    if facts["git_dirty"]:
        diff = (made.path.parent / facts["git_diff"]).read_bytes()
        assert hashlib.sha256(diff).hexdigest().startswith(Path(facts["git_diff"]).stem)


def test_data_and_timing_are_true(made: Record) -> None:
    sha256 = hashlib.sha256(SAMPLE.read_bytes()).hexdigest()
    assert made.data["dataset"] == {"name": "sample", "sha256": sha256}
    timing = made.data["timing"]
    assert timing["concurrent_runs"] == 1  # one cell was due, whatever was asked for
    assert timing["blas_threads"] == 1
    assert 0 < timing["epoch_wall_s_median"] <= timing["total_wall_s"]


def test_no_blas_of_the_process_has_more_threads_than_is_recorded() -> None:
    code = (
        "from sweeps.job.provenance import single_blas_thread; told = single_blas_thread()\n"
        "from scipy.linalg import blas; import scipy.optimize, threadpoolctl\n"
        "print(told, *{pool['num_threads'] for pool in threadpoolctl.threadpool_info()})"
    )
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**environment, "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", "1"]


def test_a_checkout_knows_its_own_version_whatever_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sweeps.cli.version import version

    monkeypatch.setattr(importlib.metadata, "version", lambda _: "9.9.9")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert version() == project["version"]


@pytest.mark.parametrize(("launcher", "expected"), [("basic", 1), ("joblib", 2)])
def test_the_runs_at_once_are_those_that_the_launcher_makes(tiny: Tiny, launcher: str, expected: int) -> None:
    tiny.run("x=1,2", f"hydra/launcher={launcher}", "hydra.sweeper.workers=3")
    assert [record.data["timing"]["concurrent_runs"] for record in tiny.records()] == [expected] * 2


@pytest.mark.parametrize(("launcher", "expected"), [("basic", "1"), ("joblib", "None")])
def test_under_hydras_basic_sweeper_the_runs_at_once_are_true_or_left_out(
    tmp_path: Path, launcher: str, expected: str
) -> None:
    groups = "activation: relu, loss: softmax_ce, model: mlp, init: auto, optimizer: sgd, schedule: constant"
    defaults = [f"{{{group}}}" for group in (*groups.split(", "), "dataset: sample")]
    training = "{_target_: mlp.training.Training, epochs: 1, save_weights: none}"
    (tmp_path / "plain.yaml").write_text(
        f"defaults: [_self_, {', '.join(defaults)}, override hydra/launcher: {launcher}]\n"
        f"hydra: {{searchpath: ['file://{ROOT / 'conf'}']}}\nseed: 0\ntraining: {training}\n"
    )
    code = (
        "import hydra; from sweeps.job.main import main\n"
        f"@hydra.main(version_base='1.3', config_path={str(tmp_path)!r}, config_name='plain')\n"
        "def app(cfg): print('runs at once:', main.__wrapped__(cfg)['timing'].get('concurrent_runs'))\n"
        "app()"
    )
    script = tmp_path / "app.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, script, "-m", "seed=0,1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("runs at once")]
    assert told == [f"runs at once: {expected}"] * 2


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a package, committed."""
    repository = tmp_path / "project"
    (repository / "study_of_mine").mkdir(parents=True)
    (repository / "study_of_mine" / "__init__.py").write_text("RATE = 1\n")
    (repository / "notes.txt").write_text("none\n")
    git(tmp_path, "init", "-q", str(repository))
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "First")
    monkeypatch.syspath_prepend(str(repository))
    return repository


MODULES = ["study_of_mine"]


def test_unchanged_code_is_its_commit(project: Path, tmp_path: Path) -> None:
    (project / "scratch.txt").write_text("not a source of the package")
    (project / "other.py").write_text("not one either")
    facts = revision.facts(MODULES, tmp_path)
    assert facts == {"git_commit": git(project, "rev-parse", "HEAD"), "git_dirty": False}


def test_the_changes_kept_make_the_same_code_again(project: Path, tmp_path: Path) -> None:
    package, root = project / "study_of_mine", tmp_path / "runs"
    (root / ".sweep").mkdir(parents=True)
    (package / "__init__.py").write_text("RATE = 2\n")
    (package / "new file.py").write_text("def größe():\n    return 3\n")
    git(project, "config", "diff.external", "false")
    git(project, "config", "color.diff", "always")
    facts = revision.facts(MODULES, root)
    assert facts["git_dirty"] is True
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project), str(clone))
    git(clone, "apply", str(root / facts["git_diff"]))
    for path in package.glob("*.py"):
        assert (clone / "study_of_mine" / path.name).read_bytes() == path.read_bytes()
    assert revision.facts(MODULES, root) == facts
    assert len(list((root / ".sweep").iterdir())) == 1


CONFIGURED = [
    ("diff.noprefix", "true"),
    ("diff.mnemonicPrefix", "true"),
    ("diff.context", "0"),
    ("diff.orderFile", "/nowhere"),
    ("diff.ignoreSubmodules", "all"),
]


@pytest.mark.parametrize(("key", "value"), CONFIGURED)
def test_the_changes_kept_are_whole_however_git_is_configured(
    project: Path, tmp_path: Path, key: str, value: str
) -> None:
    notes = project / "notes.txt"
    notes.write_text("".join(f"{line}\n" for line in range(50)))
    (project / "picture.png").write_bytes(bytes(range(256)))
    git(project, "add", ".")
    git(project, "commit", "-qm", "Second")
    git(project, "config", key, value)
    notes.write_text(notes.read_text().replace("25\n", "other\n"))
    (project / "picture.png").write_bytes(bytes(range(255, -1, -1)))
    assert_made_again(project, tmp_path)


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_git_was_told_to_overlook_is_a_change(project: Path, tmp_path: Path, mark: str) -> None:
    git(project, "update-index", mark, "study_of_mine/__init__.py")
    assert revision.facts(MODULES) == {"git_commit": git(project, "rev-parse", "HEAD"), "git_dirty": False}
    (project / "study_of_mine" / "__init__.py").write_text("RATE = 2\n")
    assert_made_again(project, tmp_path)


def test_changes_within_a_submodule_are_kept(project: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "code.py").write_text("OLD = 1\n")
    git(tmp_path, "init", "-q", str(library))
    git(library, "add", ".")
    git(library, "commit", "-qm", "First")
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "inner")
    git(project, "commit", "-qm", "Second")
    assert revision.facts(MODULES)["git_dirty"] is False
    (project / "inner" / "code.py").write_text("NEW = 2\n")
    found = revision.revision(MODULES)
    assert found is not None
    assert b"-OLD = 1\n+NEW = 2\n" in found.diff


def assert_made_again(project: Path, tmp_path: Path) -> None:
    """Check that the commit and the changes that are kept make every file of the project again."""
    root, clone = tmp_path / "runs", tmp_path / "clone"
    (root / ".sweep").mkdir(parents=True)
    facts = revision.facts(MODULES, root)
    assert facts["git_dirty"] is True
    git(tmp_path, "clone", "-q", str(project), str(clone))
    git(clone, "apply", str(root / facts["git_diff"]))
    for path in project.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            assert (clone / path.relative_to(project)).read_bytes() == path.read_bytes()


def test_only_a_new_source_makes_the_code_changed(project: Path, tmp_path: Path) -> None:
    (project / "study_of_mine" / "loss.py").write_text("NEW = True\n")
    found = revision.revision(MODULES)
    assert found is not None
    assert b"+NEW = True" in found.diff


def test_a_huge_change_is_cut_and_says_so(project: Path) -> None:
    (project / "notes.txt").write_text("x" * 3_000_000)
    found = revision.revision(MODULES)
    assert found is not None
    assert len(found.diff) == 2**20
    assert found.diff.endswith(b"# Cut here: the changes are larger than 1 MB.\n")


def test_another_repository_in_the_environment_is_not_believed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", str(tmp_path / "other"))
    commit = git(project, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert revision.facts(MODULES) == {"git_commit": commit, "git_dirty": False}


def test_code_outside_of_a_repository_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loose_code.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    unknown: dict[str, Any] = {"git_commit": None, "git_dirty": None}
    assert revision.facts(["loose_code"]) == unknown
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revision.facts(["mlp"]) == unknown


def test_git_is_asked_once_for_a_sweep_not_for_each_run(tiny: Tiny, tmp_path: Path) -> None:
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexec {real} "$@"\n')
    (tmp_path / "bin" / "git").chmod(0o755)
    asked = []
    for cells in ("x=1", "x=2,3,4,5"):
        (tmp_path / "asked").unlink(missing_ok=True)
        tiny.run(cells, "hydra.sweeper.workers=1", PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        asked.append(len((tmp_path / "asked").read_text().splitlines()))
    assert asked[0] == asked[1]
    facts = [json.dumps(record.data["provenance"]) for record in tiny.records()]
    assert len(set(facts)) == 1
    assert '"git_commit"' in facts[0]
