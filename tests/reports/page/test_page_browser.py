"""The page in a real browser: every interaction, by what is to be seen after it."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.analysis.sweep import analyse
from reports.page.adapter import content_of
from reports.page.content import (
    Answer,
    Best,
    CellFigures,
    Cells,
    Comparison,
    Content,
    Effect,
    Factor,
    Header,
    LevelEffect,
    Metric,
    Runs,
    Sweep,
)
from reports.page.view import render
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.acts import act, choose, click, complaints, fill, picks, press, texts, visit, write_page
from tests.support.browser import Browser
from tests.support.serving import serving

pytestmark = pytest.mark.page

ROOT = Path(__file__).parents[3]
AXE = Path(os.environ.get("AXE_CORE", ROOT / ".venv/axe/node_modules/axe-core/axe.min.js"))
CHARTS = """[...document.querySelectorAll('#charts circle, #charts .whisker, #charts text')].map((e) =>
  ['cx', 'cy', 'x', 'x1', 'x2', 'y1', 'y2'].map((key) => e.getAttribute(key))
    .map((v) => v && Math.round(parseFloat(v) * 10) / 10).join() + e.textContent.split(':')[0])"""
GELU_HINGE, RELU_MSE = "gelu,hinge,0.01", "relu,mse,0.01"
HOSTILE = (
    "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">'\"&\u202e\u0645"
    + "x" * 300
)
WCAG_AA = 4.5
CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const read = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const low = [];
  for (const element of document.querySelectorAll("main *, header *, nav *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.disabled) continue;
    const behind = [];
    for (let box = element; box; box = box.parentElement) {
      behind.unshift(getComputedStyle(box).backgroundColor);
    }
    const paper = light(read(behind)), ink = light(read([...behind, getComputedStyle(element).color]));
    const ratio = (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
    const words = element.textContent.trim().slice(0, 30);
    if (ratio < LIMIT) low.push(`${element.tagName} ${element.className} "${words}" ${ratio.toFixed(2)}`);
  }
  return [...new Set(low)];
})()"""


@pytest.fixture(autouse=True)
def wide(page: Browser) -> None:
    page.resize(1366, 900)
    page.media()


def test_the_file_alone_shows_everything_without_a_network_or_a_word_on_the_console(
    page: Browser, small: Path
) -> None:
    page.call(
        "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
    )
    visit(page, small)
    assert complaints(page) == []
    assert [path.name for path in small.parent.iterdir()] == ["index.html"]
    asked = {event["request"]["url"] for event in page.of("Network.requestWillBeSent")}
    assert {url for url in asked if not url.startswith("data:")} == {small.as_uri()}
    assert len(texts(page, "#panels td b")) == 12
    assert page.run("document.querySelectorAll('#plot path.mean').length") > 0
    page.call(
        "Network.emulateNetworkConditions",
        offline=False,
        latency=0,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )


def test_answer_grid_and_effects_need_no_script(page: Browser, small: Path) -> None:
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(small.as_uri())
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "gelu" in texts(page, "#answer .winner")[0]
    assert "%" in texts(page, "#answer .figure")[0]
    assert len(texts(page, "#panels td b")) == 12
    assert len(texts(page, "#charts figure")) == 3
    assert len(texts(page, "#matters .strip dt")) == 4


def test_the_script_draws_the_grid_as_it_was_built(page: Browser, small: Path) -> None:
    cells = """[...document.querySelectorAll('#panels td')]
      .map((e) => e.className.trim().split(/ +/).sort().join() + e.textContent)"""
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(small.as_uri())
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    built, charts = page.run(cells), page.run(CHARTS)
    visit(page, small)
    act(
        page,
        "{ const box = document.querySelector('#controls select'); box.dispatchEvent(new Event('change')); }",
    )
    assert page.run(cells) == built
    assert sorted(page.run(CHARTS)) == sorted(charts)


