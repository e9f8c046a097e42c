"""Claims as a gate, and whether they were written before the runs: real files, commits and commands."""

import hashlib
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.claims.looks import looks_of
from reports.runs.reader import load
from reports.sources.judged import judged
from sweeps.records.claims_seen import first_seen
from tests.support import synthetic

CLAIM = 'factor: loss, metric: test_accuracy, order: "hinge > focal"'
HISTORY = [{"time": "2026-11-21T03:29:00+00:00", "command": ["x"], "seeds": [0, 1, 2, 3, 4], "due": 10}]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    cells = synthetic.grid({"loss": ["hinge", "focal"]}, seeds=range(5), epochs=3)
    root = synthetic.write_sweep(tmp_path / "runs", cells, "mine")
    plan = json.loads((root / "sweep.json").read_text())
    (root / "sweep.json").write_text(json.dumps({**plan, "history": HISTORY}))
    return root


def claims(folder: Path, *more: str) -> Path:
    path = folder / "claims.yaml"
    rows = [f"  - {{id: X{k}, statement: x, {CLAIM}{extra}}}\n" for k, extra in enumerate(more)]
    path.write_text("claims:\n" + "".join(rows))
    return path


def report(root: Path, *words: str) -> int:
    return main([str(root), "--no-plots", *words])


@pytest.mark.parametrize(("expect", "code"), [("holds", 0), ("refuted", 1), ("undecided", 1)])
def test_a_verdict_that_differs_from_the_one_expected_ends_with_1(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], expect: str, code: int
) -> None:
    file = claims(tmp_path, "", f", expect: {expect}")
    assert report(sweep, "--claims", str(file), "--check") == code
    said = capfd.readouterr().err.splitlines()
    assert said == ([f"{file}:3: claim X1: expected {expect}, holds"] if code else [])
    assert (sweep / "report" / "tables" / "claims.csv").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", expect: true", ":2: claim X0: expect = True: must be one of holds, refuted, undecided"),
        (", margin: 0", ":2: claim X0: margin = 0: must be above 0"),
        (", margin: -0.5", ":2: claim X0: margin = -0.5: must be above 0"),
        (", direction: up", ":2: claim X0: direction: unknown key"),
        (", tests: [{metric: speed}]", ":2: claim X0: metric = speed: must be one of"),
        (", where: {depth: 1}, expect: holds", ":2: claim X0: depth: no setting of that name"),
        ("", "no claim of"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_line_and_ends_with_2(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], more: str, said: str
) -> None:
    assert report(sweep, "--claims", str(claims(tmp_path, more)), "--check") == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (sweep / "report").exists()


