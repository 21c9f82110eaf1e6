"""Clickable links of one worksheet: what its ``<hyperlinks>`` and its relationships get."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from batch_runner.core.cellrefs import area
from batch_runner.core.celltext import safe_text
from batch_runner.reporter.sheet_survey import Survey
from batch_runner.reporter.xml_bytes import (
    Edit,
    children,
    escaped_attribute,
    insertion,
    relation_of,
)

MAX_LINKS = 65_530
"""Hyperlinks that Excel takes on one worksheet; what comes after is plain text."""

_LONGEST_LINK = 2_079  # characters that Excel takes in one
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\"<>\\^`{|}]")
_UNSAFE_IN_PATH = re.compile(r"[\x00-\x20\"#%<>?\\^`{|}]")


@dataclass(slots=True, kw_only=True)
class Links:
    """The links to add to one worksheet."""

    room: int  # how many more Excel takes
    added: list[tuple[str, str]] = field(default_factory=list)  # cell, target
    refused: int = 0  # links for which there was no room

    @property
    def targets(self) -> list[str]:
        """What the relationships of the links are to say; parts of pages are said elsewhere."""
        return [target.partition("#")[0] for _, target in self.added]

    def add(self, cell: str, target: str | None) -> bool:
        """Whether this cell becomes clickable."""
        link = safe_link(target) if target else None
        if link is None:
            return False
        if len(self.added) >= self.room:
            self.refused += 1
            return False
        self.added.append((cell, link))
        return True


def safe_link(target: str) -> str | None:
    """A target that is safe to click: the web, or a file below the sheet's folder."""
    text = safe_text(target, csv=False)
    scheme = _SCHEME.match(text)
    if scheme is None:
        outside = text.startswith(("/", "\\"))
        link = None if outside else _UNSAFE_IN_PATH.sub(_percent, text)
    elif scheme.group(1).lower() in {"http", "https"}:
        link = _UNSAFE_IN_URL.sub(_percent, text)
    else:
        link = None
    return link if link and len(link) <= _LONGEST_LINK else None


def _percent(found: re.Match[str]) -> str:
    return f"%{ord(found.group()):02X}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLinks:
    """The links that a worksheet has: how many stay, and which stand where ours go."""

    kept: int
    dropped: tuple[tuple[int, int], ...] = ()  # from where to where in the tail
    unused: frozenset[str] = frozenset()  # relationships that nothing needs any more


def old_links(around: Survey, wanted: Mapping[int, Mapping[int, object]]) -> OldLinks:
    """Tell the links on cells that are about to be written from all others."""
    section = around.after(b"hyperlinks")
    if section is None:
        return OldLinks(kept=0)
    dropped: list[tuple[int, int]] = []
    gone, used, kept = set(), set(), 0
    for link in children(around.tail, section):
        place = area(link.get("ref") or "")
        one_cell = place and (place.top, place.left) == (place.bottom, place.right)
        if place and one_cell and place.left in wanted.get(place.top, {}):
            dropped.append((link.start, link.end))
            gone.add(relation_of(link))
        else:
            kept += 1
            used.add(relation_of(link))
    return OldLinks(kept=kept, dropped=tuple(dropped), unused=frozenset(gone - used - {""}))


def links_edits(around: Survey, links: Links, old: OldLinks, ids: Sequence[str]) -> list[Edit]:
    """The edits of what follows a worksheet's rows; ``ids``: the new links' relationships."""
    section = around.after(b"hyperlinks")
    if section is not None and not old.kept and not links.added:
        return [(section.start, section.end, b"")]  # an empty list is not allowed
    edits: list[Edit] = [(start, end, b"") for start, end in old.dropped]
    if not links.added:
        return edits
    text = _links_xml(around, links, ids)
    if section is None:
        name, at = f"{around.prefix}hyperlinks".encode(), around.place_of(b"hyperlinks")
        edits.append((at, at, b"<%b>%b</%b>" % (name, text, name)))
    else:
        edits.append(insertion(around.tail, section, text))
    return edits


def _links_xml(around: Survey, links: Links, ids: Sequence[str]) -> bytes:
    r, declared = around.referring
    opening = f"<{around.prefix}hyperlink{declared}"
    parts: list[str] = []
    for (cell, target), number in zip(links.added, ids, strict=True):
        _, hash_sign, fragment = target.partition("#")
        location = f' location="{escaped_attribute(fragment)}"' if hash_sign else ""
        parts.append(f'{opening} ref="{cell}" {r}:id="{number}"{location}/>')
    return "".join(parts).encode()