def test_a_click_picks_a_cell_and_shift_lays_another_beside_it(page: Browser, small: Path) -> None:
    visit(page, small)
    click(page, f'#panels [data-pick="{GELU_HINGE}"]')
    assert picks(page) == ["gelu · hinge · lr 0.01"]
    click(page, f'#panels [data-pick="{RELU_MSE}"]', shiftKey=True)
    assert picks(page) == ["gelu · hinge · lr 0.01", "relu · mse · lr 0.01"]
    assert page.run("document.querySelectorAll('#plot path.mean').length") == 2
    assert page.run("document.querySelectorAll('#plot path.thin').length") == 9  # one is missing
    click(page, "#picked .remove")
    assert picks(page) == ["relu · mse · lr 0.01"]


def test_the_cross_hair_tells_the_values_under_it(page: Browser, small: Path) -> None:
    visit(page, small, f"#pick={GELU_HINGE}|{RELU_MSE}")
    page.run("document.getElementById('curves').scrollIntoView()")
    box = page.run(
        "(({left, top, width, height}) => [left, top, width, height])"
        "(document.querySelector('#plot svg').getBoundingClientRect())"
    )
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + box[2] - 13, y=box[1] + box[3] / 2)
    values = texts(page, "#picked output")
    assert len(values) == 2
    assert all(re.fullmatch(r"\d\d\.\d\d %", value) for value in values)
    assert texts(page, "#plot .hair text") == ["epoch 10"]
    last = page.run(f"document.querySelector('#panels [data-pick=\"{GELU_HINGE}\"] b').textContent")
    assert values[0] == f"{last} %"


def test_accuracy_or_loss_and_a_log_error_axis_that_says_so(page: Browser, small: Path) -> None:
    visit(page, small)
    choose(page, "#curve-controls", "Axis", "error")
    assert "logarithmic in the error" in texts(page, "#curves-about")[0]
    choose(page, "#curve-controls", "Show", "test_loss")
    assert texts(page, "#curves-about")[0] == "test loss"
    choose(page, "#curve-controls", "Axis", "log")
    assert page.run("document.querySelectorAll('#plot path.mean').length") > 0


@pytest.mark.parametrize("epochs", [2, 3, 12])
def test_the_axis_of_epochs_names_whole_epochs(page: Browser, tmp_path: Path, epochs: int) -> None:
    cells = synthetic.grid({"loss": ["mse", "hinge"]}, seeds=range(3), epochs=epochs)
    visit(page, write_page(tmp_path, cells))
    named = [text for text in texts(page, "#plot svg text[text-anchor=middle]") if text != "epoch"]
    assert named
    assert set(named) <= {str(number) for number in range(1, epochs + 1)}


def test_the_grid_pivots(page: Browser, small: Path) -> None:
    visit(page, small)
    choose(page, "#controls", "Rows", "lr")
    assert texts(page, "#panels tbody th")[:3] == ["0.001", "0.01", "0.1"]
    assert len(texts(page, "#panels table")) == 2
    assert "loss mse" in texts(page, "#panels caption")[0]
    click(page, "#controls input[type=checkbox]")
    assert len(texts(page, "#panels table")) == 1
    assert "mean over loss" in texts(page, "#grid-about")[0]
    assert set(texts(page, "#panels td small")) >= {"2 cells"}
    choose(page, "#controls", "Metric", "gap")
    assert "generalisation gap" in texts(page, "#grid-about")[0]


def test_a_mean_over_cells_is_the_mean_of_their_figures(page: Browser, small: Path) -> None:
    visit(page, small, "#panels=&mode=mean")
    shown = float(page.run("document.querySelector('#panels [data-pick=\"gelu,hinge,*\"] b').textContent"))
    visit(page, small)
    cells = page.run(
        "[...document.querySelectorAll('#panels [data-pick^=\"gelu,hinge,\"] b')]"
        ".map((e) => Number(e.textContent))"
    )
    assert len(cells) == 3
    assert abs(shown - sum(cells) / 3) < 0.011


def test_losses_are_compared_within_each_loss_only(page: Browser, small: Path) -> None:
    visit(page, small, "#metric=test_loss")
    assert "within each loss" in texts(page, "#legend")[0]
    choose(page, "#controls", "Show", "diff")
    rows = page.run("""[...document.querySelectorAll('#panels tbody tr')]
      .map((row) => [...row.querySelectorAll('td b')].map((b) => b.textContent))""")
    best = [text for row in rows for text in row if not text.startswith("+")]
    assert len(rows) == 6
    assert len(best) == 2
    fill(page, "#controls input[type=search]", "activation=gelu")
    choose(page, "#controls", "Rows", "activation")
    choose(page, "#controls", "Columns", "lr")
    for box in page.run("document.querySelectorAll('#controls input[type=checkbox]').length") * [
        "input[type=checkbox]"
    ]:
        click(page, f"#controls {box}")
    assert set(texts(page, "#panels td small")) == {"not comparable"}


