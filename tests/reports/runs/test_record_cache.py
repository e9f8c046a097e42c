"""Records that were read before: only what changed is read again, and no report differs for it."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import reports.runs.record_cache
from reports.page.build import save_caches, write_report
from reports.runs import curve_cache
from reports.runs.reader import load
from reports.runs.record_cache import CACHE, RecordCache
from reports.runs.results import Results
from sweeps.records.layout import REPORT_DIR, cell_dirs
from sweeps.records.record import Record, load_records, read_record
from tests.support import synthetic
from tests.support.no_plain_file import KINDS, put_in_place_of

AXES = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells whose record had to be parsed."""
    names: list[str] = []

    def read(path: Path) -> Record:
        names.append(path.name)
        return read_record(path)

    monkeypatch.setattr(reports.runs.record_cache, "read_record", read)
    return names


@pytest.fixture
def cells(tmp_path: Path) -> list[synthetic.Cell]:
    """Four runs, and what a report of them keeps."""
    made = synthetic.grid(AXES, epochs=2)
    keep(load(synthetic.write_sweep(tmp_path, made)))
    return made


def keep(results: Results) -> None:
    """Keep what was read, as every report does."""
    folder = results.directory / REPORT_DIR
    folder.mkdir(exist_ok=True)
    save_caches(results, folder)


def cached(root: Path) -> dict[str, Record]:
    """Return what reports take for the records of a directory."""
    cache = RecordCache(root)
    return {cell_id: cache.record(path) for cell_id, path in cell_dirs(root).items()}


def test_a_rebuild_parses_only_new_records(tmp_path: Path, reads: list[str]) -> None:
    cells = synthetic.grid(AXES, epochs=2)
    cells[3].status = "missing"
    synthetic.write_sweep(tmp_path, cells)
    keep(load(tmp_path))
    assert set(reads) == {cell.name for cell in cells[:3]}
    cells[3].status = "done"
    synthetic.write_cell(tmp_path, cells[3])
    reads.clear()
    keep(load(tmp_path))
    assert set(reads) == {cells[3].name}
    reads.clear()
    assert cached(tmp_path) == load_records(tmp_path)
    assert not reads


@pytest.mark.parametrize("status", ["failed", "running", "interrupted"])
def test_a_run_without_a_result_is_looked_at_each_time(tmp_path: Path, reads: list[str], status: str) -> None:
    cells = synthetic.grid(AXES, epochs=2)
    cells[1].status = status
    keep(load(synthetic.write_sweep(tmp_path, cells)))
    reads.clear()
    load(tmp_path)
    assert reads == [cells[1].name]


