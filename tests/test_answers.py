"""Answers on single test examples: what networks predict is recorded, and reports say what that shows."""

import base64
import io
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mlp import saved
from mlp.datasets import Data, Sample
from mlp.datasets.order import reordered
from reports.__main__ import main
from reports.analysis.images import two_way
from reports.analysis.intervals import NOTHING
from reports.analysis.new_images import (
    accuracy_of,
    also_for_new_images,
    examples_and_chance,
    half_widths,
    level_difference,
    yes_or_no,
)
from reports.analysis.pairs import Pair, Parts
from reports.page.build import cell_figures
from reports.runs.reader import load
from reports.runs.test_bits import Answers, answers_of, correct
from sweeps.job.components import Components
from sweeps.job.main import outcome
from tests.support import synthetic
from tests.support.configs import compose_config

QUICK = ("dataset=sample", "dataset.train_size=500", "model.hidden=[16]", "training.epochs=2")
PATIENT = ("training.validation_size=150", "training.patience=1", "training.epochs=30", "optimizer.lr=0.5")
NORMALISED = ("loss=hinge", "model.batch_norm=true", "model.dropout=0.2")


@pytest.mark.parametrize("examples", [7, 8, 21])
def test_answers_of_many_runs_are_counted_as_those_of_each(examples: int) -> None:
    rng = np.random.default_rng(examples)
    right = rng.random((600, examples)) < 0.7  # of more runs than are unpacked at once
    runs = [Answers(np.packbits(each).tobytes(), examples) for each in right]
    np.testing.assert_array_equal(correct(runs), right)
    assert [each.number for each in runs] == right.sum(axis=1).tolist()
    expected = two_way(right.astype(float))
    assert accuracy_of(runs).interval() == pytest.approx(expected.interval())


# What a run records


@pytest.mark.parametrize("overrides", [(), PATIENT, NORMALISED])
@pytest.mark.parametrize("ordered", [False, True])
def test_the_bits_are_what_the_saved_network_predicts(overrides: tuple[str, ...], ordered: bool) -> None:
    parts = Components.of(compose_config(*QUICK, *overrides))
    original = Sample().load()
    data = reordered(original) if ordered else original
    trainer = parts.trainer(data)
    trainer.run()
    record = outcome(trainer, data)
    if overrides == PATIENT:
        assert record["final_epoch"] < len(trainer.history)  # it went back to its best epoch
    file = io.BytesIO()
    options: dict[str, Any] = {"model": parts.model, "activation": parts.activation, "scale": data.scale}
    saved.save(file, trainer.network, columns=data.columns, **options)
    file.seek(0)
    right = saved.load(file).predict(original.x_test) == original.y_test
    assert (bits_of(record) == right).all()
    assert float(bits_of(record).mean()) == record["final"]["test_accuracy"]
    assert [list(each) for each in record["test_by_class"]] == by_class(right, original)


def bits_of(record: dict[str, Any]) -> np.ndarray:
    packed = np.frombuffer(base64.b64decode(record["test_correct"]), dtype=np.uint8)
    return np.unpackbits(packed)[:500].astype(bool)


def by_class(right: np.ndarray, data: Data) -> list[list[int]]:
    return [[int(right[data.y_test == k].sum()), int((data.y_test == k).sum())] for k in range(10)]


def test_a_diverged_run_records_no_answers() -> None:
    parts = Components.of(compose_config(*QUICK, "optimizer.lr=1e6"))
    trainer = parts.trainer(data := Sample().load())
    trainer.run()
    record = outcome(trainer, data)
    assert record["status"] == "diverged"
    assert not record.keys() & {"test_correct", "test_by_class"}


# Reading


def packed(bits: np.ndarray) -> str:
    return base64.b64encode(np.packbits(bits).tobytes()).decode()


def recorded(bits: np.ndarray, **more: Any) -> dict[str, Any]:
    """What a record says of these answers."""
    return {"test_correct": packed(bits), "final": {"test_accuracy": float(bits.mean())}, **more}


