"""Surroundings that nobody has prepared: closed streams, odd directory names, locales, backends, no /proc."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from omegaconf import OmegaConf

from reports.page import drafts
from sweeps.planning.quoting import literal, quoted
from sweeps.records.record import load_records
from tests.support import synthetic
from tests.support.tiny.driver import PROJECT, Tiny, descendants, wait_gone, wait_until

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
ASCII: dict[str, Any] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
OURS = ("mlp", "sweeps", "reports", "conf", "hydra_plugins", "benchmarks", "examples")


def run(
    cwd: Path, *command: str, code: int = 0, before: str = "", **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    """Run a module of ours as a user does, in a directory; `before` are redirections of the shell's."""
    shell = ["sh", "-c", f'exec "$@" {before}', "sh", sys.executable, "-m", *command]
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT), **environment}
    done = subprocess.run(shell, cwd=cwd, env=surroundings, capture_output=True, timeout=60)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_two_workers_run_every_cell_whichever_streams_are_closed(tiny: Tiny, closed: str) -> None:
    method = "spawn" if "<" in closed else "fork"
    run(
        tiny.cwd,
        "tests.support.tiny.app",
        "x=1,2",
        *JOBLIB,
        f"hydra.sweeper.start_method={method}",
        before=closed,
    )
    assert [record.status for record in tiny.records()] == ["done", "done"]
    histories = [(record.path / "history.csv").read_text() for record in tiny.records()]
    assert all(text.startswith("0,") for text in histories)  # nothing was printed into a file of data


ODD = ['it\'s "${x}" 50% #1 née\n[a]', "${oc.env:HOME}", "\\${x} b\\'q\\"]


@pytest.mark.parametrize("name", ODD)
def test_a_sweep_runs_where_it_is_started_whatever_the_directory_is_called(tmp_path: Path, name: str) -> None:
    tiny = Tiny(tmp_path / name)
    tiny.cwd.mkdir()
    tiny.run("mode=plain,tell", *JOBLIB)
    places = {record.data["choices"]["mode"]: record for record in tiny.records()}
    assert places["tell"].data["result"]["output_dir"] == str(places["tell"].path)
    assert list(tmp_path.rglob("history.csv")) == [places["plain"].path / "history.csv"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_directory_that_the_config_makes_of_the_present_one_is_below_it(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path / "${oc.env:HOME}")
    tiny.cwd.mkdir()
    tiny.run("hydra.sweep.dir=${hydra.runtime.cwd}/there")
    assert len(load_records(tiny.cwd / "there")) == 1


def test_what_hydra_itself_would_write_elsewhere_is_refused(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path / "${x}")
    tiny.cwd.mkdir()
    error = tiny.run("hydra.output_subdir=.hydra", code=2).stderr
    assert error == f"error: hydra.output_subdir = .hydra: must be null below a directory like {tiny.root}\n"
    assert list(tiny.cwd.iterdir()) == []


@pytest.mark.parametrize("text", [*ODD, "it's", "${x}", "\\\\${x}$", "'${a}'", "$${x}", "\\"])
def test_a_quoted_text_comes_out_as_it_was(text: str) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    assert OmegaConf.create({"a": literal(text)}).a == text
    override = OverridesParser.create().parse_override(f"a={quoted(text)}")
    assert OmegaConf.create({"a": override.value()}).a == text


def test_in_an_ascii_locale_everything_works_the_same(tmp_path: Path) -> None:
    place = tmp_path / "née"
    place.mkdir()
    sweep = ("sweeps", "dataset=xor", "training.epochs=1", "seed=0,1", "training.save_weights=last", *JOBLIB)
    assert b"2 cells: 2 done" in run(place, *sweep, **ASCII).stdout
    assert run(place, "sweeps.status", "runs/adhoc", **ASCII).stdout
    run(place, "reports", "runs/adhoc", "--no-plots", **ASCII)
    made = (place / "runs/adhoc/report/index.html").read_bytes()
    run(place, "reports", "runs/adhoc", "--no-plots", PYTHONUTF8="1")
    assert made == (place / "runs/adhoc/report/index.html").read_bytes()
    assert b"activation" in run(place, "sweeps", "--help", **ASCII).stdout
    assert b"2 kept, 0 run" in run(place, *sweep, PYTHONUTF8="1").stdout


def calls_without_encoding(path: Path) -> Iterator[str]:
    """Yield each place that reads or writes text as the locale has it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
            continue
        named = {word.arg: word.value for word in node.keywords}
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        owner = getattr(getattr(node.func, "value", None), "id", "")
        modes = [value.value for value in [*node.args, *named.values()] if isinstance(value, ast.Constant)]
        binary = any(isinstance(mode, str) and "b" in mode and set(mode) <= set("rwxab+") for mode in modes)
        opens = name in ("open", "fdopen", "TemporaryFile", "NamedTemporaryFile", "TextIOWrapper")
        opens = opens and owner not in ("os", "tarfile", "Image", "gzip", "archive") and not binary
        runs = name in ("run", "Popen", "check_output") and {"text", "universal_newlines"} & named.keys()
        if name in ("read_text", "write_text") or opens or runs:
            yield f"{path.relative_to(PROJECT)}:{node.lineno}"


def test_every_text_is_read_and_written_with_an_encoding() -> None:
    modules = [path for package in OURS for path in (PROJECT / package).rglob("*.py")]
    assert [place for path in modules for place in calls_without_encoding(path)] == []


def test_pictures_depend_on_the_numbers_alone(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from matplotlib.figure import Figure;"
        "from reports.plots.plot import Plot, save;"
        "paint = lambda: (f := Figure(), f.add_subplot().plot([1, 3, 2], label='a'), f.axes[0].legend())[0];"
        "save(Plot('p', 't', 'c', 's', paint, ()), Path('.'))"
    )
    (tmp_path / "plain").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "matplotlibrc").write_text(
        "backend: TkAgg\nfont.size: 30\ntext.usetex: True\nsavefig.bbox: tight\nlegend.loc: center\n"
        "axes.prop_cycle: cycler(color=['red'])\n"
    )
    python = [sys.executable, "-W", "error", "-c", f"import reports.plots; {code}"]
    for place, chosen in (
        ("plain", {}),
        ("own", {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}),
    ):
        environment = {**os.environ, "PYTHONPATH": str(PROJECT), **chosen}
        subprocess.run(python, cwd=tmp_path / place, env=environment, check=True, timeout=60)
    for name in ("p.png", "p.svg"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "own" / name).read_bytes()


def test_a_report_can_be_built_elsewhere_and_replaces_nothing_but_reports(tmp_path: Path) -> None:
    synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"activation": ["relu", "gelu"]}))
    there = tmp_path / "new" / "report"
    for _ in range(2):
        out = run(tmp_path, "reports", "runs", "--no-plots", "--out", "new/report").stdout.decode()
        assert out.splitlines()[-1] == "new/report/index.html"
    assert [path.name for path in there.parent.iterdir()] == ["report"]
    assert not (tmp_path / "runs" / "report").exists()
    error = run(tmp_path, "reports", "runs", "--no-plots", "--out", "new", code=2).stderr.decode()
    assert error == f"error: --out {tmp_path}/new: holds something else than a report: name a new directory\n"
    assert (there / "index.html").is_file()


def isolated(script: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run a shell script that may change what is mounted, for itself alone."""
    command = ["unshare", "--mount", "sh", "-ec", script]
    if sys.platform != "linux" or subprocess.run([*command[:2], "true"], capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHON": sys.executable}
    return subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=60)


def test_a_report_directory_that_is_read_only_is_told_with_a_way_out(tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"activation": ["relu", "gelu"]}))
    read_only = f"mount --bind {root} {root}; mount -o remount,ro,bind {root};"
    done = isolated(f'{read_only} "$PYTHON" -m reports {root} --no-plots', tmp_path)
    why = "cannot be written (--out DIR builds the report elsewhere): Read-only file system"
    assert (done.returncode, done.stderr) == (2, f"error: {root}/report: {why}\n")
    isolated(f'{read_only} "$PYTHON" -m reports {root} --no-plots --out {tmp_path}/out', tmp_path)
    assert (tmp_path / "out" / "index.html").is_file()


