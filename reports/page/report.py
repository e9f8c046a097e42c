"""Everything that a report says, gathered before any of it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.effects import Effect
from reports.analysis.sweep import Analysis
from reports.findings.finding import Finding
from reports.runs.results import Results
from reports.sources.judged import Judged
from reports.tables.table import Table

if TYPE_CHECKING:
    from reports.plots import Plot


@dataclass(frozen=True)
class Report:
    """What the sweep shows, in words, tables and plots, and the claims that were judged."""

    results: Results
    findings: Sequence[Finding]
    analysis: Analysis
    tables: Mapping[str, Table]
    plots: "Sequence[Plot]"
    judged: Judged | None = None

    @property
    def rankings(self) -> Sequence[Effect]:
        """Every factor by every ranked metric."""
        return self.analysis.effects
