"""What a report says of the same thing in several places: one rule, and no figure that cannot be."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.__main__ import main
from reports.analysis.comparison import compare
from reports.analysis.counting import known_test_set
from reports.analysis.judging import judge_pairs
from reports.analysis.matched import from_arrays
from reports.analysis.sequential import one_look
from reports.analysis.settings import Settings
from reports.runs.metrics import METRICS
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.truth import effect, findings_of, pair, write


def test_a_claim_on_two_levels_asks_for_a_reversal_as_the_ranking_of_all_does() -> None:
    """A reversal that is there for one pair alone, but not among the six of four levels."""
    rng = np.random.default_rng(0)
    turned = 0
    for _ in range(40):
        values = rng.normal(0, 0.001, (4, 2, 5)) + np.array([0.01, 0.01, 0, 0])[:, None, None]
        values[0] += np.array([[0.0016], [-0.0016]])
        runs = from_arrays(values, levels=tuple("abcd"), settings={"loss": ["mse", "hinge"]})
        ranking = compare(runs, Settings(one_look(5)))
        alone = compare(runs.part(levels=[0, 1]), Settings(one_look(5))).reversals
        told = {(r.first, r.second) for r in ranking.reversals}
        _, (judged,) = judge_pairs(runs, [("a", ">", "b")], Settings(one_look(5)))
        turned += bool(alone) and (0, 1) not in told
        assert judged.why.startswith("the order turns round") == ((0, 1) in told)
    assert turned  # in some the old rule would have said otherwise


def test_an_interval_ends_where_the_metric_does(tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        if values["activation"] == "selu" and values["seed"] != 1:
            return "diverged"
        return 0.999 + float(rng.normal(0, 0.0004))

    found = findings_of(write(tmp_path, {"activation": ["relu", "selu"]}, 3, truth, [3]))
    own = pair(effect(found, "activation"), "relu", "selu")
    assert own["high"] == 1.0
    assert -1 <= own["low"] < 0
    assert "3 seeds show no difference that there can be with 80 %" in effect(found, "activation")["text"]
    table = (tmp_path / "report" / "tables" / "levels.md").read_text()
    assert "[0.0000, 1.0000]" in table.replace("\\", "")
    caption = (tmp_path / "report" / "tables" / "test_accuracy.md").read_text()
    assert "over 3 seeds, of the runs that finished." in caption


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (0.98, 0.001, "0.9800 ± 0.0010"),
        (0.9995, 0.001, "0.9995 [0.9985, 1.0000]"),
        (0.4, 4.1, "0.4000 [0.0000, 1.0000]"),
    ],
)
def test_what_cannot_be_is_not_printed(mean: float, half: float, text: str) -> None:
    assert METRICS["test_accuracy"].show_interval(mean, half) == text


def test_a_cell_that_no_look_has_tested_is_named(tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        if values["activation"] == "selu" and values["seed"] > 1:
            return "missing"
        return 0.95 + float(rng.normal(0, 0.001))

    found = findings_of(write(tmp_path, {"activation": ["relu", "gelu", "selu"]}, 5, truth, [5]))
    (best,) = (f["text"] for f in found if f["kind"] == "best")
    assert "1 not tested (activation selu)" in best


def test_chance_and_the_size_of_the_test_set_are_what_records_say(tmp_path: Path) -> None:
    """30 test images, 12 of the largest class: a diverged run counts as .4, not as MNIST's .1135."""
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, seeds=range(5), epochs=2)
    for one in cells:
        bits = np.arange(30) % 5 != one.config["seed"]
        right = [int(part.sum()) for part in np.split(bits, [12, 22])]
        one.extra = {
            "final": {"test_accuracy": float(bits.mean())},
            "test_correct": base64.b64encode(np.packbits(bits).tobytes()).decode(),
            "test_by_class": [[right[0], 12], [right[1], 10], [right[2], 8]],
        }
    cells[0].status = "diverged"
    cells[0].extra = {}
    root = synthetic.write_sweep(tmp_path, cells)
    known = known_test_set(load(root))
    assert (known.examples, known.chance) == (30, 0.4)
    text = effect(findings_of(root), "activation")["text"]
    assert "each counts as 0.4000, the accuracy of always naming the largest class" in text
    claims = root / "claims.yaml"
    claims.write_text(
        "claims:\n- {id: A, statement: gelu is ahead, metric: test_accuracy, "
        "tests: [{factor: activation, order: gelu > relu}]}\n"
    )
    main([str(root), "--no-plots", "--claims", str(claims)])
    table = (root / "report" / "tables" / "claims.md").read_text()
    assert "1 run diverged, counted as 0.4000, chance" in table
