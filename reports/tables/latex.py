"""Tables as LaTeX: the largest letters that fit on an A4 page between its margins, long texts in lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from reports.tables.formats import mark_note, one_line
from reports.tables.table import Table, file_name

LONG = 30  # lines of a table; with more it may break between pages
TEXT_WIDTH, PAGE_WIDTH = 345.0, 540.0  # points, A4: of article's text, and between narrow margins
SIZES = {"": 1.0, r"\small": 0.93, r"\footnotesize": 0.86, r"\scriptsize": 0.81, r"\tiny": 0.69}
"""Commands for letters, the largest first, and how wide those are beside letters of 10 points."""
LETTER, BOLD = 5.1, 1.16  # points of a letter of Computer Modern, 10 points; how much wider bold ones are
CAPITAL = 7.2
SHORT = 24  # letters of a text that stays on one line where letters are large enough to be read
MOST_LINES = 4  # of a cell: smaller letters are taken before there are more
LEAST = 45.0  # points of a column; what would have less goes beyond the margins
USUAL_GAP, GAP = 6, 3  # points on each side of a column
MARKED = {"best": r"\textbf{{{}}}", "near": r"\textit{{{}}}"}
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau "
    "upsilon phi chi psi omega"
)  # in the order of their code points
TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{char: "\\" + char for char in "&%$#_{}"},
        "~": r"$\sim$",
        "^": r"\textasciicircum{}",
        "|": r"\textbar{}",
        "±": r"$\pm$",
        "×": r"$\times$",
        "·": r"$\cdot$",
        ">": r"$>$",
        "<": r"$<$",
        "−": r"$-$",
        "≈": r"$\approx$",
        "≤": r"$\le$",
        "≥": r"$\ge$",
        "∞": r"$\infty$",
        "†": r"$\dagger$",
        "–": "--",
        "…": r"\dots{}",
        "“": "``",
        "”": "''",
        **{chr(0x3B1 + place): rf"$\{name}$" for place, name in enumerate(GREEK.split()) if len(name) > 1},
        **{char: f"{{{char}}}" for char in "[]*"},  # after a line's end, LaTeX would take these for options
    }
)


class Widths(dict[str, float]):
    """How wide each letter is; worked out of a letter when it first comes."""

    def __missing__(self, char: str) -> float:
        return self.setdefault(char, CAPITAL if char.isupper() else LETTER)


WIDTHS = Widths(dict.fromkeys("ijlftI.,:;'|!()[] ", 3.4) | dict.fromkeys("mwMW±×><−≈≤≥∞=+%&@", 8.2))


@dataclass(frozen=True)
class Fit:
    """How a table fits: commands for its letters, the most points (of 10 point letters) of a column."""

    commands: str
    most: float
    beyond: bool = False


def latex(table: Table) -> str:
    """Return the table as LaTeX (booktabs; longtable where it is long), panels set apart."""
    columns = "l" * table.leading + ("r" if table.across else "l") * (len(table.heads) - table.leading)
    fit = fit_of(table)
    head = [r"\toprule", " & ".join(tex_lines(text, fit.most) for text in table.heads) + r" \\", r"\midrule"]
    caption = [
        rf"\caption{{{tex_escape(table.caption)}}}",
        rf"\label{{tab:{file_name(table.name).replace('_', '-')}}}",
    ]
    body = [*latex_body(table, fit.most), r"\bottomrule"]
    notes = [rf"{tex_escape(note)}\par" for note in (*table.notes, *mark_note(table, "bold", "italics"))]
    if long := len(table.rows) > LONG or height(table, fit.most) > LONG:
        lines = [*beyond(fit, columns, long), *caption[:1], rf"{caption[1]} \\"]
        lines += [
            *head,
            r"\endfirsthead",
            *head,
            r"\endhead",
            *body,
            r"\end{longtable}",
            r"\endgroup",
            *notes,
        ]
    else:
        lines = [r"\begin{table}[htbp]", r"\centering", *caption, *beyond(fit, columns, long), *head, *body]
        lines += [r"\end{tabular}" + "}" * fit.beyond, r"\par\smallskip\footnotesize\raggedright", *notes]
        lines += [r"\end{table}"]
    packages = "booktabs" + (", longtable" if long else "")
    return "\n".join([f"% needs the packages {packages}{strange(lines)}", *lines, ""])


def beyond(fit: Fit, columns: str, long: bool) -> list[str]:
    """Return how the table begins: its letters, and the page as its width if the text's is too little."""
    sizes = [fit.commands] if fit.commands else []
    if not long:
        box = r"\makebox[\textwidth][c]{" if fit.beyond else ""
        return [*sizes, rf"{box}\begin{{tabular}}{{{columns}}}"]
    edge = rf"{{\dimexpr(\textwidth-{PAGE_WIDTH:g}pt)/2}}"
    wide = [rf"\setlength{{\LTleft}}{edge}\setlength{{\LTright}}{edge}"] if fit.beyond else []
    return [r"\begingroup", *sizes, *wide, rf"\begin{{longtable}}{{{columns}}}"]


def strange(lines: Sequence[str]) -> str:
    """Return what a table needs besides packages: an engine that knows letters which pdfLaTeX does not."""
    letters = "".join(line for line in lines if not line.isascii())
    return "; LuaLaTeX or XeLaTeX" if max(letters, default="") > "\u017f" else ""


