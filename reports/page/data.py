"""The page: what the template needs, and one self-contained index.html."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from reports.analysis.components import Components
from reports.analysis.effects import Effect
from reports.analysis.sweep import Analysis
from reports.claims.tables import claims_frame
from reports.findings.finding import Finding
from reports.plots import Plot
from reports.plots.heatmaps import BELOW, BELOW_NOTE, HEAT_METRICS, grid_panels, panel_note
from reports.runs.metrics import METRICS, RANKED, Metric
from reports.runs.results import Results
from reports.sources.judged import Judged
from reports.tables.number_formats import p_text, percents, show_contrast
from reports.tables.rankings import ranking_note, ranking_text
from reports.tables.table import Entry, Table, file_name

TEMPLATES = Path(__file__).parent / "templates"
SHADES = 20
LONG_NAME = 16
STATES = ("done", "diverged", "failed", "running", "interrupted", "lost", "damaged", "missing")
RUN_COLUMNS = {
    "test_accuracy": "test accuracy",
    "train_accuracy": "training accuracy",
    "gap": "gap",
    "test_loss": "test loss",
    "best_epoch": "best epoch",
    "convergence": "converged",
    "epoch_cpu_s": "s / epoch",
    "epochs": "epochs",
}


@dataclass(frozen=True)
class Report:
    """Everything that the page shows."""

    results: Results
    findings: Sequence[Finding]
    analysis: Analysis
    tables: Mapping[str, Table]
    plots: Sequence[Plot]
    judged: Judged | None = None

    @property
    def rankings(self) -> Sequence[Effect]:
        """Every factor by every ranked metric."""
        return self.analysis.effects


def render(report: Report) -> str:
    """Return the page as HTML; styles and script are inside it, and its policy lets nothing else run."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    allowed = f"img-src 'self' file: data:; style-src {digest(style)}; script-src {digest(script)}"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    environment.filters["file_name"] = file_name
    environment.globals |= {
        "signed": show_contrast,
        "p_text": p_text,
        "ranking_text": ranking_text,
        "ranking_note": ranking_note,
    }
    return environment.get_template("index.html").render(
        **context(report), style=Markup(style), script=Markup(script), policy=policy
    )