@pytest.mark.parametrize("examples", [1, 7, 8, 9, 500, 10_000])
def test_what_is_written_is_read_whatever_the_number_of_examples(examples: int) -> None:
    draw = np.random.default_rng(examples)
    for bits in (draw.random(examples) < 0.9, np.ones(examples, bool)):
        if bits.any():
            found = answers_of(recorded(bits))
            assert found is not None
            assert found.examples == examples
            assert (found.correct == bits).all()
    none = answers_of(recorded(np.zeros(examples, bool), test_by_class=[[0, examples]]))
    assert none is not None
    assert none.examples == examples
    assert answers_of({"final": {"test_accuracy": 1.0}}) is None


BITS = np.arange(20) % 3 != 0  # 13 of 20


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"test_correct": 7}, "has int as test_correct, not str"),
        ({"test_correct": "no base64!"}, "has a test_correct that is no base64"),
        ({"test_correct": "é"}, "has a test_correct that is no base64"),
        ({"test_correct": ""}, "has an empty test_correct"),
        ({"test_correct": packed(BITS)[:-1]}, "has a test_correct that is no base64"),
        ({"test_correct": packed(BITS[:16])}, "is not its final.test_accuracy, 0.65"),
        ({"test_correct": packed(np.append(BITS, [False] * 8))}, "is not its final.test_accuracy, 0.65"),
        ({"test_correct": packed(BITS[::-1] ^ (np.arange(20) == 0))}, "is not its final.test_accuracy, 0.65"),
        ({"test_correct": packed(np.append(BITS[:19], [False, True]))}, "is not its final.test_accuracy"),
        ({"final": {"test_accuracy": 5e-324}}, "is not its final.test_accuracy"),
        ({"test_by_class": [[13, 19]]}, "has a test_by_class that does not sum to its test_correct"),
        ({"test_by_class": [[5, 10], [9, 10]]}, "does not sum to its test_correct"),
        ({"test_by_class": [[13, 20], [0, -1]]}, "is not a list of"),
        ({"test_by_class": [[13.0, 20]]}, "is not a list of"),
        ({"test_by_class": {"a": 1}}, "is not a list of"),
    ],
)
def test_damaged_answers_are_left_out_and_named_and_the_figures_stand(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        answers_of({**recorded(BITS), **changes})
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, epochs=2)
    for one in cells:
        one.extra = recorded(BITS)
    cells[1].extra = {**recorded(BITS), **changes}
    results = load(synthetic.write_sweep(tmp_path, cells))
    assert results.runs["test_accuracy"].notna().all()
    assert set(results.answers) == {cells[0].cell_id}
    assert half_widths(results).notna().tolist() == [True, False]
    (told,) = map(str, results.problems)
    assert told.startswith(f"{tmp_path / cells[1].name}/report.json has ")
    assert told.endswith("; its figures stand, its test examples are not looked at")
    assert not results.is_whole


# Intervals of cells


def sweep(root: Path, bits: np.ndarray, **axes: Any) -> tuple[Path, list[synthetic.Cell]]:
    """Write runs of relu and gelu (levels, blocks, seeds, examples) that got these examples right."""
    levels, blocks, seeds, _ = bits.shape
    cells = synthetic.grid(
        {"activation": ["relu", "gelu"][:levels], "model.hidden": [[128], [256, 64]][:blocks]},
        seeds=range(seeds),
        epochs=2,
    )
    for one, each in zip(cells, bits.reshape(-1, bits.shape[-1]), strict=True):
        thirds = np.array_split(each, 3)
        counts = [[int(part.sum()), len(part)] for part in thirds]
        one.extra = recorded(each, test_by_class=counts)
    return synthetic.write_sweep(root, cells), cells


def drawn(*shape: int, ahead: float = 0.0) -> np.ndarray:
    """Answers (levels, blocks, seeds, examples): some images are hard for all; the first level is ahead."""
    draw = np.random.default_rng(5)
    logit = 2 + 1.5 * draw.normal(size=shape[-1]) + 0.2 * draw.normal(size=(*shape[:-1], 1))
    logit[0] += ahead
    return draw.random(shape) < 1 / (1 + np.exp(-logit))


