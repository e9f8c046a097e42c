"""The largest sets of which no two members are kept apart: cliques of a graph."""

from collections.abc import Collection, Sequence


def cliques(members: Sequence[str], apart: Collection[frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the largest sets of members of which no two are apart (Bron and Kerbosch, 1973, with a pivot).

    Members keep their order within a set, and sets stand in the order of their members.
    """
    near = {a: {b for b in members if b != a and frozenset((a, b)) not in apart} for a in members}
    found: list[set[str]] = []

    def grow(group: set[str], candidates: set[str], seen: set[str]) -> None:
        if not candidates and not seen:
            found.append(group)
            return
        pivot = max(candidates | seen, key=lambda member: len(near[member] & candidates))
        for member in candidates - near[pivot]:
            grow(group | {member}, candidates & near[member], seen & near[member])
            candidates, seen = candidates - {member}, seen | {member}

    grow(set(), set(members), set())
    place = {member: k for k, member in enumerate(members)}
    ordered = [tuple(sorted(group, key=place.__getitem__)) for group in found if group]
    return tuple(sorted(ordered, key=lambda group: [place[member] for member in group]))
