"""The five studies: every figure and every claim of the source reports has its runs in the plan."""

import pytest

from reports.claims.claim import Claim
from reports.claims.evaluate import evaluate
from reports.claims.looks import ONE_LOOK
from reports.runs.factors import label
from reports.sources import STUDIES, Reference
from reports.sources import reference as reference_of
from reports.sources.fitting import compared_figures, fit_of, words_of
from reports.sources.reported import cell_settings, find, parameter_counts, reported_against_ours
from sweeps.records.studies import FIT
from tests.support import planned

SEEDS = 5


def reference(study: str) -> Reference:
    source = reference_of(study)
    assert source is not None
    return source


CLAIMS = [(study, claim.id) for study in STUDIES for claim in reference(study).claims]
BEYOND = [(study, claim.id) for study in STUDIES for claim in reference(study).beyond]
FIGURES = [study for study in STUDIES if len(reference(study).figures)]


def claim_of(study: str, name: str) -> Claim:
    source = reference(study)
    return next(claim for claim in (*source.claims, *source.beyond) if claim.id == name)


def test_all_figures_and_claims_of_the_five_reports_are_here() -> None:
    assert sum(len(reference(study).figures) for study in STUDIES) == 214
    assert len(CLAIMS) == 70
    assert len(set(CLAIMS)) == 70


@pytest.mark.parametrize("study", STUDIES)
def test_a_studys_sweeps_share_its_directory_and_have_five_seeds_or_three(study: str) -> None:
    for part, name in planned.parts_of(study).items():
        settings = planned.settings_of(name)
        assert settings["sweep"] == name
        assert settings["dir"] == (f"runs/{study}" if part == "main" else f"runs/{study}/{part}")
        assert {cell.config["seed"] for cell in settings["cells"]} == set(range(3 if part == FIT else 5))


@pytest.mark.parametrize("study", [study for study in STUDIES if reference(study).fitted])
def test_what_is_fitted_is_tried_on_exactly_the_cells_of_the_figures(study: str) -> None:
    source, frame = reference(study), planned.observations(study)
    tried = frame[frame["part"] == FIT]
    fit = fit_of(source, frame)
    assert fit is not None
    assert 1 < len(fit.candidates) <= 12
    cells = compared_figures(source.figures)["cell"].map(words_of).nunique()
    assert len(tried) == len(fit.candidates) * cells * 3
    for candidate in (fit.present, *fit.candidates):
        assert candidate.figures["half"].notna().all()


@pytest.mark.parametrize("study", [study for study in STUDIES if "timing" in planned.parts_of(study)])
def test_times_are_measured_one_run_at_a_time_in_rounds(study: str) -> None:
    settings = planned.settings_of(f"{study}/timing")
    assert settings["workers"] == 1
    grids = settings["grids"] or [{}]
    assert next(iter(settings["params"])) == "seed"  # a round is over before the next begins
    seeds = [cell.config["seed"] for cell in settings["cells"]]
    assert len(grids) > 1 or seeds == sorted(seeds)


@pytest.mark.parametrize("study", FIGURES)
def test_every_reported_figure_has_exactly_one_cell_with_five_seeds(study: str) -> None:
    source, frame = reference(study), planned.observations(study)
    rows = reported_against_ours(source, frame)
    assert rows["runs"].tolist() == [5] * len(source.figures)
    assert set(rows["inside"]) <= {"true", "false"}
    assert rows["cell"].tolist() == source.figures["cell"].tolist()


@pytest.mark.parametrize("study", FIGURES)
def test_a_reported_cell_is_the_planned_cell_of_that_config(study: str) -> None:
    source, frame = reference(study), planned.observations(study)
    cells = {cell.id: cell for cell in planned.settings_of(study)["cells"]}
    leaf = {"hidden": "model.hidden", "epochs": "training.epochs", "batch_size": "training.batch_size"}
    leaf |= {name: f"optimizer.{name}" for name in ("lr", "momentum", "weight_decay")}
    leaf |= {name: f"loss.{name}" for name in ("margin", "softmax")}
    for text in source.figures["cell"].unique():
        wanted = cell_settings(text)
        rows = find(frame[frame["part"] == "main"], source, wanted)
        for identity in rows["cell_id"]:
            cell = cells[identity]
            for name, value in wanted.items():
                if name in cell.choices:
                    assert cell.choices[name] == value
                else:
                    group, _, key = leaf[name].partition(".")
                    assert label(tuple_of(cell.config[group][key])) == value


def tuple_of(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(("study", "name"), [*CLAIMS, *BEYOND])
def test_every_claim_is_about_runs_that_are_planned(study: str, name: str) -> None:
    frame = planned.observations(study)
    frame = frame.assign(test_accuracy=0.95 + 0.04 * frame["test_accuracy"])  # all near enough to converge
    for test in claim_of(study, name).tests:
        outcome = evaluate(test, frame, ONE_LOOK)
        assert outcome.seeds >= SEEDS, outcome.why
        assert outcome.cells >= 1
        assert all(pair.seeds >= SEEDS for pair in outcome.pairs), outcome.why


@pytest.mark.parametrize("study", STUDIES)
def test_what_goes_beyond_a_report_explains_claims_of_it(study: str) -> None:
    source = reference(study)
    known = {claim.id for claim in source.claims}
    assert all(claim.explains and set(claim.explains) <= known for claim in source.beyond)


def test_the_parameter_counts_are_of_networks_in_the_plan() -> None:
    source = reference("capacity_and_regularisation")
    counts = parameter_counts(source, planned.observations(source.study))
    assert len(counts) == 6
