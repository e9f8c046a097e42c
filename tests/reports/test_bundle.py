"""`python -m reports bundle`: the same to the byte when made twice, whole, checked when it is read back."""

import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.__main__ import main
from sweeps.records.archive import unpacked
from sweeps.records.errors import UserError
from sweeps.records.record import load_records
from tests.support import synthetic

SEEDS = 2
CELLS = synthetic.grid({"loss": ["mse", "hinge"]}, seeds=range(SEEDS), epochs=3)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = synthetic.write_sweep(tmp_path_factory.mktemp("made") / "losses", CELLS)
    (root / "notes.md").write_text("a note\n")
    (root / "excluded.json").write_text("{}\n")
    (root / "secret.txt").write_text("not of the sweep\n")
    for folder in (path.parent for path in root.glob("*/report.json")):
        (folder / "weights.npz").write_bytes(b"large")
    return root


@pytest.fixture(scope="module")
def made(sweep: Path) -> Path:
    assert main(["bundle", str(sweep), "--to", str(sweep.parent / "first.zip")]) == 0
    return sweep.parent / "first.zip"


def rewritten(source: Path, to: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The archive with other contents; None leaves a file out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            if (content := change(name, old.read(name))) is not None:
                new.writestr(name, content)
    return to


def test_made_twice_it_is_the_same_to_the_byte(made: Path, sweep: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(sweep, tmp_path / "elsewhere" / sweep.name))
    assert main(["bundle", str(elsewhere), "--to", str(tmp_path / "another-name.zip")]) == 0
    assert (tmp_path / "another-name.zip").read_bytes() == made.read_bytes()


def test_it_holds_the_records_the_page_and_how_to_check_them(made: Path, sweep: Path, tmp_path: Path) -> None:
    root = unpacked(made, tmp_path)
    assert root.name == sweep.name
    assert (root / "sweep.json").read_bytes() == (sweep / "sweep.json").read_bytes()
    assert [record.data for record in load_records(root).values()] == [
        record.data for record in load_records(sweep).values()
    ]
    assert len(load_records(root)) == len(CELLS)
    assert json.loads((root / "report" / "findings.json").read_text())
    assert "<html" in (root / "report" / "index.html").read_text()
    assert (root / "notes.md").read_text() == "a note\n"
    assert (root / "excluded.json").read_text() == "{}\n"
    assert not list(root.rglob("weights.npz"))
    assert not (root / "secret.txt").exists()
    text = (root / "README.md").read_text()
    assert f"{len(CELLS)} runs with a result of {len(CELLS)} planned" in text
    (digest,) = {record.data["provenance"]["dataset_sha256"] for record in load_records(root).values()}
    assert f"- mnist: {digest}" in text


def test_its_checksums_are_those_that_other_tools_check(made: Path, tmp_path: Path) -> None:
    root = unpacked(made, tmp_path)
    done = subprocess.run(["sha256sum", "--strict", "--check", "SHA256SUMS"], cwd=root, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert main([str(root), "--no-plots"]) == 0


def longer(name: str, content: bytes) -> bytes | None:
    return content + b" " if name.endswith("history.csv") else content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (longer, "history.csv is not as it was: its SHA-256 is another than in SHA256SUMS"),
        (lambda name, content: None if name.endswith("notes.md") else content, "notes.md is missing"),
        (lambda name, content: None if name.endswith("SHA256SUMS") else content, "it has no folder with"),
        (
            lambda name, content: b"\xff" if name.endswith("SHA256SUMS") else content,
            "SHA256SUMS cannot be read",
        ),
    ],
)
def test_what_was_changed_on_the_way_is_refused(
    made: Path, tmp_path: Path, change: Callable[[str, bytes], bytes | None], said: str
) -> None:
    other = rewritten(made, tmp_path / "other.zip", change)
    with pytest.raises(UserError, match=said):
        unpacked(other, tmp_path / "place")


@pytest.mark.parametrize(
    "name",
    [
        "losses/more.txt",
        "../../outside.txt",
        "/outside.txt",
        "outside.txt",
        "losses/../../outside.txt",
        "losses\\..\\outside.txt",
        f"losses/{'n' * 300}",
        "losses/sweep.json/more.txt",
        "other/SHA256SUMS",
        "sweep.json",  # as one in the folder is called
        "SHA256SUMS",
    ],
)
def test_a_file_more_is_refused_before_anything_is_unpacked(made: Path, tmp_path: Path, name: str) -> None:
    """A file beside the sweep's folder was taken for nothing; and all was unpacked before it was refused."""
    other = Path(shutil.copy(made, tmp_path / "other.zip"))
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr(name, "more")
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(UserError, match=f"{re.escape(name.removeprefix('losses/'))} is not in SHA256SUMS"):
        unpacked(other, tmp_path / "a" / "b")
    assert not list((tmp_path / "a" / "b").iterdir())
    assert not list(tmp_path.rglob("outside.txt"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(made: Path, tmp_path: Path) -> None:
    """Of two files of a name one program reads the first, another the last."""
    other = Path(shutil.copy(made, tmp_path / "other.zip"))
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("losses/sweep.json", archive.read("losses/sweep.json"))
    with pytest.raises(UserError, match=r"losses/sweep\.json is there twice"):
        unpacked(other, tmp_path / "place")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 torn"])
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.zip").write_bytes(content)
    with pytest.raises(UserError, match="is no sound ZIP file"):
        unpacked(tmp_path / "file.zip", tmp_path / "place")


def test_a_torn_archive_is_told(made: Path, tmp_path: Path) -> None:
    content = bytearray(made.read_bytes())
    content[2000:2100] = bytes(100)
    (tmp_path / "torn.zip").write_bytes(content)
    with pytest.raises(UserError, match="is no sound ZIP file"):
        unpacked(tmp_path / "torn.zip", tmp_path / "place")


@pytest.mark.parametrize(
    ("to", "said"),
    [("results.tar", "must be the name of a .zip file"), ("nowhere/results.zip", "there is no directory")],
)
def test_where_it_cannot_be_written(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], to: str, said: str
) -> None:
    assert main(["bundle", str(sweep), "--to", str(tmp_path / to)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: --to {tmp_path / to}: {said}")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_unfinished_sweep_is_bundled_and_says_so(tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path / "losses", CELLS)
    shutil.rmtree(next(root.glob("*/report.json")).parent)
    assert main(["bundle", str(root), "--to", str(tmp_path / "part.zip")]) == 1
    text = (unpacked(tmp_path / "part.zip", tmp_path / "place") / "README.md").read_text()
    assert f"{len(CELLS) - 1} runs with a result of {len(CELLS)} planned" in text
