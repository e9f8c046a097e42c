"""What the page is filled with: the analysis, figure by figure; no main effect where orders turn round."""

import json
from pathlib import Path
from typing import Any

import pytest

from reports.analysis.sweep import Analysis, analyse
from reports.findings.finding import as_json
from reports.findings.report import told
from reports.page.adapter import content_of
from reports.page.content import Content
from reports.page.provenance import about, command_of
from reports.page.strips import left_out, main_effects, strips
from reports.page.view import render
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.tiny.driver import Tiny

AXES: dict[str, list[Any]] = {
    "activation": ["relu", "gelu"],
    "loss": ["mse", "hinge"],
    "optimizer.weight_decay": [0.0, 0.0005],
}
TURN = {"mse": 0.02, "hinge": -0.02}  # what relu gains: its order with gelu turns round with the loss


def made(root: Path, seeds: int, turned: bool = False) -> tuple[Analysis, Content]:
    cells = synthetic.grid(AXES, seeds=range(seeds), epochs=3)
    synthetic.write_sweep(root, cells)
    for one in cells if turned else ():
        path = root / one.name / "report.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        if one.values["activation"] == "relu":
            data["final"]["test_accuracy"] = round(
                data["final"]["test_accuracy"] + TURN[one.values["loss"]], 4
            )
            path.write_text(json.dumps(data), encoding="utf-8")
    analysis = analyse(load(root))
    return analysis, content_of(analysis)


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> tuple[Analysis, Content]:
    return made(tmp_path_factory.mktemp("five"), 5)


def test_the_answer_is_the_best_cell_with_its_corrected_interval(five: tuple[Analysis, Content]) -> None:
    analysis, content = five
    best, shown = analysis.best[""], content.answer.best[0]
    interval = best.selection.interval
    assert shown.cell == best.cells[best.selection.winner]
    assert (
        shown.figure == f"{100 * interval.mean:.2f} % [{100 * interval.low:.2f}, {100 * interval.high:.2f}]"
    )
    assert len(shown.may_be_best) == best.count("may be best")
    assert "picked among 8 cells" in shown.note
    assert not content.answer.warning


def test_every_pair_is_among_the_tests_with_what_was_worked_out(five: tuple[Analysis, Content]) -> None:
    analysis, content = five
    pairs = [pair for effect in analysis.effects for pair in effect.pairs]
    assert len(pairs) == len(content.comparisons) > 10
    for pair, shown in zip(pairs, content.comparisons, strict=True):
        assert (shown.first, shown.second, shown.relation) == (pair.first, pair.second, pair.relation)
        assert (shown.estimate, shown.low, shown.high, shown.p) == (
            pair.estimate,
            pair.low,
            pair.high,
            pair.p,
        )
        assert shown.why == pair.why
        assert bool(shown.power) == (pair.power is not None)
        assert shown.look.startswith(f"{pair.look} seeds")


def test_an_order_that_turns_round_from_cell_to_cell_is_told_by_how_many(tmp_path: Path) -> None:
    losses, decays = ["mse", "hinge", "focal", "softmax_ce"], [0.0, 0.0005]
    axes: dict[str, list[Any]] = {
        "activation": ["relu", "gelu"],
        "loss": losses,
        "optimizer.weight_decay": decays,
    }
    cells = synthetic.grid(axes, seeds=range(5), epochs=3)
    for one in cells:
        turned = losses.index(one.values["loss"]) + decays.index(one.values["optimizer.weight_decay"])
        gain = {"relu": 0.05 * (-1) ** turned, "gelu": 0.0}[one.values["activation"]]
        accuracy = 0.9 + gain + one.values["seed"] / 10_000
        one.extra = {"final": {"test_accuracy": accuracy, "train_accuracy": accuracy, "test_loss": 1.0}}
    synthetic.write_sweep(tmp_path, cells)
    node: dict[str, Any] = {"name": "until_decided", "settings": {}, "steps": [], "end": None}
    synthetic.write_plan(tmp_path, cells, strategy=node)
    analysis = analyse(load(tmp_path))
    main = [e for e in analysis.effects if (e.title, e.metric.name) == ("activation", "test_accuracy")]
    assert [e.depends_on for e in main] == [""]
    (decided,) = (f.text for f in told(analysis, None) if f.text.startswith("Decided"))
    assert "activation relu > gelu in 4 of 8 cells; activation gelu > relu in 4 of 8 cells" in decided
    content = content_of(analysis)
    effects = main_effects(content, content.sweep.metrics[0])
    shown, _ = strips(effects, content.sweep.metrics[0])
    assert left_out(effects) == {"activation": 2}
    assert [effects[strip.place] for strip in shown] == [strip.effect for strip in shown]
    assert len(shown) == len(effects) - 2
    assert "The order of activation turns round: 2 smaller differences" in render(content)


