"""The filters that templates may use: each harmless, each bounded in what it makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from html import unescape
from types import MappingProxyType

from jinja2 import Undefined
from jinja2.filters import do_default, do_truncate
from jinja2.sandbox import SandboxedEnvironment

from batch_runner.core.text import cell_text
from batch_runner.core.values import read_number

MOST_MADE = 32_767
"""Characters that a template may make: as many as Excel stores in one cell."""

_ITEM_ENDS = re.compile(r"[,;|\r\n、，；]")
_BREAKS = frozenset(
    [
        "br",
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "tr",
        "td",
        "th",
        "table",
        "section",
        "article",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "dd",
        "dt",
        "blockquote",
    ]
)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*+)[^<>]*+>|<[!?][^<>]*+>")
_UNSEEN = {"<!--": "-->", "<script": "</script", "<style": "</style"}
_UNSEEN_BEGINS = re.compile("|".join(map(re.escape, _UNSEEN)), re.IGNORECASE)


def strip_html(value: object) -> str:
    """The words of a text with HTML in it, on one line: no tags, scripts or entities.

    Each step walks the text once: html.parser takes minutes for a cell full of unclosed tags.
    """
    shown = _TAG.sub(lambda tag: " " if _breaks(tag[1]) else "", _visible(_text(value)))
    return " ".join(unescape(shown).split())


def _breaks(tag: str | None) -> bool:
    return tag is not None and tag.lower() in _BREAKS


def _visible(text: str) -> str:
    """Without comments, scripts and styles; one that is never closed goes on to the end."""
    pieces, place = [], 0
    while begin := _UNSEEN_BEGINS.search(text, place):
        pieces.append(text[place : begin.start()])
        end = re.compile(re.escape(_UNSEEN[begin[0].lower()]), re.IGNORECASE)
        found = end.search(text, begin.end())
        place = found.end() if found else len(text)
        if begin[0] != "<!--" and found:
            place = text.find(">", place) + 1 or len(text)
    return "".join([*pieces, text[place:]])


def first(value: object) -> str:
    """The first of several: up to a comma, semicolon, bar or line end."""
    items = (item.strip() for item in _ITEM_ENDS.split(_text(value)))
    return next((item for item in items if item), "")


def replace(value: object, old: object, new: object) -> str:
    """The text with one thing put for another."""
    text, gone, put = _text(value), _text(old), _text(new)
    if not gone:
        raise ValueError("replace needs something to look for")
    if len(text) + text.count(gone) * max(0, len(put) - len(gone)) > MOST_MADE:
        raise ValueError(f"replace makes more than {MOST_MADE} characters of it")
    return text.replace(gone, put)


def truncate(value: object, length: object = 255, end: object = "") -> str:
    """The text, cut after a word so that it has at most so many characters."""
    most = whole(length)
    if not 1 <= most <= MOST_MADE:
        raise ValueError(f"truncate takes a length from 1 to {MOST_MADE}")
    return do_truncate(SandboxedEnvironment(), _text(value), most, end=_text(end), leeway=0)


def number(value: object) -> int | float:
    """The number that a text says."""
    if isinstance(value, int | float):
        return value
    found = read_number(_text(value))
    if found is None:
        raise ValueError(f"'{_text(value)[:40]}' is no number")
    return int(found) if found == int(found) else float(found)


def whole(value: object) -> int:
    """The number without what stands behind the point."""
    return int(number(value))


def rounded(value: object, digits: object = 0) -> int | float:
    """The number, rounded; whole if it is asked for no digits."""
    places = whole(digits)
    return round(number(value), places) if places else round(number(value))


def _text(value: object) -> str:
    return cell_text(value) if isinstance(value, bool | int | float | None) else str(value)


def _of_cells(filters: Mapping[str, Callable[..., object]]) -> dict[str, Callable[..., object]]:
    """Filters that leave a blank cell blank, so that a ``default`` behind them still counts."""

    def guarded(made: Callable[..., object]) -> Callable[..., object]:
        @wraps(made)
        def apply(value: object, *args: object, **named: object) -> object:
            return value if isinstance(value, Undefined) else made(value, *args, **named)

        return apply

    return {name: guarded(made) for name, made in filters.items()}


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "default": do_default,
        "d": do_default,
        **_of_cells(
            {
                "strip_html": strip_html,
                "first": first,
                "lower": lambda value: _text(value).lower(),
                "upper": lambda value: _text(value).upper(),
                "capitalize": lambda value: _text(value).capitalize(),
                "title": lambda value: _text(value).title(),
                "trim": lambda value: _text(value).strip(),
                "replace": replace,
                "truncate": truncate,
                "int": whole,
                "float": number,
                "round": rounded,
            }
        ),
    }
)
"""By the names that templates call them."""
