"""What a test asks, in words: what is measured, what has to be true of it, of which runs."""

from reports.claims.claim import Conditions, Judgement, Test


def test_words(test: Test) -> str:
    """Return what is measured, in one line."""
    by = f" by {' and '.join(test.factor)}" if test.factor else ""
    head = f"{test.metric.label}{by}: {demand(test)}"
    where = {**({"part": (test.part,)} if test.part else {}), **test.where}
    return f"{head} ({conditions(where)})" if where else head


def demand(test: Test) -> str:
    """Return what has to be true of the metric."""
    wanted = test.wanted
    if test.kind in ("order", "effects"):
        levels, symbols = wanted
        chain = levels[0] + "".join(f" {s} {level}" for s, level in zip(symbols, levels[1:], strict=True))
        return chain if test.kind == "order" else f"effect of {chain}"
    if test.kind == "ratio":
        first, second, value, within = wanted
        return f"{test.named(first)} / {test.named(second)} = {value:g} ± {within:.0%}"
    if test.kind == "about":
        return f"{wanted[0]:g} ± {wanted[1]:g}"
    words = {"best": f"{wanted} before every other", "worst": f"{wanted} behind every other"}
    words |= {"equivalent": "all equivalent"}
    signs = {"at_least": "≥", "at_most": "≤"}
    return words[test.kind] if test.kind in words else f"{signs[test.kind]} {wanted:g}"


def conditions(where: Conditions) -> str:
    """Return which runs a test is about; options that only some have are said by what they must be."""
    values = {name: [v for v in allowed if v != "–"] or ["none"] for name, allowed in where.items()}
    return ", ".join(f"{name} {' or '.join(allowed)}" for name, allowed in values.items())


def told_apart(judgement: Judgement) -> list[str]:
    """Return which runs each test of a claim is about, by the conditions that not all of its tests have."""
    wheres = [outcome.test.where for outcome in judgement.outcomes]
    return [
        conditions({k: v for k, v in where.items() if any(other.get(k) != v for other in wheres)})
        for where in wheres
    ]
