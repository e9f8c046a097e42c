"""A bundle read back: unpacked into a directory, every file held against the checksums that it brings."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path

from sweeps.records.errors import UserError
from sweeps.records.layout import CHECKSUMS, PLAN

LARGEST_BUNDLE = 16 * 2**30  # bytes, unpacked


def unpacked(archive: Path, place: Path) -> Path:
    """Unpack a bundle below a directory and return the sweep's.

    Raises UserError if it is not as it was made.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            if sum(entry.file_size for entry in file.infolist()) > LARGEST_BUNDLE:
                raise UserError(f"{archive}: is larger than {LARGEST_BUNDLE // 2**30} GB, unpacked")
            file.extractall(place)
    except UserError:  # a ValueError, too
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{archive}: is no sound ZIP file: {error}") from error
    roots = [path for path in place.iterdir() if (path / PLAN).is_file() and (path / CHECKSUMS).is_file()]
    if len(roots) != 1:
        raise UserError(f"{archive}: is no bundle of a sweep: it has no folder with {PLAN} and {CHECKSUMS}")
    if problem := checksums_problem(roots[0]):
        raise UserError(f"{archive}: {problem}")
    return roots[0]


def checksums_problem(root: Path) -> str:
    """Return why the files below a directory are not those of its checksums; empty if all of them are."""
    try:
        lines = (root / CHECKSUMS).read_text(encoding="utf-8").splitlines()
        told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except ValueError:
        return f"{CHECKSUMS} cannot be read"
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} - {CHECKSUMS}
    if odd := sorted(told.keys() ^ there):
        return f"{odd[0]} is {'missing' if odd[0] in told else f'not in {CHECKSUMS}'}"
    for name in sorted(told):
        with (root / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != told[name]:
                return f"{name} is not as it was: its SHA-256 is another than in {CHECKSUMS}"
    return ""
