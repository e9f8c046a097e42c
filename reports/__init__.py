"""Reports: tables, rankings, plots and a page from run records alone."""

from reports.collect import load

__all__ = ["load"]
