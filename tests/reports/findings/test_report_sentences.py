"""Every sentence of five reports, read again: its numbers are worked out from the frames by other code.

pandas and SciPy only: nothing of reports.analysis is called to read them. What cannot be read is a failure,
so that no kind of sentence can be added without being checked here.
"""

import math
import re
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.analysis.comparison import compare
from reports.analysis.matched import from_arrays
from reports.analysis.sequential import one_look
from reports.analysis.settings import Settings
from reports.findings.effects import shown_apart
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.truth import SWEEPS, findings_of, write

CHANCE = {"test_accuracy": 0.1135, "train_accuracy": 6742 / 60000}  # the largest class of each set
NUMBER = r"[+−]?\d+(?:\.\d+)?"
PAIR = re.compile(
    rf"(?P<a>\S+) − (?P<b>\S+) = (?P<size>{NUMBER})(?: \[(?P<low>{NUMBER}), (?P<high>{NUMBER})\], "
    rf"p (?:= )?(?P<p>< 0\.0001|{NUMBER}), in (?P<ahead>\d+) of (?P<cells>\d+) cells?)?"
)
SIZES = re.compile(
    rf"(\w+) moves test accuracy more than (\w+)[^(]*"
    rf"\((?:standard deviation between levels: )?({NUMBER}) against ({NUMBER})"
)
LABELS = {
    "Test accuracy": "test_accuracy",
    "Training accuracy": "train_accuracy",
    "Generalisation gap": "gap",
    "Epochs to convergence": "convergence",
    "CPU seconds per training epoch": "epoch_cpu_s",
}
LOWER = {"gap", "convergence", "epoch_cpu_s"}


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("+", ""))


def digits(text: str) -> float:
    """Half of the last printed digit, and rounding."""
    return 0.5001 * 10.0 ** -len(text.partition(".")[2])


def looks_of(plans: list[int]) -> dict[int, float]:
    """Each look's share of the error rate, as the README says: the first plan's has four fifths."""
    if plans[0] < 3:
        return dict.fromkeys((3, 5, 10, 20, 40), 0.01)
    later = [rung for rung in (3, 5, 10, 20, 40) if rung > plans[0]]
    return {plans[0]: 0.04} | dict.fromkeys(later, 0.01 / len(later))


class Frames:
    """The runs of a sweep as pandas has them, with what a diverged run counts as."""

    def __init__(self, directory: Path, plans: list[int]) -> None:
        results = load(directory)
        self.runs, self.names, self.looks = results.runs, results.names, looks_of(plans)
        self.epochs = 4.0

    def values(self, metric: str) -> "pd.Series[float]":
        """One figure for each run; NaN for what has none."""
        found = self.runs[metric].astype(float).copy()
        lost = self.runs["status"] == "diverged"
        if metric in ("test_accuracy", "train_accuracy"):
            found[lost] = CHANCE[metric]
        elif metric == "convergence":
            mean = self.runs["test_accuracy"].groupby([self.runs[n] for n in self.names], observed=True)
            found = found.fillna(self.epochs + 1).where(self.runs["status"].isin(["done", "diverged"]))
            found = found.where(mean.transform("mean") >= mean.mean().max() - 0.05)
        return found

    def table(self, metric: str, factor: str, within: Mapping[str, str], seeds: int | None) -> pd.DataFrame:
        """(cells × seeds) rows, a column for each level."""
        frame = self.runs.assign(value=self.values(metric))
        for name, level in within.items():
            frame = frame[frame[name].astype(str) == level]
        if seeds:
            frame = frame[frame["seed"] < seeds]
        others = [name for name in self.names if name != factor]
        frame = frame.astype(dict.fromkeys(self.names, str))
        return frame.pivot(index=[*others, "seed"], columns=factor, values="value")


