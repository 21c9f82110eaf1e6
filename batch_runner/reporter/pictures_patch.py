"""Small pictures in cells: what a worksheet's drawing gets, and gives back.

A picture of ours is known by its name, which Excel and LibreOffice keep. It moves and is sized with
its cell, so that sorting and filtering take it along. The user's own shapes are never touched.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from batch_runner.core.model import Thumbnail, WritePlan
from batch_runner.core.ooxml import normal_name, relations, relations_part
from batch_runner.core.outcolumns import PREVIEW, WIDTHS
from batch_runner.reporter.relations_patch import with_relations
from batch_runner.reporter.sheet_survey import STRICT, Survey
from batch_runner.reporter.sheet_wanted import Cells
from batch_runner.reporter.workbook_parts import Book
from batch_runner.reporter.xml_bytes import (
    Edit,
    attribute,
    children,
    edited,
    elements,
    insertion,
    relation_of,
    with_attribute,
    without_attribute,
)

MAX_PICTURES = 5_000
"""Pictures that one worksheet gets; more would make it slow to open."""

ROW_HEIGHT = 60.75  # points

_NAME = "preview "
_POINT, _PIXEL, _GAP = 12_700, 9_525, 19_050  # in the format's own units
_PLAIN_ROW = 15.0  # points
_WIDEST = 5 + 7 * WIDTHS[PREVIEW]  # pixels of the column

_SHAPE = re.compile(rb"""<(?:[^\s/<>:]+:)?cNvPr(?=\s)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ID = re.compile(rb"""\sid\s*=\s*["'](\d+)["']""")
_OURS = re.compile(rb"""\sname\s*=\s*["']preview ([0-9a-f]+)["']""")
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
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.drawing+xml"


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
class _Added:
    picture: Thumbnail
    row: int
    column: int
    height: float  # of the row, in points


@dataclass(slots=True, kw_only=True)
class Pictures:
    """The pictures to add to one worksheet."""

    plan: WritePlan
    room: int  # how many more it gets
    added: list[_Added] = field(default_factory=list)
    refused: int = 0  # pictures for which there was no room

    def dressed(self, row: int, tag: bytes) -> bytes:
        """A row's start tag, higher if it gets a picture; whoever set a height by hand keeps it."""
        column = self.plan.preview_column
        if column is None:
            return tag
        height = _number(tag, "ht")
        own = attribute(tag, "customHeight") in {"1", "true"}
        if self.plan.remove:
            ours = own and height == ROW_HEIGHT
            return without_attribute(without_attribute(tag, "ht"), "customHeight") if ours else tag
        cell = self.plan.cells.get(row, {}).get(column)
        if cell is None or cell.picture is None:
            return tag
        if self.plan.style and not own and (height or 0) < ROW_HEIGHT:
            height = ROW_HEIGHT
            tag = with_attribute(with_attribute(tag, "ht", str(height)), "customHeight", "1")
        if len(self.added) < self.room:
            added = _Added(
                picture=cell.picture, row=row, column=column, height=height or _PLAIN_ROW
            )
            self.added.append(added)
        else:
            self.refused += 1
        return tag


def drawing_of(book: Book, part: str, around: Survey) -> str | None:
    """The name of a worksheet's drawing part, if it has one."""
    element = around.after(b"drawing")
    if element is None:
        return None
    found = relations(book, part, "").get(relation_of(element))
    return found.target if found is not None and found.target in book else None


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


def shown_pictures(book: Book, part: str, around: Survey) -> list[Shown]:
    """The pictures of ours on a worksheet."""
    drawing = drawing_of(book, part, around)
    return list(shown_in(book.text(drawing))) if drawing else []


def replaced(shown: Sequence[Shown], wanted: Cells, plan: WritePlan) -> list[Shown]:
    """Those that stand in cells about to be written, or in a column about to be removed."""
    column = plan.preview_column if plan.remove else None
    return [one for one in shown if one.column in wanted.get(one.row, {}) or one.column == column]


def put_pictures(
    book: Book, part: str, around: Survey, pictures: Pictures, gone: Sequence[Shown]
) -> list[Edit]:
    """Change a worksheet's drawing; what the worksheet's end has to say of it."""
    if not pictures.added and not gone:
        return []
    edits: list[Edit] = []
    drawing = drawing_of(book, part, around)
    if drawing is None:
        drawing, edits = _new_drawing(book, part, around)
    text = edited(book.text(drawing), [(one.start, one.end, b"") for one in gone])
    # Excel keeps equal images once, so another shape may need what ours had.
    unused = {one.relation for one in gone if f'"{one.relation}"'.encode() not in text}
    ids = _put_images(book, drawing, pictures, unused, strict=around.strict)
    root = next(elements(text))
    if pictures.added:
        anchors = _anchors(text, pictures, ids, strict=around.strict)
        text = edited(text, [insertion(text, root, anchors)])
    elif text == _empty_drawing(strict=around.strict):
        return _without_drawing(book, part, around, drawing)
    book.put(drawing, text)
    return edits


