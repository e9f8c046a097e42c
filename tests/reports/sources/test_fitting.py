"""What a report leaves unsaid: chosen by one half of its figures, counted on the other."""

from collections.abc import Collection
from itertools import product

import pandas as pd
import pytest

from reports.claims.observations import complete
from reports.published.fitted import by_metric, fitted_table, fitted_words, worst_groups
from reports.sources import Reference, reference
from reports.sources.fitting import Candidate, Fit, choosing_cells, compared_figures, fit_of, multiples
from reports.sources.reported import reported_against_ours
from sweeps.records.studies import FIT

INITS, EPOCHS = ("he", "normal"), (10, 50)
CELLS = [
    f"activation={a} loss={b} batch_size=100" for a, b in product(("selu", "relu", "gelu"), ("mse", "hinge"))
]
CHOOSE = {CELLS[k] for k in (0, 4, 3)}  # the SHA-256 of all begin with 0a, 32, f4, a9, 79, 9e
SPREAD = (-0.001, 0.0, 0.001, 0.0, 0.0)  # by seed; of the first three an interval is the mean ± 0.00497
HALF = 0.001 * 4.302653 * (1 + 1 / 3) ** 0.5


def accuracy(cell: str, init: str, epochs: int) -> float:
    """What runs of a cell reach in the mean: settings are farther apart than an interval is wide."""
    return 0.9 + 0.001 * CELLS.index(cell) + 0.01 * INITS.index(init) + 0.02 * EPOCHS.index(epochs)


def observed(unfinished: Collection[tuple[str, str, int, int]] = ()) -> pd.DataFrame:
    """Three seeds of every cell at every setting, and in the main part five with he and 50 epochs."""
    settings = [("main", "he", 50, 5), *((FIT, init, epochs, 3) for init, epochs in product(INITS, EPOCHS))]
    rows: list[dict[str, object]] = []
    for (part, init, epochs, seeds), cell in product(settings, CELLS):
        for seed in range(seeds):
            made: dict[str, object] = {
                "part": part,
                "cell_id": str(len(rows)),
                "seed": str(seed),
                "status": "done",
            }
            made |= dict(word.split("=") for word in cell.split()) | {"init": init, "epochs": str(epochs)}
            value = accuracy(cell, init, epochs) + SPREAD[seed]
            figures = {"train_accuracy": value, "test_accuracy": value - 0.01}
            if part == FIT and (cell, init, epochs, seed) in unfinished:
                made, figures = made | {"status": "missing"}, {}
            rows.append(made | figures)
    return complete(pd.DataFrame(rows))


def report(init: str, epochs: int, off: Collection[str] = (), by: float = 0.0) -> Reference:
    """A report whose figures are those of a setting, 0.003 above the mean, or `by` more in some cells."""
    rows = []
    for cell in CELLS:
        value = accuracy(cell, init, epochs) + 0.003 + by * (cell in off)
        rows += [
            (cell, "train_accuracy", value),
            (cell, "test_accuracy", value - 0.01),
            (cell, "total_time_s", 9.0),
        ]
    figures = pd.DataFrame(rows, columns=["cell", "metric", "reported"]).assign(study="x", note="")
    unsaid = {"init": ("he",), "epochs": ("50",)}
    return Reference("x", "", "", (), unsaid, (), (), (), figures, None, ("init", "epochs"))


def fitted(source: Reference, frame: pd.DataFrame) -> Fit:
    found = fit_of(source, frame)
    assert found is not None
    return found


def counts(candidate: Candidate) -> list[tuple[int, int]]:
    halves = [candidate.half(chooses=chooses) for chooses in (True, False)]
    return [(int(half["inside"].sum()), len(half)) for half in halves]


@pytest.mark.parametrize(("init", "epochs"), [*product(INITS, EPOCHS)])
def test_the_setting_of_a_report_is_found_and_counted_on_both_halves(init: str, epochs: int) -> None:
    fit = fitted(report(init, epochs), observed())
    assert fit.chosen.values == {"init": init, "epochs": str(epochs)}
    assert counts(fit.chosen) == [(6, 6), (6, 6)]
    assert all(counts(each) == [(0, 6), (0, 6)] for each in fit.candidates if each is not fit.chosen)
    assert counts(fit.present) == ([(6, 6), (6, 6)] if (init, epochs) == ("he", 50) else [(0, 6), (0, 6)])
    assert (fit.seeds, len(fit.candidates)) == (3, 4)
    assert fit.chosen.width == pytest.approx(HALF, rel=1e-6)
    assert fit.chosen.distance == pytest.approx(0.003 / HALF, rel=1e-6)


def test_what_is_inside_is_what_the_reported_figures_say_of_the_same_runs() -> None:
    source, frame = report("he", 50, CELLS[:2], 0.004), observed()
    fit = fitted(source, frame)
    main = frame[(frame["part"] == "main") & frame["seed"].isin(["0", "1", "2"])]
    told = reported_against_ours(source, main)
    inside = told.loc[told["compared_as"] == "value", "inside"] == "true"
    assert sum(count for count, _ in counts(fit.present)) == inside.sum() == 8
    assert counts(fit.chosen) == counts(fit.present)  # the main part has the same runs


