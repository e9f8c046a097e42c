"""Content as one offline page: styles, script and data inside it, and a policy that lets nothing else run."""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from reports.page.block import pack
from reports.page.boxes import Layout, Panel, layout_of, panels_of, pick_text
from reports.page.content import RANGE, Best, Content, Failure, Metric, Sweep
from reports.page.effect_charts import chart_of, effect_axis
from reports.page.shown import CLOSEST, Shade, p_text, shades, show, signed
from reports.page.strips import bar, left_out, main_effects, reach_of, strips

EXPLORE = Path(__file__).parent / "explore"
LIVE_PARTS = ("findings", "failures", "charts", "comparisons")
STYLES = ("base", "findings", "grid", "curves", "effects", "runs", "print")
SCRIPTS = (
    "dom",
    "block",
    "model",
    "figures",
    "query",
    "state",
    "table",
    "grid",
    "axes",
    "curves",
    "effects",
    "tests",
    "runs",
    "copies",
    "live",
    "main",
)
COMMENT = re.compile(r"^\s*//.*|\s// [^\"'`]*$")


@dataclass(frozen=True)
class ColourBar:
    """The ends of the colours, as they are printed."""

    low: str
    high: str


@dataclass(frozen=True)
class Grid:
    """The heat map as it is first shown."""

    layout: Layout
    columns: tuple[str, ...]
    panels: list[Panel]
    averaged: tuple[str, ...]
    bar: ColourBar | None
    scales: int
    marks: frozenset[str]
    two: bool
    intervals: bool
    partial: bool
    lacking: bool


def render(content: Content, live: bool = False) -> str:
    """Return the page as HTML; a live one may talk to the server that it came from, any other to nobody."""
    style = "".join(read(f"{name}.css") for name in STYLES)
    script = f'"use strict";(()=>{{\n{"".join(compact(read(f"{name}.js")) for name in SCRIPTS)}}})();'
    own = "connect-src 'self'; img-src 'self' data:" if live else "img-src data:"
    policy = (
        f"default-src 'none'; {own}; style-src {digest(style)}; script-src {digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    more = {"style": Markup(style), "script": Markup(script), "policy": policy, "live": live}
    return environment().get_template("index.html").render(**context(content), **more, block=pack(content))


def parts(content: Content) -> dict[str, str]:
    """Return the parts of the page that change with the findings, each as HTML."""
    made, shown = environment(), context(content)
    return {name: made.get_template(f"{name}.html").render(**shown) for name in LIVE_PARTS}


def read(name: str) -> str:
    """Return a file of the page."""
    return (EXPLORE / name).read_text(encoding="utf-8")


def compact(script: str) -> str:
    """Return a script without indentation, comments and line ends behind which a statement goes on.

    It has no texts of several lines; a comment behind code stays where it holds a quote.
    """
    lines = (COMMENT.sub("", line).strip() for line in script.splitlines())
    return "".join(line if goes_on(line) else f"{line}\n" for line in lines if line)


def goes_on(line: str) -> bool:
    """Return whether the end of a line of a script may be left out: nothing ends there."""
    return line.endswith(("{", "(", "[", ",", ";")) and "//" not in line


def digest(text: str) -> str:
    """Return the source expression that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def environment() -> jinja2.Environment:
    """Return what renders the templates; everything that is not marked as safe is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(EXPLORE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {"show": show, "signed": signed, "p_text": p_text, "quoted": quote}
    return made


def context(content: Content) -> dict[str, Any]:
    """Return what the templates show."""
    sweep, metric = content.sweep, content.sweep.metrics[0]
    effects = main_effects(content, metric)
    matters, ticks = strips(effects, metric)
    factors = {factor.name: factor for factor in sweep.factors}
    axis = effect_axis(effects)
    pairs = [pair for pair in content.comparisons if pair.metric == metric.name]
    reach = reach_of(pairs)
    answer = {"best": [best_of(sweep, best) for best in content.answer.best]}
    page = vars(content) | {
        "failures": [vars(failure) | {"query": query_of(failure)} for failure in content.failures],
        "answer": vars(content.answer) | answer,
    }
    return {
        "page": page,
        "metric": metric,
        "matters": matters,
        "matter_ticks": ticks,
        "matters_left_out": left_out(effects),
        "grid": grid_of(content, metric) if len(sweep.cells.levels) and sweep.factors else None,
        "charts": [chart_of(effect, factors[effect.factor], metric, axis) for effect in effects],
        "tests": [(pair, bar(pair, reach)) for pair in pairs],
        "example": example(sweep),
    }


def best_of(sweep: Sweep, best: Best) -> dict[str, Any]:
    """Return a best cell with its levels named, and the pattern that picks it."""
    places = sweep.cells.levels[best.cell].tolist()
    levels = [(f.name, f.levels[place]) for f, place in zip(sweep.factors, places, strict=True)]
    pick = ",".join(pick_text(level) for _, level in levels)
    return vars(best) | {"levels": levels, "pick": pick}


def grid_of(content: Content, metric: Metric) -> Grid:
    """Return the heat map of the main metric."""
    layout = layout_of(content)
    factors = {factor.name: factor for factor in content.sweep.factors}
    used = (layout.row, layout.column, *layout.panels)
    averaged = [f.name for f in content.sweep.factors if f.name not in used and len(f.levels) > 1]
    scale = list(shades(content.sweep, metric).values())
    panels = panels_of(content, layout, metric)
    boxes = [box for panel in panels for _, row in panel.rows for box in row if box]
    return Grid(
        layout=layout,
        columns=factors[layout.column].levels if layout.column else ("",),
        panels=panels,
        averaged=tuple(averaged),
        bar=colour_bar(metric, scale[0]) if len(scale) == 1 else None,
        scales=len(scale),
        marks=frozenset(mark for box in boxes for mark in box.mark.split()),
        intervals=any("±" in box.small or "[" in box.small for box in boxes),
        partial=any("/" in box.small for box in boxes),
        lacking=any(" of " in box.small for box in boxes),
        two=bool(layout.panels) and len(factors[layout.panels[-1]].levels) == 2,
    )


def colour_bar(metric: Metric, shade: Shade) -> ColourBar:
    """Return the ends of a metric's colours."""
    low, high = (unstretched(metric, end) for end in (shade.low, shade.high))
    clipped = ("≥ " if metric.direction == "minimize" else "≤ ") if shade.clipped else ""
    return ColourBar(f"{clipped}{show(metric, low)}", show(metric, high))


def unstretched(metric: Metric, value: float) -> float:
    """Return the value behind a stretched one."""
    turned = -value if metric.direction == "minimize" else value
    return 1 - max(10**-turned, CLOSEST) if metric.error_axis else turned


def query_of(failure: Failure) -> str:
    """Return the query that finds the runs of a failure."""
    words = re.split(rf":|\d+{RANGE}\d+", failure.message.replace('"', " "))[0].strip()
    return f"status={failure.state}" + (f' & "{words}"' if words else "")


def example(sweep: Sweep) -> str:
    """Return a query to learn from, in this sweep's own words."""
    name = next((f"{f.name}={f.levels[0]}" for f in sweep.factors if len(f.levels) > 1), "status=done")
    metric = sweep.metrics[0]
    known = sweep.runs.metrics.get(metric.name)
    if known is None or not (known == known).any():
        return name
    best = max(known[known == known]) if metric.direction != "minimize" else min(known[known == known])
    return f"{name} & {metric.name}{'<' if metric.direction == 'minimize' else '>'}{best * 0.99:.3g}"
