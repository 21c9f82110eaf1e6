"""A workbook's styles part: what our cells need is appended, nothing in it is renumbered.

A style of ours is the style a cell has (or its row or column gives it), with a fill, font or
number format exchanged. What is there already is used again, so writing often adds nothing.
"""

from __future__ import annotations

import re

from batch_runner.reporter.looks import LOOKS, NO_SHADE, SHADES, Look
from batch_runner.reporter.xml_bytes import (
    Edit,
    Element,
    attribute,
    children,
    closing,
    edited,
    elements,
    escaped_attribute,
    opened,
    prefix_of,
    start_tag,
    with_attribute,
)

MAX_STYLES = 64_000
"""Cell formats that Excel takes in one workbook."""

_LINK_COLOR = "FF0563C1"
_MONEY = "0.00####"
_FIRST_OWN_FORMAT = 164
_BUILT_IN_AMOUNTS = frozenset({*range(1, 12), *range(37, 45), 48})
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)  # in a format
_FONT_ORDER = (
    *(b"b", b"i", b"strike", b"condense", b"extend", b"outline", b"shadow", b"u", b"vertAlign"),
    *(b"sz", b"color", b"name", b"family", b"charset", b"scheme"),
)
"""The order in which Excel writes a font's parts."""


class Styles:
    """The styles of one workbook, and those to append."""

    def __init__(self, part: bytes) -> None:
        """Look through the part; without a list of cell formats nothing is ever styled."""
        self._part = part
        self._memo: dict[tuple[int, Look], int] = {}
        self._undressed: dict[tuple[int, frozenset[int]], int | None] = {}
        root = next(elements(part), None)
        self._sections = {} if root is None else {e.name: e for e in children(part, root)}
        self._root = root
        self._p = "" if root is None else prefix_of(part, root)
        self._xfs = self._items(b"cellXfs")
        self._fonts = self._items(b"fonts")
        self._fills = self._items(b"fills")
        self._formats = self._items(b"numFmts")
        self._had = tuple(map(len, (self._xfs, self._fonts, self._fills, self._formats)))
        self._places = {xf: i for i, xf in reversed(list(enumerate(self._xfs)))}
        self._ours = {self._fill(color) for color in SHADES.values()}

    def _items(self, section: bytes) -> list[bytes]:
        found = self._sections.get(section)
        if found is None:
            return []
        return [self._part[item.start : item.end] for item in children(self._part, found)]

    def styled(self, base: int, look: Look) -> int:
        """The index of a cell's style with a look added to it."""
        try:
            return self._memo[base, look]
        except KeyError:
            index = self._memo[base, look] = self._derived(base, look)
            return index

    def undressed(self, style: int, bare: frozenset[int]) -> int | None:
        """The style that a cell of ours had before it got its look; ``None``: there was no cell.

        Of several that would have become the same the first is taken.

        Args:
            style: the cell's style as it is.
            bare: the styles that a new cell may have got here, before looks.
        """
        key = style, bare
        if key not in self._undressed:
            self._undressed[key] = self._before(style, bare)
        return self._undressed[key]

    def _before(self, style: int, bare: frozenset[int]) -> int | None:
        if style in bare or not 0 <= style < len(self._xfs):
            return None
        sizes = len(self._fonts), len(self._fills), len(self._formats)
        wanted = self._xfs[style]
        bases = [*bare, *(base for base in range(style) if base not in bare)]
        found = (b for b in bases if any(self._dressed(b, look) == wanted for look in LOOKS))
        base = next(found, style)
        # Trying them on may have made what is not needed.
        for items, size in zip((self._fonts, self._fills, self._formats), sizes, strict=True):
            del items[size:]
        return None if base in bare else base

    def hides_numbers(self, base: int) -> bool:
        """Whether a cell of this style shows a number as a date or otherwise not as such."""
        known = 0 <= base < len(self._xfs)
        number = _number(_split(self._xfs[base])[0], "numFmtId") if known else 0
        return number != 0 and not self._shows_amounts(number)

    def _derived(self, base: int, look: Look) -> int:
        if not (self._fonts and self._fills and 0 <= base < len(self._xfs)):
            return base
        return self._add(self._dressed(base, look), base)

    def _dressed(self, base: int, look: Look) -> bytes:
        tag, rest = _split(self._xfs[base])
        if look.shade is not None:
            tag = self._shaded(tag, look.shade)
        if look.link:
            tag = self._linked(tag)
        if look.money and not self._shows_amounts(_number(tag, "numFmtId")):
            tag = _with(tag, numFmtId=str(self._format(_MONEY)), applyNumberFormat="1")
        if look.text:
            tag = _with(tag, quotePrefix="1")
        return tag + rest

    def _add(self, xf: bytes, base: int) -> int:
        if xf in self._places:
            return self._places[xf]
        if len(self._xfs) >= MAX_STYLES:
            return base
        self._xfs.append(xf)
        self._places[xf] = len(self._xfs) - 1
        return self._places[xf]

    def _shaded(self, tag: bytes, color: str) -> bytes:
        if color == NO_SHADE:
            present = _number(tag, "fillId")
            ours = present < len(self._fills) and self._fills[present] in self._ours
            return _with(tag, fillId="0") if ours else tag
        fill = _place(self._fills, self._fill(color))
        return _with(tag, fillId=str(fill), applyFill="1")

    def _fill(self, color: str) -> bytes:
        p = self._p
        return (
            f'<{p}fill><{p}patternFill patternType="solid"><{p}fgColor rgb="{color}"/>'
            f'<{p}bgColor indexed="64"/></{p}patternFill></{p}fill>'
        ).encode()

    def _linked(self, tag: bytes) -> bytes:
        number = _number(tag, "fontId")
        if number >= len(self._fonts):
            return tag
        font = _link_font(self._fonts[number], self._p)
        return _with(tag, fontId=str(_place(self._fonts, font)), applyFont="1")

    def _shows_amounts(self, number: int) -> bool:
        """Whether a number format shows a number as such, and not as a date or text."""
        codes = {_number(one, "numFmtId"): attribute(one, "formatCode") for one in self._formats}
        if number not in codes:
            return number in _BUILT_IN_AMOUNTS
        code = _NOT_SHOWN.sub("", codes[number] or "")
        return bool(re.search(r"[0#?]", code)) and not re.search(r"[dmyhs]", code, re.IGNORECASE)

    def _format(self, code: str) -> int:
        known = {
            attribute(item, "formatCode"): _number(item, "numFmtId") for item in self._formats
        }
        if code in known:
            return known[code]
        number = max([_FIRST_OWN_FORMAT - 1, *known.values()]) + 1
        text = f'<{self._p}numFmt numFmtId="{number}" formatCode="{escaped_attribute(code)}"/>'
        self._formats.append(text.encode())
        return number

    def patched(self) -> bytes | None:
        """The part with what was appended; ``None`` if that is nothing."""
        lists = (
            (b"cellXfs", self._xfs),
            (b"fonts", self._fonts),
            (b"fills", self._fills),
            (b"numFmts", self._formats),
        )
        edits: list[Edit] = []
        for (name, items), had in zip(lists, self._had, strict=True):
            added = b"".join(items[had:])
            if not added:
                continue
            section = self._sections.get(name)
            if section is None:
                edits.append(self._new_formats(added, len(items)))
            else:
                edits += self._appended(section, added, len(items))
        return edited(self._part, edits) if edits else None

    def _appended(self, section: Element, added: bytes, count: int) -> list[Edit]:
        tag = with_attribute(start_tag(self._part, section), "count", str(count))
        if section.end == section.inner_end:
            return [(section.start, section.end, opened(tag) + added + closing(tag))]
        at = section.inner_end
        return [(section.start, section.inner, tag), (at, at, added)]

    def _new_formats(self, added: bytes, count: int) -> Edit:
        """Number formats stand first of all."""
        assert self._root is not None
        p, at = self._p.encode(), self._root.inner
        text = b'<%bnumFmts count="%d">%b</%bnumFmts>' % (p, count, added, p)
        return at, at, text


