"""How a text file is encoded: by its mark, else strict UTF-8, else by plausibility.

A wrong guess buys videos of garbage, so two encodings that fit about equally well are an error
that names both, and the guess that was made is always said.
"""

from __future__ import annotations

import codecs
import re

from batch_runner.core.errors import SheetError
from batch_runner.core.language import both, phrase
from batch_runner.core.model import Problem, Severity
from batch_runner.loader.plausibility import CANDIDATES, plausibility
from batch_runner.loader.source import Source

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_JIS_SHIFT = b"\x1b$B"  # ISO-2022-JP switches alphabets by escapes; all its bytes are ASCII
_WIDER = {"shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030"}
"""What programs mean by a name: the standards alone lack characters that sheets hold."""

_ENOUGH = 0.6  # below this nothing fits
_APART = 0.15  # nearer than this, two encodings fit about equally well
_HINT = "Save the file as 'CSV UTF-8', or settle it with 'encoding: {}' in the config."


def find_encoding(source: Source, wanted: str | None) -> tuple[str, tuple[Problem, ...]]:
    """The codec that reads a file, checked on all of its bytes as they stream by.

    Only a file that is not UTF-8 and does not say what it is has to be looked at as a whole.

    Args:
        source: The file.
        wanted: What the user settled, ``None`` to find out.

    Returns:
        The codec's name, and a notice when it was guessed.

    Raises:
        SheetError: The bytes are no text, do not fit ``wanted``, or fit nothing or several
            encodings.
    """
    codec = _stated(source) if wanted is None else _settled(source, wanted)
    if codec is not None:
        if not _fits(source, codec):
            _decode(source.read(), codec, source.path.name)
            raise source.changed()
        return codec, ()
    if _is_plain_utf8(source):
        return "utf-8", ()
    return _found(source.read(), source.path.name)


def _stated(source: Source) -> str | None:
    """What the mark at the start says."""
    head = source.head(4)
    return next((codec for mark, codec in _BOMS if head.startswith(mark)), None)


def _fits(source: Source, codec: str) -> bool:
    """Whether all bytes are of this encoding."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for chunk in source.chunks():
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _is_plain_utf8(source: Source) -> bool:
    """Whether it is UTF-8, without what would make it something else all the same."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = b""
    try:
        for chunk in source.chunks():
            if b"\0" in chunk or _JIS_SHIFT in rest + chunk:
                return False
            decoder.decode(chunk)
            rest = chunk[1 - len(_JIS_SHIFT) :]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _found(data: bytes, where: str) -> tuple[str, tuple[Problem, ...]]:
    """What a file without a mark is that is not simply UTF-8."""
    if b"\0" in data:
        return _without_mark(data, where)
    if _JIS_SHIFT in data:
        _decode(data, "iso2022_jp", where)
        return "iso2022_jp", (_guessed("iso2022_jp"),)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse_broken_utf8(data, error, where)
    return _guess(data, where)


def _settled(source: Source, wanted: str) -> str:
    try:
        codec = codecs.lookup(wanted.strip()).name
        " ".encode(codec)  # some codecs are not for text
    except (LookupError, UnicodeError) as error:
        raise SheetError(
            phrase("There is no encoding named '{wanted}'.", wanted=wanted),
            code="encoding_unknown_name",
            hint=phrase("Usual ones: utf-8, utf-16, cp932 (Shift-JIS), gb18030, big5, cp1252."),
            where=source.path.name,
        ) from error
    codec = _WIDER.get(codec, codec)
    marked = codec == "utf-8" and source.head(4).startswith(codecs.BOM_UTF8)
    return "utf-8-sig" if marked else codec


def _decode(data: bytes, codec: str, where: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeError as error:  # a few codecs do not say where
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        raise SheetError(
            phrase(
                "The file is not {codec} throughout: line {line} holds bytes that are none.",
                codec=codec,
                line=line,
            ),
            code="encoding_does_not_fit",
            hint=phrase("Save it anew as 'CSV UTF-8', or name another 'encoding' in the config."),
            where=where,
        ) from error


def _without_mark(data: bytes, where: str) -> tuple[str, tuple[Problem, ...]]:
    """NUL bytes: UTF-16 without its mark has them on one side of each pair only."""
    even, odd = data[0::2].count(0), data[1::2].count(0)
    for codec, most, least in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if len(data) % 2 == 0 and most > 20 * least:
            try:
                text = data.decode(codec)
            except UnicodeDecodeError:
                continue  # refused below, with the reason that holds for both
            if "\0" not in text:
                return codec, (_guessed(codec),)
    raise SheetError(
        phrase("The file holds NUL bytes, so it is no text."),
        code="not_text",
        hint=phrase("Open it in the program it comes from, and save it as 'CSV UTF-8' or .xlsx."),
        where=where,
    )


def _refuse_broken_utf8(data: bytes, error: UnicodeDecodeError, where: str) -> None:
    """A file that is UTF-8 but for a few bytes would be garbage in any other encoding."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    whole = len(re.findall(r"[^\x00-\x7f\ufffd]", text))
    if whole < 10 * broken:
        return
    line = data.count(b"\n", 0, error.start) + 1
    raise SheetError(
        phrase("The file is UTF-8, but line {line} holds bytes that are damaged.", line=line),
        code="encoding_broken",
        hint=phrase("Correct that line and save it as 'CSV UTF-8'."),
        where=where,
    )


def _guess(data: bytes, where: str) -> tuple[str, tuple[Problem, ...]]:
    scores: dict[str, float] = {}
    for codec in CANDIDATES:
        try:
            scores[codec] = plausibility(data.decode(codec), codec)
        except UnicodeDecodeError:
            continue  # the bytes do not fit this one
    ranked = sorted(scores, key=lambda codec: -scores[codec])
    likely = [codec for codec in ranked if scores[codec] >= _ENOUGH]
    if not likely:
        raise SheetError(
            phrase("The file is not UTF-8, and no other encoding gives text that makes sense."),
            code="encoding_not_found",
            hint=_HINT.format("NAME"),
            where=where,
        )
    close = [codec for codec in likely if scores[likely[0]] - scores[codec] < _APART]
    if len(close) > 1:
        raise SheetError(
            phrase("The file fits {names} about equally well.", names=both(close)),
            code="encoding_ambiguous",
            hint=_HINT.format(f"{close[0]}' or 'encoding: {close[1]}"),
            where=where,
        )
    return close[0], (_guessed(close[0]),)


def _guessed(codec: str) -> Problem:
    return Problem(
        code="encoding_guessed",
        message=phrase("The file does not say its encoding; it is read as {codec}.", codec=codec),
        hint=phrase(
            "If texts look wrong, set 'encoding' in the config (now: {codec}).", codec=codec
        ),
        severity=Severity.NOTICE,
    )
