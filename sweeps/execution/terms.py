"""What a command undertakes, so that the same command given elsewhere can be told from any other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path

from hydra_plugins.resumable import ResumableSweeperConf
from sweeps.planning.place import short
from sweeps.planning.settings import Settings
from sweeps.records.commands import Command, Terms
from sweeps.records.errors import UserError
from sweeps.records.plan import Plan
from sweeps.records.process import Owner

OF_EACH_MACHINE = ("workers", "start_method", "dry_run", "fresh")
IN_THE_CELLS = ("_target_", "params", "grids", "exclude", "name", "sweep")  # as far as they have an effect


def terms_of(plan: Plan, settings: Settings) -> Terms:
    """Return the terms of a command: its cells, their data, the code, and the settings that are not local."""
    kept = [field.name for field in fields(ResumableSweeperConf)]
    kept = [name for name in kept if name not in (*OF_EACH_MACHINE, *IN_THE_CELLS)]
    cells = hashlib.sha256()
    for cell in plan.cells:
        cells.update(json.dumps([cell.id, cell.name, cell.overrides]).encode(errors="replace"))
    data = [[content.name, content.sha256] for content in plan.contents]
    planned = {
        "the sweep's name": plan.sweep,
        "cells": cells.hexdigest(),
        "data": data,
        "code": plan.code,
        "what the claims file says": hashlib.sha256(settings.claims_text.encode()).hexdigest(),
    }
    return Terms(
        bool(settings.sweep), planned | {f"hydra.sweeper.{key}": getattr(settings, key) for key in kept}
    )


def in_use(root: Path, owner: Owner, other: Command | None = None, terms: Terms | None = None) -> UserError:
    """Return the mistake of a command that may not work in a directory, and what tells it from the other."""
    line = f"{short(root)} is in use by the sweep of {owner}"
    if other is not None and terms is not None:
        line += (
            f"; the same command would join it, this one differs in {', '.join(terms.differing(other.terms))}"
        )
    return UserError(line)
