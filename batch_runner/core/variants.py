"""Several videos of one row: how many, by which values, and where each shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from batch_runner.core.language import phrase
from batch_runner.core.profile import Given
from batch_runner.core.takes import MOST_SEED, derived_seed

MOST = 20
"""Variants of one row: all of them show in columns of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """How many videos each row gets: a number, or one for each combination of some values."""

    number: int = 1
    grid: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many that is."""
        total = self.number
        for values in self.grid.values():
            total *= len(values)
        return total

    def combinations(self) -> Iterator[Mapping[str, Given]]:
        """Parameter -> value for each variant in turn; the last parameter changes fastest."""
        for values in product(*self.grid.values()):
            for _ in range(self.number):
                yield dict(zip(self.grid, values, strict=True))


def parse_variants(given: object) -> Variants:
    """What a config says: ``3``, or ``{resolution: [720p, 1080p], seed: [1, 2]}``.

    Raises:
        ValueError: anything else, with a phrase that says what is allowed.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        found = Variants(number=given)
    elif isinstance(given, Mapping) and given:
        found = Variants(grid={str(name): _values(name, values) for name, values in given.items()})
    else:
        raise ValueError(phrase("must be a number, or lists of values by parameter"))
    if not 1 <= found.count <= MOST:
        raise ValueError(
            phrase("must give 1 to {most} variants, not {count}", most=MOST, count=found.count)
        )
    return found


def _values(name: object, values: object) -> tuple[Given, ...]:
    if not isinstance(values, list) or not values:
        raise ValueError(phrase("{name} must have a list of values", name=name))
    if not all(isinstance(value, str | int | float | bool) for value in values):
        raise ValueError(phrase("{name} must have plain values", name=name))
    if len(set(map(str, values))) < len(values):
        raise ValueError(phrase("{name} names a value twice", name=name))
    return tuple(values)


ONE = Variants()
"""A row, a video."""


def seed_of_variant(
    mark: str, variant: int, own: object, low: int | None, high: int | None
) -> int | None:
    """The seed that a variant gets; ``None``: the one that its row names.

    Args:
        mark: what tells the variant from all other jobs.
        variant: which it is.
        own: the row's seed; the others count up from it.
        low: the least that the model takes.
        high: the most.
    """
    least, most = 1 if low is None else low, MOST_SEED if high is None else high
    if not isinstance(own, int):
        return derived_seed(mark, 1, least, most)
    if variant == 1:
        return None
    return least + (own - least + variant - 1) % (most - least + 1)


def variant_hash(row_hash: str, variant: int) -> str:
    """What tells a variant from all other jobs; of the first one it is the row's own hash.

    So a row that was made before it got variants has its first one already.
    """
    if variant == 1:
        return row_hash
    return hashlib.sha256(f"{row_hash}/{variant}".encode()).hexdigest()


def column_name(name: str, variant: int) -> str:
    """Where a result of a variant shows: ``video_url``, ``video_url_2`` ..."""
    return name if variant == 1 else f"{name}_{variant}"


def named(who: str, variant: int) -> str:
    """What to type to mean a variant: ``5`` is the first, ``5/2`` the second one."""
    return who if variant == 1 else f"{who}/{variant}"


def split_name(who: str) -> tuple[str, int | None]:
    """The inverse: ``5/2`` is row 5, variant 2; ``None``: none is named."""
    row, slash, number = who.rpartition("/")
    if slash and row and number.isascii() and number.isdigit() and len(number) < 4:
        return row, int(number)
    return who, None
