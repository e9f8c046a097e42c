"""What stands in figures and their captions: settings as they are said, never by their keys."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from reports.page.build import make_report
from reports.plots.plot import Plot
from reports.plots.single import single
from reports.runs.factors import said, spoken
from reports.runs.reader import load
from tests.support import synthetic

KEY = re.compile(r"training\.|optimizer\.|batch_size|weight_decay|train_size")
USUAL: dict[str, Any] = {"training.batch_size": 100, "optimizer.weight_decay": 0.0}
STAR = [
    *({**USUAL, "training.epochs": epochs} for epochs in (2, 3)),
    {**USUAL, "training.batch_size": 10, "training.epochs": 2},
    {**USUAL, "optimizer.weight_decay": 0.01, "training.epochs": 2},
    {**USUAL, "loss": "hinge", "training.epochs": 2},
]
GRID: dict[str, list[Any]] = {
    "training.batch_size": [10, 100],
    "optimizer.weight_decay": [0.0, 0.01],
    "training.epochs": [2, 3],
}


def test_settings_are_said_in_plain_words() -> None:
    names = ["batch_size", "training.epochs", "weight_decay", "lr", "optimizer.lr", "schedule.lr", ""]
    words = ["batch size", "epochs", "weight decay", "lr", "optimizer lr", "schedule lr", ""]
    assert [spoken(name) for name in names] == words
    assert said({"loss": "softmax_ce", "weight_decay": "0.01"}) == "loss softmax_ce, weight decay 0.01"


def words_of(plot: Plot) -> Iterator[str]:
    """Yield all that a reader sees of a figure."""
    figure: Figure = plot.paint(*plot.arguments)
    figure.canvas.draw_idle()
    yield from (text.get_text() for text in figure.findobj(Text))
    yield from (plot.title, plot.caption, plot.section)


@pytest.mark.parametrize("star", [True, False])
def test_no_figure_shows_the_key_of_a_setting(star: bool, tmp_path: Path) -> None:
    cells = [synthetic.cell({**v, "seed": s}) for v in STAR for s in (0, 1)] if star else synthetic.grid(GRID)
    results = load(synthetic.write_sweep(tmp_path, cells))
    plots = [*make_report(results).plots, single(results, "training.epochs", "test_accuracy", "batch_size")]
    seen = {plot.name: " | ".join(words_of(plot)) for plot in plots}
    assert {name: KEY.findall(words) for name, words in seen.items() if KEY.search(words)} == {}
    assert "Accuracy against epochs" in seen["accuracy-against-training.epochs"]
    assert "weight decay 0.01" in seen["grid"] if star else "weight decay" in seen["ranking-test_accuracy"]
