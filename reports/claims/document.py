"""YAML files as plain values that know on which line they stand."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from sweeps.records.errors import UserError
from sweeps.records.untrusted import read_file

MERGE = "tag:yaml.org,2002:merge"
MOST_VALUES = 1_000_000  # of a file, with what its aliases stand for


class Placed(dict[Any, Any]):
    """A mapping of a file, with the line on which each of its keys stands, and its own."""

    line: int
    lines: Mapping[str, int]


class OnceLoader(yaml.SafeLoader):
    """Reads YAML as plain values with their lines, and refuses a key that a mapping has twice."""

    def construct_placed(self, node: yaml.MappingNode) -> Iterator[Placed]:
        """Yield the mapping, empty at first, for it may link to itself."""
        placed = Placed()
        placed.line = node.start_mark.line + 1
        placed.lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
        yield placed
        placed.update(self.construct_mapping(node))

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping; ConstructorError if a key is no text, or there twice."""
        seen: set[object] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is no text", key.start_mark)
            if key.tag == MERGE:
                continue
            value = self.construct_object(key)
            if value in seen:  # 1, 1.0 and true are one key
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} is there twice", key.start_mark
                )
            seen.add(value)
        return super().construct_mapping(node, deep)


OnceLoader.add_constructor("tag:yaml.org,2002:map", OnceLoader.construct_placed)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; UserError, with the line if there is one, if it is none."""
    try:
        text = read_file(path.resolve())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        raise UserError(f"{path}: cannot be read as YAML ({error})") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str | bytes, source: str) -> dict[str, Any]:
    """Return the YAML mapping in a text that is from `source`; UserError, with the line, if it is none."""
    try:
        content = _content(OnceLoader(text))
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f":{error.problem_mark.line + 1}"
        raise UserError(f"{source}{line}: cannot be read as YAML ({error.problem})") from error
    except (
        ValueError,
        RuntimeError,
        yaml.YAMLError,
    ) as error:  # RuntimeError: nested too deeply, links in a circle
        raise UserError(f"{source}: cannot be read as YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise UserError(f"{source}: must be a mapping with a list of claims")
    return content


def _content(loader: OnceLoader) -> Any:
    """Return what a text says, once it is known that it does not say too much."""
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > MOST_VALUES:
            raise ValueError(f"its aliases stand for more than {MOST_VALUES:,} values")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Return how many values a node stands for, its aliases written out; ValueError for one within itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = None  # until it is known
        parts = chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    if (size := known[id(node)]) is None:
        raise ValueError(f"line {node.start_mark.line + 1}: an alias stands within what it stands for")
    return size


def place_of(entry: Any, problem: str) -> str:
    """Return ":" and the line of the key that a problem begins with, else of its claim; "" if unknown."""
    if not isinstance(entry, Placed):
        return ""
    tests = entry.get("tests")
    places = [entry, *(tests if isinstance(tests, list) else ())]
    key = problem.split(maxsplit=1)[0].rstrip(":").partition(".")[0]
    found = [place.lines[key] for place in places if isinstance(place, Placed) and key in place.lines]
    return f":{[*found, entry.line][0]}"
