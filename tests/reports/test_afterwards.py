"""What was left out or run again after a look at results is told beside the verdicts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.analysis.sweep import analyse
from reports.findings.report import findings
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.truth import findings_of, write

AXES = {"activation": ["relu", "gelu"]}
TAIL = "The levels of error hold only if that did not depend on the results."


def truth(values: dict[str, Any], rng: np.random.Generator) -> float:
    return 0.95 + float(rng.normal(0, 0.001))


def entry(seeds: int, *words: str, new: int = 0, due: int = 0) -> dict[str, Any]:
    command = ["sweep=grid", *words]
    return {
        "time": "2026-11-22T10:00:00",
        "command": command,
        "seeds": list(range(seeds)),
        "new": new,
        "due": due,
    }


def planned(root: Path, *history: dict[str, Any], seeds: int = 5) -> str:
    """Write a sweep of five seeds whose latest plan has so many, and return what it says of its data."""
    cells = synthetic.grid(AXES, seeds=range(5), epochs=4)
    synthetic.write_sweep(root, cells)
    synthetic.write_plan(root, [one for one in cells if one.config["seed"] < seeds], history=list(history))
    return " ".join(f["text"] for f in findings_of(root) if f["kind"] == "data")


def test_a_sweep_that_only_grew_has_nothing_to_tell(tmp_path: Path) -> None:
    assert planned(tmp_path, entry(3, due=6, new=6), entry(5, due=4, new=4)) == ""


def test_seeds_that_were_left_out_later_are_named(tmp_path: Path) -> None:
    said = planned(tmp_path, entry(5, due=10, new=10), entry(3), seeds=3)
    assert said == f"Left out, though planned earlier: the runs of seed 3; 4. {TAIL}"
    table = (tmp_path / "report" / "tables" / "rankings.md").read_text()
    assert "the runs of seed 3; 4" in table
    assert "the runs of seed 3; 4" in (tmp_path / "report" / "index.html").read_text()


@pytest.mark.parametrize("word", ["hydra.sweeper.retry=all", "hydra.sweeper.only=[0123456789ab]"])
def test_runs_that_were_run_again_are_counted(tmp_path: Path, word: str) -> None:
    said = planned(tmp_path, entry(5, due=10, new=10), entry(5, word, due=4))
    assert said == f"Run again, though planned earlier: 4 runs, by {word} on 2026-11-22. {TAIL}"


def test_what_was_run_again_before_any_look_was_possible_is_no_matter(tmp_path: Path) -> None:
    again = entry(5, "hydra.sweeper.retry=all", due=10, new=8)
    assert planned(tmp_path, entry(1, due=2, new=2), again) == ""


def test_runs_excluded_on_purpose_are_named_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path, AXES, 5, truth, [5])
    results = load(tmp_path)
    object.__setattr__(results, "excluded", ("relu-0123456789ab: the disk was full",))
    said = [finding.text for finding in findings(analyse(results)) if finding.kind == "data"]
    assert said == [f"Excluded on purpose: relu-0123456789ab: the disk was full. {TAIL}"]
