"""One packed block with all runs: columns of 16-bit codes (or of numbers) and a JSON head, gzip, base64.

    base64(gzip(length of the head, 4 bytes, little-endian ‖ head as JSON ‖ columns one after another))

The head's `columns` say how each is read: `int` as it is, `lin` as low + step · code, `log` as
exp(low + step · code); code 65535 is a missing number. `float` is numbers as they are (64 bits), where a code
would change one of them by more than a ten-thousandth: tiny ones beside huge ones. The lowest bytes of a
column (`bytes` of them a number) stand before the higher ones, and neighbours of a curve are stored as
differences (modulo 65536): both compress better.
"""

import base64
import gzip
import json
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MISSING = 65535
LARGEST = 2**32 - 1
CODES = 65534  # the largest code of a number
LOSS = 1e-4  # of a number, by its code: none of the digits that are shown
WIDE = 1000.0  # positive numbers that span more than this are stored as logarithms
GRAINS = (1.0, 0.5, 0.1, 0.01, 0.001, 1e-4, 5e-5, 1 / 60000)  # steps tried for an exact column
Codes = NDArray[np.uint16]


class Packer:
    """Gathers columns and writes them as one block."""

    def __init__(self) -> None:
        self.columns: dict[str, dict[str, Any]] = {}
        self._parts: list[bytes] = []
        self._size = 0

    def integers(self, name: str, values: ArrayLike) -> None:
        """Add a column of integers from 0 to 4,294,967,295. Raises ValueError for others."""
        whole = np.asarray(values, dtype=np.int64).ravel()
        highest = int(whole.max(initial=0))
        if len(whole) and (whole.min() < 0 or highest > LARGEST):
            raise ValueError(f"{name}: needs integers from 0 to {LARGEST}")
        self._add(name, whole.astype("<u4" if highest > MISSING else "<u2"), {"kind": "int"})

    def numbers(self, name: str, values: ArrayLike, *, along: bool = False, codes: int = CODES) -> None:
        """Add a column of numbers, those that are not finite as missing.

        `along`: neighbours of a curve, which is only drawn; `codes`: the number of steps from the lowest to
        the highest. Other numbers are read, too: where codes would change one of them, they stay as they are.
        """
        numbers = np.asarray(values, dtype=np.float64).ravel()
        coded, rule = quantise(numbers, codes)
        if not along and not close(numbers, coded, rule):
            known = np.where(np.isfinite(numbers), numbers, np.nan)
            self._add(name, known.astype("<f8").view("<u8"), {"kind": "float"})
            return
        if along:
            coded, rule = np.diff(coded, prepend=coded.dtype.type(0)), rule | {"delta": True}
        self._add(name, coded, rule)

    def _add(self, name: str, codes: NDArray[np.unsignedinteger[Any]], rule: dict[str, Any]) -> None:
        width = codes.dtype.itemsize
        self.columns[name] = rule | {"at": self._size, "n": len(codes), "bytes": width}
        planes = codes.view(np.uint8).reshape(-1, width).T
        self._parts.append(np.ascontiguousarray(planes).tobytes())
        self._size += width * len(codes)

    def packed(self, **head: Any) -> str:
        """Return the block, with these entries in its head."""
        text = json.dumps(head | {"columns": self.columns}, ensure_ascii=False, allow_nan=False)
        encoded = text.encode(errors="replace")
        content = b"".join([len(encoded).to_bytes(4, "little"), encoded, *self._parts])
        return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def quantise(values: NDArray[np.float64], most: int = CODES) -> tuple[Codes, dict[str, Any]]:
    """Return numbers as codes, and the rule that gives them back: exact where a common grain allows it."""
    finite = np.isfinite(values)
    known = values[finite]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    kind = "log" if low > 0 and high > WIDE * low else "lin"
    if kind == "log":
        known = np.log(known)
        low, high = float(known.min()), float(known.max())
    span = high / most - low / most  # of the largest floats no difference can be taken
    step = (grain_of(known, low, high, most) if kind == "lin" else 0.0) or span or 1.0
    codes = np.full(len(values), MISSING, dtype="<u2")
    codes[finite] = np.clip(np.rint(known / step - low / step), 0, CODES).astype("<u2")
    return codes, {"kind": kind, "low": low, "step": step}


def close(values: NDArray[np.float64], codes: Codes, rule: dict[str, Any]) -> bool:
    """Whether codes give every number back but for a share of itself that is not shown."""
    finite = np.isfinite(values)
    known, back = values[finite], rule["low"] + rule["step"] * codes[finite].astype(np.float64)
    back = np.exp(back) if rule["kind"] == "log" else back
    changed = np.abs(back / 2 - known / 2)  # of the largest floats no difference can be taken
    return bool((changed <= LOSS * np.abs(known / 2)).all())


def grain_of(known: NDArray[np.float64], low: float, high: float, most: int = CODES) -> float:
    """Return the largest of GRAINS that all numbers are multiples of above the lowest; 0 if none is."""
    for grain in GRAINS:
        if 0 < high - low < grain:
            continue  # else all differences would be taken for 0
        if high / grain - low / grain > most:
            return 0.0
        places = (known - low) / grain
        if np.all(np.abs(places - np.rint(places)) < 1e-6):
            return grain
    return 0.0
