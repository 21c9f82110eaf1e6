"""Names of files that are made of what somebody wrote into cells: safe on every file system.

What comes from a cell is made harmless sign by sign, so that it can name no folder; what the
whole name comes to is checked once more and refused where no system would take it as it is.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_PART = 200
"""Bytes of one folder or file name; leaves room for what is added within every system's limit."""

MOST_FOLDERS = 8

_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f-\x9f]')
_BLANKS = re.compile(r"\s+")
_RESERVED = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])(?=\.|$)",
    re.IGNORECASE,
)


def harmless(text: str) -> str:
    """What a cell holds as a part of a name: one word, without signs that lead anywhere.

    >>> harmless("../Red cup: 5/6")
    '_Red_cup__5_6'
    """
    clean = _BLANKS.sub("_", unicodedata.normalize("NFC", text).strip())
    return "".join("_" if _leads_anywhere(char) else char for char in clean).strip(".")


def _leads_anywhere(char: str) -> bool:
    return char == "/" or bool(_FORBIDDEN.match(char)) or unicodedata.category(char)[0] == "C"


def checked_name(text: str, extensions: tuple[str, ...]) -> tuple[str, str]:
    """A whole name without its extension, parts by ``/``; or what is wrong with it.

    Args:
        text: the name, with or without an extension.
        extensions: those that a file may get; the right one is added by what the file is.

    Returns:
        The name and ``""``, or ``""`` and the reason in words that fit after "the name".
    """
    name = unicodedata.normalize("NFC", text).strip()
    suffix = next((end for end in extensions if name.lower().endswith(end)), "")
    name = name[: len(name) - len(suffix)]
    if name.startswith(("/", "~")) or re.match(r"[A-Za-z]:", name):
        return "", "must stay within the folder of the videos: no / or drive at its beginning"
    parts = name.split("/")
    if len(parts) > MOST_FOLDERS:
        return "", f"leads through more than {MOST_FOLDERS} folders"
    for part in parts:
        wrong = _wrong_with(part)
        if wrong:
            return "", wrong
    return "/".join(
        _RESERVED.sub(lambda found: f"{found[0]}_", part, count=1) for part in parts
    ), ""


def _wrong_with(part: str) -> str:
    found = next((char for char in part if _leads_anywhere(char)), None)
    if found:
        return f"holds {found!r}, which not every system allows"
    if not part.strip(" ."):
        return "has a part that is empty or only dots"
    if part.startswith("."):
        return "begins with a dot, which hides a file"
    if part != part.strip() or part.endswith("."):
        return "has a part that begins or ends with a blank or ends with a dot"
    size = len(part.encode("utf-8", "surrogatepass"))
    if size > LONGEST_PART:
        return f"has a part of {size} bytes; at most {LONGEST_PART} are allowed"
    return ""


def same_place(name: str) -> str:
    """The same for names that are one file where case and composition do not matter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
