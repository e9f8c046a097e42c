"""Reports: tables, rankings, plots and a page from run records alone."""

from reports.runs.reader import load

__all__ = ["load"]