def test_differences_are_to_the_best(page: Browser, small: Path) -> None:
    visit(page, small)
    means = page.run("[...document.querySelectorAll('#panels td b')].map((e) => Number(e.textContent))")
    choose(page, "#controls", "Show", "diff")
    shown = [text.replace("−", "-") for text in texts(page, "#panels td b")]
    for mean, text in zip(means, shown, strict=True):
        assert abs(float(text) - (mean if mean == max(means) else mean - max(means))) < 0.011


def test_a_filter_keeps_the_cells_that_fit_and_names_what_it_does_not_know(
    page: Browser, small: Path
) -> None:
    visit(page, small)
    fill(page, "#controls input[type=search]", "loss=hinge & lr<=.01")
    assert len(texts(page, "#panels td b")) == 4
    fill(page, "#controls input[type=search]", "loss=hing")
    assert "did you mean hinge" in texts(page, "#where-problem")[0]
    fill(page, "#controls input[type=search]", "test>.9")
    assert "no setting or metric of this name" in texts(page, "#where-problem")[0]
    fill(page, "#controls input[type=search]", "")
    assert len(texts(page, "#panels td b")) == 12
    assert page.run("document.getElementById('where-problem').hidden")


def test_the_answer_shows_what_may_be_as_good(page: Browser, small: Path) -> None:
    visit(page, small)
    click(page, "#answer [data-show]")
    assert page.run("document.getElementById('panels').classList.contains('only-best')")


def test_an_effect_is_shown_as_the_difference_to_a_baseline(page: Browser, small: Path) -> None:
    visit(page, small)
    choose(page, '[data-factor="loss"]', "baseline", "mse")
    rows = texts(page, '[data-factor="loss"] tbody tr')
    assert any(row.startswith("mse0.00") for row in rows)
    assert any(re.search(r"hinge[◂▸]*\+", row) for row in rows)
    assert "difference to mse" in texts(page, '[data-factor="loss"] .note')[0]


def test_what_happens_at_a_rate_is_one_click_away(page: Browser, small: Path) -> None:
    visit(page, small)
    assert "∞ 4" in texts(page, '[data-factor="lr"] svg text')
    click(page, '[data-factor="lr"] .levels-row button:last-child')
    assert len(texts(page, "#panels td b")) == 4
    assert "where=lr%3D0.1" in page.run("location.hash")


def test_the_tests_follow_the_metric(page: Browser, small: Path) -> None:
    visit(page, small)
    click(page, "#test-box summary")
    assert len(texts(page, "#test-rows tr")) == 5
    choose(page, "#controls", "Metric", "gap")
    assert len(texts(page, "#test-rows tr")) == 5
    choose(page, "#controls", "Metric", "best_epoch")
    assert "No comparison" in texts(page, "#test-rows")[0]


