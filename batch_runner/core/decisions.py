"""What a ``decision`` cell says of its row: a word, in English, Japanese or Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from batch_runner.core.language import phrase
from batch_runner.core.model import CellValue, ColumnMap, Problem, Severity, SheetRow, Table
from batch_runner.core.text import cell_text, loose, quoted

DECISION = "decision"
"""The column; it is the user's, and no part of what a row asks for."""


NOTE = "decision_note"
"""The column for what somebody wrote beside a decision; made when there is something."""


def note_column(table: Table) -> int | None:
    """Where a table has such notes."""
    headers = enumerate(table.headers)
    return next((place for place, text in headers if text.strip().casefold() == NOTE), None)


class Word(StrEnum):
    """What may be decided."""

    REDO = "redo"  # another take, please
    SKIP = "skip"  # do not make it
    KEEP = "keep"  # it is good: nothing buys it again unasked
    REJECT = "reject"  # it is not wanted, nor another one


_WORDS = {
    Word.REDO: "redo, again, やり直し, やりなおし, 再生成, 撮り直し, 重做, 重新生成, 重拍",
    Word.SKIP: "skip, スキップ, 飛ばす, 跳过, 跳過, 略过, 略過",
    Word.KEEP: "keep, ok, 採用, 保持, キープ, 保留, 采用",
    Word.REJECT: "reject, rejected, 不採用, 却下, 拒绝, 拒絕, 不采用, 不要",
}
_MEANS = {loose(text): word for word, texts in _WORDS.items() for text in texts.split(", ")}
_FORM = re.compile(
    r"(?P<word>[^\W\d]+)\s*(?P<number>\d{1,3})?(?:[\s,]*seed\s*[=:]?\s*(?P<seed>\d{1,10}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision cell, understood."""

    word: Word
    number: int | None = None  # which of a row's variants is meant
    seed: int | None = None  # for a redo

    @property
    def text(self) -> str:
        """The same for cells that mean the same."""
        parts = [str(self.word), *([] if self.number is None else [str(self.number)])]
        return " ".join(parts if self.seed is None else [*parts, f"seed={self.seed}"])


def read_decision(value: CellValue) -> Decision | None:
    """The decision in a cell: ``redo``, ``redo seed=7``, ``重做``; ``None``: it is none."""
    found = _FORM.fullmatch(loose(cell_text(value)))
    word = None if found is None else _MEANS.get(found["word"])
    if found is None or word is None:
        return None
    number, seed = found["number"], found["seed"]
    if seed is not None and word is not Word.REDO:
        return None
    return Decision(
        word=word,
        number=None if number is None else int(number),
        seed=None if seed is None else int(seed),
    )


def is_refusal(decision: Decision | None) -> bool:
    """Whether nothing (more) is to be made of a row."""
    return decision is not None and decision.word in {Word.SKIP, Word.REJECT}


def decision_of(row: SheetRow, columns: ColumnMap) -> tuple[str, tuple[Problem, ...]]:
    """What a row's decision cell says; and what is doubtful about it, as a warning."""
    for column in columns.columns.get(DECISION, ()):
        text = cell_text(row.value(column)).strip()
        if text:
            return text, () if read_decision(text) else (_not_known(row, column, text),)
    return "", ()


def _not_known(row: SheetRow, column: int, text: str) -> Problem:
    return Problem(
        code="decision_not_known",
        message=phrase("{text} is no decision; this cell is ignored.", text=quoted(text)),
        hint=phrase("It may say: {forms}.", forms=forms()),
        severity=Severity.WARNING,
        row=row.number,
        column=column,
    )


def forms() -> str:
    """What such a cell may say, for messages."""
    return "redo, skip, keep, reject (or やり直し, スキップ, 採用; 重做, 跳过, 保留), redo seed=7"
