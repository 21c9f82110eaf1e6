"""Pictures in a worksheet: pasted onto it and anchored at a cell, or placed in a cell.

Excel keeps the first kind in a drawing, the second behind an error value with a mark that leads
through the workbook's "rich values"; WPS has a formula with an id for it. A workbook without
pictures has none of the parts, and pays for no more than asking for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from batch_runner.core.ooxml import Relation, local, parse, relation_id, relations, workbook_part
from batch_runner.loader.archive import Archive
from batch_runner.loader.scan import Place, Scan

Parts = tuple[str, ...]
"""Names of the parts that hold the pictures of one cell, in order."""

_LOCAL_IMAGE = "_rvRel:LocalImageIdentifier"
_ANCHORS = frozenset({"twoCellAnchor", "oneCellAnchor"})
_CORNER = frozenset({"col", "row", "colOff", "rowOff"})


def pasted_pictures(
    archive: Archive, links: Mapping[str, Relation], scan: Scan, where: str
) -> Mapping[Place, Parts]:
    """Where pictures are in one worksheet.

    Args:
        archive: the workbook.
        links: the worksheet's relationships.
        scan: what was found in its cells.
        where: its address, for errors.

    Raises:
        SheetError: a part that tells of them is damaged.
    """
    found: dict[Place, Parts] = {}
    if scan.marked:
        by_mark = _by_mark(archive, where)
        found |= {at: (by_mark[mark],) for at, mark in scan.marked.items() if mark in by_mark}
    if scan.named:
        by_name = _by_name(archive, where)
        found |= {at: (by_name[name],) for at, name in scan.named.items() if name in by_name}
    for relation in links.values():
        if relation.kind == "drawing" and relation.target in archive:
            for place, parts in _anchored(archive, relation.target, where).items():
                found[place] = (*found.get(place, ()), *parts)
    return found


@dataclass(slots=True)
class _Anchor:
    """One anchored thing of a drawing, as far as it was read."""

    corner: dict[str, int] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)  # relationship ids


def _anchored(archive: Archive, part: str, where: str) -> Mapping[Place, Parts]:
    """The pictures that lie on each cell: by the left, then by the top."""
    links = relations(archive, part, where)
    placed: dict[Place, list[tuple[int, int, str]]] = defaultdict(list)
    for anchor in _anchors(archive, part, where):
        if not {"row", "col"} <= anchor.corner.keys():
            continue
        place = (anchor.corner["row"] + 1, anchor.corner["col"])
        left, top = anchor.corner.get("colOff", 0), anchor.corner.get("rowOff", 0)
        for name in anchor.pictures:
            relation = links.get(name)
            if relation is not None and not relation.external and relation.target in archive:
                placed[place].append((left, top, relation.target))
    return {
        place: tuple(target for _, _, target in sorted(some, key=lambda one: one[:2]))
        for place, some in placed.items()
    }


def _anchors(archive: Archive, part: str, where: str) -> list[_Anchor]:
    """All anchors of a drawing; what is no picture has none."""
    found: list[_Anchor] = []
    inside: list[str] = []  # the elements that are open, without prefixes
    text = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal text
        tag, text = local(name), ""
        inside.append(tag)
        if tag in _ANCHORS:
            found.append(_Anchor())
        elif tag == "blip" and "pic" in inside and found:
            embedded = next((v for n, v in attributes.items() if local(n) == "embed"), None)
            if embedded is not None:
                found[-1].pictures.append(embedded)

    def more(piece: str) -> None:
        nonlocal text
        text += piece

    def end(name: str) -> None:
        inside.pop()
        tag = local(name)
        if tag in _CORNER and inside[-1:] == ["from"] and found:
            found[-1].corner[tag] = int(text)

    parse(archive.chunks(part), where, start, end, more)
    return found


def _by_mark(archive: Archive, where: str) -> Mapping[int, str]:
    """Value mark (``vm``) -> the part of the picture that it leads to."""
    parts = _workbook_links(archive, where)
    names = ("sheetMetadata", "rdRichValue", "rdRichValueStructure", "richValueRel")
    if not all(name in parts for name in names):
        return {}
    metadata, values, structures, targets = (parts[name] for name in names)
    places = _image_places(archive, structures, where)
    listed = _elements(archive, targets, where)
    ids = [relation_id(given) for tag, given in listed if tag == "rel"]
    links = relations(archive, targets, where)
    pictures: dict[int, str] = {}
    found = _rich_values(archive, values, where)
    for mark, value in _values_of_marks(archive, metadata, where).items():
        structure, cells = found[value] if value < len(found) else (-1, [])
        place = places.get(structure)
        number = _number(cells[place]) if place is not None and place < len(cells) else -1
        relation = links.get(ids[number]) if 0 <= number < len(ids) else None
        if relation is not None and not relation.external and relation.target in archive:
            pictures[mark] = relation.target
    return pictures


def _values_of_marks(archive: Archive, part: str, where: str) -> Mapping[int, int]:
    """Value mark -> number of the rich value."""
    kinds: list[str] = []
    rich: list[int] = []
    marks: dict[int, int] = {}
    section = future = ""
    mark = 0
    for tag, found in _elements(archive, part, where):
        if tag in {"cellMetadata", "valueMetadata", "futureMetadata"}:
            section, future = tag, found.get("name", "")
        elif tag == "metadataType":
            kinds.append(found.get("name", ""))
        elif tag == "rvb" and future == "XLRICHVALUE":
            rich.append(_number(found.get("i", "")))
        elif tag == "bk" and section == "valueMetadata":
            mark += 1
        elif tag == "rc" and section == "valueMetadata":
            kind, value = _number(found.get("t", "")), _number(found.get("v", ""))
            if 0 < kind <= len(kinds) and kinds[kind - 1] == "XLRICHVALUE":
                marks[mark] = value
    return {mark: rich[value] for mark, value in marks.items() if 0 <= value < len(rich)}


def _image_places(archive: Archive, part: str, where: str) -> Mapping[int, int]:
    """Structure -> at which of its values a picture's number stands."""
    places: dict[int, int] = {}
    structure, key = -1, 0
    for tag, found in _elements(archive, part, where):
        if tag == "s":
            structure, key = structure + 1, 0
        elif tag == "k":
            if found.get("n") == _LOCAL_IMAGE:
                places[structure] = key
            key += 1
    return places


