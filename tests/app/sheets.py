"""Sheets of both kinds as their owner reads and saves them, and the config beside them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import yaml

FAST = {
    "poll": {"first": "10ms", "min": "10ms", "max": "50ms"},
    "limits": {"rate": "100/s"},
}

OUT = (
    "status",
    "video_url",
    "video_file",
    "task_id",
    "cost_usd",
    "error",
    "finished_at",
    "job",
)

Cell = str | int | float | None
Grid = list[list[Cell]]


@dataclass(frozen=True)
class Sheet:
    """The user's file, as another program reads and saves it."""

    path: Path

    def grid(self) -> Grid:
        """All lines with all cells."""
        if self.path.suffix == ".csv":
            text = self.path.read_bytes().decode("utf-8-sig")
            return [list(line) for line in csv.reader(io.StringIO(text, newline=""))]
        book = openpyxl.load_workbook(self.path)
        try:
            values = book.worksheets[0].iter_rows(values_only=True)
            return [[_plain(value) for value in line] for line in values]
        finally:
            book.close()

    def save(self, grid: Grid) -> None:
        """Save the file with these lines."""
        if self.path.suffix == ".csv":
            text = io.StringIO(newline="")
            csv.writer(text).writerows(grid)
            fresh = text.getvalue().encode("utf-8")
        else:
            book = openpyxl.Workbook()
            page = book.active
            assert page is not None
            for line in grid:
                page.append(line)
            out = io.BytesIO()
            book.save(out)
            fresh = out.getvalue()
        # As programs do: a reader sees the old file or the new one.
        beside = self.path.with_name(f"saved-{self.path.name}")
        beside.write_bytes(fresh)
        beside.replace(self.path)

    def edit(self, change: Callable[[Grid], Grid | None]) -> None:
        """Change the grid, in place or by giving another one, and save it."""
        grid = self.grid()
        self.save(change(grid) or grid)

    def rows(self) -> list[dict[str, str]]:
        """Header -> text, of every line below the headers; blank is ``""``."""
        head, *lines = self.grid()
        return [
            {str(name): _text(cell) for name, cell in zip(head, line, strict=False)}
            for line in lines
        ]

    def column(self, name: str) -> list[str]:
        """What stands below a header."""
        return [row.get(name, "") for row in self.rows()]

    def row(self, prompt: str) -> dict[str, str]:
        """The only row with this prompt."""
        (found,) = (row for row in self.rows() if row["prompt"] == prompt)
        return found

    def shows_its_own_video(self, row: Mapping[str, str]) -> bool:
        """Whether a row's file is the video of its task: the sandbox writes the id into each."""
        content = (self.path.parent / row["video_file"]).read_bytes()
        return content[4:8] == b"ftyp" and content.endswith(row["task_id"].encode())

    @property
    def sidecar(self) -> Path:
        """The folder beside it."""
        return self.path.with_name(f"{self.path.name}.batch")

    @property
    def videos(self) -> list[Path]:
        """The videos in the sidecar."""
        return sorted((self.sidecar / "videos").glob("*"))


def _plain(value: object) -> Cell:
    return value if isinstance(value, str | int | float) or value is None else str(value)


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def write_config(sheet: Sheet, **settings: Any) -> None:
    """Write the config that is taken by itself."""
    document = {**FAST, **settings}
    text = yaml.safe_dump(document, allow_unicode=True)
    sheet.path.with_suffix(".yaml").write_text(text, encoding="utf-8")
