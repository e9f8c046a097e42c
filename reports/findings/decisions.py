"""Sentences on a sweep that itself decides where to go on: how far it is, what is decided, what is open."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from reports.analysis.effects import Effect
from reports.analysis.equivalence import Relation
from reports.analysis.pairs import Pair
from reports.analysis.sweep import Analysis
from reports.findings.finding import Finding
from sweeps.records.strategy import step_text

STANDINGS: Mapping[Relation, str] = {">": "Decided", "≈": "Shown to be negligible", "?": "Open"}
SHOWN = 24  # comparisons of one standing told one by one
FEW = 4  # parts of the grid in which an order that turns round is told one by one


def decisions(analysis: Analysis) -> Iterator[Finding]:
    """Yield where the strategy of a sweep stands, and how every comparison of the main metric does."""
    strategy = (analysis.results.plan or {}).get("strategy")
    if not strategy:
        return
    main = analysis.results.main.name
    yield about(main, f"{strategy['name']}: {progress(strategy)}.")
    for relation, standing in STANDINGS.items():
        mains = [effect for effect in analysis.effects if effect.metric.name == main]
        told = [text for effect in mains for text in pairs(effect, relation)]
        number = sum(len(standing_so(effect, relation)) for effect in mains)
        if told:
            more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
            yield about(main, f"{standing} ({number}): {'; '.join(told[:SHOWN])}{more}.")


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
    """Yield the pairs of a factor that stand so, each with what limits it, or with in how many parts."""
    parts, found = len(effect.shown), standing_so(effect, relation)
    if parts <= FEW:
        for within, pair in found:
            where = f" ({effect.depends_on or 'cell'} {within})" if within else ""
            yield f"{effect.title}{where} {pair.first} {relation} {pair.second}"
        return
    numbers = Counter[tuple[str, str]]()
    for _, pair in found:
        turned = (pair.second, pair.first)
        numbers[turned if relation != ">" and turned in numbers else (pair.first, pair.second)] += 1
    for (first, second), number in numbers.items():
        where = f"{number} of {parts} {f'levels of {effect.depends_on}' if effect.depends_on else 'cells'}"
        yield f"{effect.title} {first} {relation} {second} in {where}"


def standing_so(effect: Effect, relation: Relation) -> list[tuple[str, Pair]]:
    """Return the pairs of a factor that stand so, each with the part of the grid that it is of."""
    return [
        (within, pair)
        for within, comparison in effect.shown.items()
        for pair in comparison.pairs
        if pair.relation == relation and pair.cells
    ]
