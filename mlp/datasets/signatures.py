"""What a file is by its first bytes, whatever it is called."""

import zipfile
from typing import IO

from mlp.datasets.download import DatasetError

RENAME, UNPACK, EXPORT = "must end in {}", "must be unpacked first", "must be saved as csv"
SIGNATURES: dict[bytes, tuple[str, str, str]] = {  # what a file begins with: its kind, its ending, what to do
    b"\x1f\x8b": ("a gzip file", ".gz", RENAME.format(".csv.gz or .tsv.gz")),
    b"PAR1": ("a parquet file", ".parquet", RENAME.format(".parquet")),
    b"\x93NUMPY": ("an array of NumPy", ".npy", RENAME.format(".npy")),
    b"BZh": ("a bzip2 file", "", UNPACK),
    b"\xfd7zXZ\x00": ("an xz file", "", UNPACK),
    b"\x28\xb5\x2f\xfd": ("a zstd file", "", UNPACK),
    b"7z\xbc\xaf\x27\x1c": ("a 7z file", "", UNPACK),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an Excel workbook", "", EXPORT),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", "", EXPORT),
    b"SQLite format 3\x00": ("an SQLite database", "", EXPORT),
    b"%PDF-": ("a PDF", "", EXPORT),
}
ZIP = b"PK\x03\x04"


def require_ending(file: IO[bytes], name: str, where: str) -> None:
    """Raise DatasetError if an open file is of a known kind that does not have the name's ending.

    The file is left at its beginning.
    """
    start = file.read(16)
    kinds = (kind for sign, kind in SIGNATURES.items() if start.startswith(sign))
    found = _archive(file) if start.startswith(ZIP) else next(kinds, None)
    file.seek(0)
    if found is not None and not (found[1] and name.lower().endswith(found[1])):
        raise DatasetError(f"{where}: is {found[0]}: {found[2]}")


def _archive(file: IO[bytes]) -> tuple[str, str, str] | None:
    """Return what a ZIP archive is, by what it holds; None for one that is cut."""
    try:
        names = zipfile.ZipFile(file).namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if any(name.endswith(".npy") for name in names):
        return "an archive of NumPy's", ".npz", RENAME.format(".npz")
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook", "", EXPORT
    if "mimetype" in names:  # of OpenDocument
        return "an office document", "", EXPORT
    return "a ZIP archive", ".npz", UNPACK
