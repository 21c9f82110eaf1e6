"""Which part of a workbook holds which worksheet.

Found through the relationships, never by file names: the first sheet need not be sheet1.xml,
targets may be absolute or written with backslashes, and Strict workbooks use other namespaces.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from batch_runner.loader.archive import Archive, damaged
from batch_runner.loader.xml_events import local, parse, relation_id


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


def worksheets(archive: Archive, where: str) -> tuple[Worksheet, ...]:
    """The worksheets in their order; chart and dialog sheets are none.

    Raises:
        SheetError: The workbook's structure is damaged.
    """
    top = relations(archive, "", where).values()
    workbook = next((r.target for r in top if r.kind == "officeDocument"), "xl/workbook.xml")
    parts = relations(archive, workbook, where)
    found: list[Worksheet] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local(name) != "sheet":
            return
        relation = parts.get(relation_id(attributes))
        if relation is not None and relation.kind == "worksheet":
            hidden = attributes.get("state", "visible") != "visible"
            found.append(
                Worksheet(name=attributes.get("name", ""), hidden=hidden, part=relation.target)
            )

    if workbook not in archive:
        raise damaged(where)
    parse(archive.chunks(workbook), where, start)
    return tuple(found)


def relations(archive: Archive, part: str, where: str) -> Mapping[str, Relation]:
    """A part's relationships by id; none if it has no list of them."""
    folder, name = posixpath.split(part)
    listing = posixpath.join(folder, "_rels", f"{name}.rels")
    if listing not in archive:
        return MappingProxyType({})
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

    parse(archive.chunks(listing), where, start)
    return found


def _full_name(folder: str, target: str) -> str:
    path = target.replace("\\", "/")
    joined = path if path.startswith("/") else posixpath.join("/", folder, path)
    return posixpath.normpath(joined).lstrip("/")
