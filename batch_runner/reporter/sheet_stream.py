"""A worksheet's rows as a stream: cut where rows begin, searched past comments and the like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from batch_runner.reporter.sheet_survey import Survey, not_editable

_ASIDE = rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
_ASIDES = re.compile(_ASIDE, re.DOTALL)


def whole_rows(chunks: Iterable[bytes], around: Survey, where: str) -> Iterator[bytes]:
    """What stands between head and tail of a worksheet, some whole rows at a time.

    Raises:
        SheetError: It does not end as the survey saw it.
    """
    name = b"<" + around.prefix.encode() + b"row"
    marks = tuple(name + after for after in (b" ", b">", b"/", b"\t", b"\r", b"\n"))
    end = b"</" + around.prefix.encode() + b"sheetData"
    head = len(around.head)
    buffer = b""
    for chunk in chunks:
        skipped = min(head, len(chunk))
        head -= skipped
        buffer += chunk[skipped:]
        cut = max(buffer.rfind(mark) for mark in marks)
        if cut > 0 and end not in buffer and not _open_aside(buffer[:cut]):
            yield buffer[:cut]
            buffer = buffer[cut:]
    rows = buffer.removesuffix(around.tail)
    at = rows.rfind(end)
    if not buffer.endswith(around.tail) or at < 0 or rows[at:].strip()[len(end) :].strip() != b">":
        raise not_editable(where)
    yield rows[:at]


def _open_aside(data: bytes) -> bool:
    """Whether a comment or the like may begin in these bytes and end after them."""
    return (b"<!" in data or b"<?" in data) and re.search(
        rb"<[!?]", _ASIDES.sub(b"", data)
    ) is not None


def pattern(wanted: bytes) -> re.Pattern[bytes]:
    """A pattern for :func:`find`; ``wanted`` has at least one group."""
    return re.compile(_ASIDE + rb"|" + wanted, re.DOTALL)


def find(
    wanted: re.Pattern[bytes], data: bytes, start: int, end: int | None = None
) -> re.Match[bytes] | None:
    """The next hit that is no comment or the like."""
    end = len(data) if end is None else end
    while (hit := wanted.search(data, start, end)) and hit.lastindex is None:
        start = hit.end()
    return hit
