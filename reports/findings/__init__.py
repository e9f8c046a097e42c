"""The findings in words: every sentence is written from the object that computed it."""

from reports.findings.finding import Finding
from reports.findings.report import findings

__all__ = ["Finding", "findings"]