def _rich_values(archive: Archive, part: str, where: str) -> Sequence[tuple[int, list[str]]]:
    """The structure of each rich value, and what it holds."""
    values: list[tuple[int, list[str]]] = []
    text = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal text
        text = ""
        if local(name) == "rv":
            values.append((_number(attributes.get("s", "")), []))

    def more(piece: str) -> None:
        nonlocal text
        text += piece

    def end(name: str) -> None:
        if local(name) == "v" and values:
            values[-1][1].append(text)

    parse(archive.chunks(part), where, start, end, more)
    return values


def _by_name(archive: Archive, where: str) -> Mapping[str, str]:
    """WPS: the id that a formula names -> the part of its picture."""
    part = _workbook_links(archive, where).get("cellImage")
    if part is None:
        return {}
    links = relations(archive, part, where)
    pictures: dict[str, str] = {}
    name = ""
    for tag, found in _elements(archive, part, where):
        if tag == "cNvPr":
            name = found.get("name", "")
        elif tag == "blip":
            embedded = next((v for n, v in found.items() if local(n) == "embed"), "")
            relation = links.get(embedded)
            if relation is not None and not relation.external and relation.target in archive:
                pictures[name] = relation.target
    return pictures


def _workbook_links(archive: Archive, where: str) -> Mapping[str, str]:
    """Kind -> part, of what the workbook itself refers to and has."""
    links = relations(archive, workbook_part(archive, where), where).values()
    return {link.kind: link.target for link in links if link.target in archive}


def _elements(archive: Archive, part: str, where: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The elements of a part in their order: name without prefix, and attributes."""
    found: list[tuple[str, dict[str, str]]] = []
    parse(archive.chunks(part), where, lambda name, given: found.append((local(name), given)))
    yield from found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
