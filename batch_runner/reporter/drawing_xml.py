"""The XML of a drawing: pictures anchored in cells, and which of those that are there are ours.

A picture of ours is known by its name, which Excel and LibreOffice keep. It moves and is sized with
its cell, so that sorting and filtering take it along.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batch_runner.core.model import Thumbnail
from batch_runner.core.outcolumns import PREVIEW, WIDTHS
from batch_runner.reporter.sheet_survey import STRICT
from batch_runner.reporter.xml_bytes import children, elements

_NAME = "preview "
_POINT, _PIXEL, _GAP = 12_700, 9_525, 19_050  # in the format's own units
_WIDEST = 5 + 7 * WIDTHS[PREVIEW]  # pixels of the column

_SHAPE = re.compile(rb"""<(?:[^\s/<>:]+:)?cNvPr(?=\s)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ID = re.compile(rb"""\sid\s*=\s*["'](\d+)["']""")
_OURS = re.compile(rb"""\sname\s*=\s*["']preview ([0-9a-f]{12})["']""")
_FROM = re.compile(rb"<(?:[^\s/<>:]+:)?from\s*>(.*?)</(?:[^\s/<>:]+:)?from\s*>", re.DOTALL)
_AT = re.compile(rb"<(?:[^\s/<>:]+:)?(col|row)\s*>\s*(\d+)\s*<")
_EMBEDDED = re.compile(rb""":embed\s*=\s*["']([^"']+)["']""")

_SPREADSHEET = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_MAIN = "http://schemas.openxmlformats.org/drawingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT = {
    _SPREADSHEET: f"{STRICT}drawingml/spreadsheetDrawing",
    _MAIN: f"{STRICT}drawingml/main",
    _OFFICE: f"{STRICT}officeDocument/relationships",
}
DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.drawing+xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture of ours that a drawing has."""

    row: int  # 1-based
    column: int  # 0-based
    mark: str
    start: int  # where it stands in the drawing part
    end: int
    relation: str  # that of its image


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A picture to put into a cell."""

    picture: Thumbnail
    row: int
    column: int
    height: float  # of the row, in points


def shown_in(drawing: bytes) -> Iterator[Shown]:
    """The pictures of ours in a drawing part."""
    if _NAME.encode() not in drawing:
        return
    root = next(elements(drawing))
    for anchor in children(drawing, root):
        text = drawing[anchor.start : anchor.end]
        shapes = list(_SHAPE.finditer(text))
        ours = _OURS.search(shapes[0][1]) if len(shapes) == 1 else None
        corner = _FROM.search(text)
        place = {at[1]: int(at[2]) for at in _AT.finditer(corner[1])} if corner else {}
        image = _EMBEDDED.search(text)
        if ours and image and len(place) == 2:
            yield Shown(
                row=place[b"row"] + 1,
                column=place[b"col"],
                mark=ours[1].decode(),
                start=anchor.start,
                end=anchor.end,
                relation=image[1].decode(),
            )


def refers(drawing: bytes, relation: str) -> bool:
    """Whether anything in a drawing part needs a relationship."""
    return any(f"{quote}{relation}{quote}".encode() in drawing for quote in "\"'")


def empty_drawing(*, strict: bool) -> bytes:
    """A drawing part in which nothing is yet."""
    space = _space(_SPREADSHEET, strict=strict)
    root = f'<xdr:wsDr xmlns:xdr="{space}"></xdr:wsDr>'
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n{root}'.encode()


def anchors(text: bytes, placed: Sequence[Placed], ids: Sequence[str], *, strict: bool) -> bytes:
    """Pictures as they stand in a drawing part; ``ids``: the relationship of each image."""
    xdr, a, r = (_space(space, strict=strict) for space in (_SPREADSHEET, _MAIN, _OFFICE))
    numbers = (int(one[1]) for shape in _SHAPE.finditer(text) if (one := _ID.search(shape[1])))
    first = max(numbers, default=1) + 1
    opening = f'<xdr:twoCellAnchor xmlns:xdr="{xdr}" xmlns:a="{a}" xmlns:r="{r}">'
    parts: list[str] = []
    for number, (added, image) in enumerate(zip(placed, ids, strict=True), start=first):
        wide, high = _size(added)
        parts.append(
            f"{opening}<xdr:from>{_corner(added, _GAP, _GAP)}</xdr:from>"
            f"<xdr:to>{_corner(added, _GAP + wide, _GAP + high)}</xdr:to>"
            f'<xdr:pic><xdr:nvPicPr><xdr:cNvPr id="{number}" name="{_NAME}{added.picture.mark}" '
            'descr="A picture of the video of this row"/><xdr:cNvPicPr>'
            '<a:picLocks noChangeAspect="1"/></xdr:cNvPicPr></xdr:nvPicPr><xdr:blipFill>'
            f'<a:blip r:embed="{image}"/><a:stretch><a:fillRect/></a:stretch></xdr:blipFill>'
            f'<xdr:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{wide}" cy="{high}"/></a:xfrm>'
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr></xdr:pic>'
            "<xdr:clientData/></xdr:twoCellAnchor>"
        )
    return "".join(parts).encode()


def _size(added: Placed) -> tuple[int, int]:
    """Width and height that fit into a cell, in the format's units."""
    room = _WIDEST * _PIXEL - 2 * _GAP, max(1, int(added.height * _POINT) - 2 * _GAP)
    picture = added.picture
    scale = min(room[0] / picture.width, room[1] / picture.height)
    return int(picture.width * scale), int(picture.height * scale)


def _corner(added: Placed, right: int, down: int) -> str:
    return (
        f"<xdr:col>{added.column}</xdr:col><xdr:colOff>{right}</xdr:colOff>"
        f"<xdr:row>{added.row - 1}</xdr:row><xdr:rowOff>{down}</xdr:rowOff>"
    )


def _space(space: str, *, strict: bool) -> str:
    return _STRICT[space] if strict else space
