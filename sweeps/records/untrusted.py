"""Reading untrusted files: no link, pipe or device is opened, nothing huge is read."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from itertools import chain, compress
from pathlib import Path
from typing import Any

LARGEST = 64 * 2**20  # bytes
DEEPEST = 100  # lists and mappings within one another
_NODES = {dict, list}


def read_file(path: Path, largest: int = LARGEST) -> bytes:
    """Return a file's content. Raises ValueError, with the reason, if it is no plain file or too large."""
    state = path.lstat()
    if not stat.S_ISREG(state.st_mode):
        raise ValueError("is a link" if stat.S_ISLNK(state.st_mode) else "is no file")
    if state.st_size > largest:
        raise ValueError(f"is larger than {largest // 2**20} MB")
    return path.read_bytes()


def read_json(path: Path, largest: int = LARGEST) -> Any:
    """Return what a JSON file says. Raises ValueError as `read_file` does, and if it is no sound JSON."""
    content = read_file(path, largest)
    try:
        data = _DECODER.decode(content.decode(json.detect_encoding(content), "surrogatepass"))
        if b"\\ud" in content.lower():  # half a character, which could not be written anywhere
            json.dumps(data, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"is truncated or no JSON: {error}") from error
    if content.count(b"{") + content.count(b"[") > DEEPEST and _is_deep(data):
        raise ValueError("is nested too deeply")
    return data


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _finite(kind: type[float] | type[int]) -> Callable[[str], float]:
    """Return what reads a number of a kind, and refuses one that would be infinite as a float."""

    def read(text: str) -> float:
        if abs(number := kind(text)) > sys.float_info.max:
            raise ValueError(f"{text[:10]}… is too large a number")
        return number

    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping; ValueError for a key that it has twice, of which readers take one or the other."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:80]} is there twice")
    return mapping


_DECODER = json.JSONDecoder(
    parse_constant=_refuse,
    parse_float=_finite(float),
    parse_int=_finite(int),
    object_pairs_hook=_once,
)


def _is_deep(data: Any) -> bool:
    layer = [data]
    for _ in range(DEEPEST):
        inside = list(chain.from_iterable(node.values() if type(node) is dict else node for node in layer))
        layer = list(compress(inside, map(_NODES.__contains__, map(type, inside))))
        if not layer:
            return False
    return True


def printable(text: str) -> str:
    """Return the text without characters that could control a terminal; line ends stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)


def links_out(folder: Path) -> Path | None:
    """Return a link that leads out of a folder, the folder itself if it is one; None if there is none."""
    if folder.is_symlink():
        return folder
    inside = folder.resolve()
    links = (path for path in folder.rglob("*") if path.is_symlink())
    return next((link for link in links if not link.resolve().is_relative_to(inside)), None)
