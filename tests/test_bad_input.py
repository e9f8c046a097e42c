"""Mistakes on the command line and in the files that it names: one line, exit code 2, nothing written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

GLOBAL = "# @package _global_\n"
FUNCTIONS = """\
def none(): return []
def raises(config): raise RuntimeError("told to\\nfail")
def text(config): return "wrong"
def leaves(config): raise SystemExit(3)
"""
FILES = {
    "my/conf/sweep/syntax.yaml": GLOBAL + "hydra:\n  sweeper:\n    params: {seed: [1\n",
    "my/conf/sweep/twice.yaml": GLOBAL
    + "hydra:\n  sweeper:\n    params:\n      seed: 0,1\n      seed: 2,3\n",
    "my/conf/sweep/far.yaml": GLOBAL + "hydra: {sweeper: {params: {seed: 'range(0,100000000)'}}}\n",
    "my/conf/sweep/parms.yaml": GLOBAL + "hydra: {sweeper: {parms: {seed: '0,1'}}}\n",
    "my/conf/sweep/sweper.yaml": GLOBAL + "hydra: {sweper: {params: {seed: '0,1'}}}\n",
    "my/conf/sweep/rung.yaml": GLOBAL + "hydra: {sweeper: {ladder: 3}}\n",
    "my/conf/sweep/lost.yaml": GLOBAL + "defaults:\n  - override /hydra/sweeper: basic\n",
    "my/conf/sweep/calm.yaml": (
        GLOBAL + "defaults:\n  - override /hydra/launcher: basic\nhydra: {sweeper: {params: {seed: '0,1'}}}\n"
    ),
    "my/conf/loss/twice.yaml": "_target_: mlp.losses.MSE\nreduction: mean\nreduction: sum\n",
    "my/conf/loss/list.yaml": "- mse\n",
    "my/conf/loss/number.yaml": "5\n",
    "functions.py": FUNCTIONS,
    "broken.py": "def (:\n",
    "file": "",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with files that are not as they should be."""
    folder = tmp_path_factory.mktemp("place")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    os.mkfifo(folder / "pipe")
    latin = f"{GLOBAL}# größer\nhydra: {{sweeper: {{params: {{seed: '0,1'}}}}}}\n".encode("latin-1")
    (folder / "my" / "conf" / "sweep" / "latin.yaml").write_bytes(latin)
    return folder


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


