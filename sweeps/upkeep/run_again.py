"""Running cells again by their ids, as the command that does it: `hydra.sweeper.only`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from sweeps.cli.application import require_ours, starts
from sweeps.cli.command import called
from sweeps.execution.in_turn import Commands
from sweeps.planning.quoting import as_word
from sweeps.planning.settings import UNNAMED
from sweeps.records.plan import Plan
from sweeps.upkeep.chosen_runs import Sweep
from sweeps.view.explain import Case


def rerun(sweep: Sweep, cases: Sequence[Case], application: str | None) -> int:
    """Run exactly these cells again, with the overrides that are recorded; return the exit code.

    `application`: the command of another Hydra application, without overrides. None: this package's own;
    UserError if the sweep was not made by that, for nothing that a plan names is started.
    """
    overrides = overrides_for(sweep.root, cases, sweep.plan)
    if application is None:
        require_ours(sweep.root, sweep.plan, f", or type its command with {shlex.join(overrides)}")
    command = starts(application)
    typed = called("sweeps") if application is None else shlex.join(["python", *command])
    print(typed, shlex.join(overrides), flush=True)
    commands = Commands()
    with commands.listening():
        return commands.run([*command, *overrides], ours=application is None)


def overrides_for(root: Path, cases: Sequence[Case], plan: Plan | None) -> list[str]:
    """Return the arguments by which a sweep runs these cells again."""
    named = [f"hydra.sweeper.sweep={as_word(plan.sweep)}"] if plan and is_named(plan) else []
    ids = ",".join(as_word(case.id) for case in cases)
    return [f"hydra.sweep.dir={as_word(root)}", *named, f"hydra.sweeper.only=[{ids}]"]


def is_named(plan: Plan) -> bool:
    """Whether the sweep has its directory to itself."""
    return plan.sweep != UNNAMED
