"""Which known name somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 12  # a longer list helps nobody


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint: the nearest known names, or all of them where none is near."""
    names = {name.casefold(): name for name in known}
    near = [names[name] for name in get_close_matches(word.casefold(), names, n=3, cutoff=0.6)]
    if near:
        return f"Did you mean {' or '.join(near)}?"
    shown = sorted(names.values())
    if not shown:
        return ""
    more = f" and {len(shown) - MOST_NAMES} more" if len(shown) > MOST_NAMES else ""
    return f"Known: {', '.join(shown[:MOST_NAMES])}{more}."
