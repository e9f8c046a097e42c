"""Whether a verdict holds for new images, too: told beside it wherever runs recorded their answers."""

import base64
import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.__main__ import main
from reports.analysis.images import two_way
from reports.analysis.new_images import level_differences, places_of
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.truth import effect, findings_of, pair

LEVELS = ["relu", "gelu", "selu"]
EXAMPLES = 1000


def write(root: Path, bits: np.ndarray, silent: tuple[int, ...] = ()) -> list[synthetic.Cell]:
    """Write runs that got these examples right, (levels, blocks, seeds, examples); some do not say so."""
    levels, blocks, seeds, _ = bits.shape
    axes: dict[str, Any] = {"activation": LEVELS[:levels], "model.hidden": [[128], [256, 64]][:blocks]}
    cells = synthetic.grid(axes, seeds=range(seeds), epochs=2)
    history = [{"time": "2026-11-21", "command": [], "seeds": list(range(seeds))}]
    for place, (one, own) in enumerate(zip(cells, bits.reshape(-1, bits.shape[-1]), strict=True)):
        one.extra = {"final": {"test_accuracy": float(own.mean())}}
        if place not in silent:
            one.extra["test_correct"] = base64.b64encode(np.packbits(own).tobytes()).decode()
    synthetic.write_plan(root, cells, history=history)
    for one in cells:
        synthetic.write_cell(root, one)
    return cells


def bits_of(wrong: tuple[int, int, int], blocks: int = 2, seeds: int = 5) -> np.ndarray:
    """Answers: each level never gets so many images right, and errs on some others by chance."""
    rng = np.random.default_rng(1)
    bits = rng.random((3, blocks, seeds, EXAMPLES)) > 0.002
    for level, number in enumerate(wrong):
        bits[level, :, :, :number] = False
    return bits


NAMES = ("Test accuracy", "test_accuracy")  # in tables for people, and in plain ones


def rows(root: Path, table: str) -> list[dict[str, str]]:
    with (root / "report" / "tables" / f"{table}.csv").open(encoding="utf-8-sig") as file:
        return [
            dict(row) for row in csv.DictReader(file) if row["metric"] in ("Test accuracy", "test_accuracy")
        ]


def test_a_verdict_says_whether_it_holds_for_new_images(tmp_path: Path) -> None:
    """gelu errs on 4 images more than relu, which other images need not show; selu on 100 more."""
    write(tmp_path, bits_of((20, 24, 124)))
    own = effect(findings_of(tmp_path), "activation")
    few, many = pair(own, "relu", "gelu"), pair(own, "gelu", "selu")
    assert (few["relation"], few["new_images"]) == (">", False)
    assert (many["relation"], many["new_images"]) == (">", True)
    assert own["text"].count("also for new images: no") == 1
    assert own["text"].count("also for new images: yes") == 1
    told = {(r["first"], r["second"]): r["new_images"] for r in rows(tmp_path, "contrasts")}
    assert (told["relu", "gelu"], told["gelu", "selu"]) == ("False", "True")
    (ranking,) = (r for r in rows(tmp_path, "rankings") if r["factor"] == "activation")
    assert ranking["also for new images"] == "relu > gelu no, gelu > selu yes"
    page = (tmp_path / "report" / "index.html").read_text()
    assert "also for new images: yes" in page
    assert "also for new images: no" in page


def test_nothing_is_said_of_new_images_where_a_run_did_not_record_its_answers(tmp_path: Path) -> None:
    write(tmp_path, bits_of((20, 24, 124)), silent=(0,))  # a run of relu
    own = effect(findings_of(tmp_path), "activation")
    assert pair(own, "relu", "gelu")["new_images"] is None
    assert pair(own, "gelu", "selu")["new_images"] is True
    write(tmp_path / "none", bits_of((20, 24, 124)), silent=tuple(range(30)))
    text = " ".join(f["text"] for f in findings_of(tmp_path / "none"))
    assert "new images" not in text
    assert "also for new images" not in rows(tmp_path / "none", "rankings")[0]


def test_all_pairs_at_once_are_each_pair_by_itself(tmp_path: Path) -> None:
    bits = np.random.default_rng(2).random((3, 2, 4, 203)) > 0.2
    cells = write(tmp_path, bits)
    for file in (tmp_path / cells[5].name).iterdir():  # relu, the second width, seed 1
        file.unlink()
    results = load(tmp_path)
    placed = places_of(results.runs, "activation", ["hidden"])
    pairs = [(0, 1), (0, 2), (1, 2)]
    answers: list[Any] = [results.answers.get(each) for each in results.runs["cell_id"]]
    places = [LEVELS.index(level) for level in placed.levels]
    for (one, other), found in zip(pairs, level_differences(placed, answers, pairs), strict=True):
        apart = bits[places[one]].astype(float) - bits[places[other]]
        by_seed = apart.mean(axis=0)
        if 0 in (places[one], places[other]):
            by_seed[1] = apart[0, 1]
        expected = two_way(by_seed)
        assert found is not None
        assert (found.mean, found.variance, found.df) == pytest.approx(
            (expected.mean, expected.variance, expected.df)
        )


def test_a_claim_s_verdict_says_so_too(tmp_path: Path) -> None:
    write(tmp_path, bits_of((20, 24, 124)))
    file = tmp_path / "claims.yaml"
    order = "tests: [{factor: activation, order: relu > gelu > selu}]"
    file.write_text(f"claims:\n- {{id: A, statement: in order, metric: test_accuracy, {order}}}\n")
    main([str(tmp_path), "--no-plots", "--claims", str(file)])
    with (tmp_path / "report" / "tables" / "claims.csv").open(encoding="utf-8-sig") as table:
        (row,) = csv.DictReader(table)
    pairs = [part.split(" ") for part in row["numbers"].split("; ") if " − " in part]
    assert [pair[-1] for pair in pairs] == ["no", "yes", "yes"]
