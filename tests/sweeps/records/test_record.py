"""The run record: sweeps.records.record."""

import json
import multiprocessing
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.records.atomic import plain, set_aside, write_atomic, write_json
from sweeps.records.history import description
from sweeps.records.layout import cell_dirs
from sweeps.records.process import this_process
from sweeps.records.record import load_records, read_record, write_record
from sweeps.records.schema import STATUSES

ID = "0123456789ab"


def report(**more: Any) -> dict[str, Any]:
    return {"schema": 1, "cell_id": ID, "status": "done", "config": {"x": 1}, **more}


def cell(tmp_path: Path) -> Path:
    path = tmp_path / f"x=1-{ID}"
    path.mkdir()
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = cell(tmp_path)
    write_record(path, report(final={"loss": 0.25}))
    found = read_record(path)
    assert (found.status, found.cell_id, found.data["final"]) == ("done", ID, {"loss": 0.25})
    assert found.is_complete


def test_non_finite_numbers_become_null_and_are_named(tmp_path: Path) -> None:
    path = cell(tmp_path)
    write_record(path, report(final={"loss": float("nan"), "curve": [1.0, float("inf")]}))
    data = json.loads((path / "report.json").read_text(), parse_constant=pytest.fail)
    assert data["final"] == {"loss": None, "curve": [1.0, None]}
    assert data["nonfinite"] == ["final.loss", "final.curve.1"]


def test_what_no_file_or_reader_could_hold_is_written_as_something_that_they_can(tmp_path: Path) -> None:
    path = cell(tmp_path)
    odd: dict[Any, Any] = {(1, 2): 4}
    write_record(path, report(huge=10**5000, half="a\udcffb", **{"kept": {(1, 2): 3}}) | odd)
    data = read_record(path).data
    assert (data["huge"], data["half"], data["kept"], data["(1, 2)"]) == (None, "a?b", {"(1, 2)": 3}, 4)
    assert data["nonfinite"] == ["huge"]