def test_where_an_order_turns_round_only_effects_within_are_shown_and_that_is_said_once(
    tmp_path: Path,
) -> None:
    analysis, content = made(tmp_path, 5, turned=True)
    assert "loss" in [e.depends_on for e in analysis.effects if e.factor == "activation"]
    own = [e for e in content.effects if (e.factor, e.metric) == ("activation", "test_accuracy")]
    assert [effect.within for effect in own] == ["loss mse", "loss hinge"]
    assert [effect.levels[0].level for effect in own] == ["relu", "gelu"]
    assert [effect.text for effect in own] == ["relu > gelu", "gelu > relu"]
    caveats = [text for text in content.answer.sentences if "turn round" in text]
    assert len(caveats) == 1
    assert "activation (with loss)" in caveats[0]
    assert "activation (loss mse)" in render(content)


def test_one_seed_is_said_once_with_the_command_for_the_first_look(tmp_path: Path) -> None:
    _, content = made(tmp_path, 1)
    assert content.answer.warning.startswith("1 seed: nothing is tested")
    assert content.answer.command.endswith("seed=0,1,2")
    assert content.answer.best[0].note == "a single run"
    assert not any(effect.text or effect.note for effect in content.effects)


def test_sentences_are_those_of_the_findings(five: tuple[Analysis, Content]) -> None:
    analysis, content = five
    found = told(analysis, None)
    assert content.findings == as_json(found)
    details = {effect.detail for effect in content.effects}
    assert details == {each.text for each in found if each.pairs}
    assert set(content.matters) == {each.text for each in found if each.kind in ("variance", "size")}


def test_the_pages_words_have_accuracies_in_per_cent_and_say_the_same(five: tuple[Analysis, Content]) -> None:
    _, content = five
    of_accuracy = [effect for effect in content.effects if effect.metric in ("test_accuracy", "gap")]
    assert of_accuracy
    for effect in of_accuracy:
        assert f"{100 * effect.levels[0].mean:.2f} %" in effect.words
        assert f"{effect.levels[0].mean:.4f}" in effect.detail
        assert f"{effect.levels[0].mean:.4f}" not in effect.words
        assert effect.words.count(". ") == effect.detail.count(". ")
    others = [effect for effect in content.effects if effect.metric == "convergence"]
    assert all(effect.words == effect.detail for effect in others)
    assert any("points" in sentence for sentence in content.matters_shown)


def test_a_pair_without_an_estimate_is_drawn_without_a_dot(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu", "selu"]}, seeds=range(2), epochs=3)
    for one in cells:
        wanted = {"relu": (0,), "gelu": (1,), "selu": (0, 1)}[one.values["activation"]]
        one.status = "done" if one.config["seed"] in wanted else "missing"
    content = content_of(analyse(load(synthetic.write_sweep(tmp_path, cells))))
    assert any(pair.estimate != pair.estimate for pair in content.comparisons)
    assert "nan%" not in render(content)


def test_each_command_of_the_history_is_shown_as_it_was_given(tiny: Tiny) -> None:
    tiny.run("x=1,2")
    tiny.run("x=3", "seed=0,1")
    shown = [command for _, command in about(load(tiny.root), ()).history]
    assert [command.partition("app.py ")[2] for command in shown] == ["x=1,2", "x=3 seed=0,1"]
    assert shown[-1] == command_of(load(tiny.root))
