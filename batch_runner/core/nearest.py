"""Which known name somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from batch_runner.core.language import either, phrase, series

MOST_NAMES = 12  # a longer list helps nobody


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint: the nearest known names, or all of them where none is near."""
    names = {name.casefold(): name for name in known}
    near = [names[name] for name in get_close_matches(word.casefold(), names, n=3, cutoff=0.6)]
    if near:
        return phrase("Did you mean {names}?", names=either(near))
    shown = sorted(names.values())
    if not shown:
        return ""
    first, more = series(shown[:MOST_NAMES]), len(shown) - MOST_NAMES
    if more > 0:
        return phrase("Known: {names} and {more} more.", names=first, more=more)
    return phrase("Known: {names}.", names=first)
