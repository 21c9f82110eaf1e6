"""Reading a workbook's XML as it streams by, and safely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn
from xml.parsers import expat

from batch_runner.loader.archive import damaged


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
    return next((value for name, value in attributes.items() if name.endswith(":id")), "")