def half_width(table: pd.DataFrame, a: str, b: str, alpha: float) -> float:
    """DESIGN's half-width of a full grid without divergence: the larger of two."""
    levels = list(table.columns)
    k, n = len(levels), table.index.get_level_values("seed").nunique()
    by_seed = table.groupby(level="seed").mean()
    variances = {pair: float((by_seed[pair[0]] - by_seed[pair[1]]).var()) for pair in combinations(levels, 2)}
    square = np.mean(list(variances.values())) / 2
    q = stats.studentized_range.ppf(1 - alpha, k, (k - 1) * (n - 1))
    one = q * math.sqrt(square / n)
    if k == 2:
        t = stats.t.ppf(1 - alpha / 2, n - 1)
        return max(one, t * math.sqrt(variances[levels[0], levels[1]] / n))
    cells = {
        pair: (table[pair[0]] - table[pair[1]]).groupby(level=list(range(table.index.nlevels - 1))).var()
        for pair in combinations(levels, 2)
    }
    parts = {pair: (own / n / len(own) ** 2) for pair, own in cells.items()}
    inflation = max(1.0, sum(v / n for v in variances.values()) / sum(p.sum() for p in parts.values()))
    own = parts[tuple(x for x in levels if x in (a, b))]  # type: ignore[index]
    df = max(own.sum() ** 2 / (own**2 / (n - 1)).sum(), n - 1)
    t = stats.t.ppf(1 - alpha / (k * (k - 1)), max(df / inflation, n - 1))
    return max(one, t * math.sqrt(own.sum() * inflation))


def check_pair(found: re.Match[str], frames: Frames, metric: str, table: pd.DataFrame, exact: bool) -> None:
    """A difference, in how many cells it has its sign, and (full grids) its interval and p."""
    a, b = found["a"].strip("("), found["b"]
    difference = (table[a] - table[b]).dropna()
    cells = (
        difference.groupby(level=list(range(table.index.nlevels - 1))) if table.index.nlevels > 1 else None
    )
    if exact:
        assert number(found["size"]) == pytest.approx(difference.mean(), abs=digits(found["size"]))
    if found["low"] is None:
        return
    assert number(found["low"]) <= number(found["high"])
    inside = number(found["low"]) <= 0 <= number(found["high"])
    p = 0.0 if found["p"].startswith("<") else number(found["p"])
    assert (p > 0.05) == inside
    if exact and cells is not None:
        sign = -1 if metric in LOWER else 1
        means = cells.mean() * sign
        assert int(found["cells"]) == len(means)
        assert int(found["ahead"]) == int((means > 1e-15).sum())


@pytest.fixture(scope="module", params=SWEEPS)
def report(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Frames, list[Any]]:
    axes, seeds, truth, plans = SWEEPS[request.param]
    directory = write(tmp_path_factory.mktemp("sweep"), axes, seeds, truth, plans)
    found = findings_of(directory)
    return Frames(directory, plans), found


def test_every_mean_and_difference_is_that_of_the_frames(report: tuple[Frames, list[Any]]) -> None:
    frames, found = report
    count = 0
    for finding in found:
        if finding["kind"] not in ("effect", "conditional_effect") or not finding["pairs"]:
            continue
        text, metric, factor = finding["text"], finding["metric"], finding["factor"]
        head = re.match(r"(.+?) by (\S+?)(?: \(exploratory\))?(?: with [^:]+)?:", text)
        assert head
        assert LABELS[head[1]] == metric
        assert head[2] == factor
        looked = max(pair["look"] for pair in finding["pairs"])
        table = frames.table(metric, factor, finding["within"] or {}, looked or None)
        exact = bool(table.notna().all().all())
        stands = re.search(r"\(means over (\d+)(?: to (\d+))? matched cells?, (?:the first )?(\d+)", text)
        assert stands
        levels = text.partition(": ")[2].partition(" (means")[0]
        told = dict(part.rsplit(" ", 1) for part in levels.split(", "))
        order = [number(value) for value in told.values()]
        assert order == sorted(order, reverse=metric not in LOWER)
        for level, value in told.items():
            if exact:
                assert number(value) == pytest.approx(table[level].mean(), abs=digits(value))
                count += 1
        body = text.partition(" (means over")[2]
        for each in PAIR.finditer(body):
            check_pair(each, frames, metric, table, exact)
            count += 1
        if exact:
            blocks = table.reset_index("seed", drop=True).index.nunique() if table.index.nlevels > 1 else 1
            assert int(stands[1]) == blocks
        check_counts(text, finding["pairs"])
    assert count >= 20


