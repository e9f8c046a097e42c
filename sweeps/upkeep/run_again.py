"""Running cells again by their ids, as the command that does it: `hydra.sweeper.only`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from sweeps.execution.in_turn import Commands
from sweeps.planning.quoting import quoted
from sweeps.planning.settings import UNNAMED
from sweeps.records.errors import UserError
from sweeps.records.plan import Plan
from sweeps.upkeep.chosen_runs import Sweep
from sweeps.view.explain import Case

OURS = ("sweeps/__main__.py", "mlp-sweep")  # how a recorded command of this package's application ends


def rerun(sweep: Sweep, cases: Sequence[Case], application: str | None) -> int:
    """Run exactly these cells again, with the overrides that are recorded; return the exit code.

    `application`: the command of another Hydra application, without overrides. None: this package's own;
    UserError if the sweep was not made by that, for nothing that a plan names is started.
    """
    overrides = overrides_for(sweep.root, cases, sweep.plan)
    if application is None:
        require_ours(sweep, overrides)
    command = ["-m", "sweeps"] if application is None else started_by(application)
    print(shlex.join(["python", *command, *overrides]), flush=True)
    commands = Commands()
    with commands.listening():
        return commands.run([*command, *overrides], ours=application is None)


def started_by(application: str) -> list[str]:
    """Return what follows `python` in a command. Raises UserError for a command that is not Python's."""
    try:
        python, *command = shlex.split(application)
    except ValueError as error:
        raise UserError(f"--application {application}: must be a command ({error})") from error
    if not Path(python).name.startswith("python") or not command:
        raise UserError(f"--application {application}: must be python and what it runs, 'python my_app.py'")
    return command


def overrides_for(root: Path, cases: Sequence[Case], plan: Plan | None) -> list[str]:
    """Return the arguments by which a sweep runs these cells again."""
    named = [f"hydra.sweeper.sweep={as_text(plan.sweep)}"] if plan and is_named(plan) else []
    ids = ",".join(as_text(case.id) for case in cases)
    return [f"hydra.sweep.dir={as_text(root)}", *named, f"hydra.sweeper.only=[{ids}]"]


def as_text(value: object) -> str:
    """Return what Hydra's command line takes for this text: in quotes unless it is a plain word there."""
    plain = re.fullmatch(r"[A-Za-z_./][\w./-]*|[0-9]+[a-df-z][\w./-]*", str(value))
    words = ("null", "true", "false", "nan", "inf")
    return str(value) if plain and str(value).lower() not in words else quoted(value)


def is_named(plan: Plan) -> bool:
    """Whether the sweep has its directory to itself."""
    return plan.sweep != UNNAMED


def require_ours(sweep: Sweep, overrides: Sequence[str]) -> None:
    """Raise UserError if another application has made the sweep."""
    made_by = sweep.plan.command[:1] if sweep.plan else []
    if made_by and not made_by[0].replace("\\", "/").endswith(OURS):
        raise UserError(
            f"{sweep.root} was made by {made_by[0]}: say how it is started, --application "
            f"'python {Path(made_by[0]).name}', or type its command with {shlex.join(overrides)}"
        )
