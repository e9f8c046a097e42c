"""The results of studies that are kept, as small tables, figures and pages, when their runs are gone."""
