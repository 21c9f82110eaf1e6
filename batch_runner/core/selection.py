"""Which rows a run may submit, as ``--only`` says it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from batch_runner.core.language import phrase, series, template
from batch_runner.core.variants import split_name

_SPAN = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?")
_FORMS = template("'new', 'failed' or line numbers such as 5,8-12")


class Sort(StrEnum):
    """By what rows are chosen."""

    NEW = "new"  # never sent before
    FAILED = "failed"  # a new attempt for those that failed
    LINES = "lines"  # by line number as they stand now


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A choice of rows."""

    sort: Sort
    spans: tuple[tuple[int, int], ...] = ()  # first and last line, 1-based; only for LINES
    keys: tuple[str, ...] = ()  # rows by the user's own ids; only for LINES
    parts: tuple[tuple[str, int], ...] = ()  # variants of rows, by line or key

    def has_line(self, line: int) -> bool:
        """Whether a line is named (always, where lines don't matter)."""
        return self.sort is not Sort.LINES or any(a <= line <= b for a, b in self.spans)

    def means(self, line: int, key: str | None, variant: int, *, best: bool) -> bool:
        """Whether a video is named, by its row's line or key; a row alone means its best one."""
        if any(who in {str(line), key} and number == variant for who, number in self.parts):
            return True
        return best and (key in self.keys or self.has_line(line))


def parse_rows(text: str) -> Selection:
    """Read the rows of a command: ``5,8-12``, keys, and ``5/2`` for a variant.

    Raises:
        ValueError: nothing is named, or a span is the wrong way round.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    named = [split_name(part) for part in parts]
    variants = tuple((who, number) for who, number in named if number is not None)
    parts = [who for who, number in named if number is None]
    lines = [
        p for p in parts if _SPAN.fullmatch("".join(unicodedata.normalize("NFKC", p).split()))
    ]
    keys = tuple(part for part in parts if part not in lines)
    if not named:
        raise ValueError(phrase("line numbers such as 5,8-12, or keys"))
    spans = parse_selection(",".join(lines)).spans if lines else ()
    return Selection(sort=Sort.LINES, spans=spans, keys=keys, parts=variants)


def lines_text(spans: Sequence[tuple[int, int]]) -> str:
    """``line 5``, ``lines 5, 8-12``."""
    shown = series(str(a) if a == b else f"{a}-{b}" for a, b in spans)
    if len(spans) == 1 and spans[0][0] == spans[0][1]:
        return phrase("line {lines}", lines=shown)
    return phrase("lines {lines}", lines=shown)


def parse_selection(text: str | int) -> Selection:
    """Read ``new``, ``failed`` or ``5,8-12``.

    Raises:
        ValueError: anything else, with a phrase that fits after "must be".
    """
    plain = unicodedata.normalize("NFKC", str(text)).strip().lower()
    if plain in {Sort.NEW, Sort.FAILED}:
        return Selection(sort=Sort(plain))
    spans = []
    for part in plain.split(","):
        found = _SPAN.fullmatch("".join(part.split()))
        if found is None:
            raise ValueError(phrase(_FORMS))
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last:
            raise ValueError(phrase("{forms}, smaller number first", forms=phrase(_FORMS)))
        spans.append((first, last))
    return Selection(sort=Sort.LINES, spans=tuple(spans))
