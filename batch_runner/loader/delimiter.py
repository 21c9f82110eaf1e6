"""Which sign separates a text file's fields: found by parsing it with each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import ReadOptions
from batch_runner.loader.header import SEARCHED, find_header, likeness
from batch_runner.loader.source import Source

DELIMITERS = (",", ";", "\t", "|")
_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "bar": "|"}
_LOOKED_AT = 4 << 20  # bytes in which the delimiter shows; far more than SEARCHED lines have
_SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?[,;\t|]*(\r\n?|\n|$)', re.IGNORECASE)

# The default of 128 KiB is less than a cell may hold (an image as data). It is one setting for
# the whole process, and must fit a C long on every system.
csv.field_size_limit(2**31 - 1)


def records(text: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """The records of a text, given by its lines; quoted line ends do not end one."""
    return csv.reader(text, delimiter=delimiter)


def settled_delimiter(wanted: str, where: str) -> str:
    """The delimiter that the user settled.

    Raises:
        SheetError: It is not one ASCII sign.
    """
    sign = _WORDS.get(wanted.strip().lower(), wanted)
    if len(sign) != 1 or not sign.isascii() or sign in '"\r\n\0':
        raise SheetError(
            phrase(
                "'{wanted}' cannot separate fields; it has to be one ASCII sign.", wanted=wanted
            ),
            code="delimiter_unusable",
            hint=phrase("Usual ones: ',' ';' '|' tab."),
            where=where,
        )
    return sign


def stated_delimiter(source: Source, encoding: str) -> str | None:
    """What a first line ``sep=;``, as Excel knows it, says; ``None`` if there is none."""
    found = _SEP_LINE.match(_head(source, encoding, 64).read(20))
    return found[1] if found else None


def find_delimiter(source: Source, encoding: str, options: ReadOptions) -> str:
    """The delimiter under which the file looks most like a sheet.

    First by the known columns in its header, then by how few lines are ragged, then by how many
    columns there are. Of equals a tab wins where the file's name says so (.tsv), else a comma.
    """
    tab_first = source.path.suffix.lower() == ".tsv"
    preferred = sorted(DELIMITERS, key=lambda sign: tab_first and sign != "\t")
    heads = {
        # Under a wrong sign one quote may take in all that follows: hence not the whole file.
        sign: list(islice(records(_head(source, encoding, _LOOKED_AT), sign), SEARCHED))
        for sign in preferred
    }
    return max(preferred, key=lambda sign: _likeness(heads[sign], options))


def _head(source: Source, encoding: str, size: int) -> io.TextIOWrapper:
    """The beginning of a file as text; a character that is cut off is left out."""
    file = io.BytesIO(source.head(size))
    return io.TextIOWrapper(file, encoding=encoding, errors="ignore", newline="")


def _likeness(lines: Sequence[list[str]], options: ReadOptions) -> tuple[int, float, int]:
    index = find_header(lines, options)
    if index is None or index >= len(lines):
        return 0, 1.0, len(DELIMITERS)  # nothing but this delimiter: it is one
    header = lines[index]
    below = [line for line in lines[index + 1 :] if any(line)]
    even = sum(len(line) == len(header) for line in below)
    score = likeness(header, options)
    return score, even / len(below) if below else 1.0, len(header)
