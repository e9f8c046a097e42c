"""A command of the tiny application killed at many moments, and what must be the same in the end."""

import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.tiny.driver import Tiny


def decided(tiny: Tiny, root: Path | None = None) -> Any:
    """What a plan says that does not depend on when it was made."""
    plan = tiny.plan(root)
    steps = [(step["why"], step["cells"]) for step in plan["strategy"]["steps"]]
    cells = [(cell["id"], cell["overrides"]) for cell in plan["cells"]]
    return cells, steps, plan["strategy"]["end"], plan["swept"]


def results(tiny: Tiny) -> dict[str, Any]:
    """What the runs left on disk, to the last bit."""
    return {
        record.cell_id: (record.data["final"], (record.path / "history.csv").read_bytes())
        for record in tiny.records()
    }


def killed(tiny: Tiny, command: Iterable[str], moments: Iterable[float]) -> int:
    """Kill the same command so often, each time so long after its start, and then let it end.

    Return how many of the kills found it at work.
    """
    hit = 0
    for moment in moments:
        sweep = tiny.start(*command, process_group=0)
        time.sleep(moment)
        sweep.send_signal(signal.SIGKILL)
        sweep.communicate(timeout=20)
        hit += sweep.returncode == -signal.SIGKILL
    tiny.run(*command)
    return hit
