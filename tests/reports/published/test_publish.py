"""What is kept of the studies: claims, figures and pages rebuild from the runs without any training."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from reports.analysis.equivalence import Verdict
from reports.claims.claim import Judgement, Outcome
from reports.claims.frames import plot_name
from reports.published.changes import FIRST_VERSION, RUN_AGAIN, changes, made_again
from reports.published.firmness import firm_counts, is_firm, moved_words, other
from reports.published.kept import results_of
from reports.published.lessons import Lesson
from reports.published.lists import changes_page, claims_page, lessons_page, told
from reports.published.looks import LOOKS
from reports.published.overview import draw_overview
from reports.published.pages import Study, study_page
from reports.published.publish import all_studies, publish, read, tables_of
from reports.published.seeds import runs_words, seeds_words
from reports.published.strip_lines import broken_name, line_of, lines_of
from reports.published.strips import FAR, draw_strip
from reports.published.summary import counts_of, summary_page
from reports.runs.reader import load
from reports.sources import STUDIES
from reports.sources.judged import judged
from reports.tables.formats import markdown_escape
from reports.tables.spreadsheet import read_csv
from sweeps.cli.version import version
from sweeps.records.errors import UserError
from sweeps.records.layout import PUBLISHED_RUNS as RUNS
from tests.support import synthetic

PROJECT = Path(__file__).parents[3]
RESULTS = PROJECT / "docs" / "results"
KEPT = [name for name in all_studies() if (RESULTS / name / RUNS).exists()]


@cache
def kept(name: str) -> Study:
    return read(RESULTS / name)


@cache
def page(name: str) -> str:
    return study_page(kept(name), [kept(other) for other in KEPT])


@pytest.mark.parametrize("name", KEPT)
def test_claims_and_figures_are_those_of_the_runs(name: str, tmp_path: Path) -> None:
    for table, frame in tables_of(kept(name)).items():
        again = tmp_path / f"{table}.csv"
        frame.to_csv(again, index=False, lineterminator="\n")
        assert again.read_text() == (RESULTS / name / f"{table}.csv").read_text(), table


@pytest.mark.parametrize("name", KEPT)
def test_the_page_of_a_study_says_what_its_tables_say(name: str) -> None:
    assert page(name) == (RESULTS / name / "README.md").read_text()


@pytest.mark.parametrize("name", KEPT)
def test_the_page_of_a_study_says_settings_in_words(name: str) -> None:
    text = page(name).replace("\\", "")
    factors = results_of(kept(name).judged.frame, name).factors
    keys = [factor.name for factor in factors if factor.name != factor.words]
    seen = re.sub(r"\]\([^)]*\)|```.*?```", "", text, flags=re.S)  # but for files and commands
    assert [key for key in keys if key in seen] == []


def test_the_summary_says_what_the_studies_say_and_every_lesson_rests_on_its_verdicts() -> None:
    studies = [kept(name) for name in KEPT]
    assert summary_page(studies) == (RESULTS / "README.md").read_text()
    assert lessons_page(studies) == (RESULTS / "lessons.md").read_text()
    assert changes_page(studies) == (RESULTS / "changes.md").read_text()


def test_every_claim_is_listed_once_under_its_verdict() -> None:
    studies = [kept(name) for name in KEPT]
    heads = re.split(r"^## ", claims_page(studies), flags=re.M)[1:]
    assert len(heads) == len(studies)
    for study in studies:
        (text,) = (head for head in heads if head.startswith(study.source.title))
        for verdict, count in study.judged.counts.items():
            part = re.search(rf"\*\*{verdict.capitalize()}\*\* \((\d+)\):\n\n((?:- .*\n)*)", text)
            ids = re.findall(r"^- \[([\w-]+)\]", part[2], flags=re.M) if part else []
            assert ids == [j.claim.id for j in study.judged.claims if j.verdict == verdict]
            assert (int(part[1]) if part else 0) == count
        assert all(markdown_escape(j.claim.statement) in text for j in study.judged.claims)


@pytest.mark.parametrize("name", [name for name in KEPT if name in STUDIES])
def test_every_claim_has_a_verdict_from_runs(name: str) -> None:
    claims = pd.read_csv(RESULTS / name / "claims.csv", keep_default_na=False)
    assert set(claims["verdict"]) <= {"holds", "refuted", "undecided"}
    assert not kept(name).unfinished
    assert (claims["seeds"] >= 1).all()
    assert (claims["numbers"] != "").all()


def test_every_claim_and_every_figure_of_the_five_reports_has_its_row() -> None:
    studies = [kept(name) for name in STUDIES]
    assert sum(len(study.judged.claims) for study in studies) == 70
    figures = pd.concat([study.judged.reported for study in studies if study.judged.reported is not None])
    assert len(figures) == 214
    diverged = {"activation_loss_grid": 2}  # mse with selu on two layers: no run of ours ended
    for study, rows in figures.groupby("study"):
        assert (rows["runs"] == 0).sum() == diverged.get(str(study), 0)


def test_the_counts_of_the_summary_add_up() -> None:
    text = (RESULTS / "README.md").read_text()
    rows = [
        [int(cell.strip(" *–") or 0) for cell in line.split("|")[2:-1]]
        for line in text.splitlines()
        if re.match(r"\| (\[|\*\*together)", line)
    ]
    *studies, total = rows
    assert len(studies) == 5
    assert total == [sum(column) for column in zip(*studies, strict=True)]
    claims, holds, refuted, undecided, figures, compared, inside = total
    assert (claims, figures, compared) == (70, 214, 212)
    assert claims == holds + refuted + undecided
    tuned = counts_of(kept("tuned_grid"))
    said = f"holds {tuned['holds']}, refuted {tuned['refuted']}, undecided {tuned['undecided']}"
    assert f"our {tuned['claims']} claims on it: {said}" in " ".join(text.split())
    assert f"{inside} lie within the range of 95 % of our single runs, {compared - inside} outside" in text


def test_the_summary_states_main_claims_of_each_report_under_their_verdicts() -> None:
    text = (RESULTS / "README.md").read_text()
    for study in map(kept, STUDIES):
        verdicts = {j.claim.id: (j.verdict, j.claim.statement, is_firm(j)) for j in study.judged.claims}
        assert len(study.source.main) >= 3
        for claim in study.source.main:
            verdict, statement, firm = verdicts[claim]
            said = verdict.capitalize() + ("" if firm else "\\*")
            assert f"- {said}: {markdown_escape(statement)} ([{claim}](" in text


def test_the_summary_tells_how_many_verdicts_are_the_same_with_another_band() -> None:
    claims = [j for name in STUDIES for j in kept(name).judged.claims]
    text = " ".join((RESULTS / "README.md").read_text().split())
    firm = firm_counts(claims)
    total = Counter(j.verdict for j in claims)
    assert f"doubled, {firm['holds']} of {total['holds']} that hold, {firm['refuted']} of" in text
    told = [(int(n), one, to) for n, one, to in re.findall(r"(\d+) from (\w+) to (\w+)", text)]
    assert sum(n for n, _, _ in told) == len(claims) - sum(firm.values())
    assert all(
        n == sum(j.verdict == one and not is_firm(j) and other(j) == to for j in claims)
        for n, one, to in told
    )


def judged_at(half: Verdict, same: Verdict, double: Verdict) -> Judgement:
    (claim,) = (j.claim for j in kept("long_run_grid").judged.claims if j.claim.id == "E6")
    one = Outcome(claim.tests[0], same, verdicts=(half, same, double))
    return Judgement(claim, same, (one,))


def test_a_verdict_that_another_band_changes_is_a_frame_in_the_picture() -> None:
    firm, moved = judged_at("holds", "holds", "holds"), judged_at("undecided", "holds", "refuted")
    assert [is_firm(firm), is_firm(moved)] == [True, False]
    assert other(moved) == "refuted"
    assert moved_words([firm, moved]) == "1 from holds to refuted"
    figure = draw_overview([("One", [moved, firm])], [])
    tiles = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)][-2:]
    assert [tile.get_facecolor()[:3] == (1, 1, 1) for tile in tiles] == [False, True]  # the firm one first
    assert len({tile.get_edgecolor() for tile in tiles}) == 1


def test_seeds_are_told_as_a_range_where_some_cells_have_more() -> None:
    assert seeds_words(pd.Series(["0", "1", "0", "1"])) == "2"
    assert seeds_words(pd.Series(["0", "1", "0", "1", "2"])) == "2 to 3"


def test_seeds_are_told_of_the_runs_that_have_them_and_not_of_what_stands_beside() -> None:
    main = pd.DataFrame({"part": "main", "seed": ["0", "1", "0", "1", "2"]})
    assert runs_words(main) == "5 runs, 2 to 3 seeds"
    beside = pd.DataFrame({"part": ["timing", "timing", "stability", "engines"], "seed": "0"})
    told = "5 runs, 2 to 3 seeds; beside them 2 timed runs, 2 measurements"
    assert runs_words(pd.concat([main, beside])) == told


def test_the_summary_is_short_and_begins_with_a_picture() -> None:
    text = (RESULTS / "README.md").read_text()
    assert len(text.split()) <= 1500
    assert text.split("\n\n")[1].startswith("![")
    assert not re.search(r"</?(?!details|summary|!)[a-z]+>", text)


@pytest.mark.parametrize("name", KEPT)
def test_each_claim_has_its_strip(name: str) -> None:
    text = (RESULTS / name / "README.md").read_text()
    for judgement in kept(name).judgements:
        claim = judgement.claim
        head = f"### {claim.id}: {judgement.verdict}\n\n> {markdown_escape(claim.statement)}\n\n"
        strip = f"![{claim.id}, {judgement.verdict}](plots/{plot_name(judgement)}.svg)"
        assert head + strip in text
    assert text.count("<summary>The numbers</summary>") == len(kept(name).judgements)


def test_strips_are_drawn_to_the_right_where_the_first_is_ahead() -> None:
    by_id = {j.claim.id: j for j in kept("activation_loss_grid").judgements}
    (soonest,) = by_id["A1"].outcomes  # epochs: 11.74 more is behind
    line = line_of(soonest.pairs[0], soonest)
    assert line.name == "focal > mse"
    assert line.low < line.high < -1
    assert line.mean * soonest.margin == pytest.approx(-11.74, abs=0.005)
    assert line.numbers.startswith("+11.74 [")
    (best,) = by_id["A-hinge"].outcomes
    assert all(line_of(pair, best).low > 0 for pair in best.pairs)


def test_what_lies_beyond_a_strip_has_an_arrow_at_the_edge() -> None:
    (soonest,) = (j for j in kept("tuned_grid").judgements if j.claim.id == "T5")
    (axes,) = draw_strip(soonest).axes
    ends = [line for line in axes.lines if str(line.get_marker()) in "<>"]
    drawn = {str(line.get_marker()): float(np.asarray(line.get_xdata())[0]) for line in ends}
    assert drawn == {"<": -FAR, ">": FAR}


def strip_axes(study: str, claim: str) -> list[Axes]:
    (judgement,) = (j for j in kept(study).judgements if j.claim.id == claim)
    return list(draw_strip(judgement).axes)


def test_an_axis_has_the_sign_of_the_numbers_beside_it() -> None:
    ends = {
        claim: [tick.get_text() for tick in axes.get_xticklabels()]
        for study, claim in (("activation_loss_grid", "A1"), ("activation_loss_grid", "A-hinge"))
        for axes in strip_axes(study, claim)
    }
    assert ends["A1"][0].startswith("+")  # epochs: fewer is ahead, on the right
    assert ends["A1"][2].startswith("−")
    assert (ends["A-hinge"][0][0], ends["A-hinge"][2][0]) == ("−", "+")


def test_an_interval_that_lies_beyond_a_strip_is_no_line() -> None:
    (axes,) = strip_axes("long_run_grid", "E3")
    lines = [np.asarray(line.get_xdata(), dtype=float) for line in axes.lines]
    assert all(abs(end) <= FAR for line in lines for end in line)
    assert [FAR, FAR] in [list(line) for line in lines]


def test_a_strip_names_the_settings_of_its_numbers() -> None:
    by_id = {j.claim.id: j for name in KEPT for j in kept(name).judgements}
    names = {c: [line.name for o in by_id[c].outcomes for line in lines_of(o)] for c in ("B7", "B8", "C13")}
    assert names == {
        "B7": ["margin 1 > margin 0.5"],
        "B8": ["softmax true > softmax false"],
        "C13": ["epochs 10 ≈ epochs 5"],
    }
    (best,) = strip_axes("fashion_tuning", "C6")
    assert "batch size + hidden + lr + epochs:" in [text.get_text() for text in best.texts]
    assert broken_name("256 + 512 + 0.3 + 10 > 256 + 256 + 0.1 + 5") == (
        "256 + 512 + 0.3 + 10\n> 256 + 256 + 0.1 + 5"
    )


def test_what_tells_the_tests_of_a_claim_apart_stands_over_each() -> None:
    texts = [
        {text.get_text() for text in axes.texts} for axes in strip_axes("capacity_and_regularisation", "D6")
    ]
    assert ["hidden 8" in each for each in texts] == [True, False]
    assert ["hidden none" in each for each in texts] == [False, True]
    assert [list(axes.get_xticks()) for axes in strip_axes("long_run_grid", "E11")] == [[0]]


def test_a_level_is_drawn_by_its_own_verdict() -> None:
    (judgement,) = (j for j in kept("long_run_grid").judgements if j.claim.id == "E15")
    (outcome,) = judgement.outcomes
    assert outcome.verdict == "refuted"
    verdicts = {line.name: line.verdict for line in lines_of(outcome)}
    assert verdicts == dict(zip((name for name, _ in outcome.shown), outcome.each, strict=True))
    assert f"{next(n for n, v in verdicts.items() if v == 'refuted')}: beyond the limit" in outcome.reasons


def test_an_estimate_outside_of_its_interval_has_a_star_that_is_explained() -> None:
    (axes,) = strip_axes("margin_and_hyperparameters", "B16")
    texts = [text.get_text() for text in axes.texts]
    assert "first − second, interval; *: outside of it" in texts
    assert sum(text.endswith("] *") for text in texts) == 2


def test_what_has_no_band_is_not_said_to_hold_with_another() -> None:
    banded = {j.claim.id for name in KEPT for j in kept(name).judgements if any(o.banded for o in j.outcomes)}
    assert {"E1", "E9", "E10", "E-ratio"} <= banded
    assert not banded & {"E4", "E5", "E11", "E15", "D5", "C5"}
    text = (RESULTS / "long_run_grid" / "README.md").read_text()
    assert text.count("It has no band.") == sum(
        all(not outcome.banded for outcome in judgement.outcomes)
        for judgement in kept("long_run_grid").judgements
    )


def test_the_summary_says_how_many_verdicts_the_band_decides() -> None:
    claims = pd.concat([pd.read_csv(RESULTS / name / "claims.csv") for name in STUDIES])
    same = claims[
        (claims["half_margin"] == claims["verdict"]) & (claims["double_margin"] == claims["verdict"])
    ]
    counts, whole = same["verdict"].value_counts(), claims["verdict"].value_counts()
    small = claims[claims["verdict"] == "refuted"]["why"].str.split("; ")
    negligible = sum(all("within ±" in part for part in parts) for parts in small)
    text = " ".join((RESULTS / "README.md").read_text().split())
    assert f"{counts['holds']} of {whole['holds']} that hold" in text
    assert f"{counts['refuted']} of {whole['refuted']} refuted" in text
    assert f"and {counts['undecided']} of {whole['undecided']} undecided keep" in text
    assert f"Of the {whole['refuted']} refuted, {negligible} state a difference too small to count" in text


def test_a_reason_that_an_order_turns_round_is_given_of_such_orders_only() -> None:
    for name in KEPT:
        turned = {j.claim.id for j in kept(name).judgements for o in j.outcomes for p in o.pairs if p.turned}
        if not made_again(RESULTS / name):
            assert {c.id for c in kept(name).changes if "turns round" in c.reason} <= turned


def test_pages_show_every_figure_and_link_that_they_name() -> None:
    for name in KEPT:
        text = (RESULTS / name / "README.md").read_text()
        for path in (RESULTS / name / "plots").iterdir():
            assert f"plots/{path.name}" in text, path


def test_a_lesson_that_its_claims_do_not_bear_out_is_not_told() -> None:
    study = kept(KEPT[0])
    judgements = {j.claim.id: (study, j) for j in study.judgements}
    right = {name: judgement.verdict for name, (_, judgement) in judgements.items()}
    assert len(told(Lesson("all", "", right), judgements)["evidence"]) == len(right)
    wrong = {"A9": "refuted" if right["A9"] == "holds" else "holds"}
    with pytest.raises(UserError, match="rests on A9"):
        told(Lesson("one", "", wrong), judgements)


@pytest.mark.parametrize("name", KEPT)
def test_rankings_are_those_of_the_runs_as_any_sweep_is_ranked(name: str) -> None:
    results = results_of(kept(name).judged.frame, name)
    keys = results.settings.drop(columns="seed").astype(str).apply(tuple, axis=1)
    assert len(results.cells) == keys.nunique()
    assert results.runs["test_accuracy"].notna().sum() == (results.runs["status"] == "done").sum()


def test_a_verdict_that_changes_without_a_reason_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {row["id"]: row for row in read_csv(FIRST_VERSION).to_dict("records")}
    judgements = [
        replace(judgement, verdict=first[judgement.claim.id]["now"])
        for judgement in kept("long_run_grid").judgements
        if judgement.claim.id in first
    ]
    with monkeypatch.context() as patch:  # as if these were the first version's runs
        patch.setattr("reports.published.changes.made_again", lambda _: False)
        found = changes(tmp_path, judgements)
        assert {change.id for change in found} == {"E1", "E6", "E8"}
        assert all(change.before != change.after and change.reason for change in found)
        other = [replace(j, verdict="undecided") if j.claim.id == "E3" else j for j in judgements]
        with pytest.raises(UserError, match="the verdict on E3 changed without a reason: holds, undecided"):
            changes(tmp_path, other)
        back = [replace(j, verdict="holds") if j.claim.id == "E1" else j for j in judgements]
        with pytest.raises(UserError, match="E1 has a reason and has not changed"):
            changes(tmp_path, back)
    (tmp_path / RUNS).write_text("part,seed\nmain,0\nmain,1\n")  # the first version knew nothing of them
    new = [replace(j, verdict="undecided") if j.claim.id == "E3" else j for j in back]
    others = {change.id: change.reason for change in changes(tmp_path, new)}
    assert others.keys() == {"E3", "E6", "E8"}
    assert others["E3"] == RUN_AGAIN  # the first runs have the old verdict by the present rules, too
    assert others["E6"] == f"{RUN_AGAIN}; on the first runs: {next(c for c in found if c.id == 'E6').reason}"
    (tmp_path / RUNS).write_text("part,seed\nmain,0\nmain,0\nmain,1\n")
    more = {change.id: change.reason for change in changes(tmp_path, new)}
    assert more["E3"] == f"{RUN_AGAIN}, 1 to 2 seeds"


def test_pages_are_rebuilt_byte_for_byte_from_what_is_kept(tmp_path: Path) -> None:
    name = "capacity_and_regularisation"
    shutil.copytree(RESULTS / name, tmp_path / name)
    made = ("claims", "contrasts", "rankings", "beyond", "parameters")
    for path in [*(tmp_path / name).glob("*.md"), *(tmp_path / name / f"{table}.csv" for table in made)]:
        path.unlink()
    assert publish([], tmp_path) == tmp_path / "README.md"
    for path in (tmp_path / name).rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (RESULTS / name / path.relative_to(tmp_path / name)).read_bytes()


def test_records_are_kept_as_small_tables_that_say_nothing_of_the_host(tmp_path: Path) -> None:
    cells = synthetic.grid(
        {"activation": ["relu", "gelu"], "loss": ["hinge", "focal"]}, seeds=(0, 1), epochs=3
    )
    directory = synthetic.write_sweep(tmp_path / "runs", cells, "tuned_grid")
    synthetic.write_sweep(directory / "timing", cells, "tuned_grid/timing")
    page = publish([directory], tmp_path / "kept")
    folder = page.parent / "tuned_grid"
    runs = pd.read_csv(folder / "runs.csv")
    assert runs["part"].value_counts().to_dict() == {"main": 8, "timing": 8}
    assert set(pd.read_csv(folder / "times.csv")["factor"]) == {"activation", "loss"}
    assert not pd.read_csv(folder / "rankings.csv")["metric"].str.contains("seconds").any()
    machine = pd.read_csv(folder / "machine.csv").set_index("what")["value"]
    assert synthetic.provenance()["host"] not in machine.tolist()
    text = (folder / "README.md").read_text()
    assert "heatmap-test_accuracy.png" in text
    assert f"by version {version()}" in text


def test_a_study_whose_timing_sweep_has_no_run_yet_is_kept_without_times(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["hinge", "focal"]}, seeds=(0, 1), epochs=2)
    directory = synthetic.write_sweep(tmp_path / "runs", cells, "tuned_grid")
    synthetic.write_plan(directory / "timing", cells, "tuned_grid/timing")
    page = publish([directory], tmp_path / "kept")
    assert "## Times" not in (page.parent / "tuned_grid" / "README.md").read_text()


def test_runs_that_are_not_finished_are_told(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["hinge", "focal"]}, seeds=(0, 1), epochs=3)
    cells[0].status, cells[1].status = "missing", "diverged"
    publish([synthetic.write_sweep(tmp_path / "runs", cells, "tuned_grid")], tmp_path / "kept")
    assert "1 of them are not finished" in (tmp_path / "kept" / "tuned_grid" / "README.md").read_text()
    assert "(1 of its runs not finished)" in (tmp_path / "kept" / "README.md").read_text()


def test_what_was_kept_stays_if_a_lesson_no_longer_holds(tmp_path: Path) -> None:
    name = "margin_and_hyperparameters"
    shutil.copytree(RESULTS / name, tmp_path / name)
    runs = pd.read_csv(tmp_path / name / RUNS, dtype=str, keep_default_na=False)
    runs.loc[runs["loss"] == "kldiv", "train_loss"] = "9"
    runs.to_csv(tmp_path / name / RUNS, index=False, lineterminator="\n")
    before = (tmp_path / name / "README.md").read_bytes()
    with pytest.raises(UserError, match="rests on B5 holds, which is refuted"):
        publish([], tmp_path)
    assert (tmp_path / name / "README.md").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_sweep_that_is_no_study_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    directory = synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"loss": ["mse"]}), "mine")
    with pytest.raises(UserError, match="mine is none of activation_loss_grid"):
        publish([directory], tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


TWICE = """
import sys
from pathlib import Path
from reports.published import publish as published
from sweeps.records.layout import PUBLISHED_RUNS
directory, target = map(Path, sys.argv[1:])
def keep(results, folder):
    print("began", flush=True)
    sys.stdin.readline()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PUBLISHED_RUNS).write_text("runs")
