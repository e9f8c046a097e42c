"""The work of a launch, shared out through files: sweeps.execution.queue_on_disk."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.execution.jobs import Job
from sweeps.execution.queue_on_disk import CHUNK, Todo, pieces
from sweeps.execution.units import Unit, units


def jobs(count: int) -> list[Job]:
    return [Job(number, f"{number:012x}", f"x={number}", [f"x={number}"]) for number in range(count)]


def one_by_one(count: int) -> list[Unit]:
    """Return the jobs as units of one each."""
    return [(job,) for job in jobs(count)]


def laid_out(folder: Path, count: int, workers: int) -> Todo:
    """Return work that is laid out; how cells are run is of no concern here."""
    todo = Todo(folder)
    todo.lay_out(one_by_one(count), workers)
    return todo


@given(st.integers(0, 3000), st.integers(1, 40))
def test_chunks_hold_every_job_once_and_get_smaller(count: int, workers: int) -> None:
    parts = [chunk for piece in pieces(one_by_one(count), workers) for chunk in piece]
    assert sorted(job.number for part in parts for (job,) in part) == list(range(count))
    sizes = [len(part) for part in parts]
    assert all(0 < size <= CHUNK for size in sizes)
    assert all(
        later <= earlier for earlier, later in zip(sizes[::workers], sizes[workers::workers], strict=False)
    )
    assert all(len(part) == 1 for part in parts[-min(workers, len(parts)) :])


def test_one_worker_keeps_the_order_of_the_plan(tmp_path: Path) -> None:
    todo = laid_out(tmp_path, 500, 1)
    assert not todo.is_empty()
    assert [job.number for (job,) in todo.units()] == list(range(500))
    assert todo.is_empty()


def test_several_workers_start_cells_nearly_in_the_order_of_the_plan(tmp_path: Path) -> None:
    todo = laid_out(tmp_path, 1000, 4)
    takers = [todo.units() for _ in range(4)]
    started = [next(taker)[0].number for _ in range(20) for taker in takers]
    assert sorted(started) == list(range(80))


def take_all(folder: Path, start: "multiprocessing.synchronize.Barrier", result: Path) -> None:
    start.wait()
    result.write_text(" ".join(str(job.number) for (job,) in Todo(folder).units()))


def test_no_job_is_taken_twice_or_by_nobody(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    (tmp_path / "round").mkdir()
    todo = laid_out(tmp_path / "round", 2000, 8)
    start = context.Barrier(8)
    results = [tmp_path / f"result-{number}" for number in range(8)]
    takers = [context.Process(target=take_all, args=(todo.folder, start, result)) for result in results]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
        assert taker.exitcode == 0
    taken = [int(number) for result in results for number in result.read_text().split()]
    assert sorted(taken) == list(range(2000))


def test_work_that_is_gone_is_done(tmp_path: Path) -> None:
    todo = Todo(tmp_path / "nowhere")
    assert todo.is_empty()
    assert list(todo.units()) == []
    with pytest.raises(FileNotFoundError):
        todo.runner(own_process=True)


def test_units_hold_every_job_once_and_only_equal_groups() -> None:
    grouped = [replace(job, group=(None, "a", "b")[job.number % 3]) for job in jobs(60)]
    parts = units(grouped, 2)
    assert sorted(job.number for unit in parts for job in unit) == list(range(60))
    assert all(len({job.group for job in unit}) == 1 for unit in parts)
    assert all(len(unit) == 1 for unit in parts if unit[0].group is None)
    assert max(map(len, parts)) == 15  # not all of a group: every worker is to have some
    assert [unit[0].number for unit in parts] == sorted(unit[0].number for unit in parts)
