"""A pilot: a handful of rows that stands for the whole sheet. And whose turn it is, over sheets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Protocol

from batch_runner.core.jobs import Candidate, RowSpec
from batch_runner.core.pilot import Kind, Stratum, shares, spread
from batch_runner.core.profile import Profile

_TRAITS = ("resolution", "duration")


class Rows(Protocol):
    """The rows of a worksheet, to be walked as often as needed."""

    def __call__(self, *, as_sent: bool = False) -> Iterator[Candidate]:
        """In the order of the sheet, or in that in which they are sent."""
        ...


Spot = tuple[int, int]
"""A line and a variant."""

Turn = tuple[int, int, int]
"""A priority, a line and a variant."""


def turn(candidate: Candidate) -> Turn:
    """When a row's turn is: by its priority, then in the order of the sheet."""
    return candidate.spec.priority, *candidate.spec.identity.spot


def in_turn(
    sheets: Sequence[Rows], may: Callable[[Candidate], bool]
) -> Iterator[tuple[int, Candidate]]:
    """The rows of all worksheets that may, in the order in which they are sent."""

    def ranked(number: int, rows: Rows) -> Iterator[tuple[int, Candidate]]:
        return ((number, candidate) for candidate in rows(as_sent=True) if may(candidate))

    walks = [ranked(number, rows) for number, rows in enumerate(sheets)]
    return merge(*walks, key=lambda one: (one[1].spec.priority, one[0], one[1].spec.identity.spot))


def pick_pilot(
    sheets: Sequence[Rows],
    may: Callable[[Candidate], bool],
    size: int,
    profiles: Mapping[str, Profile],
) -> list[frozenset[Spot]]:
    """The videos of each worksheet that make a pilot of at most so many."""
    strata: dict[Kind, Stratum] = {}
    for place, (_, candidate) in enumerate(in_turn(sheets, may)):
        spec = candidate.spec
        kind = _kind_of(spec, profiles)
        stratum = strata.setdefault(kind, Stratum(cost=spec.estimate.high or 0, first=place))
        stratum.rows += 1
    places = {
        kind: set(spread(share, strata[kind].rows)) for kind, share in shares(strata, size).items()
    }
    picked: list[set[Spot]] = [set() for _ in sheets]
    seen: Counter[Kind] = Counter()
    for number, candidate in in_turn(sheets, may):
        kind = _kind_of(candidate.spec, profiles)
        if seen[kind] in places.get(kind, ()):
            picked[number].add(candidate.spec.identity.spot)
        seen[kind] += 1
    return [frozenset(lines) for lines in picked]


def _kind_of(spec: RowSpec, profiles: Mapping[str, Profile]) -> Kind:
    profile = profiles.get(spec.model)
    request = json.loads(spec.body or b"{}")
    resolution, duration = (_sent(request, profile, name) for name in _TRAITS)
    return spec.model, resolution, duration


def _sent(request: Mapping[str, object], profile: Profile | None, name: str) -> str:
    parameter = None if profile is None else profile.parameter(name)
    return str(request.get(name if parameter is None else parameter.api_name, ""))
