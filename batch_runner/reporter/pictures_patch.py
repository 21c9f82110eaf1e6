"""Small pictures in cells: what a worksheet's drawing gets, and gives back.

The user's own shapes, and what they need, are never touched.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from batch_runner.core.model import WritePlan
from batch_runner.core.ooxml import normal_name, relations, relations_part
from batch_runner.reporter.drawing_xml import (
    DRAWING_TYPE,
    Placed,
    Shown,
    anchors,
    empty_drawing,
    refers,
    shown_in,
)
from batch_runner.reporter.relations_patch import with_relations
from batch_runner.reporter.sheet_survey import Survey
from batch_runner.reporter.sheet_wanted import Cells
from batch_runner.reporter.workbook_parts import Book
from batch_runner.reporter.xml_bytes import (
    Edit,
    attribute,
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
_PLAIN_ROW = 15.0


@dataclass(slots=True, kw_only=True)
class Pictures:
    """The pictures to add to one worksheet."""

    plan: WritePlan
    room: int  # how many more it gets
    added: list[Placed] = field(default_factory=list)
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
            added = Placed(
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
    unused = {one.relation for one in gone if not refers(text, one.relation)}
    ids = _put_images(book, drawing, pictures, unused, around.office)
    root = next(elements(text))
    if pictures.added:
        new = anchors(text, pictures.added, ids, strict=around.strict)
        text = edited(text, [insertion(text, root, new)])
    elif text == empty_drawing(strict=around.strict):
        return _without_drawing(book, part, around, drawing)
    book.put(drawing, text)
    return edits


def _new_drawing(book: Book, part: str, around: Survey) -> tuple[str, list[Edit]]:
    """An empty drawing for a worksheet that has none."""
    name = book.free_name("xl/drawings/drawing", ".xml")
    book.put(name, empty_drawing(strict=around.strict))
    book.declare_part(name, DRAWING_TYPE)
    (number,) = _relate(book, part, f"{around.office}/drawing", [name])
    r, declared = around.referring
    at = around.place_of(b"drawing")
    lost = around.after(b"drawing")  # one whose part is not there: it gives way
    start, end = (lost.start, lost.end) if lost else (at, at)
    return name, [(start, end, f'<{around.prefix}drawing{declared} {r}:id="{number}"/>'.encode())]


def _without_drawing(book: Book, part: str, around: Survey, drawing: str) -> list[Edit]:
    """Nothing is left in a drawing that was made for our pictures: it goes."""
    element = around.after(b"drawing")
    assert element is not None
    _relate(book, part, "", [], {relation_of(element)})
    book.remove(relations_part(drawing))
    book.remove(drawing)
    return [(element.start, element.end, b"")]


def _put_images(
    book: Book, drawing: str, pictures: Pictures, unused: set[str], office: str
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
        kind = f"{office}/image"
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


def _number(tag: bytes, name: str) -> float | None:
    try:
        return float(attribute(tag, name) or "")
    except ValueError:
        return None
