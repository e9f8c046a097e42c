"""Atomic writing: a reader sees the old or the new content of a file, never half of it.

A file is written under a temporary name, flushed to disk and renamed. JSON is strict: what is no finite
number becomes null.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_DRAFT = re.compile(r"\..+-[0-9a-f]{8}\.tmp")


def plain(value: Any, where: str = "", nonfinite: list[str] | None = None) -> Any:
    """Return the value in JSON's types; append the dotted path of each non-finite number to `nonfinite`."""
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}", nonfinite) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}.{index}", nonfinite) for index, item in enumerate(value)]
    if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        if nonfinite is not None:
            nonfinite.append(where)
        return None
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, "tolist"):  # NumPy's arrays and scalars
        return plain(value.tolist(), where, nonfinite)
    return str(value)


def write_json(path: Path, data: object, *, durable: bool = True) -> None:
    """Write strict JSON atomically; half a character, which no file can hold, becomes a question mark."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomic(path, text.encode(errors="replace"), durable=durable)


def write_atomic(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file in one step; `durable`: safe from a power cut. Leaves nothing behind if it fails."""
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError):  # a full disk names no file, all else the draft
            error.filename = str(path)
        raise
    if durable:
        _sync_directory(path.parent)


def remove_drafts(folder: Path) -> None:
    """Remove what processes that were killed while they wrote have left of `write_atomic` in a folder."""
    for draft in folder.glob(".*.tmp"):
        if _DRAFT.fullmatch(draft.name):
            draft.unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(file: Path) -> Path:
    """Rename a file that cannot be believed to the first free `<name>.damaged-N`; returns the new path."""
    names = (file.with_name(f"{file.name}.damaged-{number}") for number in itertools.count(1))
    return file.rename(next(name for name in names if not name.exists()))
