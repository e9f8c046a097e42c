"""What identifies a data set, that it is what is trained on, and what looks like a mistake in own arrays."""

import hashlib
import io
import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp.datasets import MNIST, NPZ, XOR, Data, Dataset, DatasetError, Dimensions, FashionMNIST, Sample
from mlp.datasets import verified as verified_files
from mlp.datasets.download import Files, ensure
from mlp.datasets.npz import SAMPLE
from mlp.datasets.order import by_use, reordered
from mlp.datasets.sources import Directory


def of_arrays(*arrays: np.ndarray) -> str:
    content = b"".join(f"{a.dtype.str}{a.shape}".encode() + a.tobytes() for a in arrays)
    return hashlib.sha256(content).hexdigest()


def own(folder: Path, name: str = "own.npz", rows: int = 60, **changes: Any) -> Path:
    """Ten classes of plain bytes, six rows each, with these arrays instead of theirs."""
    rng = np.random.default_rng(0)
    good = {
        "x_train": rng.integers(0, 256, (rows, 8), dtype=np.uint8),
        "y_train": np.arange(rows) % 10,
        "x_test": rng.integers(0, 256, (20, 8), dtype=np.uint8),
        "y_test": np.arange(20) % 10,
    }
    np.savez(folder / name, **{**good, **changes})
    return folder / name


def rewritten(path: Path, content: bytes) -> None:
    """Write other bytes over a file, which keeps its size, its inode and its time of writing."""
    state = path.stat()
    assert len(content) == state.st_size
    time.sleep(0.02)  # the file system's clock ticks
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    now = path.stat()
    assert (now.st_size, now.st_mtime_ns, now.st_ino) == (state.st_size, state.st_mtime_ns, state.st_ino)


def test_a_file_is_known_by_all_of_its_bytes(tmp_path: Path) -> None:
    first = own(tmp_path, "a.npz")
    labels = np.random.default_rng(1).permutation(np.arange(60) % 10)
    second = own(tmp_path, "b.npz", y_train=labels)
    assert first.stat().st_size == second.stat().st_size
    for path in (first, second):
        whole = hashlib.sha256(path.read_bytes()).hexdigest()
        assert NPZ(str(path)).load().sha256 == NPZ(str(path)).identity().sha256 == whole
    assert Sample().load().sha256 == Sample().identity().sha256
    assert Sample().load().sha256 == hashlib.sha256(SAMPLE.read_bytes()).hexdigest()
    assert NPZ(str(first), train_size=7).load().sha256 == NPZ(str(first)).load().sha256


def test_drawn_points_are_known_by_type_shape_and_bytes() -> None:
    data = XOR(train_size=9, noise=0.5).load()
    arrays = (data.x_train, data.y_train, data.x_test, data.y_test)
    identity = XOR(train_size=9, noise=0.5).identity()
    assert data.sha256 == identity.sha256 == of_arrays(*arrays)
    first_version = hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()
    assert identity.earlier == (first_version,)


def test_arrays_of_ones_own_class_are_known_by_what_they_hold() -> None:
    @dataclass(frozen=True)
    class Rings(Dataset):
        level: float = 0.0
        train_size: int | None = None

        def check(self) -> Dimensions:
            return Dimensions(4, 2, 1, 2)

        def load(self) -> Data:
            y = np.array([0, 1, 0, 1])
            x = (y + self.level)[:, None].astype(np.float32)
            return Data(x, y, x[:2], y[:2], scale=1.0, classes=2)

    data = Rings(0.5).load()
    expected = of_arrays(data.x_train, data.y_train, data.x_test, data.y_test)
    assert Rings(0.5).identity().sha256 == expected != Rings(0.0).identity().sha256
    assert Rings().name == "rings"


@pytest.mark.parametrize("dataset", [MNIST, FashionMNIST])
def test_the_first_version_knew_idx_sets_by_the_hash_of_their_hashes(dataset: type[MNIST]) -> None:
    known = {
        "mnist": "c65580678af93f1ea48c2c0d01d543ec89307c6b8a0eb7ca542d7c18c5f4c681",
        "fashion_mnist": "d1fd84a877f3b78fa9a171b3de73f93e7b6f69ed94bada3feae9d96821401f5c",
    }
    assert dataset().identity().earlier == (known[dataset().name],)
    assert len(dataset().identity().sha256) == 64