def check_counts(text: str, pairs: list[dict[str, Any]]) -> None:
    """How many pairs stand how; one that no look has tested is not open but not tested."""
    words = {
        ">": "shown ahead",
        "≈": "shown to differ by less than the margin",
        "?": "open",
        "": "not tested",
    }
    if stated := re.search(r"f all (\d+) pairs ([^.]+)\.", text):
        assert int(stated[1]) == len(pairs)
        for relation, word in words.items():
            told = re.search(rf"(\d+) {word}", stated[2])
            stand = [p["relation"] if p["look"] else "" for p in pairs]
            assert (int(told[1]) if told else 0) == stand.count(relation)
    for seeds, share in re.findall(r"(\d+) seeds without a divergence .*? up to (\d+) % of", text):
        assert int(share) == round(100 * (1 - 0.05 ** (1 / int(seeds))))
    if decided := re.search(r"first shown at the look at ([\d and]+) seeds", text):
        assert {int(n) for n in decided[1].split(" and ")} == {p["decided_at"] for p in pairs} - {None}


def test_intervals_of_a_full_grid_are_those_of_the_formula(report: tuple[Frames, list[Any]]) -> None:
    """The last look's interval is within mean ± half-width; with one look it is that, and p inverts it."""
    frames, found = report
    for finding in found:
        if finding["kind"] != "effect" or finding["metric"] not in ("test_accuracy", "train_accuracy"):
            continue
        table = frames.table(finding["metric"], finding["factor"], {}, None)
        lost = frames.runs["status"].eq("diverged").any()
        family = sum(
            f["kind"] in ("effect", "interaction") and f["metric"] == finding["metric"] for f in found
        )
        for pair in finding["pairs"]:
            if not table.notna().all().all() or lost or not pair["look"]:
                continue
            alpha = frames.looks[pair["look"]] / family
            half = half_width(table, pair["first"], pair["second"], alpha)
            mean = (table[pair["first"]] - table[pair["second"]]).mean()
            assert pair["estimate"] == pytest.approx(mean, abs=1e-12)
            assert pair["low"] == pytest.approx(mean - half, abs=2e-6)
            assert pair["high"] == pytest.approx(mean + half, abs=2e-6)


def test_relations_are_those_of_interval_and_margin(report: tuple[Frames, list[Any]]) -> None:
    for finding in report[1]:
        for pair in finding.get("pairs", []):
            if pair["low"] is None or pair["why"]:
                assert pair["relation"] == "?"
                continue
            ends = (
                (pair["low"], pair["high"])
                if finding["metric"] not in LOWER
                else (-pair["high"], -pair["low"])
            )
            margin = finding["margin"] or math.nan
            within = -margin < ends[0] and ends[1] < margin
            assert pair["relation"] == ("≈" if within else ">" if ends[0] > 0 else "?")


def test_the_best_cell_has_the_best_mean_and_the_others_add_up(report: tuple[Frames, list[Any]]) -> None:
    frames, found = report
    means = (
        frames.runs.assign(value=frames.values("test_accuracy"))
        .groupby(frames.names, observed=True)["value"]
        .mean()
    )
    (text,) = (f["text"] for f in found if f["kind"] == "best")
    told = re.match(
        rf"The highest test accuracy, ({NUMBER})(?: \[({NUMBER}), ({NUMBER}); .*?\])?, "
        r"has (.*?)(?:;| \(|\.$)",
        text,
    )
    assert told
    assert number(told[1]) == pytest.approx(means.max(), abs=digits(told[1]))
    levels = [part.split(" ")[1] for part in told[4].strip().split(", ")]
    assert [str(level) for level in means.index[int(means.argmax())]] == levels
    if told[2]:
        assert number(told[2]) < number(told[1]) < number(told[3])
    if others := re.search(r"of the (\d+) other cells?, looked at with up to \d+ seeds, (.*)\.$", text):
        assert int(others[1]) == len(means) - 1
        assert sum(map(int, re.findall(r"(\d+) (?:may|not|worse|never)", others[2]))) == len(means) - 1


