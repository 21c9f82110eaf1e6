"""Where the pictures are that a worksheet's rows name; in its spool."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

TABLE = """
CREATE TABLE pictures (
    key TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    called TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE links (
    link TEXT NOT NULL,
    row INTEGER NOT NULL,
    "column" INTEGER,
    PRIMARY KEY (link, row, "column")
);
"""


class PlaceKind(StrEnum):
    """Where a picture is."""

    FILE = "file"  # on this computer; the place is its path
    PASTED = "pasted"  # in the workbook; the place is its name there
    LINK = "link"  # on the web; the place is its link


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePlace:
    """A picture that is to be uploaded."""

    key: str
    kind: PlaceKind
    place: str
    called: str  # what the user calls it, for messages


class PicturePlaces:
    """Key of a picture -> where it is."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._any = False

    def __bool__(self) -> bool:
        """Whether any row names such a picture."""
        return self._any

    def add(self, one: PicturePlace) -> None:
        """A row names this picture; of equal ones the first place is kept."""
        self._any = True
        self._connection.execute(
            "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?)",
            (one.key, one.kind, one.place, one.called),
        )

    def find(self, key: str) -> PicturePlace | None:
        """Where a picture is."""
        row = self._connection.execute("SELECT * FROM pictures WHERE key = ?", (key,)).fetchone()
        return None if row is None else _place(row)

    def see(self, link: str, row: int, column: int | None) -> None:
        """A cell names this picture on the web."""
        self._connection.execute(
            "INSERT OR IGNORE INTO links VALUES (?, ?, ?)", (link, row, column)
        )

    def links(self) -> Iterator[tuple[str, int, int | None]]:
        """The pictures on the web of rows that nothing is wrong with: link, line and column."""
        yield from self._connection.execute(
            """SELECT link, row, "column" FROM links
               WHERE row IN (SELECT row FROM rows WHERE body IS NOT NULL) ORDER BY rowid"""
        )

    def pasted(self) -> Iterator[PicturePlace]:
        """All that lie in the workbook."""
        kind = str(PlaceKind.PASTED)
        for row in self._connection.execute("SELECT * FROM pictures WHERE kind = ?", (kind,)):
            yield _place(row)


def _place(row: tuple[str, str, str, str]) -> PicturePlace:
    key, kind, place, called = row
    return PicturePlace(key=key, kind=PlaceKind(kind), place=place, called=called)