published.keep, published.rebuild = keep, lambda draft: None
published.publish([directory], target)
"""


def test_two_that_publish_at_once_both_stay(tmp_path: Path) -> None:
    """Each began from what was there before either, and the last one took the other's study away."""
    names = ("tuned_grid", "long_run_grid")
    cells = synthetic.grid({"loss": ["hinge"]}, epochs=1)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", TWICE, synthetic.write_sweep(tmp_path / name, cells, name), "kept"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for one in both:
        assert one.stdin
        one.stdin.write("go on\n")
        one.stdin.flush()
    assert [one.wait() for one in both] == [0, 0]
    for one in both:
        one.communicate()
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == sorted(names)
    assert {path.name for path in tmp_path.iterdir()} == {"kept", *names}


@pytest.mark.parametrize("to", [".", "..", "", "/", "../../work"])
def test_a_folder_that_holds_the_present_directory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    """`..` was copied into the present directory, with all that is in it."""
    directory = synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"loss": ["hinge"]}), "tuned_grid")
    (tmp_path / "work" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "here")
    with pytest.raises(UserError, match="holds the present directory; start the command outside of it"):
        publish([directory], Path(to))
    assert not list(Path.cwd().iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "work"}


@pytest.mark.parametrize("name", ["README.md", "lessons.md"])
def test_a_page_that_is_no_publication_is_not_written_over(tmp_path: Path, name: str) -> None:
    directory = synthetic.write_sweep(tmp_path / "runs", synthetic.grid({"loss": ["hinge"]}), "tuned_grid")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / name).write_text("mine")
    with pytest.raises(UserError, match=f"docs: has a {name} and no study: it would be written over"):
        publish([directory], tmp_path / "docs")
    assert (tmp_path / "docs" / name).read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "docs"}