def digest(text: str) -> str:
    """Return the source expression that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def context(report: Report) -> dict[str, Any]:
    """Return what the template shows."""
    results = report.results
    counts = results.runs["status"].value_counts()
    return {
        "sweep": results.sweep,
        "results": results,
        "counts": {state: int(counts[state]) for state in STATES if state in counts},
        "total": len(results.runs),
        "cells": int(results.runs["cell"].nunique()),
        "seeds": seeds_of_cells(results),
        "waiting": len(results.runs) - int(counts.get("done", 0)) - int(counts.get("diverged", 0)),
        "findings": report.findings,
        "tested": any(pair.look for effect in report.rankings for pair in effect.pairs),
        "heatmaps": [
            heatmap(report.tables[name], METRICS[name])
            for name in HEAT_METRICS
            if has_values(report.tables[name])
        ],
        "rankings": group_rankings(report.rankings),
        "judged": report.judged,
        "claims": claim_sections(report),
        "shares": [
            share_bar(METRICS[name], data, found)
            for (name, data), found in report.analysis.components.items()
        ],
        "shade": share_classes(results),
        "tables": report.tables,
        "plots": group_plots(report.plots),
        "runs_json": run_data(results),
        "provenance": provenance(results),
    }


def seeds_of_cells(results: Results) -> str:
    """Return how many seeds each cell has: "5 seeds", or "1 to 5 seeds" where they differ."""
    counts = results.cells["runs"].tolist()
    fewest, most = min(counts, default=0), max(counts, default=0)
    return f"{fewest} to {most} seeds" if fewest < most else f"{most} seed{'s' if most != 1 else ''}"


def claim_sections(report: Report) -> list[tuple[Table, list[dict[str, Any]]]]:
    """Return the tables of claims with their rows; a row without a drawn figure has no plot."""
    if report.judged is None:
        return []
    drawn = {f"plots/{plot.file}.svg" for plot in report.plots}
    judgements = {"claims": report.judged.claims, "beyond": report.judged.beyond}
    sections = [(report.tables[name], claims_frame(own)) for name, own in judgements.items() if own]
    return [
        (table, rows.assign(plot=rows["plot"].where(rows["plot"].isin(drawn), "")).to_dict("records"))  # type: ignore[misc]
        for table, rows in sections
    ]


def has_values(table: Table) -> bool:
    """Whether a table has any figure."""
    return any(math.isfinite(entry.value) for row in table.rows for entry in row)


def heatmap(table: Table, metric: Metric) -> dict[str, Any]:
    """Return a grid table as panels of rows of (figure, what follows it, mark, shade from 0 to SHADES)."""
    panels = [
        {
            "title": panel.title,
            "rows": [
                (label, [map_cell(entry, shade) for entry, shade in zip(entries, shades, strict=True)])
                for label, entries, shades in zip(panel.labels, panel.entries, panel.shades, strict=True)
            ],
        }
        for panel in grid_panels(table, metric)
    ]
    below = any((panel.shades < 0).any() for panel in grid_panels(table, metric))
    corner = table.heads[table.leading - 1] if table.leading else ""
    longest = max((len(label) for panel in panels for label, _ in panel["rows"]), default=0)
    return {
        "table": table,
        "panels": panels,
        "heads": table.heads[table.leading :],
        "corner": corner,
        "note": " ".join(filter(None, [panel_note(table), f"{BELOW_NOTE}." if below else ""])),
        "long": longest > LONG_NAME,
        "metric": metric,
    }


def map_cell(entry: Entry, shade: float) -> tuple[str, str, str, int | None]:
    """Return a cell of a heat map: the figure on a line of its own, its interval and runs below."""
    figure, _, rest = entry.text.partition(" ")
    if math.isnan(shade):
        return entry.text, "", entry.mark, None
    rest = f"{rest} {BELOW}".strip() if shade < 0 else rest
    return figure, rest, entry.mark, round(SHADES * max(float(shade), 0.0))


def group_rankings(rankings: Sequence[Effect]) -> list[tuple[Metric, list[Effect]]]:
    """Return the rankings by metric."""
    return [
        (METRICS[name], own)
        for name in RANKED
        if (own := [effect for effect in rankings if effect.metric.name == name])
    ]


def group_plots(plots: Sequence[Plot]) -> dict[str, list[Plot]]:
    """Return the plots by the section of the page they belong to."""
    sections: dict[str, list[Plot]] = {}
    for plot in plots:
        sections.setdefault(plot.section, []).append(plot)
    return sections


def share_classes(results: Results) -> dict[str, str]:
    """Return the class of each source of variance: a colour for a factor, greys for the rest."""
    rest = ("interactions", "seeds")
    return {name: f"k{k % 8}" for k, name in enumerate(results.names)} | {name: name for name in rest}


def share_bar(metric: Metric, data: str, found: Components) -> dict[str, Any]:
    """Return the shares of variance as the segments of a bar: (name, start and width in per cent, text)."""
    texts, start, segments = percents(found.shares), 0.0, []
    for name, share in found.shares.items():
        segments.append((name, start, 100 * share, texts[name]))
        start += 100 * share
    return {"metric": metric, "data": data, "segments": segments}


def run_data(results: Results) -> Markup:
    """Return all runs as JSON that is safe inside a script element."""
    figures = [c for c in RUN_COLUMNS if results.runs[c].notna().any()]
    columns = ["status", *results.names, "seed", *figures, "name", "problem"]
    frame = results.runs[columns].astype({name: str for name in results.names}).astype(object)
    rows = frame.where(frame.notna(), None).to_numpy().tolist()
    rows = [[round(x, 6) if isinstance(x, float) else x for x in row] for row in rows]
    recorded = results.runs["status"].ne("missing").tolist()
    data = {
        "columns": [RUN_COLUMNS.get(column, column) for column in columns[:-2]],
        "kinds": ["text"] + ["factor"] * len(results.names) + ["number"] * (1 + len(figures)),
        "levels": {factor.name: list(factor.levels) for factor in results.factors},
        "digits": [None] * (2 + len(results.names))
        + [
            4
            if METRICS.get(c) and METRICS[c].unit in ("accuracy", "loss")
            else 3
            if c == "epoch_cpu_s"
            else 0
            for c in figures
        ],
        "rows": [[*row, quote(str(row[-2])), has] for row, has in zip(rows, recorded, strict=True)],
    }
    return safe_json(data)


def safe_json(data: Any) -> Markup:
    """Return JSON in which no character can end the script element that holds it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)


def provenance(results: Results) -> list[tuple[str, str]]:
    """Return where the runs come from: every distinct answer to each question."""
    facts = [{k: v for k, v in each.items() if v not in (None, "")} for each in results.provenance]
    keys = list(dict.fromkeys(key for each in facts for key in each))
    rows = [
        (key.replace("_", " "), ", ".join(dict.fromkeys(str(each[key]) for each in facts if key in each)))
        for key in keys
    ]
    codes = [code for code in results.runs["code"].unique() if code]
    command = " ".join(map(str, (results.plan or {}).get("command", [])))
    made = [
        ("command", command),
        ("planned", str((results.plan or {}).get("created", ""))),
        ("code fingerprint", ", ".join(codes)),
    ]
    return [(key, value) for key, value in [*made, *rows] if value]
