"""Sentences on a sweep that itself decides where to go on: how far it is, what is decided, what is open."""

from collections.abc import Iterator, Mapping
from typing import Any

from reports.analysis.effects import Effect
from reports.analysis.equivalence import Relation
from reports.analysis.sweep import Analysis
from reports.findings.finding import Finding
from sweeps.records.strategy import step_text

STANDINGS: Mapping[Relation, str] = {">": "Decided", "≈": "Shown to be negligible", "?": "Open"}
SHOWN = 24  # comparisons of one standing told one by one


def decisions(analysis: Analysis) -> Iterator[Finding]:
    """Yield where the strategy of a sweep stands, and how every comparison of the main metric does."""
    strategy = (analysis.results.plan or {}).get("strategy")
    if not strategy:
        return
    main = analysis.results.main.name
    yield about(main, f"{strategy['name']}: {progress(strategy)}.")
    for relation, standing in STANDINGS.items():
        told = [
            text
            for effect in analysis.effects
            if effect.metric.name == main
            for text in pairs(effect, relation)
        ]
        if told:
            more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
            yield about(main, f"{standing} ({len(told)}): {'; '.join(told[:SHOWN])}{more}.")


def about(main: str, text: str) -> Finding:
    """Return a sentence on what the strategy has done."""
    return Finding("strategy", "What is decided", text, "contrasts", metric=main)


def progress(strategy: Mapping[str, Any]) -> str:
    """Return where a strategy stands."""
    if end := strategy.get("end"):
        return f"ended, {end['why']}" if end["why"] else "ended"
    steps = strategy["steps"]
    return step_text(steps[-1]) if steps else "the cells that it begins with are being run"


def pairs(effect: Effect, relation: Relation) -> Iterator[str]:
    """Yield the pairs of a factor that stand so, each with what limits it."""
    for within, comparison in effect.shown.items():
        where = f" ({effect.depends_on or 'cell'} {within})" if within else ""
        for pair in comparison.pairs:
            if pair.relation == relation and pair.cells:
                yield f"{effect.title}{where} {pair.first} {relation} {pair.second}"
