"""The data of the run before: the next run has them from memory, as long as they are what is on disk."""

import os
from pathlib import Path

import numpy as np
import pytest

from mlp.datasets import NPZ, XOR, Sample
from sweeps.job.loaded import loaded


def written(path: Path, first: int) -> Path:
    x = np.full((4, 3), first, dtype=np.uint8)
    np.savez(path, x_train=x, y_train=np.array([0, 1, 0, 1]), x_test=x, y_test=np.array([0, 1, 0, 1]))
    return path


def test_the_same_data_are_read_once_and_cannot_be_written_to() -> None:
    data = loaded(Sample())
    assert loaded(Sample()) is data
    assert loaded(Sample(train_size=10)) is not data
    with pytest.raises(ValueError, match="read-only"):
        data.x_train[0] = 1


def test_a_file_that_has_changed_is_read_again_though_it_has_its_size_and_time_of_writing(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "a.npz", 1)
    state = path.stat()
    first = loaded(NPZ(str(path)))
    assert loaded(NPZ(str(path))) is first
    written(path, 2)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    again = loaded(NPZ(str(path)))
    assert (path.stat().st_size, int(again.x_train.max())) == (state.st_size, 2)
    assert again.sha256 == NPZ(str(path)).identity().sha256 != first.sha256


def test_data_of_which_only_loading_tells_that_they_are_the_same_are_loaded_for_each_run() -> None:
    data = loaded(XOR())
    assert loaded(XOR()) is not data
    assert data.x_train.flags.writeable
