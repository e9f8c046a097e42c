"""A bundle read back: unpacked into a directory, every file held against the checksums that it brings."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping, Set
from pathlib import Path

from sweeps.records.errors import UserError
from sweeps.records.layout import CHECKSUMS, PLAN
from sweeps.records.untrusted import LARGEST

LARGEST_BUNDLE = 16 * 2**30  # bytes, unpacked


def unpacked(archive: Path, place: Path) -> Path:
    """Unpack a bundle below a directory and return the sweep's.

    Raises UserError if it is not as it was made: before anything is unpacked if its names say so already.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            folder, problem = contents_problem(file)
            if problem:
                raise UserError(f"{archive}: {problem}")
            file.extractall(place)
    except UserError:  # a ValueError, too
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{archive}: is no sound ZIP file: {error}") from error
    except OSError as error:
        raise UserError(f"{archive}: cannot be unpacked: {error.strerror}") from error
    if problem := checksums_problem(place / folder):
        raise UserError(f"{archive}: {problem}")
    return place / folder


def contents_problem(file: zipfile.ZipFile) -> tuple[str, str]:
    """Return the folder that a bundle has, and why it is none by names and sizes: empty if it may be one."""
    entries = [entry for entry in file.infolist() if not entry.is_dir()]
    if sum(entry.file_size for entry in entries) > LARGEST_BUNDLE:
        return "", f"is larger than {LARGEST_BUNDLE // 2**30} GB, unpacked"
    names = [entry.filename for entry in entries]
    ends = [name.removesuffix(f"/{CHECKSUMS}") for name in names if name.endswith(f"/{CHECKSUMS}")]
    roots = {
        end for end in ends if "/" not in end and end not in ("", ".", "..") and f"{end}/{PLAN}" in names
    }
    if len(roots) != 1:
        return "", f"is no bundle of a sweep: it has no folder with {PLAN} and {CHECKSUMS}"
    (folder,) = roots
    if len(set(names)) < len(names):
        return folder, f"{Counter(names).most_common(1)[0][0]} is there twice"
    sums = f"{folder}/{CHECKSUMS}"
    told = read_checksums(file.read(sums)) if file.getinfo(sums).file_size <= LARGEST else None
    if told is None:
        return folder, f"{CHECKSUMS} cannot be read"
    prefix = f"{folder}/"
    if outside := [name for name in names if not name.startswith(prefix)]:
        return folder, f"{outside[0]} is not in {CHECKSUMS}"
    return folder, names_problem(told, {name.removeprefix(prefix) for name in names} - {CHECKSUMS})


def checksums_problem(root: Path) -> str:
    """Return why the files below a directory are not those of its checksums; empty if all of them are."""
    told = read_checksums((root / CHECKSUMS).read_bytes())
    if told is None:
        return f"{CHECKSUMS} cannot be read"
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} - {CHECKSUMS}
    if problem := names_problem(told, there):
        return problem
    for name in sorted(told):
        with (root / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != told[name]:
                return f"{name} is not as it was: its SHA-256 is another than in {CHECKSUMS}"
    return ""


def read_checksums(content: bytes) -> Mapping[str, str] | None:
    """Return the SHA-256 of each file as a bundle says them; None if that cannot be read."""
    try:
        lines = content.decode().splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except ValueError:
        return None


def names_problem(told: Mapping[str, str], there: Set[str]) -> str:
    """Return which file is missing or one too many; empty if all those told, and no other, are there."""
    odd = min(told.keys() ^ there, default="")
    return odd and f"{odd} is {'missing' if odd in told else f'not in {CHECKSUMS}'}"
