"""Is this file a whole video? A look at its outer structure, without decoding anything.

Pure: the file comes as a callable that reads some bytes at some place, and its size.
ISO base media (MP4, MOV) is a row of boxes that must fill the file exactly
(ISO/IEC 14496-12, 4.2); WebM and Matroska are an EBML header and a segment (RFC 8794).
"""

from __future__ import annotations

from collections.abc import Callable

ReadAt = Callable[[int, int], bytes]
"""``read_at(offset, n)``: up to ``n`` bytes from there; fewer only at the end of the file."""

HEAD = 64
"""Bytes of a file's beginning that :func:`sniff` needs."""

EXTENSIONS = (".mp4", ".mov", ".webm", ".mkv", ".gif")
"""All that :func:`sniff` gives."""

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_GIF = (b"GIF87a", b"GIF89a")
_MOST_BOXES = 200_000  # far more than any real file has; bounds the walk


def sniff(head: bytes) -> str | None:
    """The extension that a file's first bytes ask for, ``None`` for what is no video."""
    if head[4:8] == b"ftyp":
        return ".mov" if head[8:12] == b"qt  " else ".mp4"
    if head.startswith(_EBML):
        return ".webm" if b"webm" in head[:HEAD] else ".mkv"
    return ".gif" if head.startswith(_GIF) else None


def flaw(read_at: ReadAt, size: int) -> str:
    """What keeps the file from being a whole video, in a few words; empty when nothing does."""
    extension = sniff(read_at(0, HEAD))
    if extension is None:
        return "it is not a video file"
    if extension == ".gif":
        return "" if read_at(size - 1, 1) == b";" else "it ends too early"
    return _matroska_flaw(read_at, size) if extension in {".webm", ".mkv"} else _iso(read_at, size)


def whole(read_at: ReadAt, size: int) -> bool:
    """Whether the file is a complete video."""
    return not flaw(read_at, size)


def _iso(read_at: ReadAt, size: int) -> str:
    """Walk over the outermost boxes: they must fill the file, and hold index and media."""
    offset, kinds = 0, set()
    for _ in range(_MOST_BOXES):
        if offset == size:
            missing = [name for name in ("moov", "mdat") if name.encode() not in kinds]
            return f"its {' and '.join(missing)} part is missing" if missing else ""
        header = read_at(offset, 16)
        length = _box_length(header, size - offset)
        if length is None:
            return "its structure is damaged"
        if offset + length > size:
            return "it ends too early"
        kinds.add(header[4:8])
        offset += length
    return "its structure is damaged"


def _box_length(header: bytes, rest: int) -> int | None:
    """Length of the box that begins with ``header``; ``rest``: bytes left in the file."""
    if len(header) < 8:
        return None
    length, smallest = int.from_bytes(header[:4], "big"), 8
    if length == 0:  # the last box: to the end of the file
        return rest
    if length == 1:  # the true length follows, in 64 bits
        length, smallest = int.from_bytes(header[8:16], "big"), 16
    return length if length >= smallest and len(header) >= smallest else None


def _matroska_flaw(read_at: ReadAt, size: int) -> str:
    header = _vint(read_at(4, 8))
    if header is None or header[0] is None:
        return "its structure is damaged"
    segment = 4 + header[1] + header[0]
    found = read_at(segment, 12)
    if found[:4] != _SEGMENT:
        return "it ends too early" if segment + 4 > size else "its structure is damaged"
    length = _vint(found[4:])
    if length is None:
        return "it ends too early"
    body = segment + 4 + length[1]
    if length[0] is None:  # written live, its length never filled in
        return "" if size > body else "it ends too early"
    return "" if length[0] and body + length[0] <= size else "it ends too early"


def _vint(data: bytes) -> tuple[int | None, int] | None:
    """An EBML length as (value, bytes it takes); value ``None``: unknown by intent."""
    width = 9 - data[0].bit_length() if data and data[0] else 0
    if not width or len(data) < width:
        return None
    bits = 7 * width
    value = int.from_bytes(data[:width], "big") & ((1 << bits) - 1)
    return (None if value == (1 << bits) - 1 else value), width