def test_a_cell_s_interval_for_new_images_is_that_of_its_seeds_and_examples(tmp_path: Path) -> None:
    bits = drawn(2, 2, 3, 403)
    root, _ = sweep(tmp_path, bits)
    results = load(root)
    halves = half_widths(results)
    for cell, (level, block) in enumerate(np.ndindex(2, 2)):
        expected = two_way(bits[level, block]).interval()
        row = results.cells.index[
            (results.cells["activation"] == ["relu", "gelu"][level])
            & (results.cells["hidden"] == ["128", "256-64"][block])
        ]
        assert halves[row[0]] == pytest.approx(expected.half, rel=1e-12), cell
    figures = cell_figures(results).set_index("metric")["half_new_images"]
    assert figures["test_accuracy"].tolist() == halves.tolist()
    assert figures.drop("test_accuracy").isna().all()
    assert main([str(root), "--no-plots"]) == 0
    best = (root / "report/tables/best_cells.csv").read_text("utf-8-sig").splitlines()
    heads = ["activation", "hidden", "Test accuracy", "finished runs ± 95 %", "± for new images"]
    assert best[0].split(",")[:5] == heads
    assert {line.split(",")[4] for line in best[1:]} == {f"{half:.4f}" for half in halves}


def test_cells_of_which_a_run_did_not_record_its_answers_have_no_such_interval(tmp_path: Path) -> None:
    root, cells = sweep(tmp_path, drawn(2, 1, 3, 100))
    cells[0].extra = {}
    synthetic.write_cell(root, cells[0])
    assert half_widths(load(root)).isna().tolist() == [True, False]
    for one in cells:
        one.extra = {}
        synthetic.write_cell(root, one)
    assert main([str(root), "--no-plots"]) == 0
    assert "new images" not in (root / "report/tables/best_cells.md").read_text()


def test_the_answers_tell_the_size_of_the_test_set_and_what_chance_gives(tmp_path: Path) -> None:
    root, cells = sweep(tmp_path, drawn(2, 1, 2, 100))
    assert examples_and_chance(load(root)) == (100, 0.34)  # of three classes of 34, 33, 33
    cells[0].extra = recorded(np.ones(90, bool))
    synthetic.write_cell(root, cells[0])
    assert examples_and_chance(load(root)) == (None, None)
    assert examples_and_chance(load(root).where(activation="gelu")) == (100, 0.34)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_new_images_never_make_an_interval_narrower(seeds: int) -> None:
    for noise in (0.0, 0.2, 1.0, 3.0):
        draw = np.random.default_rng(seeds)
        values = draw.random((seeds, 200)) < 1 / (1 + np.exp(-1 - noise * draw.normal(size=(seeds, 1))))
        found = two_way(values)
        means = values.mean(axis=1)
        alone = stats.t.isf(0.025, seeds - 1) * means.std(ddof=1) / seeds**0.5
        assert found.interval().half >= alone * (1 - 1e-9)


# Differences of two levels


def difference(root: Path) -> Any:
    results = load(root)
    others = [name for name in results.names if name != "activation"]
    return level_difference(results.runs, results.answers, "activation", others, "relu", "gelu")


def test_a_difference_is_averaged_over_matched_cells_within_each_seed(tmp_path: Path) -> None:
    bits = drawn(2, 2, 4, 90)
    root, _ = sweep(tmp_path, bits)
    expected = two_way((bits[0].astype(float) - bits[1]).mean(axis=0))
    found = difference(root)
    assert (found.mean, found.variance, found.df) == pytest.approx(
        (expected.mean, expected.variance, expected.df)
    )


def test_a_missing_run_costs_its_pair_only_and_a_diverged_one_leaves_no_answer(tmp_path: Path) -> None:
    bits = drawn(2, 2, 4, 90)
    root, cells = sweep(tmp_path, bits)
    gone = cells[5]  # relu, the second width, seed 1
    cells[5].status = "missing"
    for file in (root / gone.name).iterdir():
        file.unlink()
    apart = bits[0].astype(float) - bits[1]
    by_seed = apart.mean(axis=0)
    by_seed[1] = apart[0, 1]
    assert difference(root).variance == pytest.approx(two_way(by_seed).variance)
    gone.status = "diverged"
    gone.extra = {}
    synthetic.write_cell(root, gone)
    assert difference(root) is None
    gone.status = "done"
    synthetic.write_cell(root, gone)
    assert difference(root) is None  # done, but without answers


def pair(low: float, high: float, relation: Any = ">") -> Pair:
    middle, three = (low + high) / 2, (relation,) * 3
    none = Parts(0.0, middle, NOTHING, 0)
    return Pair("relu", "gelu", middle, low, high, 0.01, relation, three, 5, 2, 5, 5, False, 0, 2, none, 0.45)