@pytest.mark.parametrize(
    ("query", "runs"),
    [
        ("loss=hinge", 30),
        ("loss=hinge & lr<=.01 & seed=3", 4),
        ("status=diverged", 4),
        ("test>.5", 54),
        ("test>50%", 54),
        ("memory", 1),
        ("optimizer.lr=1e-3,1e-2 & activation!=relu", 20),
    ],
)
def test_a_query_chooses_runs(page: Browser, small: Path, query: str, runs: int) -> None:
    visit(page, small)
    fill(page, "#query", query)
    assert page.run("document.getElementById('query-problem').hidden")
    assert texts(page, "#shown") == [f"{runs} of 60 runs"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("loos=hinge", "did you mean loss?"),
        ("loss=hing", "did you mean hinge?"),
        ("lr>fast", "is no number"),
        ("loss=", "a value is missing"),
        ("= 3", "cannot be read"),
        ("train_=3", "may be train_accuracy, train_loss"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(page: Browser, small: Path, query: str, says: str) -> None:
    visit(page, small)
    fill(page, "#query", query)
    assert says in texts(page, "#query-problem")[0]
    assert texts(page, "#shown") == ["60 runs"]


def test_runs_sort_by_any_head_with_the_missing_last(page: Browser, small: Path) -> None:
    visit(page, small, "#sort=-test_accuracy")
    place = texts(page, "#run-table thead th").index("Test accuracy,\u00a0%") + 1
    column = f"#run-table tbody tr td:nth-child({place})"
    down = [float(text) for text in texts(page, column)]
    assert down == sorted(down, reverse=True)
    click(page, f"#run-table thead th:nth-child({place}) button")
    up = [float(text) for text in texts(page, column)]
    assert up == sorted(up)
    click(page, "#next")
    assert "–" in texts(page, column)


def test_ticked_runs_lie_over_one_another(page: Browser, small: Path) -> None:
    visit(page, small, "#q=loss%3Dhinge&pick=")
    for place in (1, 2):
        click(page, f"#run-table tbody tr:nth-child({place}) input")
    assert len(picks(page)) == 2
    assert all("seed" in name for name in picks(page))
    assert page.run("document.querySelectorAll('#plot path.mean').length") == 2


def test_which_runs_failed_and_why_is_on_top_and_one_click_from_the_runs(page: Browser, small: Path) -> None:
    visit(page, small)
    assert "1 failed: MemoryError: no <memory> left" in re.sub(r"\s+", " ", texts(page, "#failures li")[0])
    assert "python -m sweeps sweep=grid" in texts(page, "#failures .command")
    click(page, "#failures [data-query]")
    assert texts(page, "#shown") == ["1 of 60 runs"]
    click(page, "#run-table tbody tr td:last-child button")
    details = texts(page, "#run-table .details")[0]
    assert "Run it again: python -m sweeps.runs" in details
    assert "no <memory> left" in details


def test_a_link_shows_another_reader_the_same(page: Browser, small: Path) -> None:
    visit(page, small)
    choose(page, "#controls", "Rows", "activation")
    choose(page, "#controls", "Show", "diff")
    click(page, f'#panels [data-pick="{RELU_MSE}"]')
    fill(page, "#query", "loss=mse")
    choose(page, '[data-factor="loss"]', "baseline", "hinge")
    state = page.run("location.hash")
    look = "['panels', 'picked', 'charts', 'shown'].map((id) => document.getElementById(id).textContent)"
    seen = page.run(look)
    visit(page, small, state)
    assert page.run(look) == seen
    assert page.run("document.getElementById('query').value") == "loss=mse"


@pytest.mark.parametrize(
    "state", ["#metric=nope&rows=x&cols=y&panels=z&pick=a,b,c|run:zz", "#where=%26%26&q=%22", "#=&%"]
)
def test_a_link_that_makes_no_sense_breaks_nothing(page: Browser, small: Path, state: str) -> None:
    visit(page, small, state)
    assert complaints(page) == []
    assert len(texts(page, "#panels td")) >= 4


def test_tables_are_copied_as_latex_and_markdown(page: Browser, small: Path) -> None:
    visit(page, small)
    page.run(
        "window.taken = []; "
        "navigator.clipboard.writeText = (text) => { taken.push(text); return Promise.resolve(); }"
    )
    click(page, '[data-table="latex"]')
    click(page, '[data-table="markdown"]')
    tex, markdown = page.run("taken")
    assert r"\begin{tabular}{llrr}" in tex
    assert r"\textbf{" in tex
    assert r"\caption{Test accuracy (\%)" in tex
    assert markdown.count("\n| ") >= 7
    assert "**" in markdown
    click(page, "#copy-link")
    assert page.run("taken.at(-1)").startswith("file://")


def test_the_keyboard_alone_picks_cells(page: Browser, small: Path) -> None:
    visit(page, small, "#pick=")
    page.run("document.querySelector('#controls input[type=search]').focus()")
    press(page, "Tab")
    first = page.run("document.activeElement.dataset.pick")
    press(page, "ArrowRight")
    press(page, "ArrowDown")
    assert page.run("document.activeElement.dataset.pick") not in (None, first)
    press(page, "Enter")
    assert page.run("document.activeElement.getAttribute('aria-pressed')") == "true"
    page.run("new Promise((done) => setTimeout(done, 100))")
    assert len(picks(page)) == 1


@pytest.mark.parametrize("form", ["#controls", "#curve-controls", "#charts"])
def test_the_keyboard_stays_where_a_choice_was_made(page: Browser, small: Path, form: str) -> None:
    visit(page, small)
    act(
        page,
        f"""{{
      const box = document.querySelector("{form} select");
      box.focus();
      box.selectedIndex = 1;
      box.dispatchEvent(new Event("change"));
    }}""",
    )
    assert page.run(f"document.activeElement === document.querySelector('{form} select')")
    assert page.run("document.activeElement.selectedIndex") == 1


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (1366, "dark"), (375, "light")])
def test_axe_finds_nothing(page: Browser, small: Path, width: int, scheme: str) -> None:
    if not AXE.is_file():
        if os.environ.get("REQUIRE"):
            pytest.fail(f"no axe-core at {AXE}")
        pytest.skip("no axe-core here: make test-page installs it where it can")
    page.resize(width, 900)
    page.media(prefers_color_scheme=scheme)
    visit(page, small)
    page.run("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    click(page, "#run-table tbody tr:nth-child(2) td:last-child button")
    page.run(AXE.read_text(encoding="utf-8") + ";1")
    found = page.run(
        "axe.run(document).then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))"
    )
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page: Browser, small: Path, scheme: str) -> None:
    page.media(prefers_color_scheme=scheme)
    visit(page, small)
    page.run("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    assert page.run(CONTRAST.replace("LIMIT", str(WCAG_AA))) == []


def test_all_shades_bear_their_text_in_light_and_dark(page: Browser, small: Path) -> None:
    for scheme in ("light", "dark"):
        page.media(prefers_color_scheme=scheme)
        visit(page, small)
        page.run(
            "document.querySelectorAll('#panels td').forEach((cell, k) => { "
            "cell.className = `k${(k * 2) % 21}`; })"
        )
        assert page.run(CONTRAST.replace("LIMIT", str(WCAG_AA))) == []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = synthetic.grid({"loss": ["mse", HOSTILE], "activation": ["relu", "gelu\u202e<b>,|&\"'</script>"]})
    for one, name in zip(cells, "abcd", strict=True):
        one.name = f"{name}<i>'\"&%#?-{one.cell_id}"
    cells[0].status = "failed"
    cells[0].extra = {"error": {"type": "Error", "message": HOSTILE, "traceback": HOSTILE}}
    return write_page(tmp_path_factory.mktemp("hostile"), cells, HOSTILE)


def test_hostile_names_stay_text(page: Browser, hostile: Path) -> None:
    visit(page, hostile)
    choose(page, "#controls", "Show", "diff")
    page.run(
        "[...document.querySelectorAll('#panels button')]"
        ".forEach((b) => b"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true, shiftKey: true})))"
    )
    click(page, "#failures [data-query]")
    click(page, "#run-table tbody tr td:last-child button")
    assert complaints(page) == []
    assert page.run("document.title").startswith("<script>")
    assert page.run("document.querySelectorAll('script').length") == 2
    assert page.run("document.images.length") == 0
    assert page.run("document.querySelectorAll('main i:not([class^=k]), main b b').length") == 0
    assert HOSTILE[:60] in texts(page, "#run-table .details")[0]