def fit_of(table: Table) -> Fit:
    """Return how a table fits between the margins; one that cannot, on the page.

    The largest letters are taken with which no short text and no word has to be broken, and no cell has more
    than MOST_LINES lines; else the smallest.
    """
    natural = natural_widths(table)
    short = min(unbroken(table), max(natural))
    for name, scale in SIZES.items():
        gap = GAP if name else USUAL_GAP
        most = widest((TEXT_WIDTH - 2 * gap * len(natural)) / scale, natural)
        if most >= short and max(natural) <= MOST_LINES * most:
            return Fit(rf"{name}\setlength{{\tabcolsep}}{{{gap}pt}}" if name else "", most)
    last, scale = list(SIZES.items())[-1]
    most = widest((TEXT_WIDTH - 4 * len(natural)) / scale, natural)
    outside = most < LEAST
    if outside:
        most = max(widest((PAGE_WIDTH - 2 * len(natural)) / scale, natural), LEAST / 2)
    return Fit(rf"{last}\setlength{{\tabcolsep}}{{{1 if outside else 2}pt}}", most, outside)


def unbroken(table: Table) -> float:
    """Return how wide a column has to be for short texts, and the words of long ones, to stay whole."""
    entries = {entry.text for row in table.rows for entry in row}
    words = {word[:SHORT] for text in (*table.heads, *entries) for word in text.split()}
    short = {text for text in entries if len(text) <= SHORT}
    return max(map(width_of, words | short), default=0.0) * BOLD


def natural_widths(table: Table) -> list[float]:
    """Return how wide each column would be with every text on one line, in points of 10 point letters."""
    columns: list[set[tuple[str, str]]] = [
        {entry[:2] for entry in column} for column in zip(*table.rows, strict=True)
    ]
    return [
        max([width_of(head), *(width_of(text) * (BOLD if mark == "best" else 1.0) for text, mark in entries)])
        for head, entries in zip(table.heads, columns or [set()] * len(table.heads), strict=True)
    ]


def widest(room: float, natural: Sequence[float]) -> float:
    """Return the most that a column may have so that all fit into the room; narrow ones keep theirs."""
    left = room
    for place, width in enumerate(sorted(natural)):
        share = left / (len(natural) - place)
        if width > share:
            return max(share, 0.0)
        left -= width
    return max(natural)


@lru_cache(maxsize=2**16)  # figures are in a grid and against each factor
def width_of(text: str) -> float:
    """Return how wide a text is about, in points of 10 point letters."""
    return sum(map(WIDTHS.__getitem__, one_line(text)))


def wrapped(text: str, most: float) -> list[str]:
    """Return a text in lines that are at most so wide; a word that is wider is broken."""
    if width_of(text) <= most:
        return [one_line(text)]
    lines = [""]
    for word in one_line(text).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer) <= most:
            lines[-1] = longer
            continue
        lines += [""] if lines[-1] else []
        rest = word
        while width_of(rest) > most and len(rest) > 1:
            cut = max(1, next(k for k in range(1, len(rest) + 1) if width_of(rest[:k]) > most) - 1)
            lines[-1:] = [rest[:cut], ""]
            rest = rest[cut:]
        lines[-1] = rest
    return lines


def height(table: Table, most: float) -> int:
    """Return how many lines the rows of a table take."""
    return sum(max(len(wrapped(entry.text, within(entry.mark, most))) for entry in row) for row in table.rows)


def within(mark: str, most: float) -> float:
    """Return how wide the lines of an entry with this mark may be in plain letters."""
    return most / BOLD if mark == "best" else most


@lru_cache(maxsize=2**16)
def tex_lines(text: str, most: float) -> str:
    """Return a text for a cell of a table, one that is wider than its column on several lines."""
    lines = wrapped(text, most + 1e-6)
    if len(lines) < 2:
        return tex_escape(text)
    stacked = r"\\ ".join(map(tex_escape, lines))
    return rf"\begin{{tabular}}[t]{{@{{}}l@{{}}}}{stacked}\end{{tabular}}"


def latex_body(table: Table, most: float) -> list[str]:
    """Return the rows; each panel after the first is set apart."""
    lines, shown = list[str](), Shown(most)
    for _, panel in groupby(table.rows, key=lambda row: [entry.text for entry in row[: table.group]]):
        lines += [r"\addlinespace"] if lines and table.group else []
        for number, row in enumerate(panel):
            texts = [shown[entry[:2]] for entry in row]
            if number:
                texts[: table.group] = [""] * table.group
            lines.append(" & ".join(texts) + r" \\")
    return lines


class Shown(dict[tuple[str, str], str]):
    """Texts by their marks as LaTeX: the best in bold, what may be the best in italics; made once each."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = most

    def __missing__(self, key: tuple[str, str]) -> str:
        text, mark = key
        made = tex_lines(text, within(mark, self.most))
        return self.setdefault(key, MARKED[mark].format(made) if mark else made)


def tex_escape(text: str) -> str:
    """Return the text so that LaTeX prints it as it is; what cannot be printed is left out."""
    line = one_line(text)
    known = line if line.isprintable() else "".join(char for char in line if char.isprintable())
    return known.translate(TEX)
