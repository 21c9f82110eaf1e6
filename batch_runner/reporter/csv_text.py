"""A CSV file's bytes as text whose every piece leads back to its own bytes, part by part.

Records and fields are told apart as Python's ``csv`` module does: a quote counts only
at the start of a field, and CR, LF and CRLF all end a record.
"""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_BOMS: dict[str, tuple[tuple[bytes, str], ...]] = {
    "utf-8": ((codecs.BOM_UTF8, "utf-8"),),
    "utf-16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
    "utf-32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
}

_NOT_BY_LINES = ("utf-16", "utf-32", "utf-7", "iso2022", "hz")
"""Where the byte of a line end may be part of another character, or shifts hold beyond it."""

Span = tuple[int, int]

_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"?+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Text to put in the place of the characters from ``start`` to ``end``."""

    start: int
    end: int
    text: str


class SourceText:
    """A decoded part of a file; an edited copy has the same bytes wherever nothing was edited."""

    def __init__(self, body: bytes, codec: str, bom: bytes = b"") -> None:
        """Decode.

        Args:
            body: whole characters.
            codec: a codec that neither expects nor writes a byte order mark.
            bom: the mark that stands before the body; kept as it is.

        Raises:
            UnicodeDecodeError: the bytes are not of this encoding.
        """
        self.bom, self.codec = bom, codec
        self._body = body
        self.text = body.decode(codec)

    def divided(self, place: int) -> tuple[SourceText, bytes]:
        """What stands before a character, and the bytes from there on."""
        offsets = self._offsets()
        split = len(self.text[:place].encode(self.codec)) if offsets is None else offsets[place]
        return SourceText(self._body[:split], self.codec, self.bom), self._body[split:]

    def encodable(self, text: str) -> str:
        r"""The text; what this file's encoding cannot hold is shown by its code, as ``\u65e5``."""
        return text.encode(self.codec, "backslashreplace").decode(self.codec)

    def edited(self, edits: Sequence[Edit]) -> bytes:
        """The file's bytes after the edits, which are in order and do not overlap."""
        starts = [0, *(edit.end for edit in edits)]
        ends = [*(edit.start for edit in edits), len(self.text)]
        ours = [*(edit.text for edit in edits), ""]
        text = "".join(
            self.text[start:end] + new for start, end, new in zip(starts, ends, ours, strict=True)
        )
        offsets = self._offsets()
        if offsets is not None:
            body = b"".join(
                self._body[offsets[start] : offsets[end]] + new.encode(self.codec)
                for start, end, new in zip(starts, ends, ours, strict=True)
            )
            if body.decode(self.codec) == text:
                return self.bom + body
        return self.bom + text.encode(self.codec)

    def _offsets(self) -> array[int] | None:
        """Where each character's bytes begin; ``None`` if encoding gives the same bytes anyway.

        It does not in CP932 and its like, which have two codes for some characters.
        """
        if self.text.encode(self.codec) == self._body:
            return None
        decoder = codecs.getincrementaldecoder(self.codec)()
        offsets, start = array("Q"), 0
        for end in range(1, len(self._body) + 1):
            characters = decoder.decode(self._body[end - 1 : end])
            if characters:
                # An escape sequence back to ASCII belongs to the text before it.
                offsets.extend([end - 1 if characters.isascii() else start] * len(characters))
                start = end
        offsets.append(len(self._body))
        return offsets


def whole_records(
    chunks: Iterable[bytes], encoding: str, delimiter: str
) -> Iterator[tuple[SourceText, list[Span]]]:
    """A file in parts, each with where its records begin and end.

    Args:
        chunks: the file's bytes.
        encoding: a codec's name; a byte order mark at the start is kept as it is.
        delimiter: what separates fields.

    Raises:
        UnicodeDecodeError: the bytes are not of this encoding.
    """
    stream = iter(chunks)
    left = b""
    while len(left) < 4 and (chunk := next(stream, b"")):
        left += chunk
    bom, codec = _bom_and_codec(left, encoding)
    left = left[len(bom) :]
    if codec.startswith(_NOT_BY_LINES):
        left, stream = left + b"".join(stream), iter(())
    for chunk in stream:
        left += chunk
        cut = left.rfind(b"\n") + 1  # never within a character of these encodings
        text = SourceText(left[:cut], codec, bom)
        spans = list(Records(text.text, delimiter))
        if len(spans) > 1:
            start, _ = spans.pop()  # it may go on
            ready, rest = text.divided(start)
            yield ready, spans
            left, bom = rest + left[cut:], b""
    text = SourceText(left, codec, bom)
    yield text, list(Records(text.text, delimiter))


class Records:
    """The records of a text, counted from 1, and their fields."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        rest = rf"[^{re.escape(delimiter)}\r\n]*+"
        field = rf'(?:"[^"]*+(?:""[^"]*+)*+(?:"{rest})?+|{rest})'
        self._field = re.compile(field)
        self._record = re.compile(rf"{field}(?:{re.escape(delimiter)}{field})*+")
        self._end = re.compile(r"\r\n|\r|\n")

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Where each record begins and ends, without its line end."""
        start = 0
        while start < len(self._text):
            end = _end(self._record, self._text, start)
            yield start, end
            start = _end(self._end, self._text, end) if end < len(self._text) else end

    def fields(self, start: int, end: int) -> list[tuple[int, int]]:
        """Where each field of a record begins and ends, its quotes included."""
        found: list[tuple[int, int]] = []
        while True:
            stop = _end(self._field, self._text, start)
            found.append((start, stop))
            if stop >= end:
                return found
            start = stop + 1


def unquoted(field: str) -> str:
    """The value of a field as it stands in the file."""
    if not field.startswith('"'):
        return field
    inside = _QUOTED.match(field)
    assert inside is not None
    return inside.group(1).replace('""', '"') + field[inside.end() :]


def quoted(value: str, delimiter: str) -> str:
    """The field for a value: in quotes only where it has to be."""
    if delimiter in value or '"' in value or "\r" in value or "\n" in value:
        return '"' + value.replace('"', '""') + '"'
    return value


def _bom_and_codec(source: bytes, encoding: str) -> tuple[bytes, str]:
    name = codecs.lookup(encoding).name
    family = next((family for family in _BOMS if name.startswith(family)), None)
    if family is None:
        return b"", name
    for bom, codec in _BOMS[family]:
        if source.startswith(bom):
            return bom, codec
    # Without a mark, "utf-16" alone would write one.
    return b"", {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(
        name, name
    )


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    assert found is not None
    return found.end()