@pytest.mark.parametrize("width", [360, 768, 1280, 2200])
def test_the_page_never_scrolls_sideways(page: Browser, small: Path, hostile: Path, width: int) -> None:
    page.resize(width, 900)
    for path in (small, hostile):
        visit(page, path)
        page.run("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
        assert page.run("document.documentElement.scrollWidth") <= width


def test_the_page_has_loaded_only_when_its_curves_are_drawn(page: Browser, small: Path) -> None:
    visit(page, small)
    ready, loaded, curves = page.run(
        """new Promise((done) => {
          const look = () => {
            const loaded = performance.getEntriesByType("navigation")[0].loadEventStart;
            const ready = Number(document.documentElement.dataset.readyAt);
            if (!loaded) setTimeout(look, 5);
            else done([ready, loaded, document.querySelectorAll("#plot path.mean").length]);
          };
          look();
        })"""
    )
    assert 0 < ready <= loaded
    assert curves
    assert not page.run("document.querySelectorAll('iframe').length")


def test_the_default_grid_prints_on_three_pages_with_nothing_cut(page: Browser, tmp_path: Path) -> None:
    path = write_page(tmp_path, synthetic.grid())
    visit(page, path)
    page.pdf(tmp_path / "page.pdf")
    content = (tmp_path / "page.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", content)) <= 3
    page.media("print")
    page.resize(703, 1000)  # A4 without its margins, in CSS pixels
    over = """[...document.querySelectorAll('main *')]
      .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > 700.5).length"""
    assert page.run(over) == 0  # a card's edge and a pick's ring, 3 pixels, are on the paper, too
    assert page.run("document.querySelector('#plot').getBoundingClientRect().height") < 200
    assert page.run(TEXT_IN_PLOT) > 7.5  # CSS pixels
    assert not page.run("[...document.querySelectorAll('summary')].some((e) => e.checkVisibility())")
    assert not page.run("document.getElementById('controls').checkVisibility()")
    assert page.run("document.querySelectorAll('#panels td b').length") == 96


