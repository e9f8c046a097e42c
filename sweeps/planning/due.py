"""Which cells are due, and why: what a sweep does with the records that it finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sweeps.records.content import Content
from sweeps.records.errors import UserError
from sweeps.records.record import Record


class Retry(StrEnum):
    """What is run again."""

    FAILED = "failed"  # everything without a result: failed, interrupted, lost, damaged and missing cells
    STALE = "stale"  # that, and cells whose result was made by other code
    ALL = "all"  # every cell, results or not
    NONE = "none"  # only cells that were never started


@dataclass(frozen=True)
class Verdict:
    """Whether a cell is due and why.

    `why` is said of one cell and of many: "3 never run". `restart` says that what its directory holds is
    not continued, `superseded` that it is a result of other data, which is kept.
    """

    due: bool
    why: str
    restart: bool = False
    superseded: bool = False


def retry_mode(retry: str | None) -> Retry:
    """Return the mode of this name, `failed` by default. Raises UserError for an unknown one."""
    try:
        return Retry.FAILED if retry is None else Retry(str(retry).lower())
    except ValueError:
        raise UserError(f"hydra.sweeper.retry={retry}: must be one of {', '.join(Retry)}") from None


def is_stale(record: Record, code: str) -> bool:
    """Return whether the record was made by other code than the present."""
    return bool(code) and record.data.get("code") != code


def has_result(record: Record | None, content: Content | None) -> bool:
    """Return whether a cell has a result, and that of its planned data."""
    return record is not None and record.is_complete and (content is None or content.is_of(record.data))


def verdict(record: Record | None, code: str, retry: Retry, content: Content | None = None) -> Verdict:
    """Decide about one cell.

    `code` is the fingerprint of the present code, `content` that of the cell's data, if
    it is known.
    """
    if record is None or record.status == "missing":
        return Verdict(True, "never run")
    if record.status == "running":
        return Verdict(False, "being run by another process")
    if record.status == "damaged":
        return Verdict(retry is not Retry.NONE, f"{record.damaged} {record.problem}")
    stale = is_stale(record, code)
    other = content is not None and not content.is_of(record.data)
    if record.is_complete:
        if other and content is not None:
            of_other = f"{record.status}, but of other data than {content.name} holds now"
            return Verdict(retry is not Retry.NONE, of_other, restart=True, superseded=True)
        if retry is Retry.ALL:
            return Verdict(True, f"{record.status}, run again by retry=all", restart=True)
        if stale and retry is Retry.STALE:
            return Verdict(True, f"{record.status}, but made by other code", restart=True)
        return Verdict(False, record.status + (", made by other code" if stale else ""))
    why = "lost with the process" if record.status == "lost" else record.status
    return Verdict(retry is not Retry.NONE, why, restart=stale or other)