def test_a_verdict_holds_for_new_images_only_where_enough_images_show_it(tmp_path: Path) -> None:
    few = np.ones((2, 1, 5, 400), dtype=bool)
    few[1, 0, :, :3] = False  # three images that gelu never gets right
    for level, block, seed in np.ndindex(2, 1, 5):
        few[level, block, seed, 10 + seed] = False
    sure = pair(0.007, 0.008)
    assert also_for_new_images(difference(sweep(tmp_path / "few", few)[0]), sure) is False
    many = few.copy()
    many[1, 0, :, :60] = False
    found = difference(sweep(tmp_path / "many", many)[0])
    assert also_for_new_images(found, sure) is True
    assert also_for_new_images(found, pair(0.0, 0.3)) is True
    assert also_for_new_images(found, pair(-0.01, 0.02, "?")) is None
    assert also_for_new_images(None, sure) is None
    turned = difference(sweep(tmp_path / "turned", many[::-1])[0])
    assert also_for_new_images(turned, sure) is False  # not the level that the verdict has ahead
    assert list(map(yes_or_no, (True, False, None))) == ["yes", "no", "–"]


# For who asks


def test_a_cell_s_classes_and_the_errors_that_two_cells_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bits = drawn(2, 1, 3, 300)
    root, cells = sweep(tmp_path, bits)
    assert main(["images", str(root), "relu", f"runs/{cells[-1].name}/"]) == 0
    told = capsys.readouterr().out
    assert f"activation relu (3 seeds, 300 images): test accuracy {bits[0].mean():.4f} ± " in told
    assert f"± {two_way(bits[0, 0]).interval().half:.4f} on new ones" in told
    for label, part in enumerate(np.split(bits[0, 0], 3, axis=1)):
        assert f"| {label} | 100 | {part.mean():.4f} | " in told
    one, other = bits[:, 0]
    assert f"images that both get wrong | {(~one & ~other).sum() / 3:.1f} |" in told
    assert f"that only the first does | {(~one & other).sum() / 3:.1f} |" in told
    assert f"that only the second does | {(one & ~other).sum() / 3:.1f} |" in told
    shared = (~one & ~other).sum() / (~one | ~other).sum()
    assert f"shared errors, of all that either makes | {shared:.3f} |" in told
    apart = f"{one.mean() - other.mean():+.4f}".replace("-", "−")
    assert f"accuracy, first − second, on new images | {apart} ± " in told


def test_classes_that_runs_count_differently_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, cells = sweep(tmp_path, drawn(2, 1, 3, 300))
    right = round(cells[0].extra["final"]["test_accuracy"] * 300)
    for changed in ({"test_by_class": [[right, 300]]}, {"test_by_class": None}):
        cells[0].extra |= changed
        synthetic.write_cell(root, cells[0])
        assert main(["images", str(root), "relu", "gelu"]) == 0
        told = capsys.readouterr().out
        assert "The records do not say of which class" in told
        assert "| 2 | 100 | " in told


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["ReLU"], "no cell is called ReLU; near are relu_softmax_ce"),
        (["rely"], "no cell is called rely; near are relu_softmax_ce"),
        (["zzzzzzzz"], "no cell is called zzzzzzzz\n"),
        (["seed=1"], "seed=1 may be any of 2 cells, such as relu_softmax_ce_hidden=128_seed=1"),
        (["relu", "gelu"], "activation gelu: none of its 3 finished runs has a test_correct; "),
    ],
)
def test_a_cell_that_cannot_be_shown_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: list[str], problem: str
) -> None:
    root, cells = sweep(tmp_path, drawn(2, 1, 3, 50))
    for one in cells[3:]:
        one.extra = {}
        synthetic.write_cell(root, one)
    assert main(["images", str(root), *names]) == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"error: {problem}")
    assert told.err.count("\n") == 1
    assert not told.out


def test_ten_thousand_runs_of_ten_thousand_examples_take_little_time_and_memory(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    some = [Answers(np.packbits(draw.random(10_000) < 0.97).tobytes(), 10_000) for _ in range(50)]
    cells = [[some[(cell + seed) % 50] for seed in range(5)] for cell in range(100)]
    tracemalloc.start()
    began = time.process_time()
    for answers in cells:
        accuracy_of(answers)
    took, most = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert took < 1.0  # for a twentieth of them
    assert most < 2**20  # never more than a cell's sums
