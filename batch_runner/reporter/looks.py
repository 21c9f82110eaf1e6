"""How a result cell is to look, beside what it says."""

from __future__ import annotations

from dataclasses import dataclass

_GREEN, _AMBER, _RED, _GREY = "FFC6EFCE", "FFFFEB9C", "FFFFC7CE", "FFE7E6E6"

SHADES = {
    "succeeded": _GREEN,
    "running": _AMBER,
    "unknown": _AMBER,
    "failed": _RED,
    "invalid": _RED,
    "queued": _GREY,
    "skipped": _GREY,
}
"""Status word -> fill; the words stay, so that nothing depends on telling colours apart."""

NO_SHADE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a cell's style gets in addition to what it has."""

    shade: str | None = None  # a fill; NO_SHADE: none of ours; None: whatever it has
    link: bool = False  # underlined and blue
    money: bool = False  # at least two decimals, where the number format is a general one
    text: bool = False  # marked as text, so that editing the cell never makes a formula of it


PLAIN = Look()
LINK = Look(link=True)
MONEY = Look(money=True)
TEXT = Look(text=True)
LINK_TEXT = Look(link=True, text=True)


def shade_look(word: object) -> Look:
    """The look of a status cell."""
    return _STATES.get(str(word), _BLANK)


_BLANK = Look(shade=NO_SHADE)
_STATES = {word: Look(shade=shade) for word, shade in SHADES.items()}

LOOKS = (*_STATES.values(), LINK, MONEY, TEXT, LINK_TEXT)
"""Every look that a cell of ours may have been given."""
