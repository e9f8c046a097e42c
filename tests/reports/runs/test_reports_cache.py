import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reports.runs.curve_cache
from reports.page.build import write_report
from reports.runs.curve_cache import CACHE, load_cache
from reports.runs.curves import Curve, read_curve
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.no_plain_file import KINDS, put_in_place_of

AXES = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The histories that had to be parsed."""
    paths: list[Path] = []

    def read(path: Path) -> Curve:
        paths.append(path)
        return read_curve(path)

    monkeypatch.setattr(reports.runs.curve_cache, "read_curve", read)
    return paths


def test_a_rebuild_parses_only_new_histories_and_finds_the_same(tmp_path: Path, reads: list[Path]) -> None:
    cells = synthetic.grid(AXES)
    cells[3].status = "missing"
    synthetic.write_sweep(tmp_path, cells)
    first = load(tmp_path)
    write_report(first, plots=False)
    assert len(reads) == 3
    cells[3].status = "done"
    synthetic.write_cell(tmp_path, cells[3])
    reads.clear()
    second = load(tmp_path)
    assert [path.parent.name for path in reads] == [cells[3].name]
    pd.testing.assert_frame_equal(
        first.history.astype({"cell_id": str}), second.history.head(30).astype({"cell_id": str})
    )


def test_a_history_that_changed_is_parsed_again(tmp_path: Path, reads: list[Path]) -> None:
    cells = synthetic.grid(AXES)
    write_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False)
    path = tmp_path / cells[0].name / "history.csv"
    before = path.stat()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    reads.clear()
    load(tmp_path)
    assert reads == [path]


@pytest.mark.parametrize("in_place", [True, False])
def test_a_history_of_the_same_size_and_time_is_read_and_shown(tmp_path: Path, in_place: bool) -> None:
    cells = synthetic.grid(AXES)
    write_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False)
    path = tmp_path / cells[0].name / "history.csv"
    before, rows = path.stat(), path.read_text().split("\n")
    second = rows[2].split(",")
    second[4] = second[4][:-1] + (
        "1" if second[4][-1] != "1" else "2"
    )  # the test accuracy, as long as it was
    swapped = path if in_place else path.with_suffix(".new")
    swapped.write_text("\n".join([*rows[:2], ",".join(second), *rows[3:]]))
    os.utime(swapped, ns=(before.st_atime_ns, before.st_mtime_ns))
    swapped.replace(path)
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    history = load(tmp_path).history
    shown = history.loc[(history["cell_id"] == cells[0].cell_id) & (history["epoch"] == 2), "test_accuracy"]
    assert shown.tolist() == [float(second[4])]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_cache_is_left_alone(tmp_path: Path, reads: list[Path], kind: str) -> None:
    write_report(load(synthetic.write_sweep(tmp_path, synthetic.grid(AXES))), plots=False)
    put_in_place_of(tmp_path / CACHE, kind)
    reads.clear()
    results = load(tmp_path)
    assert not results.problems
    assert len(reads) == 4
    write_report(results, plots=False)
    reads.clear()
    load(tmp_path)
    assert not reads, "the report has put a sound one in its place"


def test_no_damaged_byte_of_the_cache_reaches_a_curve(tmp_path: Path) -> None:
    write_report(load(synthetic.write_sweep(tmp_path, synthetic.grid(AXES))), plots=False)
    whole, cache = load_cache(tmp_path / CACHE), tmp_path / CACHE
    sound = cache.read_bytes()
    assert len(whole) == 4
    rng = random.Random(0)
    for attempt in range(200):
        content = bytearray(sound)
        for _ in range(rng.choice([1, 1, 8])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        cache.write_bytes(content[: len(content) if attempt % 4 else rng.randrange(len(content))])
        for cell_id, (stamp, curve) in load_cache(cache).items():  # none, or all of them as they were
            assert stamp == whole[cell_id][0]
            np.testing.assert_array_equal(curve, whole[cell_id][1])


def test_a_cache_whose_digest_fits_but_whose_curves_do_not_is_left_alone(
    tmp_path: Path, reads: list[Path]
) -> None:
    write_report(load(synthetic.write_sweep(tmp_path, synthetic.grid(AXES))), plots=False)
    with np.load(tmp_path / CACHE) as stored:
        arrays = {name: stored[name] for name in reports.runs.curve_cache.NAMES}
    wrong = {
        "ids": (arrays["ids"][::-1][[0, 0, 1, 2]], arrays["ids"].astype("U11"), arrays["ids"][:, None]),
        "stamps": (np.arange(4.0), arrays["stamps"][:, None], arrays["stamps"][:-1]),
        "lengths": (arrays["lengths"] + [1, -1, 0, 0], -arrays["lengths"], arrays["lengths"][:-1]),
        "table": (arrays["table"][:, :-1], arrays["table"][::-1], arrays["table"].astype(np.float32)),
    }
    for name, values in wrong.items():
        for value in values:
            changed = arrays | {name: value}
            np.savez(tmp_path / CACHE, **changed, digest=np.array(reports.runs.curve_cache.digest(changed)))
            reads.clear()
            assert not load(tmp_path).problems
            assert len(reads) == 4, (name, value.shape)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not an archive"])
def test_a_damaged_cache_costs_time_not_truth(tmp_path: Path, reads: list[Path], content: bytes) -> None:
    write_report(load(synthetic.write_sweep(tmp_path, synthetic.grid(AXES))), plots=False)
    (tmp_path / CACHE).write_bytes(content)
    reads.clear()
    assert not load(tmp_path).problems
    assert len(reads) == 4
