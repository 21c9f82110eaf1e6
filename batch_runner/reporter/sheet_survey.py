"""What stands before and after a worksheet's rows, found while the rows stream by unread."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.reporter.xml_bytes import (
    ATTRIBUTES,
    Element,
    elements,
    namespaces,
)

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
STRICT = "http://purl.oclc.org/ooxml/"
"""How the namespaces of Strict workbooks begin."""

_MOST = 64 << 20  # bytes before the rows; a real one has a few kilobytes
_START = re.compile(
    rb"<(?:!--.*?-->|\?.*?\?>|(?P<prefix>(?:[^\s/<>!?:]+:)?)sheetData(?=[\s/>])"
    + ATTRIBUTES
    + rb"(?P<closed>/?)>)",
    re.DOTALL,
)
_ROOT = re.compile(rb"<(?:[^\s/<>!?:]+:)?worksheet(?=[\s/>])(" + ATTRIBUTES + rb")>")


_ORDER = (
    *(b"sheetData", b"sheetCalcPr", b"sheetProtection", b"protectedRanges", b"scenarios"),
    *(b"autoFilter", b"sortState", b"dataConsolidate", b"customSheetViews", b"mergeCells"),
    *(b"phoneticPr", b"conditionalFormatting", b"dataValidations", b"hyperlinks"),
    *(b"printOptions", b"pageMargins", b"pageSetup", b"headerFooter", b"rowBreaks"),
    *(b"colBreaks", b"customProperties", b"cellWatches", b"ignoredErrors", b"smartTags"),
    b"drawing",
)
"""The elements from the rows to the drawing; everything else, known or not, stands after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One worksheet part around its rows."""

    head: bytes  # up to and including the start tag of ``sheetData``
    tail: bytes  # what follows its end tag; all of it where it has no rows
    prefix: str  # of the worksheet's elements: ``x:``, or nothing
    rowless: bool  # ``<sheetData/>``
    declared: dict[str, str]  # namespace -> prefix, as the root declares them
    following: tuple[Element, ...]  # the elements of the tail

    @property
    def strict(self) -> bool:
        """Whether it is in the Strict form of the format."""
        return any(space.startswith(STRICT) for space in self.declared)

    @property
    def office(self) -> str:
        """The namespace of its relationships."""
        return _STRICT_OFFICE if self.strict else _OFFICE

    @property
    def referring(self) -> tuple[str, str]:
        """The prefix for relationships' ids, and what declares it where nothing does yet.

        Declared where it is used, the root stays as it is, and so what it says of extensions.
        """
        r = self.declared.get(self.office, "")
        return (r, "") if r else ("r", f' xmlns:r="{self.office}"')

    def place_of(self, name: bytes) -> int:
        """Where in the tail an element goes that is not there yet."""
        before = _ORDER[: _ORDER.index(name)]
        return max((one.end for one in self.following if one.name in before), default=0)

    def before(self, name: bytes) -> Element | None:
        """An element that stands before the rows."""
        root = _ROOT.search(self.head)
        start = root.end() if root else 0
        return next((one for one in elements(self.head, start) if one.name == name), None)

    def after(self, name: bytes) -> Element | None:
        """An element that stands after the rows."""
        return next((one for one in self.following if one.name == name), None)


def survey(chunks: Iterable[bytes], where: str) -> Survey:
    """Look through a worksheet part, in UTF-8.

    Raises:
        SheetError: It has no rows, not even an empty list of them.
    """
    stream = iter(chunks)
    buffer, found = b"", None
    for chunk in stream:
        buffer += chunk
        found = next((one for one in _START.finditer(buffer) if one["prefix"] is not None), None)
        if found or len(buffer) > _MOST:
            break
    root = _ROOT.search(buffer)
    if found is None or root is None:
        raise not_editable(where)
    rest = chain([buffer[found.end() :]], stream)
    rowless = bool(found["closed"])
    tail = b"".join(rest) if rowless else _after_rows(rest, found["prefix"], where)
    return Survey(
        head=buffer[: found.end()],
        tail=tail,
        prefix=found["prefix"].decode(),
        rowless=rowless,
        declared=namespaces(root[1]),
        following=tuple(elements(tail)),
    )


def _after_rows(chunks: Iterable[bytes], prefix: bytes, where: str) -> bytes:
    """What follows the last ``</sheetData>``; only that is kept."""
    mark = b"</" + prefix + b"sheetData"
    window = b""
    for chunk in chunks:
        window += chunk
        at = window.rfind(mark)
        window = window[at if at >= 0 else -len(mark) :]
    end = re.match(re.escape(mark) + rb"\s*>", window)
    if end is None:
        raise not_editable(where)
    return window[end.end() :]


def not_editable(where: str) -> SheetError:
    """The error for a worksheet that is not laid out as worksheets are."""
    return SheetError(
        phrase(
            "The worksheet is not laid out as Excel lays it out, so no result can be placed safely."
        ),
        code="workbook_not_writable",
        hint=phrase(
            "Open the workbook in Excel, save it as .xlsx under a new name, and run that."
        ),
        where=where,
    )
