"""What a publication keeps of the looks at a study's seeds: its verdicts are those of its runs' report."""

import json
from pathlib import Path

from reports.analysis import looks as analysis
from reports.analysis.sequential import Ladder
from reports.claims.looks import ONE_LOOK, Looks
from sweeps.records.atomic import write_atomic
from sweeps.records.errors import UserError

LOOKS = "looks.json"


def write_looks(folder: Path, looks: Looks) -> None:
    """Keep the looks at each part whose plan has a history; without any there is no file."""
    parts = {
        part: {
            "seeds": list(own.order),
            "looks": list(own.steps.looks),
            "levels": list(own.steps.levels),
            "margin": own.margin,
        }
        for part, own in looks.parts.items()
    }
    (folder / LOOKS).unlink(missing_ok=True)
    if parts:
        write_atomic(folder / LOOKS, (json.dumps(parts, indent=1) + "\n").encode())


def read_looks(folder: Path) -> Looks:
    """Return the looks that are kept; where none are, the study was finished and is looked at once.

    Raises UserError for a file that cannot be believed.
    """
    path = folder / LOOKS
    if not path.exists():
        return ONE_LOOK
    try:
        parts = {
            part: analysis.Looks(
                tuple(own["seeds"]), Ladder(tuple(own["looks"]), tuple(own["levels"])), own["margin"]
            )
            for part, own in json.loads(path.read_bytes()).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged: {error}") from error
    return Looks(parts, finished=True)