def test_numpy_values_are_written_as_numbers(tmp_path: Path) -> None:
    path = cell(tmp_path)
    write_record(path, report(a=np.float32(0.5), b=np.int64(3), c=np.arange(2), d=np.bool_(True)))
    data = read_record(path).data
    assert [data[key] for key in "abcd"] == [0.5, 3, [0, 1], True]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_anything_becomes_strict_json(value: Any) -> None:
    json.dumps(plain(value), allow_nan=False)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is truncated"),
        (b'{"schema": 1, "cell_id": "0123', "is truncated"),
        (b"\x00\xff\xfe garbage", "is truncated or no JSON"),
        (b"[1, 2]", "is no JSON object"),
        (json.dumps(report(schema=99)).encode(), "has schema 99"),
        (json.dumps(report(schema=True)).encode(), "has schema True"),
        (json.dumps(report(schema=1.0)).encode(), "has schema 1.0"),
        (b'{"status": "failed", ' + json.dumps(report()).encode()[1:], "status is there twice"),
        (json.dumps(report()).encode()[:-2] + b', "x": 2}}', "x is there twice"),
        (json.dumps(report(status="fine")).encode(), "has status 'fine'"),
        (json.dumps(report(cell_id="ffffffffffff")).encode(), "belongs to cell 'ffffffffffff'"),
        (json.dumps(report(config=None)).encode(), "has no config"),
    ],
)
def test_what_cannot_be_believed_is_damaged_and_says_why(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = cell(tmp_path)
    (path / "report.json").write_bytes(content)
    found = read_record(path)
    assert found.status == "damaged"
    assert problem in found.problem
    assert found.data == {}


@pytest.mark.parametrize("number", ["1e999", "-1e400", "1" + "0" * 400, "1" + "0" * 400 + ".0"])
def test_a_number_that_no_float_can_hold_is_not_believed(tmp_path: Path, number: str) -> None:
    path = cell(tmp_path)
    content = json.dumps(report(timing={"total_wall_s": 1e300}))
    (path / "report.json").write_text(content)
    assert read_record(path).data["timing"] == {"total_wall_s": 1e300}
    (path / "report.json").write_text(content.replace("1e+300", number))
    assert read_record(path).status == "damaged"


@pytest.mark.parametrize(
    ("rows", "final", "problem"),
    [
        (2, 2, ""),
        (3, 2, "has 2 rows, not the 3 of its record"),
        (2, 3, "ends before epoch 3, whose figures the record has"),
    ],
)
def test_a_history_of_the_right_hash_has_the_rows_that_its_record_is_of(
    rows: int, final: int, problem: str, tmp_path: Path
) -> None:
    path = cell(tmp_path)
    (path / "history.csv").write_text("epoch,loss\n1,2.0\n2,1.5\n")
    described = (description(path) or {}) | {"rows": rows}
    write_record(path, report(history_csv=described, final_epoch=final))
    found = read_record(path)
    assert (found.status, found.problem) == ("damaged" if problem else "done", problem)


def test_null_is_the_same_as_nothing(tmp_path: Path) -> None:
    path = cell(tmp_path)
    (path / "report.json").write_text(json.dumps(report(status="done", timing=None, attempts=None, own=None)))
    assert read_record(path).data == report(status="done", own=None)


def test_every_truncation_of_a_record_is_recognised(tmp_path: Path) -> None:
    path = cell(tmp_path)
    write_record(path, report(final={"loss": 0.5}))
    content = (path / "report.json").read_bytes().rstrip()
    for length in range(len(content)):
        (path / "report.json").write_bytes(content[:length])
        assert read_record(path).status == "damaged"


def test_damaged_files_are_kept_under_numbered_names(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / "report.json").write_text(f"garbage {number}")
        assert set_aside(tmp_path / "report.json").name == f"report.json.damaged-{number}"
    assert (tmp_path / "report.json.damaged-1").read_text() == "garbage 1"


def test_a_directory_without_a_record_is_missing(tmp_path: Path) -> None:
    assert read_record(cell(tmp_path)).status == "missing"


def test_running_is_lost_when_its_process_is_dead(tmp_path: Path) -> None:
    path = cell(tmp_path)
    worker = {key: value for key, value in asdict(this_process()).items() if key != "token"}
    write_record(path, report(status="running", worker=worker))
    assert read_record(path).status == "running"
    write_record(path, report(status="running", worker={**worker, "process_started": "another time"}))
    assert read_record(path).status == "lost"
    write_record(path, report(status="running", worker={"pid": "nonsense"}))
    assert read_record(path).status == "lost"


def test_running_on_another_host_is_judged_by_its_locks_age(tmp_path: Path) -> None:
    path = cell(tmp_path)
    write_record(
        path, report(status="running", worker={"host": "elsewhere", "pid": 1, "process_started": "1"})
    )
    assert read_record(path).status == "lost"
    (path / "lock").write_text("{}")
    assert read_record(path).status == "running"
    os.utime(path / "lock", (0, 0))
    assert read_record(path).status == "lost"


def test_only_cell_directories_are_records(tmp_path: Path) -> None:
    write_record(cell(tmp_path), report())
    for other in ("report", ".sweep", f"x-{ID.upper()}", f"{ID}-x"):
        (tmp_path / other).mkdir()
    (tmp_path / "file-0123456789aa").write_text("")
    assert list(load_records(tmp_path)) == [ID]
    assert load_records(tmp_path / "nowhere") == {}


def test_a_failed_write_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.json"
    write_atomic(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left on device: '{file}'"):
        write_atomic(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def _write_again_and_again(path: Path) -> None:
    number = 0
    while True:
        write_json(path, {"number": (number := number + 1), "text": "x" * 20_000}, durable=False)


def test_a_reader_never_sees_half_a_file_and_a_killed_writer_leaves_a_whole_one(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    write_json(file, {"number": 0, "text": ""})
    for _ in range(10):
        writer = multiprocessing.get_context("fork").Process(target=_write_again_and_again, args=(file,))
        writer.start()
        for _ in range(100):
            json.loads(file.read_bytes())
        writer.kill()
        writer.join()
        json.loads(file.read_bytes())


def test_reading_records_needs_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); "
        "import sweeps.records.record, sweeps.records.plan, sweeps.records.lock; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names)))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "['sweeps']"


def test_statuses_of_the_contract() -> None:
    assert STATUSES == ("done", "diverged", "failed", "running", "interrupted")


def test_a_link_in_a_circle_is_no_cell_and_hides_none(tmp_path: Path) -> None:
    cell = tmp_path / "cell-00000000000a"
    cell.mkdir()
    (tmp_path / "circle-00000000000b").symlink_to("circle-00000000000b")
    (tmp_path / "sweep.json").symlink_to("sweep.json")
    assert cell_dirs(tmp_path) == {"00000000000a": cell}
