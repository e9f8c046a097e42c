"""Tables as CSV and Markdown (LaTeX: reports.tables.latex), byte for byte the same from the same records."""

from functools import lru_cache

from reports.tables.spreadsheet import csv_cell, csv_lines
from reports.tables.table import Entry, Table

MARKDOWN = str.maketrans({char: "\\" + char for char in "\\`*_[]<>|~#&"})


def csv_text(table: Table) -> str:
    """Return the table as CSV; marks stand in columns of their own, so that figures stay figures."""
    texts = [[*table.heads], *([entry.text for entry in row] for row in table.rows)]
    if table.marked:
        texts[0] += ["best", "may_be_best"]
        for line, row in zip(texts[1:], table.rows, strict=True):
            line += marked_heads(table, row)
    return csv_lines([*map(csv_cell, line)] for line in texts)


def marked_heads(table: Table, row: tuple[Entry, ...]) -> list[str]:
    """Return the heads of the columns in which a row carries the mark of the best, and of the near best."""
    marked = [(head, entry.mark) for head, entry in zip(table.heads, row, strict=True) if entry.mark]
    return ["; ".join(head for head, own in marked if own == mark) for mark in ("best", "near")]


def markdown(table: Table) -> str:
    """Return the table as Markdown: the best in bold, those that may be the best in italics."""
    wrap = {"best": "**{}**", "near": "*{}*"}
    rows = [
        [
            wrap[mark].format(markdown_escape(text)) if mark else markdown_escape(text)
            for text, mark, *_ in row
        ]
        for row in table.rows
    ]
    heads = [markdown_escape(head) for head in table.heads]
    align = [":--"] * table.leading + ["--:" if table.across else ":--"] * (len(heads) - table.leading)
    body = [f"| {' | '.join(line)} |" for line in (heads, align, *rows)]
    notes = [markdown_escape(note) for note in (*table.notes, *mark_note(table, "bold", "italics"))]
    about = [f"{markdown_escape(table.about)}\n"] if table.about else []
    return "\n".join(
        [f"# {markdown_escape(table.title)}", "", *about, *body, "", *(f"{note}\n" for note in notes)]
    )


def mark_note(table: Table, best: str, near: str) -> list[str]:
    """Return how the marks look in this format."""
    marks = {entry.mark for row in table.rows for entry in row}
    shown = [
        f"{best}: best" if "best" in marks else "",
        f"{near}: may be the best" if "near" in marks else "",
    ]
    return ["; ".join(filter(None, shown)).capitalize() + "."] if any(shown) else []


@lru_cache(maxsize=2**16)  # figures are in a grid and against each factor
def markdown_escape(text: str) -> str:
    """Return the text so that Markdown shows it as it is."""
    return one_line(text).translate(MARKDOWN)


def one_line(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split()) if "\n" in text else text