def _new_drawing(book: Book, part: str, around: Survey) -> tuple[str, list[Edit]]:
    """An empty drawing for a worksheet that has none."""
    name = book.free_name("xl/drawings/drawing", ".xml")
    book.put(name, _empty_drawing(strict=around.strict))
    book.declare_part(name, _DRAWING_TYPE)
    (number,) = _relate(book, part, f"{around.office}/drawing", [name])
    r, declared = around.referring
    at = around.place_of(b"drawing")
    return name, [(at, at, f'<{around.prefix}drawing{declared} {r}:id="{number}"/>'.encode())]


def _empty_drawing(*, strict: bool) -> bytes:
    space = _space(_SPREADSHEET, strict=strict)
    root = f'<xdr:wsDr xmlns:xdr="{space}"></xdr:wsDr>'
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n{root}'.encode()


def _without_drawing(book: Book, part: str, around: Survey, drawing: str) -> list[Edit]:
    """Nothing is left in a drawing that was made for our pictures: it goes."""
    element = around.after(b"drawing")
    assert element is not None
    _relate(book, part, "", [], {relation_of(element)})
    book.remove(relations_part(drawing))
    book.remove(drawing)
    return [(element.start, element.end, b"")]


def _put_images(
    book: Book, drawing: str, pictures: Pictures, unused: set[str], *, strict: bool
) -> list[str]:
    """Store the images and relate the drawing to them: the relationship of each picture."""
    known = relations(book, drawing, "")
    names: list[str] = []  # the image part of each picture
    for one in pictures.added:
        content = one.picture.path.read_bytes()
        names.append(f"xl/media/preview_{hashlib.sha256(content).hexdigest()[:16]}.jpeg")
        if names[-1] not in book:
            book.put(names[-1], content)
    if names:
        book.declare_extension("jpeg", "image/jpeg")
    ids = {one.target: number for number, one in known.items() if number not in unused}
    new = [name for name in dict.fromkeys(names) if name not in ids]
    if new or unused:
        kind = f"{_space(_OFFICE, strict=strict)}/image"
        ids |= dict(zip(new, _relate(book, drawing, kind, new, unused), strict=True))
    leave = {known[number].target for number in unused & known.keys()}
    used = book.targets() if leave else frozenset()
    for name in leave:
        if normal_name(name) not in used:
            book.remove(name)
    return [ids[name] for name in names]


def _relate(
    book: Book, part: str, kind: str, names: Sequence[str], unused: AbstractSet[str] = frozenset()
) -> list[str]:
    """Let a part refer to others, and no longer to some: the new relationships' ids."""
    listing, folder = relations_part(part), posixpath.dirname(part)
    present = book.text(listing) if listing in book else None
    targets = [posixpath.relpath(f"/{name}", f"/{folder}") for name in names]
    text, ids = with_relations(present, kind, targets, unused=unused)
    book.put(listing, text)
    return ids


def _anchors(text: bytes, pictures: Pictures, ids: Sequence[str], *, strict: bool) -> bytes:
    xdr, a, r = (_space(space, strict=strict) for space in (_SPREADSHEET, _MAIN, _OFFICE))
    numbers = (int(one[1]) for shape in _SHAPE.finditer(text) if (one := _ID.search(shape[1])))
    first = max(numbers, default=1) + 1
    opening = f'<xdr:twoCellAnchor xmlns:xdr="{xdr}" xmlns:a="{a}" xmlns:r="{r}">'
    parts: list[str] = []
    for number, (added, image) in enumerate(zip(pictures.added, ids, strict=True), start=first):
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


def _size(added: _Added) -> tuple[int, int]:
    """Width and height that fit into a cell, in the format's units."""
    room = _WIDEST * _PIXEL - 2 * _GAP, max(1, int(added.height * _POINT) - 2 * _GAP)
    picture = added.picture
    scale = min(room[0] / picture.width, room[1] / picture.height)
    return int(picture.width * scale), int(picture.height * scale)


def _corner(added: _Added, right: int, down: int) -> str:
    return (
        f"<xdr:col>{added.column}</xdr:col><xdr:colOff>{right}</xdr:colOff>"
        f"<xdr:row>{added.row - 1}</xdr:row><xdr:rowOff>{down}</xdr:rowOff>"
    )


def _number(tag: bytes, name: str) -> float | None:
    try:
        return float(attribute(tag, name) or "")
    except ValueError:
        return None


def _space(space: str, *, strict: bool) -> str:
    return _STRICT[space] if strict else space
