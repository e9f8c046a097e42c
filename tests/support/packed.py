"""The page's data block, read as the page does."""

import base64
import gzip
import json
from typing import Any

import numpy as np

from reports.page.packed import MISSING


def unpacked(block: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a block as the page does."""
    content = gzip.decompress(base64.b64decode(block))
    size = int.from_bytes(content[:4], "little")
    head = json.loads(content[4 : 4 + size])
    return head, {name: column(content[4 + size :], rule) for name, rule in head["columns"].items()}


def column(content: bytes, rule: dict[str, Any]) -> np.ndarray:
    planes = np.frombuffer(content, np.uint8, rule["n"] * rule["bytes"], rule["at"]).reshape(
        rule["bytes"], -1
    )
    if rule["kind"] == "float":
        return np.ascontiguousarray(planes.T).view("<f8").ravel()
    values = sum(plane.astype(np.float64) * 256**k for k, plane in enumerate(planes))
    values = np.asarray(values)
    if rule.get("delta"):
        values = np.cumsum(values) % 65536
    if rule["kind"] == "int":
        return values
    numbers = rule["low"] + rule["step"] * np.where(values == MISSING, np.nan, values)
    return np.asarray(np.exp(numbers) if rule["kind"] == "log" else numbers)