def _split(element: bytes) -> tuple[bytes, bytes]:
    """An element's start tag and the rest of it."""
    whole = next(elements(element))
    tag = start_tag(element, whole)
    return tag, element[len(tag) :]


def _number(tag: bytes, name: str) -> int:
    text = attribute(tag, name) or "0"
    return int(text) if text.isdecimal() else 0


def _with(tag: bytes, **attributes: str) -> bytes:
    for name, value in attributes.items():
        tag = with_attribute(tag, name, value)
    return tag


def _place(items: list[bytes], item: bytes) -> int:
    if item not in items:
        items.append(item)
    return items.index(item)


def _link_font(font: bytes, p: str) -> bytes:
    """The font, underlined and in the colour of links; an underlined one stays as it is."""
    whole = next(elements(font))
    parts = list(children(font, whole))
    if any(part.name == b"u" for part in parts):
        return font
    kept = [(part.name, font[part.start : part.end]) for part in parts if part.name != b"color"]
    kept += [
        (b"u", f"<{p}u/>".encode()),
        (b"color", f'<{p}color rgb="{_LINK_COLOR}"/>'.encode()),
    ]
    kept.sort(key=lambda part: _rank(part[0]))
    tag = start_tag(font, whole)
    return opened(tag) + b"".join(text for _, text in kept) + closing(tag)


def _rank(name: bytes) -> int:
    return _FONT_ORDER.index(name) if name in _FONT_ORDER else len(_FONT_ORDER)
