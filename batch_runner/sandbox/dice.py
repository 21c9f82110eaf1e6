"""Chance that can be repeated: the same seed and names always fall the same way."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


def throw(seed: int, *names: object) -> float:
    """A number in [0, 1), evenly spread over all names, the same for the same ones."""
    text = "\x1f".join(str(name) for name in (seed, *names))
    return int.from_bytes(sha256(text.encode()).digest()[:6], "big") / 2**48


def pick(choices: Sequence[T], seed: int, *names: object) -> T:
    """One of the choices, the same for the same seed and names."""
    return choices[int(throw(seed, *names) * len(choices))]
