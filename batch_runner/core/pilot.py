"""Which rows go first as a pilot: a handful that stands for the whole sheet, as cheap as it can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Kind = tuple[str, str, str]
"""Rows that are alike, as far as looks and price go: model, resolution, duration."""


@dataclass(slots=True, kw_only=True)
class Stratum:
    """All rows of one kind; counted in place, row by row."""

    cost: int  # micro-dollars that one may cost
    first: int  # how many rows came before its first
    rows: int = 0


def shares(strata: Mapping[Kind, Stratum], size: int) -> dict[Kind, int]:
    """How many rows of each kind a pilot of that size takes; the same for the same sheet.

    Each kind in its turn gets one, those first that show the most that was not seen yet (a
    model, then a resolution of it, then a duration), of equals the cheapest. What is left is
    divided by how many rows there are of each.
    """
    taken = dict.fromkeys(_by_news(strata, size), 1)
    while sum(taken.values()) < size:
        open_kinds = [kind for kind in taken if taken[kind] < strata[kind].rows]
        if not open_kinds:
            break
        most = max(open_kinds, key=lambda kind: strata[kind].rows / (taken[kind] + 1))
        taken[most] += 1
    return taken


def _by_news(strata: Mapping[Kind, Stratum], size: int) -> Iterator[Kind]:
    left = dict(strata)
    seen: set[Kind] = set()
    while left and len(strata) - len(left) < size:
        best = min(left, key=lambda kind: (_known(kind, seen), left[kind].cost, left[kind].first))
        del left[best]
        seen |= _traits(best)
        yield best


def _traits(kind: Kind) -> set[Kind]:
    model, resolution, duration = kind
    return {(model, "", ""), (model, resolution, ""), (model, "", duration)}


def _known(kind: Kind, seen: set[Kind]) -> tuple[bool, bool, bool]:
    model, resolution, duration = kind
    return (
        (model, "", "") in seen,
        (model, resolution, "") in seen,
        (model, "", duration) in seen,
    )


def spread(take: int, rows: int) -> Iterator[int]:
    """So many places, evenly over so many rows: the first, the last, and between them."""
    for i in range(take):
        yield i * (rows - 1) // max(1, take - 1)
