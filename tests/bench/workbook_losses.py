"""What a workbook lost: everything outside of some columns of one worksheet, compared."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from xml.etree import ElementTree as ET

from batch_runner.core.ooxml import Worksheet, normal_name, relations, relations_part
from batch_runner.loader.archive import Archive

_MAY_GROW = frozenset({"dimension", "cols", "hyperlinks", "autoFilter"})
_MAY_COME = frozenset({"hyperlinks", "cols", "drawing"})
_LISTS = ("[content_types].xml", ".rels", "/drawing1.xml")  # parts that only get longer


def losses(before: bytes, after: bytes, sheet: Worksheet, ours: AbstractSet[int]) -> list[str]:
    """All that differs outside of our columns (0-based), in words; nothing: nothing was lost.

    Members are compared as they are packed. Of the few that are written to: the worksheet's
    elements, its cells (values, formulas, stored values, style numbers), rows and links; the
    relationships; the styles, by their number; the tables' columns; the workbook's elements.
    """
    old, new = zipfile.ZipFile(io.BytesIO(before)), zipfile.ZipFile(io.BytesIO(after))
    parts = relations(Archive(before, ""), sheet.part, "").values()
    tables = {normal_name(one.target) for one in parts if one.kind == "table"}
    part, listing = normal_name(sheet.part), normal_name(relations_part(sheet.part))
    there = {normal_name(member.filename): member for member in new.infolist()}
    found: list[str] = []
    for member in old.infolist():
        name = normal_name(member.filename)
        if name not in there:
            found.append(f"part gone: {name}")
        elif _raw(before, member) == _raw(after, there[name]):
            continue
        elif name == part:
            found += _sheet_losses(_root(old, name), _root(new, name), ours)
        elif name in tables:
            found += _table_losses(_root(old, name), _root(new, name), name)
        elif name.endswith("styles.xml"):
            found += _style_losses(_root(old, name), _root(new, name))
        elif name.endswith("workbook.xml"):
            found += _book_losses(_root(old, name), _root(new, name))
        elif name == listing or name.endswith(_LISTS):
            found += _list_losses(_root(old, name), _root(new, name), name)
        else:
            same = old.read(member) == new.read(there[name])
            found.append(f"part {'packed anew' if same else 'changed'}: {name}")
    return found


def _raw(data: bytes, member: zipfile.ZipInfo) -> bytes:
    at = member.header_offset
    name, extra = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (26, 28))
    start = at + 30 + name + extra
    return data[start : start + member.compress_size]


def _root(package: zipfile.ZipFile, name: str) -> ET.Element:
    found = next(one for one in package.infolist() if normal_name(one.filename) == name)
    return ET.fromstring(package.read(found))


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: ET.Element) -> str:
    return ET.tostring(element, encoding="unicode").strip()


def _sheet_losses(old: ET.Element, new: ET.Element, ours: AbstractSet[int]) -> Iterator[str]:
    kinds = [_local(one) for one in old]
    added = [_local(one) for one in new if _local(one) not in kinds]
    if set(added) - _MAY_COME:
        yield f"elements added: {added}"
    if [kind for kind in map(_local, new) if kind not in added] != kinds:
        yield "elements gone or moved"
        return
    for one, other in zip(old, [one for one in new if _local(one) not in added], strict=True):
        kind = _local(one)
        if kind == "sheetData":
            yield from _cell_losses(one, other, ours)
        elif kind not in _MAY_GROW and _text(one) != _text(other):
            yield f"element changed: {kind}"
    links = [_link(one) for one in old.iter() if _local(one) == "hyperlink"]
    if [_link(one) for one in new.iter() if _local(one) == "hyperlink"][: len(links)] != links:
        yield "links changed"


def _link(element: ET.Element) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(element.attrib.items()))


def _cells(data: ET.Element) -> Iterator[tuple[int, int, str]]:
    number = 0
    for row in data:
        number = int(row.get("r") or number + 1)
        column = -1
        for cell in row:
            if _local(cell) != "c":
                continue
            letters = (cell.get("r") or "").rstrip("0123456789")
            column = _column(letters) if letters else column + 1
            cell.tail = None
            yield number, column, _text(cell)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number - 1


def _cell_losses(old: ET.Element, new: ET.Element, ours: AbstractSet[int]) -> Iterator[str]:
    before, after = ([one for one in _cells(x) if one[1] not in ours] for x in (old, new))
    if before != after:
        yield "cells changed"
    rows = {row.get("r"): _attributes(row) for row in new}
    if any(rows.get(row.get("r")) != _attributes(row) for row in old if row.get("r")):
        yield "rows changed"


def _attributes(row: ET.Element) -> dict[str, str]:
    return {name: value for name, value in row.attrib.items() if name != "spans"}


def _table_losses(old: ET.Element, new: ET.Element, name: str) -> Iterator[str]:
    before, after = (
        [_text(one) for one in table.iter() if _local(one) == "tableColumn"]
        for table in (old, new)
    )
    ids = [one.get("id") for one in new.iter() if _local(one) == "tableColumn"]
    if after[: len(before)] != before or len(set(ids)) != len(ids):
        yield f"table columns changed: {name}"


def _style_losses(old: ET.Element, new: ET.Element) -> Iterator[str]:
    theirs = {_local(one): one for one in new}
    for section in old:
        kind = _local(section)
        before = [_text(one) for one in section]
        after = [_text(one) for one in theirs[kind]] if kind in theirs else []
        if after[: len(before)] != before:
            yield f"styles changed: {kind}"


def _book_losses(old: ET.Element, new: ET.Element) -> Iterator[str]:
    """Only the hidden name of a filter may say another area."""
    before, after = (
        [_text(one) for one in book.iter() if len(one) == 0 and not _is_filter(one)]
        for book in (old, new)
    )
    if before != after:
        yield "the workbook part changed"


def _is_filter(element: ET.Element) -> bool:
    return element.get("name") == "_xlnm._FilterDatabase"


def _list_losses(old: ET.Element, new: ET.Element, name: str) -> Iterator[str]:
    after = {_text(one) for one in new}
    if any(_text(one) not in after for one in old):
        yield f"entries gone: {name}"
