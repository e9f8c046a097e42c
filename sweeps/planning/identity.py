"""The identity of a cell: its config in canonical form, the id made of that, and a readable name.

Two configs are the same cell if they say the same thing: key order, 0 or 0.0, 5e-4 or 0.0005, list or tuple
make no difference; 1 and true do. What cannot change the result is taken out first (`hydra.sweeper.ignore`).
A value that is only known inside a job (`${hydra:job.num}`, `${now:…}`) counts as its text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from hydra.core.utils import setup_globals
from omegaconf import DictConfig, OmegaConf

from sweeps.records.values import text, whole

JOB_RESOLVERS = ("hydra", "now")  # what their interpolations give differs from job to job
NAME_LENGTH = 120  # longest readable part of a directory name, in characters


@contextmanager
def job_values_as_text() -> Iterator[None]:
    """Let an interpolation that only a job can resolve give its own text within the body."""
    for name in JOB_RESOLVERS:
        OmegaConf.register_new_resolver(name, _text_of(name), replace=True)
    try:
        yield
    finally:
        setup_globals()


def _text_of(resolver: str) -> Any:
    return lambda *arguments: f"${{{resolver}:{','.join(map(str, arguments))}}}"


def resolve(task: DictConfig) -> dict[str, Any]:
    """Return a config in plain containers; call within `job_values_as_text`. Raises OmegaConf's errors."""
    plain = OmegaConf.to_container(task, resolve=True, throw_on_missing=True, enum_to_str=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def cell_id(config: Mapping[str, Any], ignore: Sequence[str] = ()) -> str:
    """Return 12 hex digits that depend on what the config says, without the dotted keys in `ignore`."""
    content = json.dumps(canonical(without(config, ignore)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def canonical(value: Any) -> Any:
    """Return the value in JSON's types, with one form for all values that say the same."""
    if isinstance(value, Mapping):
        return {_key(key): canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    if isinstance(value, float):
        return whole(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, PurePath):
        return str(value)
    return f"{type(value).__name__}:{value!r}"


def _key(key: Any) -> str:
    return key if isinstance(key, str) else f"{type(key).__name__}:{canonical(key)}"


def without(config: Mapping[str, Any], dotted: Sequence[str]) -> dict[str, Any]:
    """Return a copy of the nested mapping without the dotted keys; missing keys are ignored."""
    copy = dict(config)
    for path in dotted:
        head, _, rest = path.partition(".")
        if not rest:
            copy.pop(head, None)
        elif isinstance(copy.get(head), Mapping):
            copy[head] = without(copy[head], [rest])
    return copy


def select(config: Mapping[str, Any], dotted: str) -> Any:
    """Return the value under a dotted key. Raises KeyError if there is none."""
    value: Any = config
    for part in dotted.split("."):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        else:
            raise KeyError(dotted)
    return value


def has_key(config: Mapping[str, Any], dotted: str) -> bool:
    """Return whether a config has a dotted key."""
    try:
        select(config, dotted)
    except KeyError:
        return False
    return True


def directory_name(parts: Mapping[str, Any], choices: Mapping[str, Any], identity: str) -> str:
    """Return a name such as `relu-hinge-hidden=256x64-1a2b3c4d5e6f`, safe on every file system.

    `parts` maps dotted keys and config groups to values, in the order they are to be read. A value is
    written whole, or left out where there is no room for it.
    """
    last = [key.rpartition(".")[2] for key in parts]
    readable = ""
    for key, value in parts.items():
        label = key if last.count(key.rpartition(".")[2]) > 1 else key.rpartition(".")[2]
        word = text(value, "x") if key in choices else f"{label}={text(value, 'x')}"
        longer = re.sub(r"[^A-Za-z0-9._+=-]+", "_", f"{readable}-{word}").strip("._-")
        readable = longer if len(longer) <= NAME_LENGTH else readable
    return f"{readable or 'cell'}-{identity}"
