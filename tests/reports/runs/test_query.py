"""The query language: what it chooses, and what it says of what it does not understand."""

from typing import Any

import pytest

from reports.runs.query import where
from reports.runs.reader import load
from reports.runs.results import Results
from sweeps.records.errors import UserError
from tests.support import synthetic


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    axes: dict[str, list[Any]] = {
        "activation": ["relu", "gelu"],
        "loss": ["mse", "hinge"],
        "optimizer.lr": [0.1, 0.01, 0.001],
    }
    cells = synthetic.grid(axes, seeds=range(3), epochs=3)
    cells[0].status = "failed"
    return load(synthetic.write_sweep(tmp_path_factory.mktemp("sweep"), cells))


@pytest.mark.parametrize(
    ("query", "runs"),
    [
        ("", 36),
        ("loss=hinge", 18),
        ("loss = hinge & lr<=.01", 12),
        ("optimizer.lr=1e-2,1e-1 & activation!=gelu", 12),
        ("lr!=0.1,0.01", 12),
        ("status=failed", 1),
        ("seed>0 & seed<2", 12),
        ("momentum=.9", 36),
        ('name~"mse" & act=relu', 9),
        ("problem~memory", 1),
    ],
)
def test_a_query_chooses_exactly_the_runs_that_fit_all_its_terms(
    results: Results, query: str, runs: int
) -> None:
    assert len(where(results, query).runs) == runs


def test_a_metric_is_compared_as_a_number_or_a_share(results: Results) -> None:
    best = results.runs["test_accuracy"].nlargest(5)
    for text in (f"test>={float(best.min())!r}", f"test_accuracy>={100 * float(best.min())!r}%"):
        assert set(where(results, text).runs["cell_id"]) == set(results.runs.loc[best.index, "cell_id"])


def test_an_equal_figure_is_not_above_itself(results: Results) -> None:
    top = results.runs["test_accuracy"].max()
    with pytest.raises(UserError, match="no run fits"):
        where(results, f"test>{float(top)!r}")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("loos=hinge", "no loos; did you mean loss"),
        ("loss=hing", "loss has no hing; did you mean hinge"),
        ("lr>fast", "lr is compared with 'fast', which is no number"),
        ("loss=", "lacks a value"),
        ("hinge", "cannot be read"),
        ("test~9", "is a number"),
        ("lr=0.1 & loss=mse & test>2", "no run fits"),
    ],
)
def test_what_cannot_be_understood_is_named_with_what_is_near(
    results: Results, query: str, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        where(results, query)
