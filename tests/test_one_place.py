"""A fact lives in one module: what is worked out, named or printed in one way is so in one place only."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FACTS = {
    "quantiles and tails of Student's t": (
        r"\bstdtr(it)?\b|\bstats\.t\b|\bt\.ppf\b",
        "reports",
        {"reports/analysis/intervals.py"},
    ),
    "how a small p is printed": (r"< 0\.0001", "reports", {"reports/tables/number_formats.py"}),
    "the sign that is printed for minus": (
        r'replace\("-", "−"\)',
        "reports",
        {"reports/tables/number_formats.py"},
    ),
    "the file of findings": (r'"findings\.json"', "reports", set()),
    "the looks' numbers of seeds": (
        r"\(3, 5, 10, 20, 40\)",
        "reports",
        set(),
    ),
    "the names of the plan and the records": (r'"(sweep|report)\.json"', "reports", set()),
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_lives_in_one_module(fact: str) -> None:
    pattern, package, places = FACTS[fact]
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        if re.search(pattern, path.read_text(encoding="utf-8"))
    }
    assert found == places
