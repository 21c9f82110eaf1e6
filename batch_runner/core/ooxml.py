"""What a workbook's package looks like inside: parts, relationships, worksheets.

A part is found through relationships, never by its file name: the first sheet need not be
sheet1.xml, targets may be absolute or written with backslashes, and Strict workbooks use other
namespaces. Reading and writing both go by what stands here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn, Protocol
from xml.parsers import expat

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase

SAVE_AGAIN = "Open it in Excel or LibreOffice and save it as a new .xlsx file."


class Parts(Protocol):
    """An opened package."""

    def __contains__(self, name: str) -> bool:
        """Whether it has a part of this name."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part, unpacked bit by bit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relationship of a part."""

    kind: str  # the last word of its type: worksheet, hyperlink, officeDocument ...
    target: str  # a part's full name, or a link when external
    external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksheet:
    """A worksheet as the workbook lists it."""

    name: str
    hidden: bool
    part: str
    index: int = 0  # 0-based, chart and dialog sheets counted


def normal_name(name: str) -> str:
    """A part's name as parts are compared: no leading slash, no backslash, no case."""
    return name.replace("\\", "/").lstrip("/").lower()


def workbook_part(parts: Parts, where: str) -> str:
    """The full name of the part that lists the worksheets."""
    top = relations(parts, "", where).values()
    return next((r.target for r in top if r.kind == "officeDocument"), "xl/workbook.xml")


def worksheets(parts: Parts, where: str) -> tuple[Worksheet, ...]:
    """The worksheets in their order; chart and dialog sheets are none.

    Raises:
        SheetError: The workbook's structure is damaged.
    """
    workbook = workbook_part(parts, where)
    targets = relations(parts, workbook, where)
    found: list[Worksheet] = []
    listed = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal listed
        if local(name) != "sheet":
            return
        relation = targets.get(relation_id(attributes))
        if relation is not None and relation.kind == "worksheet":
            found.append(
                Worksheet(
                    name=attributes.get("name", ""),
                    hidden=attributes.get("state", "visible") != "visible",
                    part=relation.target,
                    index=listed,
                )
            )
        listed += 1

    if workbook not in parts:
        raise damaged(where)
    parse(parts.chunks(workbook), where, start)
    return tuple(found)


def relations_part(part: str) -> str:
    """The name of the part that lists another part's relationships."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def relations(parts: Parts, part: str, where: str) -> Mapping[str, Relation]:
    """A part's relationships by id; none if it has no list of them."""
    listing = relations_part(part)
    if listing not in parts:
        return MappingProxyType({})
    folder = posixpath.dirname(part)
    found: dict[str, Relation] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) != "Relationship":
            return
        external = attributes.get("TargetMode") == "External"
        target = attributes.get("Target", "")
        found[attributes.get("Id", "")] = Relation(
            kind=attributes.get("Type", "").rpartition("/")[2],
            target=target if external else _full_name(folder, target),
            external=external,
        )

    parse(parts.chunks(listing), where, start)
    return found


def parse(
    chunks: Iterable[bytes],
    where: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Call back for every element of a part, with names as they stand (prefixes included).

    Raises:
        SheetError: It is not well-formed, or declares a document type: no workbook has one,
            and entities would be a way to blow up a few bytes.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text

    def refuse(*_: object) -> NoReturn:
        raise damaged(where)

    parser.StartDoctypeDeclHandler = refuse
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:  # ValueError: a number that is none
        raise damaged(where) from error


def local(name: str) -> str:
    """An element's or attribute's name without its prefix."""
    return name.rpartition(":")[2]


def relation_id(attributes: Mapping[str, str]) -> str:
    """The ``r:id`` of an element, whatever prefix stands for ``r``."""
    usual = attributes.get("r:id")
    if usual is not None:
        return usual
    return next((value for name, value in attributes.items() if name.endswith(":id")), "")


def damaged(where: str) -> SheetError:
    """The error for a workbook that cannot be read."""
    return SheetError(
        phrase("The file is no whole Excel workbook."),
        code="damaged",
        hint=SAVE_AGAIN,
        where=where,
    )


def _full_name(folder: str, target: str) -> str:
    path = target.replace("\\", "/")
    joined = path if path.startswith("/") else posixpath.join("/", folder, path)
    return posixpath.normpath(joined).lstrip("/")
