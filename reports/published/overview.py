"""The verdicts of all claims in one picture: a tile for each, a row for each study."""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.analysis.equivalence import Verdict
from reports.claims.claim import VERDICTS, Judgement
from reports.plots.plot import Plot
from reports.plots.style import INK, SOFT
from reports.published.firmness import is_firm
from reports.published.strips import COLOURS

NAME = "verdicts"
NAMES, TILE, ROW, APART, WIDTH = 2.3, 0.31, 0.44, 0.32, 9.2  # inches; the least width
NOT_FIRM = "another verdict if the band is halved or doubled"
SIGNS = {"holds": "✓", "refuted": "✕", "undecided": "?"}


def overview_plot(
    reports: Sequence[tuple[str, Sequence[Judgement]]], more: Sequence[tuple[str, Sequence[Judgement]]]
) -> Plot:
    """Return the picture of the reports' claims by study, those of studies of our own told apart below."""
    return Plot(NAME, "Verdicts", "The verdict on each claim.", "summary", draw_overview, (reports, more))


def draw_overview(
    reports: Sequence[tuple[str, Sequence[Judgement]]], more: Sequence[tuple[str, Sequence[Judgement]]]
) -> Figure:
    """Draw a row of tiles for each study: what holds, what is refuted, what stays open."""
    most = max((len(claims) for _, claims in (*reports, *more)), default=1)
    width = max(NAMES + TILE * (most + 1) + 0.2, WIDTH)
    gap = APART if reports and more else 0
    height = 0.5 + ROW * (len(reports) + len(more)) + gap + 0.1
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    key(axes, 0.24)
    y = 0.5
    for title, claims in reports:
        draw_row(axes, y, title, claims)
        y += ROW
    if more and reports:
        axes.text(
            0.12, y + 0.12, "beyond the reports:", fontsize=7.5, color=SOFT, va="center", style="italic"
        )
    for title, claims in more:
        draw_row(axes, y + gap, title, claims)
        y += ROW
    return figure


def key(axes: Axes, y: float) -> None:
    """Draw what the colours mean, and what a tile that is not filled does."""
    x = NAMES
    for verdict in VERDICTS:
        tile(axes, x, y - 0.09, (0.18, 0.18), verdict, firm=True)
        axes.text(x + 0.25, y, f"{SIGNS[verdict]} {verdict}", fontsize=8.5, va="center")
        x += 1.2
    tile(axes, x, y - 0.09, (0.18, 0.18), VERDICTS[-1], firm=False)
    axes.text(x + 0.25, y, NOT_FIRM, fontsize=8.5, va="center")


def tile(axes: Axes, x: float, y: float, size: tuple[float, float], verdict: Verdict, *, firm: bool) -> None:
    """Draw a tile of a verdict's colour: filled if it is firm, else as a frame."""
    face = COLOURS[verdict] if firm else "white"
    axes.add_patch(Rectangle((x, y), *size, facecolor=face, edgecolor=COLOURS[verdict], linewidth=1))


def draw_row(axes: Axes, y: float, title: str, claims: Sequence[Judgement]) -> None:
    """Draw one study: its title, and a tile for each claim, those that hold first, of these the firm ones."""
    lines = textwrap.wrap(title, 32)
    axes.text(0.12, y + 0.18, "\n".join(lines), fontsize=8.5, va="center", color=INK, linespacing=1.1)
    ordered = sorted(claims, key=lambda j: (VERDICTS.index(j.verdict), not is_firm(j)))
    for place, judgement in enumerate(ordered):
        left, firm = NAMES + place * TILE, is_firm(judgement)
        tile(axes, left, y + 0.02, (TILE - 0.04, 0.34), judgement.verdict, firm=firm)
        text = f"{SIGNS[judgement.verdict]}\n{judgement.claim.id}"
        colour = "white" if firm else COLOURS[judgement.verdict]
        middle = left + (TILE - 0.04) / 2
        axes.text(middle, y + 0.19, text, fontsize=6.5, color=colour, ha="center", va="center")
