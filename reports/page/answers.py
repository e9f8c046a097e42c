"""What the server answers beside the page: files of the sweep's directory, runs and findings as JSON."""

from pathlib import Path
from typing import Any

from markupsafe import escape

from reports.page.content import Content
from reports.page.view import digest, read
from sweeps.records.layout import CONFIG, HISTORY, OUTPUT, PLAN, REPORT, REPORT_DIR, cell_dirs, cell_id_of

RUN_FILES = (REPORT, HISTORY, CONFIG, OUTPUT)


def file_of(root: Path, path: str) -> Path | None:
    """Return the file of the sweep's directory that a path means; None if it means none, or leads out."""
    parts = path.strip("/").split("/")
    if any(part.startswith(".") or not part or "\\" in part or "\0" in part for part in parts):
        return None
    if parts[0] == "files":
        known = len(parts) == 3 and parts[2] in RUN_FILES and cell_id_of(parts[1]) is not None
        found = root / parts[1] / parts[2] if known else None
    else:
        found = root.joinpath(REPORT_DIR, *parts)
    if found is None or any(
        folder.is_symlink()
        for folder in (found, *found.parents)
        if folder.is_relative_to(root) and folder != root
    ):
        return None
    return found if found.is_file() and found.resolve().is_relative_to(root.resolve()) else None


def runs_json(content: Content) -> list[dict[str, Any]]:
    """Return every run: its settings, its state, its figures."""
    sweep, runs = content.sweep, content.sweep.runs
    return [
        {
            "id": runs.id[k],
            "folder": runs.folder[k],
            "status": runs.status[k],
            "seed": runs.seed[k],
            "problem": runs.problem[k],
            "settings": {
                f.name: f.levels[place]
                for f, place in zip(sweep.factors, sweep.cells.levels[runs.cell[k]].tolist(), strict=True)
            },
            "metrics": {name: float(values[k]) for name, values in runs.metrics.items()},
        }
        for k in range(len(runs.id))
    ]


def awaited(root: Path) -> str:
    """Return what there is to wait for, in a sentence: a sweep's plan, or that its runs are read."""
    if (root / PLAN).exists() or (root.is_dir() and cell_dirs(root)):
        return "The runs are being read: ask again in a few seconds."
    return "There is no sweep yet: the page appears as soon as it has written its plan."


def waiting(root: Path) -> str:
    """Return the page that waits for a sweep's directory, or until it has been read."""
    style = read("base.css")
    policy = f"default-src 'none'; img-src data:; style-src {digest(style)}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Waiting</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta http-equiv="refresh" content="2">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{style}</style></head>'
        f"<body><main><h1>Waiting for {escape(str(root))}</h1>"
        f"<p>{awaited(root)}</p></main></body></html>"
    )