TEXT_IN_PLOT = """(() => {
  const svg = document.querySelector('#plot svg'), scale = svg.getScreenCTM().a;
  const sizes = [...svg.querySelectorAll('text')].map((e) => parseFloat(getComputedStyle(e).fontSize));
  return Math.min(...sizes) * scale;
})()"""


def own_application() -> Content:
    """What another application would show: an error to minimise, a numeric setting, no curves."""
    alphas, kernels = ("0.1", "1", "10"), ("rbf", "linear")
    levels = np.array([[a, k] for a in range(3) for k in range(2)])
    rmse = np.array([3.0, 4.5, 2.0, 4.0, 2.5, np.nan])
    ids = [f"{k:012x}" for k in range(6)]
    return Content(
        header=Header("tuning", ("ridge",), "Which kernel?", {"done": 5, "failed": 1}),
        sweep=Sweep(
            metrics=(Metric("rmse", "Error", "minimize", "°C", "°C", digits=1),),
            factors=(Factor("alpha", "alpha", alphas, (0.1, 1.0, 10.0)), Factor("kernel", "kernel", kernels)),
            cells=Cells(
                levels, np.ones(6, int), {"rmse": CellFigures(rmse, rmse * np.nan, np.isfinite(rmse) * 1)}
            ),
            runs=Runs(ids, ids, ["done"] * 5 + ["failed"], ["0"] * 6, np.arange(6), [""] * 6, {"rmse": rmse}),
        ),
        answer=Answer((Best(2, "2.0 °C"),), ("rbf is ahead.",)),
        effects=(
            Effect("kernel", "rmse", (LevelEffect("rbf", 2.5), LevelEffect("linear", 4.25)), size=1.75),
        ),
        comparisons=(Comparison("kernel", "rmse", "rbf", "linear", -1.75, -2.5, -1.0, 0.01, ">", 0.2),),
        layout=("kernel", "alpha"),
    )


