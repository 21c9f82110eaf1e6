"""Names of files that are made of what somebody wrote into cells: safe on every file system.

What comes from a cell is made harmless sign by sign, so that it can name no folder; what the
whole name comes to is checked once more and refused where no system would take it as it is.
"""

from __future__ import annotations

import re
import unicodedata

from batch_runner.core.language import phrase

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
    clean = _FORBIDDEN.sub("_", clean.replace("/", "_"))
    if not clean.isascii():
        clean = "".join("_" if _is_unseen(char) else char for char in clean)
    return clean.strip(".")


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char)[0] == "C"


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
        return "", phrase("must stay within the folder: no / or drive at its beginning")
    parts = name.split("/")
    if len(parts) > MOST_FOLDERS:
        return "", phrase("leads through more than {most} folders", most=MOST_FOLDERS)
    for part in parts:
        wrong = _wrong_with(part)
        if wrong:
            return "", wrong
    return "/".join(
        _RESERVED.sub(lambda found: f"{found[0]}_", part, count=1) for part in parts
    ), ""


def _wrong_with(part: str) -> str:
    found = next(filter(_is_unseen, "" if part.isascii() else part), None)
    if match := _FORBIDDEN.search(part):
        found = match[0]
    if found:
        return phrase("holds {sign}, which not every system allows", sign=repr(found))
    if not part.strip(" ."):
        return phrase("has a part that is empty or only dots")
    if part.startswith("."):
        return phrase("begins with a dot, which hides a file")
    if part != part.strip() or part.endswith("."):
        return phrase("has a part with a blank or a dot at its end")
    size = len(part.encode("utf-8", "surrogatepass"))
    if size > LONGEST_PART:
        return phrase(
            "has a part of {size} bytes; at most {most} are allowed", size=size, most=LONGEST_PART
        )
    return ""


def same_place(name: str) -> str:
    """The same for names that are one file where case and composition do not matter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
