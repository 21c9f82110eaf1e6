"""From a cell to the pictures it names, in order, repeats kept.

URLs may hold commas, bars, and other URLs. So a text is split only where something new
certainly begins: a link, or, after a line end or a bar, a path.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise

from batch_runner.core.model import CellValue
from batch_runner.core.text import cell_text

# A link inside another one (https://proxy.example/?src=https://...) does not begin anew.
_LINK = re.compile(r"(?<![=/:?&#%@])https?://|(?<![=/:?&#%@\w])file:", re.IGNORECASE)
PASTED = "pasted:"
"""How a picture is called that lies in the sheet itself; its name within the file follows."""

_LINE_END = re.compile(r"[\r\n]+")
_SEPARATORS = " \t\r\n\u3000,;|、，；"
_PICTURE = re.compile(r"\.(?:png|jpe?g|webp|gif|bmp|tiff?|heic|avif)(?:[?#]\S*)?$", re.IGNORECASE)
_SURE_PATH = re.compile(r"\.{1,2}[/\\]|~[/\\]|\\\\|[A-Za-z]:[/\\]")
_OTHER_SCHEME = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+:", re.IGNORECASE)


def split_refs(value: CellValue, link: str | None) -> tuple[str, ...]:
    """The picture references of one cell: links or paths, as they stand.

    A hyperlink's target counts over the cell's text, unless the text itself names several
    pictures (a cell can hold one link only) or the target is no picture's (``mailto:``, a
    place in the workbook).
    """
    written = _split_text("" if value is None else cell_text(value))
    if link and len(written) < 2 and _names_a_file(link.strip()):
        return (link.strip(),)
    return written


def is_web_link(ref: str) -> bool:
    """Whether a reference is an http(s) link."""
    return ref[:8].lower().startswith(("http://", "https://"))


def _names_a_file(target: str) -> bool:
    if not target or target.startswith("#"):
        return False
    return is_web_link(target) or not _OTHER_SCHEME.match(target)


def _split_text(text: str) -> tuple[str, ...]:
    text = text.strip()
    listed = _json_list(text) if text.startswith("[") else None
    if listed is not None:
        return listed
    pieces = (ref for line in _LINE_END.split(text) for ref in _split_line(line))
    return tuple(ref for ref in pieces if ref)


def _json_list(text: str) -> tuple[str, ...] | None:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):  # no JSON after all: split it like any other text
        return None
    refs = [item["url"] if isinstance(item, dict) and "url" in item else item for item in items]
    texts = [item if isinstance(item, str) else json.dumps(item) for item in refs]
    return tuple(text.strip() for text in texts if text.strip())


def _split_line(line: str) -> list[str]:
    starts = [found.start() for found in _LINK.finditer(line)]
    bounds = [0, *(start for start in starts if start), len(line)]
    pieces = [line[a:b] for a, b in pairwise(bounds)]
    return [ref.strip(_SEPARATORS) for piece in pieces for ref in _split_bars(piece)]


def _split_bars(text: str) -> list[str]:
    """Split at bars after which a path begins; other bars belong to a link."""
    parts = text.split("|")
    refs = [parts[0]]
    for part in parts[1:]:
        if _path_begins(refs[-1], part):
            refs.append(part)
        else:
            refs[-1] = f"{refs[-1]}|{part}"
    return refs


def _path_begins(before: str, after: str) -> bool:
    if not is_web_link(before.strip(_SEPARATORS)):
        return True
    apart = before[-1:].isspace() or after[:1].isspace()
    return apart or bool(_PICTURE.search(before)) or bool(_SURE_PATH.match(after))