def test_shares_add_up_and_are_those_of_expected_mean_squares(report: tuple[Frames, list[Any]]) -> None:
    frames, found = report
    shares = [f["text"] for f in found if f["kind"] == "variance"]
    if frames.runs["seed"].nunique() == 1:
        assert not shares
        return
    told = {m[1]: float(m[2]) for m in re.finditer(r"(\w+) (\d+\.\d) %", shares[0])}
    assert sum(told.values()) == pytest.approx(100, abs=1e-9)
    runs = frames.runs.assign(value=frames.values("test_accuracy"))
    if runs["value"].isna().any():
        return
    cells = runs.groupby(frames.names, observed=True)["value"]
    within = cells.var().mean()
    noise = within / runs["seed"].nunique()
    grand = cells.mean()
    parts = {}
    for name in frames.names:
        own = grand.groupby(level=name, observed=True).mean()
        parts[name] = ((own - grand.mean()) ** 2).mean()
    total = ((grand - grand.mean()) ** 2).mean() + noise + within
    for name, part in parts.items():
        assert told[name] == pytest.approx(100 * part / total, abs=2.5)


def test_counts_of_runs_that_ended_badly_are_those_of_the_records(report: tuple[Frames, list[Any]]) -> None:
    frames, found = report
    status = frames.runs["status"]
    for kind, state in (("divergence", "diverged"), ("failure", "failed")):
        text = [f["text"] for f in found if f["kind"] == kind]
        assert bool(text) == bool((status == state).any())
        if text:
            assert text[0].startswith(f"{(status == state).sum()} of {len(status)} runs")
    left = ~status.isin(["done", "diverged", "failed"])
    told = [f["text"] for f in found if f["kind"] == "unfinished"]
    assert bool(told) == bool(left.any())
    if told:
        assert told[0].startswith(f"{left.sum()} of {len(status)} run")
    for finding in found:  # how many runs of each level diverged
        if finding["kind"] == "effect" and (
            own := re.search(r"uns that diverged: ([^;]+);", finding["text"])
        ):
            for level, count, planned in re.findall(r"(\S+) (\d+) of (\d+)", own[1]):
                mine = frames.runs[frames.runs[finding["factor"]].astype(str) == level]
                assert (mine["status"] == "diverged").sum() == int(count)
                assert len(mine) == int(planned)


def test_no_sentence_is_of_a_kind_that_is_not_read_here(report: tuple[Frames, list[Any]]) -> None:
    read = {"best", "effect", "conditional_effect", "variance", "divergence", "failure", "unfinished"}
    others = {
        "evidence": r"\d+ seeds?: nothing is tested",
        "timing": r"Times were measured with up to \d+ runs",
    }
    others |= {
        "size": r"\S+ moves test accuracy more than|Whether",
        "interaction": r".+ by \S+.*: the order turns round",
    }
    for finding in report[1]:
        if finding["kind"] not in read:
            assert re.match(others[finding["kind"]], finding["text"]), finding["text"]


def test_typical_effects_are_those_of_products_of_different_seeds(report: tuple[Frames, list[Any]]) -> None:
    frames, found = report
    for finding in found:
        if finding["kind"] != "size":
            continue
        for one, other, first, second in SIZES.findall(finding["text"]):
            for name, value in (
                (one.lower() if one.lower() in frames.names else one, first),
                (other, second),
            ):
                table = frames.table("test_accuracy", name, {}, None)
                if table.notna().all().all():
                    effects = table.groupby(level="seed").mean()
                    effects = effects.sub(effects.mean(axis=1), axis=0)
                    n = len(effects)
                    size = ((effects.sum() ** 2 - (effects**2).sum()).sum() / n / (n - 1)) / (
                        effects.shape[1] - 1
                    )
                    assert number(value) == pytest.approx(max(size, 0) ** 0.5, abs=digits(value))


