"""Mistakes in own data: one line each, with key, value and what is allowed, while planning."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from sweeps.job.components import Components
from sweeps.job.main import content_of
from sweeps.records.errors import UserError
from tests.support.own_data import CONFIG

ROOT = Path(__file__).parents[2]
X = np.arange(80, dtype=float).reshape(20, 4)
Y = np.arange(20) % 2
ROWS = [f"{a},{a / 7},{'no' if a % 2 else 'yes'}" for a in range(20)]
GOOD = "\n".join(["a,b,label", *ROWS]) + "\n"


def csv(*changes: tuple[str, str], text: str = GOOD) -> bytes:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def array(values: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, **options)
    return buffer.getvalue()


def announcing(shape: tuple[int, ...]) -> bytes:
    """A .npy file whose header promises more than follows."""
    buffer = io.BytesIO()
    npy.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue() + b"\0" * 64


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "a,b\n1,2\n")
    return buffer.getvalue()


def zipped_announcing() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", announcing((10**9, 4)))
        archive.writestr("y.npy", array(Y))
    return buffer.getvalue()


def far(value: str) -> bytes:
    return csv(("\n7,1.0,no", f"\n7,{value},no"))


FILES: dict[str, bytes] = {
    "good.csv": GOOD.encode(),
    "good.npz": npz(x=X, y=Y),
    "x.npy": array(X),
    "y.npy": array(Y),
    "both.npz": npz(x_train=X, y_train=Y, x_test=X, y_test=Y),
    "empty.csv": b"",
    "blank.csv": b"\n\n",
    "names.csv": b"a,b,label\n",
    "long.csv": csv(("\n7,1.0,no", "\n7,1.0,no,9")),
    "wide.csv": b"a,label\n1,no,3\n2,yes,4\n",
    "short.csv": csv(("\n7,1.0,no", "\n7")),
    "latin.csv": GOOD.replace("yes", "größer").encode("latin-1"),
    "utf16.csv": GOOD.encode("utf-16"),
    "quote.csv": csv(("\n7,1.0,no", '\n7,"1.0,no')),
    "unnamed.csv": csv(("a,b,label", ",b,label")),
    "twice.csv": csv(("a,b,label", "a,a,label")),
    "headless.csv": b"1,2,3\n4,5,6\n",
    "nolabel.csv": csv(("a,b,label", "a,b,species")),
    "two.csv": csv(("a,b,label", "a,target,label")),
    "only.csv": b"label\nyes\nno\n",
    "text.csv": csv(("\n7,1.0,no", "\n7,Berlin,no")),
    "comma.csv": csv(text=GOOD.replace(",", ";").replace(".", ",")),
    "nan.csv": far("nan"),
    "inf.csv": far("inf"),
    "huge.csv": far("1e300"),
    "gap.csv": far(""),
    "unlabelled.csv": csv(("\n7,1.0,no", "\n7,1.0,")),
    "alike.csv": csv(text=GOOD.replace("yes", "no")),
    "singles.csv": b"a,label\n" + b"".join(b"%d,%d\n" % (i, i) for i in range(6)),
    "new.csv": csv(text=GOOD.replace("yes", "maybe")),
    "numbers.csv": csv(text=GOOD.replace("yes", "1").replace("no", "0")),
    "other.csv": csv(("a,b,label", "a,c,label")),
    "more.csv": csv(text="\n".join(["a,b,c,label", *(f"1,{row}" for row in ROWS)]) + "\n"),
    "cut.csv.gz": gzip.compress(GOOD.encode())[:-9],
    "plain.csv.gz": GOOD.encode(),
    "pickled.npy": pickle.dumps(X),
    "objects.npy": array(np.array([{}, []] * 10, dtype=object), allow_pickle=True),
    "far.npy": announcing((10**9, 4)),
    "cut.npy": array(X)[:-100],
    "text.npy": array(np.array([["a", "b"]] * 20)),
    "complex.npy": array(X + 1j),
    "flat.npy": array(X[:, 0]),
    "none.npy": array(X[:0]),
    "few.npy": array(Y[:19]),
    "onehot.npy": array(np.eye(2)[Y]),
    "nanlabel.npy": array(np.where(Y, np.nan, 1.0)),
    "dates.npy": array(np.array(["2026-01-01"] * 20, dtype="M8[D]")),
    "objects.npz": npz(x=X, y=np.array(["a", 1] * 10, dtype=object)),
    "far.npz": zipped_announcing(),
    "cut.npz": npz(x=X, y=Y)[:-300],
    "text.npz": b"hello",
    "others.npz": npz(a=X, b=Y),
    "lonely.npz": npz(x=X),
    "half.npz": npz(x_train=X, y_train=Y, x_test=X),
    "double.npz": npz(x=X, data=X, y=Y),
    "mixed.npz": npz(x=X, y=Y, x_train=X, y_train=Y),
    "tests.npz": npz(x_test=X, y_test=Y),
    "bytes.npz": npz(x_train=X, y_train=Y, x_test=X.astype(np.uint8), y_test=Y),
    "narrow.npz": npz(x_train=X, y_train=Y, x_test=X[:, :3], y_test=Y),
    "unseen.npz": npz(x_train=X, y_train=Y, x_test=X, y_test=Y + 1),
    "table.parquet": b"PAR1 and nothing more",
    "gzip.csv": gzip.compress(csv()),
    "gzip.npy": gzip.compress(array(X)),
    "parquet.csv.gz": b"PAR1 and nothing more",
    "npy.csv": array(X),
    "npz.csv": npz(x=X, y=Y),
    "excel.csv": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "excel97.csv": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504),
    "calc.csv": zipped("mimetype", "content.xml"),
    "zip.csv": zipped("good.csv"),
    "bzip2.csv": bz2.compress(csv()),
    "xz.csv": lzma.compress(csv()),
}
Case = tuple[Mapping[str, Any], str]
CASES: dict[str, Case] = {
    "no file": ({"path": "absent.csv"}, "dataset.path = absent.csv: cannot read"),
    "a directory": ({"path": "folder.csv"}, "must be a file, not a directory"),
    "a pipe": ({"path": "pipe.csv"}, "must be a file, not a pipe"),
    "an ending": ({"path": "data.xls"}, "dataset.path = data.xls: must end in .csv, .tsv, .csv.gz"),
    "no name": ({"path": 3}, "dataset.path = 3: must be the name of a file"),
    "an empty path": ({"path": ""}, "dataset.path = : must end in .csv"),
    "a null byte": ({"path": "a\0.csv"}, "cannot read"),
    "a user": ({"path": "~nobody-here/a.csv"}, "there is no such user"),
    "empty": ({"path": "empty.csv"}, "is empty: must have a line of names"),
    "blank": ({"path": "blank.csv"}, "is empty: must have a line of names"),
    "names only": ({"path": "names.csv"}, "has no rows below its names"),
    "a row too long": ({"path": "long.csv"}, "Expected 3 fields in line 9, saw 4"),
    "all rows too long": ({"path": "wide.csv"}, "more fields than the 2 names"),
    "a row too short": ({"path": "short.csv"}, "row 8 has no number in column 'b': must have one"),
    "Latin 1": ({"path": "latin.csv"}, "is not UTF-8: save it as UTF-8"),
    "gzip as csv": ({"path": "gzip.csv"}, "gzip.csv: is a gzip file: must end in .csv.gz or .tsv.gz"),
    "gzip as array": ({"path": "gzip.npy", "label": "y.npy"}, "dataset.path = gzip.npy: is a gzip file"),
    "gzip as labels": ({"path": "x.npy", "label": "gzip.npy"}, "dataset.label = gzip.npy: is a gzip file"),
    "gzip as tests": (
        {"path": "good.csv", "test_path": "gzip.csv"},
        "dataset.test_path = gzip.csv: is a gzip",
    ),
    "parquet as gzip": ({"path": "parquet.csv.gz"}, "is a parquet file: must end in .parquet"),
    "an array as csv": ({"path": "npy.csv"}, "is an array of NumPy: must end in .npy"),
    "an archive as csv": ({"path": "npz.csv"}, "is an archive of NumPy's: must end in .npz"),
    "a workbook as csv": ({"path": "excel.csv"}, "excel.csv: is an Excel workbook: must be saved as csv"),
    "an old workbook as csv": ({"path": "excel97.csv"}, "is an Excel workbook: must be saved as csv"),
    "a spreadsheet as csv": ({"path": "calc.csv"}, "is an office document: must be saved as csv"),
    "a ZIP as csv": ({"path": "zip.csv"}, "is a ZIP archive: must be unpacked first"),
    "bzip2 as csv": ({"path": "bzip2.csv"}, "is a bzip2 file: must be unpacked first"),
    "xz as csv": ({"path": "xz.csv"}, "is an xz file: must be unpacked first"),
    "UTF-16": ({"path": "utf16.csv"}, "is not UTF-8: save it as UTF-8"),
    "an open quote": ({"path": "quote.csv"}, "EOF inside string"),
    "an unnamed column": ({"path": "unnamed.csv"}, "column 1 has no name"),
    "a name twice": ({"path": "twice.csv"}, "has two columns 'a': names must differ"),
    "no names": (
        {"path": "headless.csv"},
        "its first line holds numbers, 1, 2, 3: must hold the columns' names",
    ),
    "no label": ({"path": "nolabel.csv"}, "no column label, target, class or y: say which it is"),
    "two labels": ({"path": "two.csv"}, "may be labelled by target or label: say which"),
    "another label": ({"path": "good.csv", "label": "lable"}, "dataset.label = lable: did you mean 'label'?"),
    "an empty label": ({"path": "good.csv", "label": ""}, "dataset.label = '': must be a text"),
    "a number as label": (
        {"path": "good.csv", "label": 3},
        "has no column dataset.label = 3: must be one of a, b",
    ),
    "a yes as label": ({"path": "good.csv", "label": True}, "dataset.label = True: must be a text"),
    "two columns as label": ({"path": "good.csv", "label": ["a", "b"]}, "must be the name of one column"),
    "nothing but a label": ({"path": "only.csv"}, "has no column besides 'label': must have inputs"),
    "text": ({"path": "text.csv"}, "column 'b' holds 'Berlin' in row 8: must be numbers"),
    "decimal commas": (
        {"path": "comma.csv"},
        "column 'b' holds '0,0' in row 1: must be numbers (with a point",
    ),
    "nan": ({"path": "nan.csv"}, "row 8"),
    "infinite": ({"path": "inf.csv"}, "row 8 has inf in column 'b': must be a finite number"),
    "beyond float32": ({"path": "huge.csv"}, "row 8 has 1e+300 in column 'b': must be a finite number"),
    "missing": ({"path": "gap.csv"}, "row 8 has no number in column 'b'"),
    "a label missing": ({"path": "unlabelled.csv"}, "row 8 has no value in 'label', its label"),
    "one class": ({"path": "alike.csv"}, "all labels are 'no': must be of at least two classes"),
    "classes of one": ({"path": "singles.csv"}, "leaves none to test on"),
    "a label only tested": (
        {"path": "good.csv", "test_path": "new.csv"},
        "'maybe' is not among the training",
    ),
    "labels of two kinds": ({"path": "good.csv", "test_path": "numbers.csv"}, "must be of one kind"),
    "other columns": ({"path": "good.csv", "test_path": "other.csv"}, "has no column 'b'"),
    "more columns": ({"path": "good.csv", "test_path": "more.csv"}, "has a column 'c'"),
    "no test file": (
        {"path": "good.csv", "test_path": "absent.csv"},
        "dataset.test_path = absent.csv: cannot",
    ),
    "tests of another kind": ({"path": "good.csv", "test_path": "good.npz"}, "must be of the kind of path"),
    "a cut archive": ({"path": "cut.csv.gz"}, "cannot read"),
    "not gzipped": ({"path": "plain.csv.gz"}, "Not a gzipped file"),
    "a share of 0": (
        {"path": "good.csv", "test_share": 0},
        "test_share = 0: must be a number between 0 and 1",
    ),
    "a share of 1": ({"path": "good.csv", "test_share": 1.0}, "test_share = 1.0: must be a number between"),
    "a negative share": ({"path": "good.csv", "test_share": -0.1}, "test_share = -0.1: must be a number"),
    "a share in percent": (
        {"path": "good.csv", "test_share": 20},
        "test_share = 20: must be a number between",
    ),
    "a share of nothing": ({"path": "good.csv", "test_share": 0.01}, "leaves none to test on"),
    "a share as text": ({"path": "good.csv", "test_share": "a fifth"}, "test_share = 'a fifth': must be"),
    "a split seed": ({"path": "good.csv", "split_seed": -1}, "split_seed = -1: must be an integer >= 0"),
    "a split seed as text": (
        {"path": "good.csv", "split_seed": "run"},
        "split_seed = 'run': must be an integer",
    ),
    "a scale": ({"path": "good.csv", "scale": "minmax"}, "scale = minmax: must be none or unit or standard"),
    "no scale": ({"path": "good.csv", "scale": None}, "scale = None: must be none or unit or standard"),
    "a train size": (
        {"path": "good.csv", "train_size": 17},
        "train_size = 17: must be an integer from 1 to 16",
    ),
    "a train size of 0": ({"path": "good.csv", "train_size": 0}, "train_size = 0: must be an integer >= 1"),
    "an unknown key": ({"path": "good.csv", "lable": "a"}, "dataset.lable: unknown key"),
    "no labels' file": ({"path": "x.npy"}, "label = null: must be the .npy file of the labels"),
    "a csv as labels' file": ({"path": "x.npy", "label": "good.csv"}, "must end in .npy, with path = x.npy"),
    "one labels' file": (
        {"path": "x.npy", "test_path": "x.npy", "label": "y.npy"},
        "must be two .npy files, to train and to test on",
    ),
    "an absent labels' file": ({"path": "x.npy", "label": "z.npy"}, "dataset.label = z.npy: cannot read"),
    "a pickle": ({"path": "pickled.npy", "label": "y.npy"}, "is not an array"),
    "Python objects": ({"path": "x.npy", "label": "objects.npy"}, "holds Python objects: must be numbers or"),
    "10^9 rows": ({"path": "far.npy", "label": "y.npy"}, "announces 32,000,000,000 bytes"),
    "a cut array": ({"path": "cut.npy", "label": "y.npy"}, "announces 640 bytes"),
    "inputs of text": ({"path": "text.npy", "label": "y.npy"}, "must be numbers"),
    "complex inputs": ({"path": "complex.npy", "label": "y.npy"}, "holds complex128: must be numbers"),
    "inputs in a row": ({"path": "flat.npy", "label": "y.npy"}, "shape (20,): must be (examples, features)"),
    "no examples": ({"path": "none.npy", "label": "y.npy"}, "shape (0, 4): must be (examples, features)"),
    "too few labels": ({"path": "x.npy", "label": "few.npy"}, "20 rows, dataset.label = few.npy 19 labels"),
    "one-hot labels": ({"path": "x.npy", "label": "onehot.npy"}, "y.argmax(axis=1)"),
    "a label that is nan": ({"path": "x.npy", "label": "nanlabel.npy"}, "row 2 has the label nan"),
    "dates": ({"path": "x.npy", "label": "dates.npy"}, "holds datetime64[D]: must be texts, numbers or boo"),
    "pickled labels": ({"path": "objects.npz"}, "y holds Python objects: must be numbers or texts"),
    "10^9 rows in an archive": ({"path": "far.npz"}, "x announces 32,000,000,000 bytes"),
    "half an archive": ({"path": "cut.npz"}, "cannot read"),
    "no archive": ({"path": "text.npz"}, "cannot read"),
    "other names": ({"path": "others.npz"}, "has no inputs: must be called x or X or data or images"),
    "no labels": ({"path": "lonely.npz"}, "has x but no y or labels or target"),
    "test inputs alone": ({"path": "half.npz"}, "has x_test but no y_test or labels_test or target_test"),
    "two inputs": ({"path": "double.npz"}, "has x and data: must have one of them"),
    "two training sets": ({"path": "mixed.npz"}, "has x and x_train: must have one of them to train on"),
    "nothing to train on": ({"path": "tests.npz"}, "has test examples only"),
    "bytes to test": ({"path": "bytes.npz"}, "holds uint8, the training examples hold float64"),
    "fewer inputs to test": ({"path": "narrow.npz"}, "has 3 features, the training examples have 4"),
    "an unseen class": ({"path": "unseen.npz"}, "2 is not among the training labels: must be 0 or 1"),
    "a label for an archive": ({"path": "good.npz", "label": "y"}, "label = y: must be null: an .npz has"),
    "tests twice": (
        {"path": "both.npz", "test_path": "good.npz"},
        "must be null: both.npz has test examples",
    ),
    "tests and more": (
        {"path": "good.npz", "test_path": "both.npz"},
        "must have test examples, and no others",
    ),
    "no parquet": ({"path": "table.parquet"}, "dataset.path = table.parquet: "),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    return folder


@pytest.mark.parametrize("case", CASES)
def test_bad_data_are_refused_in_one_line(case: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, told = CASES[case]
    monkeypatch.chdir(place)
    before = sorted(place.iterdir())
    (line,) = lines(CONFIG | {"dataset": {"_target_": "mlp.datasets.File", **settings}})
    assert told in line
    assert re.match(r"dataset\.\w+( = |: )", line)
    assert "\n" not in line
    assert len(line) < 400
    assert sorted(place.iterdir()) == before


def lines(config: dict[str, Any]) -> list[str]:
    """What the sweeper would say of a cell."""
    try:
        parts = Components.of(config)
        if found := list(parts.conflicts()):
            return found
        content_of(parts.dataset)
    except (ValueError, UserError) as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("case", ["a row too long", "10^9 rows in an archive", "a share in percent"])
def test_a_sweep_on_bad_data_ends_with_2_and_writes_nothing(case: str, place: Path) -> None:
    settings, told = CASES[case]
    before = sorted(place.iterdir())
    given = [f"dataset.{key}={value}" for key, value in settings.items()]
    done = subprocess.run(
        [sys.executable, "-m", "sweeps", "dataset=file", *given, "seed=0,1"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert not done.stdout
    assert line.startswith("error: dataset")
    assert told in line
    assert sorted(place.iterdir()) == before