@pytest.mark.network
def test_mnist_is_known_by_its_four_files_one_after_another() -> None:
    folder = ensure(MNIST.files)
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    whole = b"".join((folder / f"{name}-ubyte").read_bytes() for name in names)
    assert MNIST().load().sha256 == MNIST().identity().sha256 == hashlib.sha256(whole).hexdigest()


def test_an_edited_file_has_another_identity_even_with_its_old_size_and_time(tmp_path: Path) -> None:
    path = own(tmp_path)
    other = io.BytesIO(own(tmp_path, "other.npz", y_train=np.arange(60)[::-1] % 10).read_bytes())
    before = NPZ(str(path)).identity().sha256
    rewritten(path, other.getvalue())
    assert NPZ(str(path)).identity().sha256 == NPZ(str(path)).load().sha256 != before


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, load = own(tmp_path), np.load

    def meddled(file: Any, **options: Any) -> Any:
        if not isinstance(file, Path):
            rewritten(path, path.read_bytes())
        return load(file, **options)

    monkeypatch.setattr(np, "load", meddled)
    with pytest.raises(DatasetError, match=r"own\.npz: was changed while it was read"):
        NPZ(str(path)).load()


@pytest.mark.parametrize("missing", ["rows", "labels"])
def test_reordered_columns_that_were_damaged_are_made_again(
    tmp_path: Path, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    data, folder = Sample().load(), tmp_path / "by-use"
    by_use(data, folder)
    file = folder / ("x_train.npy" if missing == "rows" else "columns.npy")
    content = file.read_bytes()
    rewritten(file, content[:200] + bytes(len(content) - 200))
    found, right = by_use(data, folder), reordered(data)
    for name in ("x_train", "x_test", "columns", "extent_train", "extent_test"):
        np.testing.assert_array_equal(getattr(found, name), getattr(right, name))
    assert f"{file.name} is damaged" in caplog.text
    np.testing.assert_array_equal(by_use(data, folder).x_train, right.x_train)
    assert len(caplog.records) == 1


def test_reordered_columns_of_other_data_of_the_same_shape_are_made_again(tmp_path: Path) -> None:
    data, folder = Sample().load(), tmp_path / "by-use"
    by_use(data, folder)
    other = replace(data, x_train=data.x_train[::-1], sha256="")
    np.testing.assert_array_equal(by_use(other, folder).x_train, reordered(other).x_train)


def test_columns_kept_by_the_first_version_are_not_believed(tmp_path: Path) -> None:
    data, folder = Sample().load(), tmp_path / "by-use"
    by_use(data, folder)
    (folder / "sha256.json").unlink()
    np.save(folder / "x_train.npy", np.zeros_like(data.x_train))
    assert by_use(data, folder).x_train.any()


def test_files_are_hashed_once_for_each_start_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot = tmp_path / "boot_id"
    monkeypatch.setattr(verified_files, "_BOOT_ID", boot)
    (tmp_path / "one").write_bytes(b"content")
    sha256 = {"one": hashlib.sha256(b"content").hexdigest()}
    for machine in ("first", "second"):
        boot.write_text(machine)
        assert not verified_files.is_known(tmp_path, sha256)
        assert verified_files.problems(tmp_path, sha256) == {}
    for machine in ("first", "second"):
        boot.write_text(machine)
        assert verified_files.is_known(tmp_path, sha256)
    rewritten(tmp_path / "one", b"Content")
    assert not verified_files.is_known(tmp_path, sha256)
    assert "one is damaged" in verified_files.problems(tmp_path, sha256)["one"]


def test_a_damaged_cached_file_of_the_same_size_and_time_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLP_DATA_DIR", str(tmp_path / "cache"))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "images").write_bytes(b"content")
    sha256 = {"images": hashlib.sha256(b"content").hexdigest()}
    files = Files("tiny", "Tiny", sha256, (Directory(str(tmp_path / "there")),))
    path = ensure(files) / "images"
    rewritten(path, b"CONTENT")
    assert (ensure(files) / "images").read_bytes() == b"content"


@pytest.mark.parametrize("stamp", ["", "[]", '{"": 3}', "{", json.dumps({"images": [7, 1, "x"]})])
def test_a_note_that_cannot_be_believed_is_none(tmp_path: Path, stamp: str) -> None:
    (tmp_path / "one").write_bytes(b"content")
    (tmp_path / "verified.json").write_text(stamp)
    sha256 = {"one": hashlib.sha256(b"content").hexdigest()}
    assert not verified_files.is_known(tmp_path, sha256)
    assert verified_files.problems(tmp_path, sha256) == {}
    assert verified_files.is_known(tmp_path, sha256)


def test_good_arrays_are_warned_of_in_no_line(tmp_path: Path) -> None:
    floats = np.random.default_rng(0).normal(size=(60, 8))
    assert NPZ(str(own(tmp_path))).identity().warnings == ()
    assert NPZ(str(own(tmp_path, x_train=floats, x_test=floats[:20]))).identity().warnings == ()


CENTRED = np.random.default_rng(0).normal(size=(60, 8))


@pytest.mark.parametrize(
    ("changes", "settings", "line"),
    [
        (
            {"y_train": np.arange(60) % 10 + 1, "y_test": np.arange(20) % 10 + 1},
            {},
            "labels go from 1 to 10: ",
        ),
        (
            {"y_train": np.arange(60) % 5 * 2, "y_test": np.arange(20) % 5 * 2},
            {},
            "y_train has no example of classes 1, 3, 5, 7, of the classes 0 to 8",
        ),
        (
            {"y_test": np.arange(20) % 10},
            {"classes": 12},
            "no example of classes 10, 11, of the classes 0 to 11",
        ),
        (
            {"y_train": np.sort(np.arange(60) % 10)},
            {"train_size": 30},
            "the first 30 training examples have none of classes 5, 6, 7, 8, 9, which come later",
        ),
        (
            {
                "y_train": np.where(np.arange(60) % 10 == 9, 8, np.arange(60) % 10),
                "y_test": np.arange(20) % 10,
            },
            {"classes": 10},
            "y_test has class 9, of which y_train has no example",
        ),
        ({"y_train": np.zeros(60, int), "y_test": np.zeros(20, int)}, {}, "y_train has only the class 0"),
        (
            {"x_train": np.linspace(0, 255, 480).reshape(60, 8), "x_test": np.full((20, 8), 200.0)},
            {},
            "floats go up to 255, and are taken as they are",
        ),
        (
            {"x_train": np.eye(60, 8, dtype=np.uint8) + np.eye(60, 8, 1, dtype=np.uint8)}
            | {"x_test": np.ones((20, 8), np.uint8)},
            {},
            "bytes go up to 1 only, and are divided by 255, so inputs to 0.0039",
        ),
        (
            {"x_train": np.arange(480, dtype=np.uint8).reshape(60, 8) % 17}
            | {"x_test": np.full((20, 8), 16, np.uint8)},
            {},
            "bytes go up to 16 only, and are divided by 255, so inputs to 0.063",
        ),
        (
            {"x_train": CENTRED, "x_test": 255 * CENTRED[:20] / np.abs(CENTRED[:20]).max()},
            {},
            "x_test up to 255: are they scaled alike?",
        ),
        (
            {"x_train": CENTRED * [1, 0, 1, 1, 1, 1, 1, 0], "x_test": CENTRED[:20]},
            {},
            "2 of 8 features are the same in all of x_train",
        ),
    ],
)
def test_what_looks_like_a_mistake_is_one_line(
    tmp_path: Path, changes: dict[str, Any], settings: dict[str, Any], line: str
) -> None:
    path = own(tmp_path, **changes)
    warnings = NPZ(str(path), **settings).identity().warnings
    told = [warning for warning in warnings if line in warning]
    assert len(told) == 1, warnings
    assert told[0].startswith(f"{path}: ")
    assert "\n" not in told[0]


def test_a_huge_label_is_told_at_once(tmp_path: Path) -> None:
    labels = np.arange(60) % 10
    labels[3] = 10**12
    started = time.monotonic()
    (line,) = NPZ(str(own(tmp_path, y_train=labels))).identity().warnings
    assert "no example of classes 10, 11, 12, 13, 14 and 999,999,999,985 more" in line
    assert time.monotonic() - started < 2
