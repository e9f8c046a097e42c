"""What a demanding look at the page found: labels, colours, units, counts, what is drawn where."""

import re
from pathlib import Path
from typing import Any

import pytest

from reports.page.content import LevelEffect
from reports.page.strips import labels
from tests.support import synthetic
from tests.support.acts import AXES, act, choose, click, texts, visit, write_page
from tests.support.browser import Browser

pytestmark = pytest.mark.page
SMALL = """[...document.querySelectorAll('#panels [data-pick]')]
  .map((e) => [e.dataset.pick, e.querySelector('small').textContent])"""


@pytest.fixture(autouse=True)
def wide(page: Browser) -> None:
    page.resize(1366, 900)
    page.media()


@pytest.fixture(scope="module")
def diverging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of three rates diverges for every seed of one loss, at steps that differ."""
    cells = synthetic.grid(AXES, seeds=range(2))
    lost = [one for one in cells if one.values["optimizer.lr"] == 0.1 and one.values["loss"] == "mse"]
    for step, one in enumerate(lost):
        one.status = "diverged"
        one.extra = {"diverged": {"what": "loss", "epoch": 1 + step % 2, "step": 8 + step}}
    return write_page(tmp_path_factory.mktemp("diverging"), cells)


def test_a_mean_over_cells_says_over_how_many_it_is(page: Browser, diverging: Path) -> None:
    visit(page, diverging, "#panels=&mode=mean")
    small = dict(page.run(SMALL))
    assert small["relu,mse,*"] == small["gelu,mse,*"] == "2 of 3 cells"
    assert small["relu,hinge,*"] == "3 cells"
    assert "4 of 5 cells: the others have no figure" in texts(page, "#legend li")


def test_which_ones_finds_runs_whose_messages_differ_in_their_numbers(page: Browser, diverging: Path) -> None:
    visit(page, diverging)
    told = re.sub(r"\s+", " ", texts(page, "#failures li")[0])
    assert "4 diverged: loss not finite in epoch 1–2, step 8–11" in told
    click(page, "#failures [data-query]")
    assert texts(page, "#shown") == ["4 of 24 runs"]


def test_diverged_runs_are_counted_beside_their_levels_and_once_in_a_chart(
    page: Browser, diverging: Path
) -> None:
    visit(page, diverging)
    told = [" ".join(text.split()) for text in texts(page, "#matters .sentence")]
    assert any("diverged runs: 4 with 0.1" in text for text in told)
    assert any("diverged runs: 4 with mse" in text for text in told)
    assert page.run("document.querySelector('[data-factor=loss]').innerText").count("diverged") == 1


def test_failed_and_diverged_are_one_colour_that_no_curve_has(page: Browser, diverging: Path) -> None:
    for scheme in ("light", "dark"):
        page.media(prefers_color_scheme=scheme)
        visit(page, diverging)
        used = page.run("""(() => {
          const style = getComputedStyle(document.documentElement);
          const pens = Array.from({length: 8}, (_, k) => style.getPropertyValue(`--p${k}`));
          const marks = ['--dot', '--badline', '--good', '--better'].map((k) => style.getPropertyValue(k));
          return [...pens, ...marks];
        })()""")
        assert len(set(used)) == len(used) == 12
        fill_of = "getComputedStyle(document.querySelector('{}')).{}"
        lost = page.run(fill_of.format("#charts .diverging", "color"))
        assert lost == page.run(fill_of.format("#failures section", "borderLeftColor"))


OVERLAPS = """[...document.querySelectorAll('.strip-line g')].filter((g) => g.checkVisibility())
.flatMap((group) => {
  const boxes = [...group.querySelectorAll('text')].map((e) => e.getBoundingClientRect());
  return boxes.flatMap((a, k) => boxes.slice(k + 1).filter((b) =>
    Math.abs(a.top - b.top) < 8 && a.left < b.right && b.left < a.right).map(() => group.textContent));
})"""
OUTSIDE = """[...document.querySelectorAll('.strip-line g text')].filter((e) => {
  const own = e.getBoundingClientRect(), card = e.closest('section').getBoundingClientRect();
  return own.width && (own.left < card.left || own.right > card.right);
}).length"""


@pytest.mark.parametrize("width", [360, 390, 768, 1400])
def test_labels_of_dots_do_not_lie_over_one_another(page: Browser, tmp_path: Path, width: int) -> None:
    page.resize(width, 900)
    visit(page, write_page(tmp_path, synthetic.grid(seeds=range(3))))
    assert page.run(OVERLAPS) == []
    assert page.run(OUTSIDE) == 0
    if width < 400:  # what one phone's line has no room for is beside the picture: whole names, not words cut
        assert (
            page.run("Math.min(...[...document.querySelectorAll('#picked .name')].map((e) => e.clientWidth))")
            > 200
        )


def test_labels_that_share_a_place_stand_in_the_order_of_their_dots() -> None:
    dots = [
        (x, LevelEffect(level, 0.0))
        for x, level in ((1, "focal"), (60, "selu"), (61, "swish"), (62, "relu"), (64, "gelu"))
    ]
    for width in (205.0, 400.0):
        found = labels(dots, width)
        assert (
            " · ".join(label.text for label in sorted(found, key=lambda label: label.x))
            == "focal · selu · swish · relu · gelu"
        )


def test_a_panel_without_any_cell_is_not_shown_and_the_key_is_as_the_script_writes_it(
    page: Browser, tmp_path: Path
) -> None:
    cells = [
        one
        for one in synthetic.grid({**AXES, "seed": [0]})
        if one.values["optimizer.lr"] == 0.1 or one.values["loss"] == "mse"
    ]
    cells = [one for one in cells if (one.values["optimizer.lr"], one.values["activation"]) != (0.1, "relu")]
    for rate in (0.001, 0.01):
        cells = [one for one in cells if (one.values["optimizer.lr"], one.values["loss"]) != (rate, "hinge")]
    path = write_page(tmp_path, cells)
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(path.as_uri())
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    empty = page.run(
        "[...document.querySelectorAll('#panels table')].filter((e) => !e.querySelector('button')).length"
    )
    assert empty == 0
    key = texts(page, "#legend li")
    visit(page, path)
    act(
        page,
        "{ const box = document.querySelector('#controls select'); box.dispatchEvent(new Event('change')); }",
    )
    assert texts(page, "#legend li") == key


def test_runs_name_their_units_and_reasons_only_where_there_are_any(
    page: Browser, small: Path, tmp_path: Path
) -> None:
    visit(page, small)
    assert "why" in texts(page, "#run-table thead th")
    visit(page, write_page(tmp_path, synthetic.grid({"loss": ["mse", "hinge"]}, seeds=range(3))))
    heads = texts(page, "#run-table thead th")
    assert "why" not in heads
    assert "Generalisation gap,\u00a0%" in heads
    assert not [text for text in texts(page, "#run-table td.figure") if "-" in text]  # a minus is one


def test_the_number_of_tests_is_that_of_the_rows(page: Browser, small: Path) -> None:
    visit(page, small)
    click(page, "#test-box summary")
    assert texts(page, "#test-count") == ["5 comparisons of two levels by test accuracy"]
    choose(page, "#controls", "Metric", "gap")
    assert texts(page, "#test-count")[0].startswith(f"{len(texts(page, '#test-rows tr'))} comparison")


def test_two_numbers_are_dots_and_zero_stands_apart_on_a_logarithmic_axis(
    page: Browser, tmp_path: Path
) -> None:
    axes: dict[str, list[Any]] = {
        "optimizer.weight_decay": [0.0, 0.0005, 0.005],
        "optimizer.momentum": [0.0, 0.9],
    }
    visit(page, write_page(tmp_path, synthetic.grid(axes, seeds=range(3))))
    for _ in ("as built", "as drawn"):
        assert page.run("Boolean(document.querySelector('[data-factor=momentum] table.dots'))")
        assert "log axis, 0 apart" in texts(page, "[data-factor=weight_decay] small")[0]
        assert page.run("document.querySelectorAll('[data-factor=weight_decay] .rail.gap').length") == 1
        choose(page, "#controls", "Metric", "gap")
        choose(page, "#controls", "Metric", "test_accuracy")


def test_how_far_the_next_cell_is_behind_takes_no_action(page: Browser, small: Path) -> None:
    visit(page, small)
    means = sorted(float(text) for text in texts(page, "#panels td b"))
    told = re.search(
        r"The next, activation \w+, loss \w+, lr [\d.]+, is (\d+\.\d\d) points behind\.",
        texts(page, "#answer")[0],
    )
    assert told
    assert abs(float(told[1]) - (means[-1] - means[-2])) < 0.011