SWEEPS: dict[str, tuple[list[str], str]] = {
    "a range without end": (
        ["seed=range(0,100000000)"],
        "seed (100,000,000): 100,000,000 combinations; must be at",
    ),
    "a range to infinity": (
        ["seed=range(0,inf)"],
        "seed=range(0,inf): must be range(start,stop,step), finite",
    ),
    "a number too long to read": ([f"seed={'9' * 5001}"], "must be a number of at most 4,300 digits"),
    "a number too long to write": (
        [f"seed={'9' * 400}"],
        "seed = 99999999999999999999…: must be a number of at",
    ),
    "a seed beyond 64 bits": ([f"seed={2**63}"], f"seed = {2**63}: must be an integer ≥ 0 and below 2^63"),
    "one key twice": (["loss=hinge", "loss=mse"], "loss=hinge loss=mse: loss is set twice"),
    "one setting twice": (
        ["hydra.sweeper.workers=1", "hydra.sweeper.workers=2"],
        "hydra.sweeper.workers is set twice",
    ),
    "no key of a cell": (["hydra.sweeper.ignore=[optimizr.lr]"], "(did you mean optimizer.lr?)"),
    "a sweep and a study": (
        ["sweep=smoke", "study=capacity_and_regularisation"],
        "sweep=smoke study=capacity_and_regularisation: each says what is swept; a command takes one of them",
    ),
    "a file with a line break as directory": (
        ["hydra.sweep.dir='file/a\nb'"],
        "hydra.sweep.dir=file/a\\nb: must be a directory, but file is none",
    ),
    "a subdirectory": (
        ["hydra.sweep.subdir=abc/${hydra.job.num}"],
        "hydra.sweep.subdir=abc/0: must be one name: cells lie directly in hydra.sweep.dir",
    ),
    "Hydra's other mode": (["hydra.mode=RUN"], "hydra.mode=RUN: must be MULTIRUN"),
    "a group that is there, added": (
        ["+activation=relu"],
        "+activation=relu: activation is there already, and is set without + (did you mean activation=relu?)",
    ),
    "another option of it": (["+loss=hinge"], "+loss=hinge: loss is there already, and is set without +"),
    "a swept group, added": (["+activation=relu,gelu"], "(did you mean activation=relu,gelu?)"),
    "a group, added twice over": (["++activation=relu"], "++activation=relu: activation is there already"),
    "a group of Hydra's, added": (["+hydra/launcher=joblib"], "(did you mean hydra/launcher=joblib?)"),
    "a key that is there, added": (["+optimizer.lr=0.1"], "(did you mean optimizer.lr=0.1?)"),
    "a swept key, added": (["+seed=1,2"], "+seed=1,2: seed is there already, and is set without +"),
    "a group that is a number": (["loss=1"], "loss=1: Config group override must be a string"),
    "a range of groups": (["loss=range(1,2)"], "loss=1: no such option; loss is one of "),
    "a group that is a number in one cell": (["loss=hinge,0.5"], "loss=0.5: no such option; loss is one of "),
    "a group that is nothing in one cell": (
        ["loss=hinge,null"],
        "loss=null: no such option; loss is one of ",
    ),
    "the directory of Hydra's single runs": (
        ["hydra.run.dir=abc"],
        "hydra.run.dir=abc: has no effect: one run is a sweep of one, and hydra.sweep.dir=… names",
    ),
    "a file as directory": (
        ["hydra.sweep.dir=file"],
        "hydra.sweep.dir=file: must be a directory, but file is none",
    ),
    "below a file": (
        ["hydra.sweep.dir=file/x"],
        "hydra.sweep.dir=file/x: must be a directory, but file is none",
    ),
    "a home as directory": (
        ["hydra.sweep.dir='~nouser/x'"],
        "hydra.sweep.dir=~nouser/x: must be a path without ~",
    ),
    "a check of another signature": (
        ["hydra.sweeper.validate=functions.none"],
        "none() takes 0 positional arguments",
    ),
    "a check that raises": (["hydra.sweeper.validate=functions.raises"], "functions.py:2)"),
    "a check that tells no lines": (["hydra.sweeper.validate=functions.text"], "must return or yield texts"),
    "a check that leaves": (["hydra.sweeper.validate=functions.leaves"], "SystemExit: 3"),
    "a check that is no Python": (["hydra.sweeper.validate=broken.x"], "broken.py, line 1"),
    "a preparation that raises": (["hydra.sweeper.prepare=functions.raises"], "RuntimeError: told to fail"),
    "a rerun": (["--experimental-rerun", "nothing.pickle"], "--experimental-rerun: must be left out"),
    "a shell that is none": (["-sc", "nope"], "subcommand"),
    "no such option": (["--bogus"], "unrecognized arguments: --bogus"),
    "a sweep that is no YAML": (
        ["--config-dir", "my/conf", "sweep=syntax"],
        "syntax.yaml:5: cannot be read as YAML",
    ),
    "a sweep with a key twice": (
        ["--config-dir", "my/conf", "sweep=twice"],
        "twice.yaml:6: cannot be read as YAML",
    ),
    "a sweep that is no UTF-8": (
        ["--config-dir", "my/conf", "sweep=latin"],
        "sweep/latin.yaml:2: must be UTF-8 text (invalid start byte, 0xf6)",
    ),
    "a misspelt key in a sweep's file": (
        ["--config-dir", "my/conf", "sweep=parms"],
        "sweep/parms.yaml: hydra.sweeper.parms: no such key (did you mean params?); hydra.sweeper has ",
    ),
    "a misspelt key of Hydra's in a sweep's file": (
        ["--config-dir", "my/conf", "sweep=sweper"],
        "sweep/sweper.yaml: hydra.sweper: no such key (did you mean sweeper?); hydra has ",
    ),
    "a number that must be a list in a sweep's file": (
        ["--config-dir", "my/conf", "sweep=rung"],
        "sweep/rung.yaml: hydra.sweeper.ladder: must be a list, in brackets",
    ),
    "a number that must be a list": (["hydra.sweeper.ladder=3"], "hydra.sweeper.ladder: must be a list, in"),
    "a sweep without end": (["--config-dir", "my/conf", "sweep=far"], "must be at most 200,000 in one sweep"),
    "a sweep that is not heard": (
        ["--config-dir", "my/conf", "sweep=lost"],
        "override /hydra/sweeper: basic: has no effect",
    ),
    "an option with a key twice": (
        ["--config-dir", "my/conf", "loss=twice"],
        "twice.yaml:3: cannot be read as YAML",
    ),
    "the same, swept": (
        ["--config-dir", "my/conf", "loss=mse,twice"],
        "twice.yaml:3: cannot be read as YAML",
    ),
    "an option that is a number": (
        ["--config-dir", "my/conf", "loss=number"],
        "error: loss/number.yaml: must be a mapping of keys to values",
    ),
    "a swept option that is a list": (
        ["--config-dir", "my/conf", "loss=mse,list"],
        "must be a mapping of keys to values",
    ),
    **{
        f"{path} as data": (["dataset=npz", f"dataset.path='{path}'"], said)
        for path, said in {
            "/dev/zero": "must be an .npz file, not a device",
            "pipe": "must be an .npz file, not a pipe",
            "my": "must be an .npz file, not a directory",
            "~nouser/x": "cannot read ~nouser/x: there is no such user",
        }.items()
    },
}