def test_the_half_that_counts_takes_no_part_in_the_choice() -> None:
    """The cells that choose are of one setting, the others of another."""
    others = [cell for cell in CELLS if cell not in CHOOSE]
    fit = fitted(report("normal", 10, others, 0.02), observed())
    assert fit.chosen.values == {"init": "normal", "epochs": "10"}
    assert counts(fit.chosen) == [(6, 6), (0, 6)]
    assert not fitted_words(report("normal", 10), fit)["reached"]


def test_halves_are_fixed_by_the_words_of_the_cells() -> None:
    assert choosing_cells(CELLS) == choosing_cells([*CELLS[::-1], *CELLS]) == CHOOSE
    for study, cells in {
        "activation_loss_grid": 32,
        "margin_and_hyperparameters": 27,
        "long_run_grid": 8,
    }.items():
        source = reference(study)
        assert source is not None
        table = compared_figures(source.figures)
        assert "total_time_s" not in set(table["metric"])
        own = table.assign(cell=table["cell"].str.removesuffix(" repeat=2"))
        assert (
            own.groupby("cell")["chooses"].nunique() == 1
        ).all()  # whole cells, a repeated one with the other
        by_cell = own.groupby("cell")["chooses"].first()
        assert (len(by_cell), by_cell.sum()) == (cells, (cells + 1) // 2)


def test_of_equals_the_nearest_is_chosen_and_then_the_first() -> None:
    frame = observed()
    far = fitted(
        report("he", 10, CELLS, 0.04), frame
    )  # nothing is inside; normal at 50 epochs is the nearest
    assert [counts(each)[0][0] for each in far.candidates] == [0, 0, 0, 0]
    assert far.chosen.values == {"init": "normal", "epochs": "50"}
    same = frame.assign(
        **{name: frame[name].where(frame["part"] != FIT, 0.5) for name in ("train_accuracy",)}
    )
    same["test_accuracy"] = same["train_accuracy"]
    assert fitted(report("he", 10), same).chosen.values == {"init": "he", "epochs": "10"}


def test_a_cell_without_all_its_runs_is_not_compared() -> None:
    gone = [(CELLS[0], "normal", 50, 1)]
    fit = fitted(report("normal", 50), observed(gone))
    assert fit.chosen.values == {"init": "normal", "epochs": "50"}
    assert counts(fit.chosen) == [(4, 4), (6, 6)]
    every = [(cell, "normal", 50, 0) for cell in CELLS]
    assert fitted(report("normal", 50), observed(every)).chosen.values != {"init": "normal", "epochs": "50"}


def test_without_runs_of_the_fit_there_is_none() -> None:
    frame = observed()
    assert fit_of(report("he", 50), frame[frame["part"] != FIT]) is None
    planned = frame.assign(status=frame["status"].where(frame["part"] != FIT, "missing"))
    assert fit_of(report("he", 50), planned) is None
    others = frame.assign(
        batch_size=frame["batch_size"].where(frame["part"] != FIT, "10")
    )  # no figure's cells
    assert fit_of(report("he", 50), others) is None


def test_the_table_has_what_is_in_use_and_every_setting() -> None:
    fit = fitted(report("normal", 50, [CELLS[1]], 0.01), observed())
    table = fitted_table(fit)
    assert table["what"].tolist() == ["in use", "tried", "tried", "tried", "chosen"]
    assert table[["init", "epochs"]].iloc[0].tolist() == ["he", "50"]
    last = table.iloc[-1]
    assert (last["choosing_inside"], last["choosing_compared"]) == (6, 6)
    assert (last["held_out_inside"], last["held_out_compared"]) == (4, 6)


def test_what_is_left_is_named_by_metric_and_by_groups_of_cells() -> None:
    hinge = [cell for cell in CELLS if "hinge" in cell]
    fit = fitted(report("normal", 50, hinge, 0.01), observed())
    others = fit.chosen.half(chooses=False)
    assert by_metric(others) == ["training accuracy 2 of 3", "test accuracy 2 of 3"]
    assert worst_groups(others) == ["loss hinge 4 of 4"]


def test_training_accuracies_of_fifty_batches_have_the_scatter_of_so_few_examples() -> None:
    """5,000 examples at 0.93: ± 1.96 · √(0.93 · 0.07 / 5000) = 0.0071, with ± 0.0050 it is 0.0086."""
    source = report("normal", 50, CELLS, 0.005)  # 0.008 from the mean
    fit = fitted(source, observed())
    chosen = next(each for each in fit.candidates if each.values == {"init": "normal", "epochs": "50"})
    half = chosen.half(chooses=False)
    assert not half["inside"].any()
    assert half.groupby("metric")["inside_printed"].sum().to_dict() == {
        "test_accuracy": 0,
        "train_accuracy": 3,
    }


def test_the_digits_of_two_reports_say_that_training_accuracies_are_of_fifty_batches() -> None:
    expected = {
        "activation_loss_grid": (32, 32),
        "margin_and_hyperparameters": (27, 27),
        "long_run_grid": (4, 8),
    }
    for study, found in expected.items():
        source = reference(study)
        assert source is not None
        assert multiples(source) == found