def test_a_disk_too_small_for_a_report_is_told_with_its_place(tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"activation": ["relu", "gelu"]}))
    small = "mkdir small; mount -t tmpfs -o size=60k tmpfs small;"
    done = isolated(f'{small} "$PYTHON" -m reports {root} --no-plots --out small/out', tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {tmp_path}/small/out: cannot be written: No space left on device\n"


def test_without_proc_no_sweep_is_started_and_reports_are_built(tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"activation": ["relu", "gelu"]}))
    done = isolated('umount -l /proc; exec "$PYTHON" -m sweeps dataset=xor', tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: no process can be looked up here: /proc (on macOS: ps) must be there\n"
    done = isolated(f'umount -l /proc; exec "$PYTHON" -m reports {root}', tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("module", ["sweeps", "sweeps.status"])
def test_a_directory_that_was_removed_is_named_as_the_reason(tmp_path: Path, module: str) -> None:
    (tmp_path / "gone").mkdir()
    script = f'cd gone; rmdir ../gone; exec "{sys.executable}" -m {module} runs'
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=surroundings, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == "error: the present directory has been removed: change to another one\n"


KILLED = """
import os, sys, time
from pathlib import Path
from reports.page.build import write_report
from reports.runs.reader import load
import reports.plots.plot as plot
def slow(*_): time.sleep(60)
plot.save = slow
write_report(load(Path(sys.argv[1])), plots="all", jobs=2)
"""


def test_a_killed_report_leaves_no_process_and_the_next_one_clears_its_files(tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"activation": ["relu", "gelu", "elu"]}))
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT)}
    report = subprocess.Popen([sys.executable, "-c", KILLED, str(root)], env=surroundings, text=True)

    def workers() -> list[psutil.Process]:
        there = descendants(report)
        return there if sum("popen_loky" in " ".join(p.cmdline()) for p in there) >= 2 else []

    processes = wait_until(workers)
    report.kill()
    report.wait()
    wait_gone(processes, 5)
    assert len([path for path in root.iterdir() if path.name.startswith(".report-")]) == 2
    run(tmp_path, "reports", "runs", "--no-plots")
    assert not [path for path in root.iterdir() if path.name.startswith(".report-")]


def test_what_a_report_had_moved_aside_when_it_was_killed_is_put_back(tmp_path: Path) -> None:
    (tmp_path / ".report-0123abcd.old").mkdir()
    (tmp_path / ".report-0123abcd.old" / "index.html").write_text("the last one")
    (tmp_path / ".report-0123abcd.lock").write_text("{")
    os.utime(tmp_path / ".report-0123abcd.lock", (1, 1))
    (tmp_path / ".report-44444444.tmp").mkdir()  # somebody may be about to take its lock
    drafts.clear(tmp_path / "report")
    assert (tmp_path / "report" / "index.html").read_text() == "the last one"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".report-44444444.tmp", "report"]
