"""Every option and key with the comment that its YAML file gives it.

`python -m sweeps --help` shows it; `python -m sweeps.job.help_text` prints docs/reference/config.md.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from sweeps.cli.command import called
from sweeps.job.option_files import OptionFile

CONF = Path(__file__).parents[2] / "conf"
USAGE = """\
Train one network, or every one of a grid, and keep a record of each under runs/.

  python -m sweeps                                       one run with the defaults below
  python -m sweeps activation=gelu loss=hinge            one run
  python -m sweeps activation=relu,gelu optimizer.lr=0.1,0.01      2 x 2 runs
  python -m sweeps sweep=grid seed=0,1,2,3,4             a named grid, with five seeds

The same command again runs only what is missing. What it would do: hydra.sweeper.dry_run=true.
What it did: python -m sweeps.status DIR; the report: python -m reports DIR."""
PAGE = """\
# Configuration

<!-- made by `make docs` from the comments in conf/: change those -->

Whatever stands here can stand on the command line, `key=value`; a list of values with commas is a sweep.
A heading is a config group: `activation=gelu` takes the option, `activation.alpha=0.5` sets one of its keys.
`python -m sweeps --help` shows the same in the terminal, with the options of your own `--config-dir`.

`range(0.1,0.4,0.1)` is 0.1, 0.2, 0.3: its steps are counted, and its end is not in it. (Hydra's own adds
binary fractions up, and gives 0.30000000000000004 and 0.4 as well.) A sweep has at most 200,000 combinations.
"""
GROUPS = (
    "activation",
    "loss",
    "model",
    "init",
    "optimizer",
    "schedule",
    "dataset",
    "study",
    "sweep",
    "hydra/launcher",
)
SWEEPER = """\
  hydra.sweeper.retry=failed    what to run again: failed (all without a result), stale (results of
                                other code too), all, none
  hydra.sweeper.reuse=false     run here what another directory below the same runs/ has already
  hydra.sweeper.fresh=true      start anew; the old directory is moved aside
  hydra.sweeper.dry_run=true    show the plan, run nothing
  hydra.sweeper.workers=2       cells at once (by default one for each core)
  hydra.sweeper.timeout_s=600   end a cell that takes longer
  hydra.sweeper.max_attempts=3  how often a cell is started whose process dies
  hydra.sweeper.strategy=until_decided   add seeds only where a comparison is still open
  hydra.sweeper.strategy=longer training.epochs=10,50: each goes on from the next shorter one
  optimizer.lr=interval(1e-4,1) search: hydra.sweeper.trials=8 for each combination of what is swept
  hydra.sweeper.budget=30m      with a strategy: how long the command may take
  hydra.sweeper.max_seeds=20    with a strategy: seeds of a cell at most
  hydra.sweeper.claims=FILE     with until_decided: only where a claim of this file is still open
  hydra.sweep.dir=DIR           where the cells' directories go"""


def text(extra: Path | None = None) -> str:
    """Return the whole help, as wide as the terminal; `extra`: a config directory of the user's."""
    width = min(shutil.get_terminal_size().columns, 110)
    usage = USAGE
    for module in ("sweeps.status", "reports", "sweeps"):
        usage = usage.replace(f"python -m {module}", called(module))
    parts = [usage, "KEYS (key=value; a list of values, separated by commas, is a sweep)"]
    parts += ["\n".join(_entry(key, about, width) for key, about in keys())]
    for group in GROUPS:
        if options := [*options_of(group), *(options_of(group, extra) if extra else ())]:
            parts.append(f"{group}=…")
            parts.append("\n".join(_entry(name, about, width) for name, about in options))
    return "\n\n".join([*parts, "THE SWEEPER", SWEEPER])


def keys() -> Iterator[tuple[str, str]]:
    """Yield the keys of config.yaml that are no groups, with their values, and their comments."""
    yield from OptionFile(CONF / "config.yaml").entries()


def options_of(group: str, conf: Path = CONF) -> Iterator[tuple[str, str]]:
    """Yield each option of a group with its comment, and each parameter with its default and comment."""
    for path in sorted(path for path in (conf / group).glob("*.yaml") if path.is_file()):
        option = OptionFile(path, group)
        yield path.stem, option.about()
        if group not in ("sweep", "study", "hydra/launcher"):
            yield from ((f"  {key}", about) for key, about in option.entries())


def _entry(name: str, about: str, width: int) -> str:
    column = 34
    lines = textwrap.wrap(about, max(width - column, 30)) or [""]
    first = f"  {name}".ljust(column - 1)
    if len(first) >= column:
        first, lines = f"  {name}\n" + " " * (column - 1), lines
    rest = [" " * column + line for line in lines[1:]]
    return "\n".join([f"{first} {lines[0]}".rstrip(), *rest])


def markdown() -> str:
    """Return the config reference as a page."""
    parts = [PAGE, "## Keys\n", _table("key", "default", keys())]
    for group in GROUPS:
        if found := list(options_of(group)):
            parts += [f"## {group}\n", *_choices(found)]
    return "\n".join([*parts, "## The sweeper\n", f"```text\n{SWEEPER}\n```"]) + "\n"


def _choices(entries: list[tuple[str, str]]) -> Iterator[str]:
    """Yield each option of a group as a paragraph, with a table of its parameters."""
    starts = [i for i, (name, _) in enumerate(entries) if not name.startswith(" ")]
    for start, end in zip(starts, [*starts[1:], len(entries)], strict=True):
        (name, about), *parameters = entries[start:end]
        yield f"**`{name}`**: {about}\n"
        if parameters:
            yield _table("key", "default", parameters)


def _table(key: str, value: str, entries: Iterable[tuple[str, str]]) -> str:
    rows = [(*name.strip().split("=", 1), about) for name, about in entries]
    lines = [f"| `{left}` | `{right}` | {about} |".replace(" |  |", " | |") for left, right, about in rows]
    return "\n".join([f"| {key} | {value} | |", "|---|---|---|", *lines]) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