def test_an_application_of_ones_own_has_its_own_metrics_and_no_curves(page: Browser, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(render(own_application()), encoding="utf-8")
    visit(page, tmp_path / "index.html")
    assert complaints(page) == []
    assert not page.run("document.getElementById('curves')")
    assert "error, °C" in texts(page, "#grid-about")[0]
    assert "lower is better" in texts(page, "#matters h2")[0]
    shades = page.run(
        "[...document.querySelectorAll('#panels td')].map((e) => [e.textContent, e.className.trim()])"
    )
    assert ["2.0", "k20 best"] in shades
    assert ["4.5", "k0"] in shades
    assert shades[-1][0] == "failed"
    choose(page, "#controls", "Show", "diff")
    assert set(texts(page, "#panels td b")) == {"+1.0", "2.0", "+0.5", "+2.5", "+2.0", "failed"}
    choose(page, '[data-factor="kernel"]', "baseline", "linear")
    assert "−1.8" in "".join(texts(page, '[data-factor="kernel"] td'))
    fill(page, "#query", "rmse<2.6")
    assert texts(page, "#shown") == ["2 of 6 runs"]
    words = page.run("document.documentElement.outerHTML").lower()
    body = re.sub(r"<script.*?</script>|<style.*?</style>", "", words, flags=re.DOTALL)
    assert not re.search("accuracy|epoch|loss|network", body)


def test_an_application_without_curves_or_settings_has_a_page(page: Browser, tmp_path: Path) -> None:
    path = write_page(tmp_path, [synthetic.cell({"seed": 0})])
    visit(page, path)
    assert complaints(page) == []
    assert "only cell" in texts(page, "#answer")[0]
    assert texts(page, "#shown") == ["1 runs"] or texts(page, "#shown") == ["1 run"]


def test_ten_thousand_runs_answer_at_once(page: Browser, tmp_path: Path) -> None:
    rates = [0.2 / (k + 1) for k in range(20)]
    cells = synthetic.grid({**synthetic.GRID, "optimizer.lr": rates}, seeds=range(1), epochs=10)
    path = write_page(tmp_path, cells)
    visit(page, path)
    assert path.stat().st_size < 1_000_000
    times = [
        timed(page, script)
        for script in ("choose('#controls select', 1)", "choose('#curve-controls select', 1)")
    ]
    times.append(timed(page, "document.querySelector('#panels button').click()"))
    times.append(timed(page, "document.querySelector('#run-table thead th:nth-child(3) button').click()"))
    assert max(times) < 400  # ms; on a quiet machine a tenth of it (tests.support.page_scale)


def timed(page: Browser, script: str) -> float:
    """Return how long the page was busy with a script, in ms."""
    define = """window.choose = (selector, place) => {
      const box = document.querySelector(selector); box.selectedIndex = place;
      box.dispatchEvent(new Event('change'));
    }"""
    page.run(define)
    return float(
        page.run(
            f"(() => {{ const t = performance.now(); {script}; "
            f"document.body.offsetHeight; return performance.now() - t; }})()"
        )
    )


def test_a_sweep_is_watched_to_its_end(page: Browser, tmp_path: Path) -> None:
    root = tmp_path / "smoke"
    with serving(root) as served:
        page.open(served.address)
        assert "Waiting for" in texts(page, "h1")[0]
        words = ["sweep=smoke", "seed=0,1", "training.epochs=300", f"hydra.sweep.dir={root}"]
        sweep = subprocess.Popen(
            [sys.executable, "-m", "sweeps", *words], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        seen, running = follow(page, "8 done")
        assert sweep.wait(30) == 0
        assert any("running" in states for states in seen)
        epochs = {int(text.split(" · ")[1]) for text in running if text.startswith("running · ")}
        assert len(epochs) > 2  # running cells show their epoch
        for _ in range(65):
            with suppress(RuntimeError):
                page.run("new Promise((done) => setTimeout(done, 100))")
        assert "%" in texts(page, "#answer .figure")[0]
        assert len(texts(page, "#panels td b")) == 4
        assert page.run("document.title").startswith("✓")
        assert page.run("document.querySelectorAll('#plot path.mean').length") > 0
        assert complaints(page) == []


def follow(page: Browser, end: str) -> tuple[list[str], list[str]]:
    """Watch the page until its states are these; return all states, and of running runs, that were seen."""
    seen, running = [""], list[str]()
    for _ in range(600):
        with suppress(RuntimeError):  # it loads itself again when there are new metrics
            page.run("new Promise((done) => setTimeout(done, 100))")
            seen.append(" ".join(" ".join(texts(page, "#states li")).split()))
            running += texts(page, "#run-table .running")
        if seen[-1] == end:
            return seen, running
    raise AssertionError(f"never {end}: {seen[-1]}")


def test_which_is_best_and_by_how_much_takes_one_action(page: Browser, small: Path) -> None:
    visit(page, small)
    assert "gelu" in texts(page, "#answer .winner")[0]
    assert "hinge" in texts(page, "#answer .winner")[0]
    assert re.match(r"\d\d\.\d\d % \[\d\d\.\d\d, \d\d\.\d\d\]", texts(page, "#answer .figure")[0])
    choose(page, "#controls", "Show", "diff")
    behind = sorted(float(text[1:]) for text in texts(page, "#panels td b") if text.startswith("−"))
    assert len(behind) == 11
    assert behind[0] > 0


def test_whether_the_activation_matters_takes_no_action(page: Browser, small: Path) -> None:
    visit(page, small)
    (strip,) = [text for text in texts(page, "#matters .strip") if text.strip().startswith("activation")]
    assert re.search(r"\d\.\d\d", strip)
    assert re.search(r"(gelu|relu) [>≈?] (gelu|relu)", strip)


def test_what_happens_at_a_rate_of_a_tenth_takes_one_action(page: Browser, small: Path) -> None:
    visit(page, small)
    assert "∞ 4" in texts(page, '[data-factor="lr"] svg text')  # no action: four runs diverge there
    click(page, '[data-factor="lr"] .levels-row button:last-child')
    assert len(texts(page, "#panels td b")) == 4
    assert "3/5" in " ".join(texts(page, "#panels td small"))


def test_which_runs_failed_and_why_takes_one_action(page: Browser, small: Path) -> None:
    visit(page, small)
    assert "1 failed: MemoryError: no <memory> left" in re.sub(r"\s+", " ", texts(page, "#failures li")[0])
    click(page, "#failures [data-query]")
    assert texts(page, "#shown") == ["1 of 60 runs"]
    assert "MemoryError" in texts(page, "#run-table tbody .why")[0]


def test_one_curve_beside_another_takes_two_actions(page: Browser, small: Path) -> None:
    visit(page, small)
    click(page, f'#panels [data-pick="{GELU_HINGE}"]')
    click(page, f'#panels [data-pick="{RELU_MSE}"]', shiftKey=True)
    assert picks(page) == ["gelu · hinge · lr 0.01", "relu · mse · lr 0.01"]
    colours = page.run(
        "[...document.querySelectorAll('#plot path.mean')].map((line) => getComputedStyle(line).stroke)"
    )
    assert len(colours) == len(set(colours)) == 2


def wide_intervals() -> Content:
    """What two seeds may show: one level's interval is twenty times as wide as all else."""
    content = own_application()
    kernel = (LevelEffect("rbf", 2.5, 2.4, 2.6), LevelEffect("linear", 4.25, -30.0, 40.0))
    alpha = (LevelEffect("0.1", 3.0, 2.9, 3.1), LevelEffect("1", 2.0, -9.0, 9.0), LevelEffect("10", 2.5))
    pairs = (*content.comparisons, replace(content.comparisons[0], low=-90.0, high=80.0, relation="?"))
    effects = (Effect("kernel", "rmse", kernel, size=1.75), Effect("alpha", "rmse", alpha, size=1.0))
    return replace(content, effects=effects, comparisons=pairs)


def test_an_interval_beyond_the_axis_is_marked_and_hides_nothing(page: Browser, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(render(wide_intervals()), encoding="utf-8")
    drawing = CHARTS.replace("#charts circle", "#test-rows circle, #test-rows text, #charts circle")
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open((tmp_path / "index.html").as_uri())
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    built = page.run(drawing)
    visit(page, tmp_path / "index.html")
    choose(page, "#controls", "Metric", "rmse")
    assert sorted(page.run(drawing)) == sorted(built)
    assert sorted(texts(page, "#charts .beyond")) == sorted("◂▸▾▴")
    assert texts(page, "#test-rows .beyond") == ["◂", "▸"]
    assert "arrows: the interval goes further" in texts(page, '[data-factor="kernel"] small')[0]
    places = page.run(
        "[...document.querySelectorAll('.dots .dot')].map((e) => parseFloat(e.getAttribute('cx')))"
    )
    assert max(places) - min(places) > 15  # the means still stand apart


def test_notes_are_shown_as_text(page: Browser, tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path / "sweep", synthetic.grid({"loss": ["mse", "hinge"]}))
    (root / "notes.md").write_text("# Why\n\n" + HOSTILE, encoding="utf-8")
    (tmp_path / "index.html").write_text(render(content_of(analyse(load(root)))), encoding="utf-8")
    visit(page, tmp_path / "index.html")
    assert texts(page, "#notes .written") == ["# Why\n\n" + HOSTILE.strip()]
    assert complaints(page) == []
    assert page.run("document.images.length") == 0
    assert page.run("document.title") == "grid"
    assert page.run("document.documentElement.scrollWidth") <= 1366
