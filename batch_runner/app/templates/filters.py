"""The filters that templates may use: each harmless, each bounded in what it makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
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
    {"br", "p", "div", "li", "ul", "ol", "tr", "td", "th", "table", "section", "article", "hr"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "dd", "dt", "blockquote"}
)
_UNSEEN = frozenset({"script", "style"})


class _Words(HTMLParser):
    """Gathers what a browser would show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - as html.parser calls it
        self._unseen += tag in _UNSEEN
        self._break_at(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))
        self._break_at(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)

    def _break_at(self, tag: str) -> None:
        if tag in _BREAKS:
            self.pieces.append(" ")


def strip_html(value: object) -> str:
    """The words of a text with HTML in it, on one line: no tags, scripts or entities."""
    words = _Words()
    words.feed(_text(value))
    words.close()
    return " ".join("".join(words.pieces).split())


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
    if isinstance(value, Undefined):
        return str(value)  # it objects
    return cell_text(value) if isinstance(value, bool | int | float | None) else str(value)


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "default": do_default,
        "d": do_default,
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
)
"""By the names that templates call them."""
