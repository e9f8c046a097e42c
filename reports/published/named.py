"""Which settings the claims and figures of a study name."""

from reports.claims.claim import Claim
from reports.sources import Reference


def named_in(source: Reference) -> set[str]:
    """Return the settings that the claims and figures of a study name."""
    names = {*source.unsaid, *source.fitted}
    for claim in (*source.claims, *source.beyond):
        names |= settings_of_claim(claim)
    for text in source.figures["cell"]:
        names |= {part.partition("=")[0] for part in text.split()}
    for count in source.counts:
        names |= {*count.where, *(count.above or {})}
    return names


def settings_of_claim(claim: Claim) -> set[str]:
    """Return the settings that a claim names."""
    return {
        name
        for test in claim.tests
        for names in (test.where, test.factor, test.along, *(test.levels or {}).values())
        for name in names
    }
