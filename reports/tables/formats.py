"""Tables as CSV, Markdown and LaTeX: the same entries, byte for byte the same from the same records."""

import csv
import io
import textwrap
from functools import lru_cache
from itertools import groupby

from reports.tables.spreadsheet import text_cell
from reports.tables.table import Entry, Table, file_name

LONG = 40
TEXT_WIDTH = 345  # points: of LaTeX's article on A4, at its usual margins
SIZES = {"": 5.2, r"\small": 4.8, r"\footnotesize": 4.3, r"\scriptsize": 3.8, r"\tiny": 3.0}
"""Commands for letters, the largest first, and how wide a letter is in points (Computer Modern, the mean)."""
LINES = (60, 40, 28, 20, 16)  # letters in a line of a cell that are tried
LEAST = 10  # … and of the smallest letters
USUAL_GAP, GAP = 6, 3  # points on each side of a column
TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{char: "\\" + char for char in "&%$#_{}"},
        "~": r"$\sim$",
        "^": r"\textasciicircum{}",
        "|": r"\textbar{}",
        "±": r"$\pm$",
        "×": r"$\times$",
        ">": r"$>$",
        "<": r"$<$",
        "−": r"$-$",
        "–": "--",
        "…": r"\dots{}",
        **{char: f"{{{char}}}" for char in "[]*"},  # after a line's end, LaTeX would take these for options
    }
)
MARKDOWN = str.maketrans({char: "\\" + char for char in "\\`*_[]<>|~#&"})


def csv_text(table: Table) -> str:
    """Return the table as CSV; marks stand in columns of their own, so that figures stay figures."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    marked = table.marked
    writer.writerow([*map(text_cell, table.heads), *(["best", "may_be_best"] if marked else [])])
    for row in table.rows:
        marks = [marked_heads(table, row, mark) for mark in ("best", "near")] if marked else []
        writer.writerow([text_cell(text) for text in (*(entry.text for entry in row), *marks)])
    return buffer.getvalue()


def marked_heads(table: Table, row: tuple[Entry, ...], mark: str) -> str:
    """Return the heads of the columns in which a row carries a mark."""
    return "; ".join(head for head, entry in zip(table.heads, row, strict=True) if entry.mark == mark)


def markdown(table: Table) -> str:
    """Return the table as Markdown: the best in bold, those that may be the best in italics."""
    wrap = {"best": "**{}**", "near": "*{}*", "": "{}"}
    rows = [[wrap[entry.mark].format(markdown_escape(entry.text)) for entry in row] for row in table.rows]
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


def markdown_escape(text: str) -> str:
    """Return the text so that Markdown shows it as it is."""
    return one_line(text).translate(MARKDOWN)


def one_line(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split()) if "\n" in text else text


def latex(table: Table) -> str:
    """Return the table as LaTeX (booktabs; longtable where it is long), panels set apart."""
    columns = "l" * table.leading + ("r" if table.across else "l") * (len(table.heads) - table.leading)
    size, wide = size_of(table)
    head = [" & ".join(tex_lines(text, wide) for text in table.heads) + r" \\", r"\midrule"]
    caption = [
        rf"\caption{{{tex_escape(table.caption)}}}",
        rf"\label{{tab:{file_name(table.name).replace('_', '-')}}}",
    ]
    body = [r"\toprule", *head, *latex_body(table, wide), r"\bottomrule"]
    notes = [rf"{tex_escape(note)}\par" for note in (*table.notes, *mark_note(table, "bold", "italics"))]
    if len(table.rows) > LONG:
        caption[-1] += r" \\"
        lines = [rf"\begin{{longtable}}{{{columns}}}", *caption, *body, r"\end{longtable}"]
        lines = [rf"\begingroup{size}", *lines, r"\endgroup"] if size else lines
    else:
        tabular = [*([size] if size else []), rf"\begin{{tabular}}{{{columns}}}", *body, r"\end{tabular}"]
        lines = [r"\begin{table}[htbp]", r"\centering", *caption, *tabular]
        lines += [r"\par\smallskip\footnotesize\raggedright", *notes, r"\end{table}"]
        notes = []
    packages = "booktabs" + (", longtable" if len(table.rows) > LONG else "")
    return "\n".join([f"% needs the packages {packages}", *lines, *notes, ""])


def size_of(table: Table) -> tuple[str, int]:
    """Return the commands that make a table fit between the margins of an A4 page, and its longest line.

    The largest letters that fit are taken, with longer texts on several lines.
    """
    rows = [table.heads, *([entry.text for entry in row] for row in table.rows)]
    longest = [max(len(row[place]) for row in rows) for place in range(len(table.heads))]
    for name, letter in SIZES.items():
        gap = GAP if name else USUAL_GAP
        for wide in LINES:
            letters = sum(min(length, wide) for length in longest)
            if letters * letter + 2 * gap * len(longest) <= TEXT_WIDTH:
                return (rf"{name}\setlength{{\tabcolsep}}{{{gap}pt}}" if name else "", wide)
    return rf"{list(SIZES)[-1]}\setlength{{\tabcolsep}}{{1pt}}", LEAST


@lru_cache(maxsize=2**16)  # figures are in a grid and against each factor
def tex_lines(text: str, wide: int) -> str:
    """Return a text for a cell of a table, one that is longer than a line on several."""
    lines = textwrap.wrap(one_line(text), wide) if len(text) > wide else []
    if len(lines) < 2:
        return tex_escape(text)
    stacked = r"\\ ".join(map(tex_escape, lines))
    return rf"\shortstack[l]{{{stacked}}}"


def latex_body(table: Table, wide: int) -> list[str]:
    """Return the rows; each panel after the first is set apart."""
    wrap = {"best": r"\textbf{{{}}}", "near": r"\textit{{{}}}", "": "{}"}
    lines: list[str] = []
    for _, panel in groupby(table.rows, key=lambda row: [entry.text for entry in row[: table.group]]):
        lines += [r"\addlinespace"] if lines and table.group else []
        for number, row in enumerate(panel):
            texts = [wrap[entry.mark].format(tex_lines(entry.text, wide)) for entry in row]
            if number:
                texts[: table.group] = [""] * table.group
            lines.append(" & ".join(texts) + r" \\")
    return lines


def tex_escape(text: str) -> str:
    """Return the text so that LaTeX prints it as it is; what cannot be printed is left out."""
    line = one_line(text)
    known = line if line.isprintable() else "".join(char for char in line if char.isprintable())
    return known.translate(TEX)
