"""What an option's YAML file says for a reader: its comment, its keys with their values and comments.

The parser tells where keys and values stand, so a `#` in a text is no comment, and keys are those that Hydra
sees: quoted, nested, in braces, from anchors and merges. Comments themselves are read from the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

PACKAGE = re.compile(r"#\s*@package\s+(\S+)")
MERGE = "tag:yaml.org,2002:merge"
HYDRAS_OWN = ("defaults", "hydra")  # at the top of a file: no keys of the application
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class OptionFile:
    """A YAML file of one option, or the main config."""

    path: Path
    group: str = ""

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the file; what is no text is shown as such."""
        return self.path.read_text(encoding="utf-8", errors="replace").split("\n")

    @cached_property
    def root(self) -> yaml.Node | None:
        """The first document; None if there is none. Raises YAMLError."""
        return next(iter(yaml.compose_all("\n".join(self.lines), Loader=_LOADER)), None)

    def about(self) -> str:
        """Return the comment at the top of the file, or where it is no YAML."""
        try:
            end = len(self.lines) if self.root is None else self.root.start_mark.line
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            return f"(no YAML{f': line {mark.line + 1}' if mark else ''})"
        comments = (line.strip() for line in self.lines[:end])
        return " ".join(
            line.lstrip("#").strip()
            for line in comments
            if line.startswith("#") and not PACKAGE.match(line) and line.strip("# ")
        )

    def entries(self) -> Iterator[tuple[str, str]]:
        """Yield `key=value` and comment of each value, as the command line names the keys."""
        try:
            root = self.root
        except yaml.YAMLError:
            return
        if isinstance(root, yaml.MappingNode):
            yield from self._below(root, self.package, ())

    @property
    def package(self) -> str:
        """Where in the config the keys go: the group, unless the file's head names another package."""
        header = next((match for line in self.lines if (match := PACKAGE.match(line.strip()))), None)
        group = self.group.replace("/", ".")
        name = header[1] if header else "_group_"
        return "" if name == "_global_" else name.replace("_global_.", "").replace("_group_", group)

    def _below(
        self, node: yaml.MappingNode, prefix: str, above: tuple[yaml.Node, ...]
    ) -> Iterator[tuple[str, str]]:
        names = {key.value for key, _ in node.value}
        for key, value in node.value:
            if key.tag == MERGE:
                merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for other in merged:
                    inherited = (
                        [(k, v) for k, v in other.value if k.value not in names] if other not in above else []
                    )
                    part = yaml.MappingNode(other.tag, inherited, other.start_mark, other.end_mark)
                    yield from self._below(part, prefix, (*above, node, other))
            elif isinstance(key, yaml.ScalarNode) and key.value != "_target_":
                if not above and not prefix and key.value in HYDRAS_OWN:
                    continue
                name = f"{prefix}.{key.value}" if prefix else key.value
                if isinstance(value, yaml.MappingNode) and value.value and value not in above:
                    yield from self._below(value, name, (*above, node))
                else:
                    yield f"{name}={shown(value)}", self._comment(key, value)

    def _comment(self, key: yaml.Node, value: yaml.Node) -> str:
        """Return the comment behind a value, else the one above its key."""
        behind = self._behind(key, value)
        if behind.startswith("#"):
            return behind.lstrip("#").strip()
        first = self.root.start_mark.line if self.root else 0
        above: list[str] = []
        for line in reversed(self.lines[first : key.start_mark.line]):
            if not line.strip().startswith("#"):
                break
            above.insert(0, line.strip().lstrip("#").strip())
        return " ".join(above)

    def _behind(self, key: yaml.Node, value: yaml.Node) -> str:
        """Return what stands behind a value in its last line, or behind the braces that it is in."""
        if value.start_mark.line < key.start_mark.line:  # an alias: the value stands elsewhere
            rest = self.lines[key.end_mark.line][key.end_mark.column :]
            return re.sub(r"^\s*:\s*\*\S+", "", rest).strip()
        mark = value.end_mark
        if mark.column == 0 and mark.line > key.start_mark.line:  # of a block: already the next line
            return ""
        rest = self.lines[mark.line][mark.column :] if mark.line < len(self.lines) else ""
        in_braces = re.fullmatch(r"[^#'\"]*[}\]]\s*(#.*)?", rest)
        return (in_braces[1] or "" if in_braces else rest).strip()


def shown(node: yaml.Node, above: tuple[yaml.Node, ...] = ()) -> str:
    """Return a value in one line, as it would be typed; one that holds itself as …."""
    if node in above:
        return "…"
    inside = (*above, node)
    if isinstance(node, yaml.SequenceNode):
        return f"[{', '.join(shown(item, inside) for item in node.value)}]"
    if isinstance(node, yaml.MappingNode):
        pairs = (f"{shown(key, inside)}: {shown(value, inside)}" for key, value in node.value)
        return f"{{{', '.join(pairs)}}}"
    text = " ".join(str(node.value).split())
    quote = node.style if isinstance(node, yaml.ScalarNode) and node.style in ("'", '"') else ""
    return f"{quote}{text}{quote}" or "null"
