"""A workbook's parts while it is being changed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import count

from batch_runner.core.ooxml import (
    Worksheet,
    normal_name,
    relations,
    relations_part,
    workbook_part,
    worksheets,
)
from batch_runner.reporter.styles_patch import Styles
from batch_runner.reporter.xml_bytes import (
    children,
    codec_of,
    edited,
    elements,
    from_utf8,
    insertion,
    prefix_of,
    to_utf8,
)
from batch_runner.reporter.zip_copy import Package, Packed, packed

_CONTENT_TYPES = "[Content_Types].xml"


class Book:
    """The parts of one workbook, in UTF-8 while they are worked on, and their changes."""

    def __init__(self, package: Package) -> None:
        """Find the worksheets.

        Raises:
            SheetError: The workbook's structure is damaged.
        """
        self.package = package
        self._texts: dict[str, bytes] = {}  # small parts that were changed
        self._changes: dict[str, Packed | None] = {}
        self.workbook = workbook_part(self, "")
        self.worksheets: tuple[Worksheet, ...] = worksheets(self, "")

    def __contains__(self, name: str) -> bool:
        stays = self._changes.get(name, self.package) is not None
        return name in self._texts or (stays and name in self.package)

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part as it is stored, as changed so far."""
        if name in self._texts:
            return from_utf8([self._texts[name]], self._codec(name))
        return self.package.chunks(name)

    def stream(self, name: str) -> Iterator[bytes]:
        """A part in UTF-8, bit by bit."""
        return to_utf8(self.package.chunks(name), self._codec(name))

    def text(self, name: str) -> bytes:
        """A whole part in UTF-8, as changed so far."""
        if name not in self._texts:
            return b"".join(self.stream(name))
        return self._texts[name]

    def put(self, name: str, text: bytes) -> None:
        """Change a small part, or add it."""
        self._texts[name] = text

    def remove(self, name: str) -> None:
        """Leave a part out, and what the list of parts says of it."""
        if self._texts.pop(name, None) is not None or name in self.package:
            self._changes[name] = None
            self._without(_CONTENT_TYPES, "PartName", name)

    def free_name(self, start: str, end: str) -> str:
        """A name that no part has: a number between these."""
        return next(name for n in count(1) if (name := f"{start}{n}{end}") not in self)

    def targets(self) -> frozenset[str]:
        """Every part that some part refers to, by its normal name."""
        names = {member.filename.replace("\\", "/") for member in self.package.members}
        lists = (name for name in names | self._texts.keys() if name.endswith(".rels"))
        parts = (posixpath.split(name.removesuffix(".rels")) for name in lists)
        owners = (posixpath.join(posixpath.dirname(folder), name) for folder, name in parts)
        found = (one for owner in owners for one in relations(self, owner, "").values())
        return frozenset(normal_name(one.target) for one in found if not one.external)

    def declare_part(self, name: str, content_type: str) -> None:
        """Say in the list of parts of which type one is."""
        self._declare("Override", "PartName", f"/{name}", content_type)

    def declare_extension(self, extension: str, content_type: str) -> None:
        """Say in the list of parts of which type those with an extension are."""
        self._declare("Default", "Extension", extension, content_type)

    def _declare(self, kind: str, key: str, value: str, content_type: str) -> None:
        text = self.text(_CONTENT_TYPES)
        root = next(elements(text))
        if not any((one.get(key) or "").lower() == value for one in children(text, root)):
            tag = f'{prefix_of(text, root)}{kind} {key}="{value}" ContentType="{content_type}"'
            self.put(_CONTENT_TYPES, edited(text, [insertion(text, root, f"<{tag}/>".encode())]))

    def replace(self, name: str, chunks: Iterable[bytes]) -> None:
        """Change a large part; it is packed as it comes."""
        self._changes[name] = packed(from_utf8(chunks, self._codec(name)))

    @cached_property
    def styles(self) -> Styles:
        """The styles, to which some may be added."""
        return Styles(self.text(self._styles) if self._styles else b"")

    @cached_property
    def _styles(self) -> str | None:
        found = relations(self, self.workbook, "").values()
        names = (one.target for one in found if one.kind == "styles")
        return next((name for name in names if name in self), None)

    def drop_calculation_order(self) -> None:
        """Take out the list of formula cells: it names one that is gone. Excel makes it anew."""
        listed = relations(self, self.workbook, "").items()
        for number, relation in listed:
            if relation.kind == "calcChain" and relation.target in self:
                self._without(relations_part(self.workbook), "Id", number)
                self.remove(relation.target)

    def _without(self, listing: str, attribute: str, value: str) -> None:
        text = self.text(listing)
        root = next(elements(text))
        entries = [
            (one.start, one.end, b"")
            for one in children(text, root)
            if normal_name(one.get(attribute) or "") == normal_name(value)
        ]
        self.put(listing, edited(text, entries))

    def changes(self) -> dict[str, Packed | None]:
        """All parts that are new; ``None`` for those that are to be left out."""
        styles = self.styles.patched()
        if styles is not None and self._styles:
            self.put(self._styles, styles)
        for name, text in self._texts.items():
            self._changes[name] = packed(from_utf8([text], self._codec(name)))
        return self._changes

    def close(self) -> None:
        """Let go of what was packed."""
        for change in self._changes.values():
            if change is not None:
                change.data.close()

    def _codec(self, name: str) -> str | None:
        if name not in self.package:
            return None
        return codec_of(next(self.package.chunks(name), b""))