def test_where_nothing_is_kept_there_is_nothing_to_rebuild(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no study")
    (tmp_path / "empty").mkdir()
    for name in ("nothing", "file", "empty"):
        with pytest.raises(UserError, match=f"^{tmp_path / name}: holds no study; name the directories"):
            publish([], tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file"]


def test_a_study_whose_seeds_grew_is_judged_as_its_runs_report_judges_it(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["hinge", "focal", "mse", "softmax_ce"]}, seeds=range(10), epochs=3)
    root = synthetic.write_sweep(tmp_path / "runs", cells, "tuned_grid")
    seeds = [[0, 1, 2, 3, 4], [*range(10)]]
    history = [{"time": "2026-11-21T03:29:00+00:00", "command": ["x"], "seeds": own} for own in seeds]
    synthetic.write_plan(root, cells, "tuned_grid", history=history)
    publish([root], tmp_path / "kept")
    found, study = judged(load(root)), read(tmp_path / "kept" / "tuned_grid")
    assert found is not None
    assert study.looks.ladder("main", 10).looks == (5, 10, 20, 40)
    pairs = [[pair for one in each.outcomes for pair in one.pairs] for each in study.judgements]
    wanted = [
        [pair for one in each.outcomes for pair in one.pairs] for each in (*found.claims, *found.beyond)
    ]
    assert {pair.seeds for pair in pairs[0]} == {10}
    for own, there in zip(pairs, wanted, strict=True):
        assert [pair.verdict for pair in own] == [pair.verdict for pair in there]
        assert [pair.low for pair in own] == pytest.approx([pair.low for pair in there], nan_ok=True)
    (tmp_path / "kept" / "tuned_grid" / LOOKS).write_text("{")
    with pytest.raises(UserError, match=r"looks\.json is damaged"):
        read(tmp_path / "kept" / "tuned_grid")
