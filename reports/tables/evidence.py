"""Names that moved to rooms of their own; for those who import them from here still."""

from reports.tables.number_formats import p_text, show_contrast, show_signed
from reports.tables.rankings import rankings_table

__all__ = ["p_text", "rankings_table", "show_contrast", "show_signed"]
