"""Reading a cell as what a parameter needs, and as the text by which a row is recognised.

Sheets give numbers as 5, 5.0 or "5", in full-width digits or with a unit; all mean the same.
Every reader answers ``None`` for what it cannot read; what is allowed is the rules' business.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from batch_runner.core.images import PASTED, split_refs
from batch_runner.core.model import CellValue, ColumnMap, SheetRow
from batch_runner.core.ratio import read_ratio
from batch_runner.core.text import cell_text, loose, number_text, tidy

PROMPT = "prompt"
IMAGES = "image_urls"
LINKED = (
    IMAGES,
    "first_frame_image",
    "last_frame_image",
    "style_image",
    "img_references",
    "reference_videos",
    "reference_audio",
)
"""Columns that name pictures and other files: several in a cell, or by a hyperlink."""

PICTURES = (IMAGES, "first_frame_image", "last_frame_image", "style_image", "img_references")
"""Of these, the ones that name pictures."""

NO_CONTENTS: Mapping[str, str] = MappingProxyType({})
"""Of rows without local pictures."""

RATIO = "aspect_ratio"
KEY = "key"

SOURCE = "="
"""Begins the name of a column that only templates use, followed by its header."""

_WHOLE = re.compile(r"([+-]?[0-9]{1,30})(?:\.0*)?\s*(?:s|sec|secs|seconds?|秒|秒間|秒钟)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]*)?|\.[0-9]+)")
_YES = frozenset({"yes", "y", "true", "on", "1", "はい", "あり", "是", "有"})
_NO = frozenset({"no", "n", "false", "off", "0", "いいえ", "なし", "否", "无", "無"})


def is_blank(value: object) -> bool:
    """Whether a cell holds nothing that anybody could see."""
    return value is None or (isinstance(value, str) and not value.strip())


def read_integer(value: CellValue) -> int | None:
    """A whole number: 5, 5.0, "5", "５", "5s", "5秒"; never 5.5 or a yes/no."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    found = _WHOLE.fullmatch(loose(value)) if isinstance(value, str) else None
    return int(found[1]) if found else None


def read_number(text: str) -> Decimal | None:
    """Any number that a text says by itself."""
    word = loose(text)
    return Decimal(word) if _NUMBER.fullmatch(word) else None


def read_boolean(value: CellValue) -> bool | None:
    """A yes or no, also in Japanese and Chinese."""
    word = loose(cell_text(value))
    if word in _YES:
        return True
    return False if word in _NO else None


def read_choice(value: CellValue, choices: Sequence[str]) -> str | None:
    """The one choice that is meant: case, width, blanks and a lone missing unit don't matter.

    "720", 720, "720P" and "１０８０ ｐ" are found among ``("720p", "1080p")``.
    """
    word = _word(cell_text(value))
    for choice in choices:
        if _word(choice) == word:
            return choice
    if not word.isdecimal():
        return None
    with_unit = [choice for choice in choices if re.fullmatch(rf"{word}[a-z]", _word(choice))]
    return with_unit[0] if len(with_unit) == 1 else None


def read_text(value: CellValue) -> str | None:
    """Free text as typed, with plain line ends; ``None`` when nothing is left of it."""
    return tidy(cell_text(value)) or None


def cell(row: SheetRow, columns: ColumnMap, name: str) -> tuple[int | None, CellValue]:
    """Where a row says something under a name, and what; the first column that is not blank."""
    places = columns.columns.get(name, ())
    for column in places:
        if not is_blank(row.value(column)):
            return column, row.value(column)
    return (places[0] if places else None), None


def image_refs(row: SheetRow, columns: ColumnMap, name: str = IMAGES) -> tuple[str, ...]:
    """All pictures of a row, over all its picture columns."""
    places = columns.columns.get(name, ())
    return tuple(ref for column in places for ref in refs_in(row, column))


def refs_in(row: SheetRow, column: int) -> tuple[str, ...]:
    """The pictures of one cell: those that its text or link names, else those that lie on it."""
    named = split_refs(row.value(column), row.links.get(column))
    return named or tuple(PASTED + part for part in row.pictures.get(column, ()))


def canonical_cells(
    row: SheetRow, columns: ColumnMap, contents: Mapping[str, str] = NO_CONTENTS
) -> tuple[tuple[str, str], ...]:
    """The row's mapped cells, each as one text, sorted by name: what the row hash is of.

    The same row gives the same texts from CSV and from Excel. Blank cells are left out, and the
    user's key: it names a row, it is not part of what the row asks for.

    ``contents``: local pictures as they are named -> what stands for their content.
    """
    cells = (
        (name, _canonical(row, columns, name, contents)) for name in columns.columns if name != KEY
    )
    return tuple(sorted((name, text) for name, text in cells if text))


def _canonical(row: SheetRow, columns: ColumnMap, name: str, contents: Mapping[str, str]) -> str:
    if name in LINKED:
        named = image_refs(row, columns, name)
        refs = [contents.get(ref) or unicodedata.normalize("NFC", ref) for ref in named]
        return json.dumps(refs, ensure_ascii=False) if refs else ""
    values = [row.value(column) for column in columns.columns[name]]
    texts = [_canonical_text(name, value) for value in values if not is_blank(value)]
    # Several columns under one name are the sheet's mistake, but editing any of them counts.
    return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False) * bool(texts)


def _canonical_text(name: str, value: CellValue) -> str:
    if name == PROMPT or name.startswith(SOURCE):
        return unicodedata.normalize("NFC", tidy(cell_text(value)))
    ratio = read_ratio(value) if name == RATIO else None
    if ratio is not None:
        return ratio.text
    text = unicodedata.normalize("NFKC", tidy(cell_text(value))).strip()
    whole = read_integer(text)
    if whole is not None:
        return str(whole)
    if _NUMBER.fullmatch(text):
        return number_text(Decimal(text))
    # Case matters in links and sentences, not in a word such as 720P or TRUE.
    return text if re.search(r"[\s/]", text) else text.casefold()


def _word(text: str) -> str:
    return "".join(loose(text).split())
