"""How firm verdicts are: what becomes of them with half and with twice of what counts as equal."""

from collections import Counter
from collections.abc import Callable, Sequence

from reports.analysis.equivalence import Verdict
from reports.claims.claim import VERDICTS, Compared, Judgement, Outcome


def is_firm(judgement: Judgement) -> bool:
    """Whether a verdict is the same with half and with twice the band."""
    return set(judgement.verdicts) == {judgement.verdict}


def firm_counts(judgements: Sequence[Judgement]) -> dict[str, int]:
    """Return how many verdicts of each kind are firm."""
    firm = [judgement.verdict for judgement in judgements if is_firm(judgement)]
    return {verdict: firm.count(verdict) for verdict in VERDICTS}


def moved_words(judgements: Sequence[Judgement]) -> str:
    """Return what becomes of the others ("8 from refuted to undecided"); empty without any."""
    counts = Counter((j.verdict, other(j)) for j in judgements if not is_firm(j))
    return ", ".join(f"{n} from {one} to {another}" for (one, another), n in counts.most_common())


def other(judgement: Judgement) -> Verdict:
    """Return the verdict that another band leads to: of two the one that is decided."""
    half, _, double = judgement.verdicts
    moved = [verdict for verdict in (half, double) if verdict != judgement.verdict]
    return min(moved, key=VERDICTS.index)


def negligible(judgement: Judgement) -> bool:
    """Whether a claim is refuted only because what it calls different differs by less than the band."""
    if judgement.verdict != "refuted":
        return False
    wrong = [outcome for outcome in judgement.outcomes if outcome.verdict == "refuted"]
    return all(outcome.pairs and all(map(equal(outcome), outcome.pairs)) for outcome in wrong)


def equal(outcome: Outcome) -> Callable[[Compared], bool]:
    """Return whether a pair is not refuted, or is by a difference within the margin where one was claimed."""

    def within(pair: Compared) -> bool:
        ends = pair.corrected[:2]
        small = pair.symbol == ">" and max(map(abs, ends)) <= outcome.margin
        return pair.verdict != "refuted" or small

    return within
