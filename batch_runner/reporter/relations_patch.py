"""A part's list of relationships, with some more in it, or fewer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from batch_runner.reporter.xml_bytes import (
    Edit,
    children,
    edited,
    elements,
    escaped_attribute,
    insertion,
    prefix_of,
)

_NONE = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
)
_NUMBERED = re.compile(r"rId(\d{1,9})", re.IGNORECASE)


def with_relations(
    listing: bytes | None,
    kind: str,
    targets: Sequence[str],
    *,
    unused: AbstractSet[str] = frozenset(),
    external: bool = False,
) -> tuple[bytes, list[str]]:
    """A list of relationships with new ones at its end, and their ids.

    Args:
        listing: the list as it is; ``None`` if there is none.
        kind: the type of the new ones, in full.
        targets: where they lead, one for each.
        unused: ids to leave out.
        external: whether they lead out of the package.
    """
    data = listing or _NONE
    whole = next(elements(data))
    present = {one.get("Id") or "": one for one in children(data, whole)}
    edits: list[Edit] = [
        (present[one].start, present[one].end, b"") for one in unused & present.keys()
    ]
    stay = present.keys() - unused
    numbers = (int(found[1]) for one in stay if (found := _NUMBERED.fullmatch(one)))
    first = max(numbers, default=0) + 1
    ids = [f"rId{first + i}" for i in range(len(targets))]
    opening = f"<{prefix_of(data, whole)}Relationship"
    mode = ' TargetMode="External"' if external else ""
    text = "".join(
        f'{opening} Id="{number}" Type="{kind}" Target="{escaped_attribute(target)}"{mode}/>'
        for target, number in zip(targets, ids, strict=True)
    )
    if text:
        edits.append(insertion(data, whole, text.encode()))
    return edited(data, edits), ids