@pytest.mark.parametrize("case", SWEEPS)
def test_a_mistake_in_a_sweep_is_one_line(case: str, place: Path) -> None:
    arguments, said = SWEEPS[case]
    before = sorted(map(str, place.rglob("*")))
    named = any(argument.startswith("dataset=") for argument in arguments)
    alone = [*arguments] if named or arguments[0].startswith("-s") else [*arguments, "dataset=sample"]
    done = run(place, "sweeps", *alone)
    lines = done.stderr.splitlines()
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert not done.stdout
    after = sorted(str(path) for path in place.rglob("*") if "__pycache__" not in path.parts)
    assert after == [path for path in before if "__pycache__" not in path]


def test_a_sweep_file_may_choose_its_launcher(place: Path) -> None:
    shown = run(
        place, "sweeps", "-c", "hydra", "-p", "hydra.launcher", "--config-dir", "my/conf", "sweep=calm"
    )
    assert "basic_launcher.BasicLauncher" in shown.stdout
    typed = run(
        place, "sweeps", "-c", "hydra", "-p", "hydra.launcher", "--config-dir", "my/conf", "sweep=calm",
        "hydra/launcher=joblib",
    )  # fmt: skip
    assert "JoblibLauncher" in typed.stdout
    default = run(place, "sweeps", "-c", "hydra", "-p", "hydra.launcher")
    assert "LocalLauncher" in default.stdout
    assert "n_jobs: -1" in default.stdout


@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        (["OVERRIDE=x"], 2, "OVERRIDE: no such variable; there are SWEEP DIR OVERRIDES"),
        (["sweep=smoke"], 2, "sweep: no such variable"),
        (["SWEEP=smoke", "DIR=here"], 0, "sweeps sweep=smoke hydra.sweep.dir=here"),
        (["OVERRIDES=hydra.sweep.dir=there seed=1"], 0, "reports there || exit $?; exit $status"),
        (["CASES=cells", "SWEEP=smoke"], 0, "reports runs/smoke"),
        (["SWEEP=smoke"], 0, "reports runs/smoke || exit $?; exit $status"),
        (["FRESH=0"], 0, "hydra.sweeper.fresh=0"),
    ],
)
def test_make_takes_no_variable_that_nobody_reads(variables: list[str], code: int, said: str) -> None:
    command = ["make", "-n", "-o", ".venv/.ready", "sweep", *variables]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr


def test_an_option_without_its_value_is_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, "sweeps", "seed=1", "--config-dir")
    assert done.returncode == 2
    assert done.stderr.startswith("error: argument --config-dir/-cd: expected one argument (--help")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", ["-m", "--multirun"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_multirun_may_be_said_anywhere(tmp_path: Path, flag: str, place: int) -> None:
    words = ["dataset=sample", "hydra.sweeper.dry_run=true"]
    done = run(tmp_path, "sweeps", *words[:place], flag, *words[place:])
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 due" in done.stdout
    assert not list(tmp_path.iterdir())


def test_make_takes_every_variable_that_a_target_reads() -> None:
    text = (ROOT / "Makefile").read_text()
    settings = set(re.findall(r"^SETTINGS := (.*)", text, re.MULTILINE)[0].split())
    made_here = set(re.findall(r"^([A-Z]+) *[:?]?=", text, re.MULTILINE))
    read = set(re.findall(r"(?<!\$)\$\(([A-Z_]+)\)", text))
    assert {"PORT", "SEED", "PYTEST_ARGS"} <= read
    assert read - made_here - {"MAKEFILE_LIST"} <= settings