@pytest.mark.parametrize("file", ["report.json", "history.csv"])
def test_an_edit_is_seen_that_keeps_size_and_time(
    tmp_path: Path, cells: list[synthetic.Cell], file: str
) -> None:
    path = tmp_path / cells[0].name / file
    before, text = path.stat(), path.read_text()
    path.write_text(text.replace("done", "dONE") if file == "report.json" else text.replace("1,", "2,", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert cached(tmp_path)[cells[0].cell_id] == read_record(path.parent)
    assert load(tmp_path).runs["status"].tolist().count("damaged") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_cache_is_left_alone(
    tmp_path: Path, cells: list[synthetic.Cell], reads: list[str], kind: str
) -> None:
    put_in_place_of(tmp_path / CACHE, kind)
    results = load(tmp_path)
    assert not results.problems
    assert set(reads) == {cell.name for cell in cells}
    write_report(results, plots=False)
    reads.clear()
    load(tmp_path)
    assert not reads, "the report has put a sound one in its place"


def test_no_damaged_byte_of_the_cache_reaches_a_record(tmp_path: Path, cells: list[synthetic.Cell]) -> None:
    cache, truth = tmp_path / CACHE, load_records(tmp_path)
    sound, rng = cache.read_bytes(), random.Random(0)
    for attempt in range(100):
        content = bytearray(sound)
        for _ in range(rng.choice([1, 1, 8])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        cache.write_bytes(content[: len(content) if attempt % 4 else rng.randrange(len(content))])
        assert cached(tmp_path) == truth


def signed(content: str) -> str:
    """Return the content of a cache with the digest that fits."""
    return f"{hashlib.sha256(content.encode()).hexdigest()}\n{content}"


WRONG: dict[str, Callable[[list[str]], list[str]]] = {
    "of other code": lambda lines: ["0" * 64, *lines[1:]],
    "no number": lambda lines: [lines[0], "many", *lines[2:]],
    "too many values": lambda lines: [lines[0], str(int(lines[1]) + 1), *lines[2:]],
    "fewer values": lambda lines: [lines[0], str(int(lines[1]) - 1), *lines[2:]],
    "no runs": lambda lines: lines[: 2 + int(lines[1])],
    "deep": lambda lines: [*lines[:2], "[" * 100_000 + "]" * 100_000, *lines[3:]],
    "values turned round": lambda lines: [*lines[:2], *lines[2 : 2 + int(lines[1])][::-1], *lines[-4:]],
    "all null": lambda lines: [*lines[:2], *["null"] * int(lines[1]), *lines[-4:]],
    "runs of each other": lambda lines: [*lines[:-4], *swapped(lines[-4:])],
    "runs without places": lambda lines: [*lines[:-4], *map(emptied, lines[-4:])],
    "runs that are none": lambda lines: [*lines[:-4], "1", "{}", "[]", '["a"]'],
}


def emptied(run: str) -> str:
    """Return the line of a run with no places."""
    return json.dumps([*json.loads(run)[:2], [[], []]])


def swapped(runs: list[str]) -> list[str]:
    """Return the lines of runs with the places of one another."""
    read = [json.loads(line) for line in runs]
    return [json.dumps([*one[:2], other[2]]) for one, other in zip(read, read[::-1], strict=True)]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_cache_whose_digest_fits_but_whose_records_do_not_is_left_alone(
    tmp_path: Path, cells: list[synthetic.Cell], wrong: str
) -> None:
    cache, truth = tmp_path / CACHE, load_records(tmp_path)
    lines = cache.read_text().split("\n")[1:]
    assert signed("\n".join(lines)) == cache.read_text()
    cache.write_text(signed("\n".join(WRONG[wrong](lines))))
    assert cached(tmp_path) == truth
    keep(load(tmp_path))
    assert cached(tmp_path) == truth


def test_a_copied_directory_is_read_anew(
    tmp_path: Path, cells: list[synthetic.Cell], reads: list[str]
) -> None:
    shutil.copytree(tmp_path, tmp_path / "copy")  # with all times of change
    reads.clear()
    assert not load(tmp_path / "copy").problems
    assert set(reads) == {cell.name for cell in cells}


def files_of(root: Path) -> dict[Path, bytes]:
    """Return all that a report says, without what it keeps for the next one."""
    kept = (CACHE.name, curve_cache.CACHE.name)
    every = (path for path in (root / "report").rglob("*") if path.is_file() and path.name not in kept)
    return {path.relative_to(root): path.read_bytes() for path in every}


def changed(root: Path, cells: list[synthetic.Cell], rng: random.Random) -> None:
    """Change some runs: make them anew with another end or other figures, remove, damage or rename them."""
    for one in rng.sample(cells, rng.randint(1, 4)):
        shutil.rmtree(root / one.name, ignore_errors=True)
        one.status = rng.choice(["done", "done", "done", "diverged", "failed", "missing", "interrupted"])
        one.extra = {"parameters": rng.randrange(10**6), "code": rng.choice(["a" * 12, "b" * 12])}
        if one.status != "missing":
            path = synthetic.write_cell(root, one)
            if rng.random() < 0.2:
                file = path / rng.choice(["report.json", "history.csv"])
                file.write_bytes(file.read_bytes()[:-40])
    synthetic.write_plan(root, rng.sample(cells, len(cells) - rng.randint(0, 2)))


@pytest.mark.parametrize("seed", range(3))
def test_a_report_is_the_same_to_the_byte_with_what_was_read_before_and_without(
    tmp_path: Path, seed: int
) -> None:
    rng, cells = random.Random(seed), synthetic.grid(AXES, seeds=(0, 1), epochs=2)
    keep(load(synthetic.write_sweep(tmp_path, cells)))
    for _ in range(2):
        changed(tmp_path, cells, rng)
        everything = rng.random() < 0.3
        write_report(load(tmp_path, unplanned=everything), plots=False)
        with_cache, cache = files_of(tmp_path), (tmp_path / CACHE).read_bytes()
        shutil.rmtree(tmp_path / "report")
        write_report(load(tmp_path, unplanned=everything), plots=False)
        assert files_of(tmp_path) == with_cache
        (tmp_path / CACHE).write_bytes(cache)  # and on from what the last report had kept
    values = len(cache.split(b"\n")) - 3
    assert values < 40 * len(cells), "nothing is kept of records that are gone"