def test_a_mistake_in_one_of_several_tests_is_told_with_its_own_line(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "claims.yaml"
    tests = '      - {order: "hinge > focal"}\n      - {order: "hinge ~ focal", margin: -1}\n'
    head = "claims:\n  - id: X\n    statement: x\n    metric: gap\n    factor: loss\n    tests:\n"
    file.write_text(head + tests)
    assert report(sweep, "--claims", str(file)) == 2
    assert f"{file}:8: claim X: margin = -1: must be above 0" in capfd.readouterr().err


def test_check_without_claims_is_a_mistake(sweep: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert report(sweep, "--check") == 2
    assert "--check: needs --claims FILE" in capfd.readouterr().err


def verdict_line(root: Path) -> str:
    text = (root / "report" / "tables" / "claims.md").read_text()
    return next(line for line in text.splitlines() if line.startswith("| X0"))


def test_claims_that_are_first_seen_after_the_runs_say_so_beside_the_verdict(
    sweep: Path, tmp_path: Path
) -> None:
    file = claims(tmp_path, "")
    assert report(sweep, "--claims", str(file)) == 0
    assert "holds (written after the runs)" in verdict_line(sweep)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    text = (sweep / "report" / "tables" / "claims.md").read_text()
    assert digest in text
    assert "first seen in this directory on" in text
    assert "written after the runs" in (sweep / "report" / "index.html").read_text()


def test_claims_that_a_command_noted_before_the_first_run_were_written_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, root = claims(tmp_path, ""), tmp_path / "runs"
    assert main([str(root), "--claims", str(file), "--note"]) == 0
    assert f"{file}: was in {root} on 20" in capfd.readouterr().out
    cells = synthetic.grid({"loss": ["hinge", "focal"]}, seeds=range(5), epochs=3)
    synthetic.write_sweep(root, cells, "mine")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for path in [root / "sweep.json", *root.glob("*/report.json")]:
        record = json.loads(path.read_text())
        path.write_text(json.dumps(record | {"created": later, "started": later}))
    assert report(root, "--claims", str(file)) == 0
    assert "holds (written before the runs)" in verdict_line(root)
    file.write_text(file.read_text() + "# changed\n")
    seen = json.loads((root / ".sweep" / "claims.json").read_text())
    seen_again = first_seen(root, file.read_bytes())
    assert len(seen) == 1
    assert seen_again >= max(map(datetime.fromisoformat, seen.values()))


def test_a_commit_dates_the_very_content_that_it_brought(sweep: Path, tmp_path: Path) -> None:
    file = claims(tmp_path, "")
    early, late = "2026-11-20T10:00:00+00:00", "2026-11-22T10:00:00+00:00"
    git(tmp_path, "init", "-q")
    for date, content in ((early, file.read_text()), (late, file.read_text() + "# changed\n")):
        file.write_text(content)
        git(tmp_path, "add", "claims.yaml")
        git(tmp_path, "commit", "-qm", "x", date=date)
    assert report(sweep, "--claims", str(file)) == 0
    assert "written after the runs" in verdict_line(sweep)
    git(tmp_path, "checkout", "-q", "HEAD~1", "--", "claims.yaml")
    assert report(sweep, "--claims", str(file)) == 0
    assert "written before the runs" in verdict_line(sweep)
    text = (sweep / "report" / "tables" / "claims.md").read_text()
    assert "in git since 2026-11-20 10:00 UTC (a date that a committer can set)" in text


def git(folder: Path, *words: str, date: str = "2026-11-20T10:00:00+00:00") -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    dated = {"GIT_COMMITTER_EMAIL": "a@b", "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date}
    subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **who, **dated})


def test_the_time_at_which_claims_were_seen_is_never_written_through_a_link(
    sweep: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (sweep / ".sweep").symlink_to(elsewhere)
    assert report(sweep, "--claims", str(claims(tmp_path, ""))) == 0
    assert not any(elsewhere.iterdir())


@pytest.mark.parametrize("wrong", ["claims: [", "claims: [{id: X0}]", "nothing of the kind"])
def test_a_file_with_mistakes_was_not_seen(sweep: Path, tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(wrong)
    before = sorted(sweep.rglob("*"))
    assert report(sweep, "--claims", str(file)) == 2
    assert sorted(sweep.rglob("*")) == before


@pytest.mark.parametrize("content", ["", "[1]", '{"x": 3}', "not json"])
def test_a_damaged_note_of_what_was_seen_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / ".sweep").mkdir()
    (tmp_path / ".sweep" / "claims.json").write_text(content)
    time = first_seen(tmp_path, b"claims")
    assert first_seen(tmp_path, b"claims") == time


def test_the_looks_are_those_of_the_plans_history(sweep: Path) -> None:
    looks = looks_of(load(sweep))
    assert looks.seeds("main") == ("0", "1", "2", "3", "4")
    assert looks.ladder("main", 5).levels[0] == pytest.approx(0.04)
    assert looks.ladder("measured", 5).levels == pytest.approx([0.01] * 5)
    plan = json.loads((sweep / "sweep.json").read_text())
    first = {**HISTORY[0], "seeds": [3, 1, 2]}
    (sweep / "sweep.json").write_text(json.dumps({**plan, "history": [first, *HISTORY]}))
    looks = looks_of(load(sweep))
    assert looks.seeds("main") == ("3", "1", "2", "0", "4")
    assert looks.ladder("main", 5).looks[:2] == (3, 5)


def test_a_study_that_seeds_were_added_to_is_not_looked_at_once(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["hinge", "focal"]}, seeds=range(5), epochs=3)
    root = synthetic.write_sweep(tmp_path / "runs", cells, "tuned_grid")
    assert looks_of(load(root)).ladder("main", 5).levels == (0.05,)
    plan = json.loads((root / "sweep.json").read_text())
    (root / "sweep.json").write_text(json.dumps({**plan, "history": [{**HISTORY[0], "seeds": [0, 1, 2]}]}))
    found = judged(load(root))
    assert found is not None
    assert found.claims[0].written is None
    assert looks_of(load(root)).ladder("main", 5).looks == (3, 5, 10, 20, 40)