def test_an_order_that_turns_round_does_so_in_the_frames(tmp_path: Path) -> None:
    axes, seeds, truth, plans = SWEEPS["reversal"]
    directory = write(tmp_path, axes, seeds, truth, plans)
    found = findings_of(directory)
    frames = Frames(directory, plans)
    (text,) = (
        f["text"]
        for f in found
        if f["kind"] == "interaction" and f["metric"] == "test_accuracy" and f["factor"] == "activation"
    )
    told = re.search(r"(\w+) is ahead of (\w+) with (\w+), behind with (\w+) \(", text)
    assert told
    for level, sign in ((told[3], 1), (told[4], -1)):
        table = frames.table("test_accuracy", "activation", {"loss": level}, None)
        per_seed = (table[told[1]] - table[told[2]]).groupby(level="seed").mean()
        assert sign * per_seed.mean() > 0
        assert stats.ttest_1samp(sign * per_seed, 0, alternative="greater").pvalue < 0.05 / 2


def test_what_turns_round_together_but_is_open_alone_says_so(tmp_path: Path) -> None:
    """adam − sgd is −.4 with one learning rate; with the other +.05, of which the stricter test is unsure."""
    means: dict[tuple[Any, Any], float] = {
        ("sgd", 0.001): 0.5,
        ("adam", 0.001): 0.9,
        ("sgd", 0.1): 0.9,
        ("adam", 0.1): 0.85,
    }
    apart = [0.032, -0.016, -0.016, 0.027, -0.027]

    def truth(values: dict[str, Any], rng: np.random.Generator) -> float:
        key = values["activation"], values["optimizer.lr"]
        return means[key] + (apart[int(values["seed"])] if key == ("adam", 0.1) else 0.0)

    axes: dict[str, list[Any]] = {"activation": ["sgd", "adam"], "optimizer.lr": [0.001, 0.1]}
    found = findings_of(write(tmp_path, axes, 5, truth, [5]))
    told = {
        f["kind"]: f["text"] for f in found if (f["metric"], f["factor"]) == ("test_accuracy", "activation")
    }
    assert "sgd is ahead of adam with 0.1, behind with 0.001 (p = " in told["interaction"]
    (open_,) = (
        f
        for f in found
        if f["kind"] == "conditional_effect" and f["factor"] == "activation" and f["within"] == {"lr": "0.1"}
        and f["metric"] == "test_accuracy"
    )  # fmt: skip
    assert open_["pairs"][0]["relation"] == "?"
    assert ", together; with 0.1 alone it is open)" in told["interaction"]
    (sizes,) = (f["text"] for f in found if f["kind"] == "size")
    assert "; of means over all cells, though the order" in sizes


def test_one_run_of_many_has_no_result_yet_in_english(tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        last = (values["activation"], values["seed"]) == ("gelu", 2)
        return "missing" if last else 0.9 + float(rng.normal(0, 0.01))

    found = findings_of(write(tmp_path, {"activation": ["relu", "gelu"]}, 3, truth, [3]))
    (text,) = (f["text"] for f in found if f["kind"] == "unfinished")
    assert text == "1 of 6 runs has no result yet: 1 missing."


def test_the_curves_of_the_sweeps_have_the_epochs_that_are_assumed() -> None:
    assert synthetic.grid({}, epochs=4)[0].config["training"]["epochs"] == 4


def test_what_is_shown_of_levels_that_are_no_neighbours_is_told() -> None:
    """a and c differ by more than either does from b: of neighbours alone nothing would be told."""
    values = np.array([[[0.92]], [[0.91]], [[0.90]]]) + np.zeros((3, 1, 5))
    values[1] += np.array([-0.02, 0.02, -0.01, 0.01, 0.0])
    values[0] += np.array([0.001, 0.0, -0.001, 0.0, 0.0])
    comparison = compare(from_arrays(values), Settings(one_look(5)))
    assert [pair.relation for pair in comparison.pairs] == ["?", ">", "?"]
    assert shown_apart(comparison) == [comparison.pair("level 0", "level 2")]
    values[1] = 0.91 + np.array([0.0, 0.001, 0.0, -0.001, 0.0])
    assert not shown_apart(compare(from_arrays(values), Settings(one_look(5))))
