"""Sentences for people, in their language.

A sentence is written where it belongs, in English, with named places for its values::

    phrase("{name} is {given}; {model} takes {allowed}.", name=..., given=..., ...)

The English text is also what it is looked up by among the sentences of the language that is
spoken; one that is not found there stays English. The language belongs to the context: sheets
that run side by side in one process may each have their own, and their threads follow them.

Values are filled in once and never read as templates, whatever braces a cell holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

_FULL_STOPS = ("。", "！", "？")  # no blank follows these


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language, and what it has for our English templates."""

    code: str  # as the provider's API takes it: en, ja, zh
    sentences: Mapping[str, str] = field(default_factory=dict)


ENGLISH = Language(code="en")

_spoken: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def speak(language: Language) -> None:
    """Go on in this language: in this context, and in tasks and threads begun from it."""
    _spoken.set(language)


def spoken() -> Language:
    """The language of this context."""
    return _spoken.get()


def phrase(template: str, /, **values: object) -> str:
    """A sentence, or a part of one, with its values.

    ``template`` is a literal (or comes from :func:`template`): a test looks for all of them and
    demands them of every language.
    """
    return (_spoken.get().sentences.get(template) or template).format_map(values)


def plural(one: str, many: str, /, count: int, **values: object) -> str:
    """As :func:`phrase`, for a number; what other languages have for it, they have for ``many``."""
    words = _spoken.get().sentences.get(many) or (one if count == 1 else many)
    return words.format_map({"count": count, **values})


def translated(text: str) -> str:
    """A text without places for values that does not stand in the code, such as a profile's hint."""
    return _spoken.get().sentences.get(text) or text


def template(text: str, /) -> str:
    """Marks a literal that is given to :func:`phrase` somewhere else."""
    return text


def joined(*sentences: str) -> str:
    """Sentences after each other, as the marks at their ends demand; empty ones are left out."""
    text = ""
    for sentence in filter(None, sentences):
        gap = "" if not text or text.endswith(_FULL_STOPS) else " "
        text = f"{text}{gap}{sentence}"
    return text


def series(items: Iterable[object]) -> str:
    """``a, b, c``."""
    return phrase(", ").join(map(str, items))


def either(items: Iterable[object]) -> str:
    """``a, b or c``."""
    *first, last = map(str, items)
    return phrase("{first} or {last}", first=series(first), last=last) if first else last


def both(items: Iterable[object]) -> str:
    """``a, b and c``."""
    *first, last = map(str, items)
    return phrase("{first} and {last}", first=series(first), last=last) if first else last
