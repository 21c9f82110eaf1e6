"""``check --show``: what the first rows ask for, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batch_runner.app.check import Shown


def shown_lines(sheet: str, shown: Shown) -> Iterator[str]:
    """What a row asks for, or why it does not."""
    from batch_runner.core.model import address

    place = address(sheet, shown.worksheet, shown.row, None)
    if shown.request is None:
        yield f"{place}: {shown.problem}"
        return
    yield f"{place}: {shown.file_name}".rstrip(": ") + ":"
    yield from json.dumps(shown.request, ensure_ascii=False, indent=2).splitlines()


def shown_document(shown: Shown) -> dict[str, object]:
    """The same as JSON."""
    return {
        "worksheet": shown.worksheet,
        "row": shown.row,
        "request": shown.request,
        "error": shown.problem or None,
        "file_name": shown.file_name or None,
    }
