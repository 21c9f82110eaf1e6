"""What a worksheet shows in our columns, and what is about to be written there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from batch_runner.core.model import OutCell, Thumbnail

TABLE = """
CREATE TABLE cells (row INTEGER PRIMARY KEY, cells TEXT NOT NULL);
"""

Shown = Mapping[str, str]
"""Our name -> what the row's cell shows, as text; blank ones are left out."""


SLOTS = 100
"""Places of one line in the order of the rows: the line itself, then its further variants."""


def slot(row: int, variant: int) -> int:
    """The place of a row's variant; variants of one line follow each other."""
    return row * SLOTS + variant


class ShownCells(Mapping[int, Mapping[int, OutCell]]):
    """The cells to be written: line -> column -> cell, in the order of the lines."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getitem__(self, row: int) -> Mapping[int, OutCell]:
        found = self._connection.execute(
            "SELECT cells FROM cells WHERE row = ?", (row,)
        ).fetchone()
        if found is None:
            raise KeyError(row)
        return _cells(found[0])

    def __iter__(self) -> Iterator[int]:
        for (row,) in self._connection.execute("SELECT row FROM cells ORDER BY row"):
            yield row

    def __len__(self) -> int:
        (number,) = self._connection.execute("SELECT count(*) FROM cells").fetchone()
        return int(number)

    def __bool__(self) -> bool:
        return self._connection.execute("SELECT 1 FROM cells LIMIT 1").fetchone() is not None

    def clear(self) -> None:
        """Nothing is to be written."""
        self._connection.execute("DELETE FROM cells")

    def put(self, row: int, cells: Mapping[int, OutCell]) -> None:
        """These are to be written into a line, beside what is already."""
        text = json.dumps({place: _packed(cell) for place, cell in cells.items()})
        self._connection.execute(
            """INSERT INTO cells VALUES (?, ?)
               ON CONFLICT (row) DO UPDATE SET cells = json_patch(cells, excluded.cells)""",
            (row, text),
        )

    # -- what stands there -------------------------------------------------------------

    def shown_at(self, row: int) -> Shown:
        """What one line shows."""
        found = self._connection.execute(
            "SELECT shown FROM rows WHERE slot = ?", (slot(row, 1),)
        ).fetchone()
        return json.loads(found[0]) if found and found[0] else {}

    def note(self, row: int, name: str, text: str) -> None:
        """One line shows this under one of our names."""
        shown = json.dumps({**self.shown_at(row), name: text})
        self._connection.execute("UPDATE rows SET shown = ? WHERE slot = ?", (shown, slot(row, 1)))

    def written(self, names: Mapping[int, str], seen_as: Callable[[OutCell], str]) -> None:
        """They stand there now.

        Args:
            names: column -> our name.
            seen_as: what a cell is to whoever reads the sheet.
        """
        found = self._connection.execute(
            f"""SELECT r.slot, r.shown, c.cells FROM cells c
                JOIN rows r ON r.slot = c.row * {SLOTS} + 1"""  # noqa: S608 - a number
        )
        self._connection.executemany(
            "UPDATE rows SET shown = ? WHERE slot = ?",
            (
                (_after(shown, _cells(cells), names, seen_as), place)
                for place, shown, cells in found
            ),
        )


def _after(
    shown: str | None,
    cells: Mapping[int, OutCell],
    names: Mapping[int, str],
    seen_as: Callable[[OutCell], str],
) -> str:
    """What a row shows once these cells are written."""
    now = {names[place]: seen_as(cell) for place, cell in cells.items()}
    return json.dumps({**json.loads(shown or "{}"), **now})


def _packed(cell: OutCell) -> list[object]:
    picture = cell.picture
    seen = picture and [picture.mark, str(picture.path), picture.width, picture.height]
    return [cell.value, cell.link, seen, cell.spares_formula]


def _cells(text: str) -> dict[int, OutCell]:
    return {
        int(place): OutCell(value=value, link=link, picture=_picture(seen), spares_formula=spares)
        for place, (value, link, seen, spares) in json.loads(text).items()
    }


def _picture(seen: list[Any] | None) -> Thumbnail | None:
    if seen is None:
        return None
    mark, path, width, height = seen
    return Thumbnail(mark=mark, path=Path(path), width=width, height=height)
