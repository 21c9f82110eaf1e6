"""Our cells as XML: what a result becomes in a worksheet."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from batch_runner.core.celltext import safe_text, starts_formula
from batch_runner.core.model import OutCell, WritePlan, column_letter
from batch_runner.reporter.links_patch import Links
from batch_runner.reporter.looks import LINK, LINK_TEXT, MONEY, PLAIN, TEXT, shade_look
from batch_runner.reporter.sheet_rows import Place
from batch_runner.reporter.styles_patch import Styles
from batch_runner.reporter.xml_bytes import escaped

_SHORT = 16_000  # characters; below this no text is too long for a cell
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class CellWriter:
    """Makes the cells of one worksheet, and remembers their links and styles."""

    def __init__(
        self,
        plan: WritePlan,
        prefix: str,
        styles: Styles,
        links: Links,
        column_styles: Mapping[int, int],
    ) -> None:
        """Prepare.

        Args:
            plan: what is written, and how it is to look.
            prefix: of the worksheet's elements.
            styles: of the workbook.
            links: of this worksheet.
            column_styles: column -> the style it gives to new cells.
        """
        self._plan = plan
        self._styles = styles
        self._links = links
        self._column_styles = column_styles
        used = {*plan.headers, *(column for cells in plan.cells.values() for column in cells)}
        self._letters = {column: column_letter(column) for column in used}
        self._header_row = plan.header_row if plan.headers else 0
        # There may be millions of cells: what all have in common is made once.
        self._start = f'<{prefix}c r="'
        self._text = f' t="inlineStr"><{prefix}is><{prefix}t'
        self._text_end = f"</{prefix}t></{prefix}is></{prefix}c>"
        self._number = f"><{prefix}v>"
        self._number_end = f"</{prefix}v></{prefix}c>"

    def write(self, place: Place, column: int, wanted: OutCell) -> str:
        """A cell's XML; nothing for a blank one where no cell is, or none that shows."""
        value = wanted.value
        blank = value is None or value == ""
        if blank and place.style is None:
            return ""
        reference = f"{self._letters[column]}{place.row}"
        if self._plan.remove:
            before = self._before(place, column)
            return f'{self._start}{reference}" s="{before}"/>' if before else ""
        linked = wanted.link is not None and self._links.add(reference, wanted.link)
        style = self._style(place, column, wanted, linked=linked)
        s = f'" s="{style}"' if style else '"'
        if blank:
            return f"{self._start}{reference}{s}/>" if style else ""
        if isinstance(value, str):
            text = cell_text(value)
            # Outer blanks are trimmed where they are not said to matter.
            keep = ' xml:space="preserve"' if text != text.strip() else ""
            return f"{self._start}{reference}{s}{self._text}{keep}>{text}{self._text_end}"
        assert value is not None
        return f"{self._start}{reference}{s}{self._number}{number(value)}{self._number_end}"

    def _style(self, place: Place, column: int, wanted: OutCell, *, linked: bool) -> int:
        plan = self._plan
        base = self._base(place, column)
        value = wanted.value
        look = TEXT if isinstance(value, str) and _starts_formula(value) else PLAIN
        if place.row == self._header_row and self._is_header(place, column):
            # A new header looks like its neighbour, unless the place has a look already.
            if plan.style and not place.style and place.left is not None:
                base = place.left
        elif not plan.style:
            # A number is to be read as one even where the sheet's owner wants no looks.
            if isinstance(value, float) and self._styles.hides_numbers(base):
                look = MONEY
        elif column == plan.status_column:
            look = shade_look(value)
        elif linked:
            look = LINK if look is PLAIN else LINK_TEXT
        elif isinstance(value, float):
            look = MONEY
        return base if look is PLAIN else self._styles.styled(base, look)

    def _is_header(self, place: Place, column: int) -> bool:
        return place.row == self._header_row and column in self._plan.headers

    def _before(self, place: Place, column: int) -> int | None:
        """The style of the blank cell that was here before ours; ``None``: there was none."""
        if place.style is None:
            return None
        bare = {self._base(replace(place, style=None), column)}
        if self._is_header(place, column) and place.left is not None:
            bare.add(place.left)
        return self._styles.undressed(place.style, frozenset(bare))

    def _base(self, place: Place, column: int) -> int:
        """The style that Excel would give to a cell typed in here."""
        if place.style is not None:
            return place.style
        if place.row_style is not None:
            return place.row_style
        return self._column_styles.get(column, 0)


def cell_text(text: str) -> str:
    """A text as it stands in XML; what looks like an escape of the format is kept literal."""
    if len(text) > _SHORT or not text.isprintable():
        text = safe_text(text, csv=False)
    if "_x" in text:
        text = _ESCAPE_LIKE.sub("_x005F_", text)
    return escaped(text)


def number(value: float) -> str:
    """A number as a workbook stores it."""
    return repr(value) if math.isfinite(value) else "0"


def _starts_formula(text: str) -> bool:
    return not text[:1].isalnum() and starts_formula(text)
