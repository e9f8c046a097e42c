"""Reports: tables, rankings, plots and a page from run records alone."""
