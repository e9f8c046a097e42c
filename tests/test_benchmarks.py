"""The benchmark compares like with like: its arithmetic, and that every engine does the same work."""

import importlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import threadpoolctl

from benchmarks import floor, grid
from benchmarks.__main__ import arguments
from benchmarks.anatomy import Anatomy
from benchmarks.contest import Entry, Result, contest, ratio, rotated
from benchmarks.engine import Engine, Epoch, Examined
from benchmarks.grid import cell_flops, efficiency
from benchmarks.machine import Settings
from benchmarks.many import variants
from benchmarks.memory import Allocation, Held
from benchmarks.page import Goal, Section, page, table
from benchmarks.step import ENTRIES, FLOOR, OWN
from benchmarks.task import ONE_HIDDEN, SMALL, TWO_HIDDEN, Task
from sweeps.job.measured.process import CannotRun, Remote, last_core
from sweeps.records.plan import Cell

SAMPLE = replace(ONE_HIDDEN, sample=True)
ENGINES = [
    entry for entry in ENTRIES if "engines" in entry.target and "relu" not in entry.title and entry is not OWN
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpoolctl.threadpool_limits(1):
        yield


def made(entry: Entry, task: Task) -> Engine:
    if entry.missing():
        pytest.skip(f"not installed: {entry.missing()}")
    module, _, name = entry.target.partition(":")
    engine = getattr(importlib.import_module(module), name)(task)
    assert isinstance(engine, Engine)
    return engine


def test_flops_count_three_products_a_layer_and_two_for_the_first() -> None:
    assert floor.flops_per_example([784, 10]) == 2 * (2 * 784 * 10)
    assert floor.flops_per_example([784, 128, 10]) == 2 * (2 * 784 * 128 + 3 * 128 * 10)
    assert floor.epoch_flops(TWO_HIDDEN) == 60_000 * 2 * (2 * 784 * 256 + 3 * (256 * 64 + 64 * 10))


def test_a_task_takes_as_many_steps_as_it_has_batches() -> None:
    assert (ONE_HIDDEN.steps, SMALL.steps, replace(SAMPLE, batch_size=400).steps) == (600, 6_000, 4)
    assert str(TWO_HIDDEN) == "784-256-64-10, batch 100"


@pytest.mark.filterwarnings("default")  # what other libraries warn of is not our concern
@pytest.mark.parametrize("entry", ENGINES, ids=lambda entry: entry.title)
@pytest.mark.parametrize("task", [ONE_HIDDEN, TWO_HIDDEN, SMALL], ids=str)
def test_every_engine_does_the_same_arithmetic(entry: Entry, task: Task) -> None:
    if entry.title == "PyTorch compiled" and task is not SMALL:
        pytest.skip("once is enough: it takes long to compile")
    task = replace(task, sample=True)
    own, other = made(OWN, task), made(entry, task)
    for number in range(2):
        expected, found = own.epoch(number), other.epoch(number)
        assert found.loss == pytest.approx(expected.loss, rel=1e-4)
        assert found.accuracy == pytest.approx(expected.accuracy, abs=1e-3)
    assert other.test().accuracy == pytest.approx(own.test().accuracy, abs=0.005)


@pytest.mark.filterwarnings("default")
def test_scikit_learn_comes_as_far_as_this_engine_with_relu() -> None:
    pytest.importorskip("sklearn")
    peer = made(next(entry for entry in ENTRIES if entry.title == "scikit-learn, relu"), SAMPLE)
    own = made(OWN, SAMPLE)
    for number in range(5):
        own.epoch(number), peer.epoch(number)
    assert peer.test().accuracy == pytest.approx(own.test().accuracy, abs=0.03)


def test_a_contest_runs_each_engine_as_often_and_reports_who_cannot() -> None:
    entries = [
        FLOOR,
        OWN,
        Entry("absent", "nowhere:Nothing", ("no-such-distribution",)),
        Entry("bad", "nowhere:No"),
    ]
    floor_result, own, absent, bad = contest(entries, SAMPLE, 2, last_core())
    assert len(floor_result.seconds) == len(own.seconds) == len(own.tests) == 2
    assert own.accuracy
    assert own.setup_s > 0
    assert ratio(own, floor_result) > 0
    assert absent.problem == "not installed: no-such-distribution"
    assert bad.problem
    assert bad.problem.startswith("cannot run: ModuleNotFoundError")


def test_ratios_are_taken_within_rounds() -> None:
    slow_machine = [1.0, 1.0, 10.0]
    reference = Result(OWN, [Epoch(seconds) for seconds in slow_machine])
    tests = [Examined(0.1, 0.5), Examined(0.3, 0.9)]
    result = Result(OWN, [Epoch(2 * seconds) for seconds in slow_machine], tests)
    assert ratio(result, reference) == 2.0
    assert (result.median_s, result.accuracy) == (2.0, 0.9)
    assert result.test_s == pytest.approx(0.2)


def test_the_order_moves_by_one_each_round() -> None:
    results = [Result(Entry(title, "")) for title in "abc"]
    assert ["".join(r.entry.title for r in rotated(results, n)) for n in range(4)] == [
        "abc",
        "bca",
        "cab",
        "abc",
    ]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores are not told here")
def test_an_engine_stays_on_its_core_with_one_thread() -> None:
    remote = Remote("tests.test_benchmarks:Where", last_core())
    assert remote.call("cores_and_threads") == ({last_core()}, "1")
    with pytest.raises(CannotRun, match=r"ValueError: first line$"):
        remote.call("fail")
    for _ in range(2):
        with pytest.raises(CannotRun, match="its process ended"):
            remote.call("end")
    remote.close()


class Where:
    def cores_and_threads(self) -> tuple[set[int], str]:
        return os.sched_getaffinity(0), os.environ["OPENBLAS_NUM_THREADS"]

    def fail(self) -> None:
        raise ValueError("first line\nsecond line")

    def end(self) -> None:
        os._exit(1)


def test_the_parts_of_a_step_add_up_to_it() -> None:
    *parts, step = Anatomy(SAMPLE).listing(1)[0]
    assert sum(part.seconds for part in parts) == pytest.approx(step.seconds)
    assert step.flops == floor.flops_per_example(SAMPLE.widths) * SAMPLE.batch_size
    names = " ".join(part.name for part in parts)
    assert all(
        word in names for word in ("batch", "Entry 784×128, forward", "GELU, backward", "loss", "update")
    )


def test_a_training_step_leaves_nothing_behind_and_allocates_no_batch() -> None:
    growth, temporary = Allocation(replace(TWO_HIDDEN, sample=True)).per_step()
    assert growth == 0
    assert temporary < TWO_HIDDEN.batch_size * 256 * 4  # less than the smallest of the large arrays


def test_efficiency_is_the_floors_over_the_core_seconds() -> None:
    config = {
        "dataset": {"train_size": None},
        "model": {"hidden": [128]},
        "training": {"epochs": 10},
    }
    assert cell_flops(config) == 10 * floor.epoch_flops(ONE_HIDDEN)
    assert cell_flops(config | {"dataset": {"train_size": 600}}) == cell_flops(config) / 100
    assert efficiency([config] * 4, peak=cell_flops(config), cores=2, wall_s=4.0) == 0.5


def test_a_grid_that_is_not_there_is_not_judged(tmp_path: Path) -> None:
    section = grid.of_directory(tmp_path, Settings(1, None))
    assert section.parts == [f"Not measured: {tmp_path} holds no sweep."]


def test_mapped_data_do_not_count_as_held() -> None:
    assert Held(110.0, 60.0).own == 50.0


def test_the_page_shows_goals_first_and_aligns_its_tables() -> None:
    section = Section("Speed", ["Text."], [Goal("time", "≤ 1", "2", False)])
    text = page([section], "- a machine")
    assert text.index("**no**") < text.index("## Speed") < text.index("Text.")
    assert table(("", "s"), [("one", "1.0")]) == "|     |   s |\n| :-- | --: |\n| one | 1.0 |"


def test_made_up_cells_are_a_grid_with_every_seed_in_turn() -> None:
    real = Cell("", "", [], {"model": {"hidden": [8]}, "seed": 0}, {"loss": "mse"})
    cells = list(itertools.islice(variants(real, {"loss": ["mse", "hinge"], "model.hidden": [[1], [2]]}), 6))
    assert [cell.config["seed"] for cell in cells] == [0, 0, 0, 0, 1, 1]
    assert [cell.config["model"]["hidden"] for cell in cells[:4]] == [[1], [2], [1], [2]]
    assert len({cell.id for cell in cells}) == 6
    assert real.config["model"]["hidden"] == [8]


def test_benchmarks_stand_without_the_tests() -> None:
    files = Path(floor.__file__).parent.rglob("*.py")
    assert not [
        path for path in files if re.search(r"^\s*(from|import) tests", path.read_text(), re.MULTILINE)
    ]


def test_the_grid_is_judged_beside_the_time_of_the_version_before() -> None:
    judged = Section("The whole grid", ["96 cells."], [Goal("floors", "≥ 0.70", "0.650", False)])
    section = grid.beside(judged, wall_s=65.0, before_s=100.0)
    assert section.parts == ["96 cells.", "The version before took 100.0 s for the same: now 0.65 of that."]
    assert [(goal.measured, goal.held) for goal in section.goals] == [("0.650", False), ("0.65", True)]
    assert not grid.beside(judged, wall_s=71.0, before_s=100.0).goals[-1].held


def test_a_version_before_is_refused_where_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments(["--before", str(tmp_path)])
    assert ended.value.code == 2
    assert f"--before {tmp_path}: must be the root of a version" in capsys.readouterr().err
