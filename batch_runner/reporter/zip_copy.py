"""A copy of a zip file in which some members are new and all others are the same raw bytes.

The standard library reads the directory and unpacks; it has no way to copy a member without
packing it anew, so writing is done here. Local headers are written with their sizes, so data
descriptors (sizes that follow the data) are no longer needed; ZIP64 fields are dropped where
sizes fit without them. Order, names, dates and packed bytes of what is copied stay.
"""

from __future__ import annotations

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, cast

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.ooxml import damaged, normal_name

_LEVEL = 3  # of 9: a sheet packs twice as fast as at 6 and grows by about a tenth
_CHUNK = 1 << 20
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DESCRIPTOR, _UTF8, _DEFLATED = 0x8, 0x800, 8
_ZIP64 = 1
_LIMIT = 0xFFFFFFFF
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A new member's content, packed into a temporary file that goes with it."""

    data: BinaryIO
    size: int  # bytes, packed
    unpacked: int  # bytes
    crc: int


class Package:
    """A zip file opened for copying; names are compared as Excel does, without case."""

    def __init__(self, file: BinaryIO, where: str) -> None:
        """Read the directory.

        Raises:
            SheetError: It is no whole zip file, or is encrypted.
        """
        self._file = file
        self._where = where
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise damaged(where) from error
        self.members = self._zip.infolist()
        self.comment = self._zip.comment
        self._by_name = {normal_name(member.filename): member for member in self.members}
        if any(member.flag_bits & 0x1 for member in self.members):
            raise SheetError(
                phrase("The workbook is an encrypted archive."),
                code="encrypted",
                hint=phrase("Save it without a password."),
                where=where,
            )

    def __contains__(self, name: str) -> bool:
        return normal_name(name) in self._by_name

    def names(self) -> Iterator[str]:
        """All members' names, normalised."""
        return iter(self._by_name)

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member, unpacked bit by bit; its checksum is verified at the end.

        Raises:
            SheetError: It is missing or damaged.
        """
        member = self._by_name.get(normal_name(name))
        if member is None:
            raise damaged(self._where)
        try:
            with self._zip.open(member) as part:
                while chunk := part.read(_CHUNK):
                    yield chunk
        except _BROKEN as error:
            raise damaged(self._where) from error

    def read(self, name: str) -> bytes:
        """A whole member; for those that are small.

        Raises:
            SheetError: It is missing or damaged.
        """
        return b"".join(self.chunks(name))

    def write(self, out: BinaryIO, changes: Mapping[str, Packed | None]) -> None:
        """Write the copy.

        Args:
            out: where to; an empty file.
            changes: a member's name -> its new content, or ``None`` to leave it out. What the
                package has not is added at the end.

        Raises:
            SheetError: The package is damaged, or the copy would pass 4 GiB.
        """
        wanted = {normal_name(name): change for name, change in changes.items()}
        directory: list[bytes] = []
        offsets = sorted(self.members, key=lambda member: member.header_offset)
        placed: dict[int, int] = {}  # old offset -> new one
        for member in offsets:
            name = normal_name(member.filename)
            if name in wanted and wanted[name] is None:
                continue
            placed[member.header_offset] = out.tell()
            self._put(out, member, wanted.get(name))
        for member in self.members:
            if member.header_offset in placed:
                change = wanted.get(normal_name(member.filename))
                directory.append(_central(member, change, placed[member.header_offset]))
        for name, change in changes.items():
            if change is not None and name not in self:
                added = _new_member(name)
                directory.append(_central(added, change, out.tell()))
                _put_packed(out, added, added.extra, change)
        _put_end(out, directory, self.comment, self._where)

    def _put(self, out: BinaryIO, member: zipfile.ZipInfo, change: Packed | None) -> None:
        try:
            self._file.seek(member.header_offset)
            head = _LOCAL.unpack(self._file.read(_LOCAL.size))
            if head[0] != b"PK\x03\x04":
                raise damaged(self._where)
            self._file.seek(head[9], 1)
            extra = _without_zip64(self._file.read(head[10]))
        except _BROKEN as error:
            raise damaged(self._where) from error
        if change is not None:
            _put_packed(out, member, extra, change)
            return
        out.write(_local(member, extra, None))
        _copy(self._file, out, member.compress_size, self._where)


def packed(chunks: Iterable[bytes]) -> Packed:
    """Pack a new member's content as it comes; memory does not follow its size.

    Whoever asks for it closes its ``data``, and so removes it.
    """
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    crc = unpacked = 0
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_CHUNK))
        for chunk in chunks:
            crc = zlib.crc32(chunk, crc)
            unpacked += len(chunk)
            data.write(packer.compress(chunk))
        data.write(packer.flush())
        stack.pop_all()
    return Packed(data=cast("BinaryIO", data), size=data.tell(), unpacked=unpacked, crc=crc)


def _put_packed(out: BinaryIO, member: zipfile.ZipInfo, extra: bytes, change: Packed) -> None:
    out.write(_local(member, extra, change))
    change.data.seek(0)
    _copy(change.data, out, change.size, member.filename)


def _copy(source: BinaryIO, out: BinaryIO, size: int, where: str) -> None:
    while size:
        chunk = source.read(min(size, _CHUNK))
        if not chunk:
            raise damaged(where)
        out.write(chunk)
        size -= len(chunk)


def _new_member(name: str) -> zipfile.ZipInfo:
    # 1980-01-01 is what Excel gives every member.
    member = zipfile.ZipInfo(name)
    member.flag_bits = 0 if name.isascii() else _UTF8
    return member


def _facts(
    member: zipfile.ZipInfo, change: Packed | None
) -> tuple[int, int, int, int, int, int, int]:
    """What the local and the central header both say: from flags to unpacked size."""
    year, month, day, hour, minute, second = member.date_time
    flags = member.flag_bits & ~_DESCRIPTOR
    time = hour << 11 | minute << 5 | second // 2
    date = (year - 1980) << 9 | month << 5 | day
    if change is not None:
        return flags, _DEFLATED, time, date, change.crc, change.size, change.unpacked
    return (
        flags,
        member.compress_type,
        time,
        date,
        member.CRC,
        member.compress_size,
        member.file_size,
    )


def _local(member: zipfile.ZipInfo, extra: bytes, change: Packed | None) -> bytes:
    name = _raw_name(member)
    facts = _facts(member, change)
    needs = min(max(member.extract_version, 20), 45)
    return (
        _LOCAL.pack(b"PK\x03\x04", needs, *_fitting(facts), len(name), len(extra)) + name + extra
    )


def _central(member: zipfile.ZipInfo, change: Packed | None, offset: int) -> bytes:
    name, extra = _raw_name(member), _without_zip64(member.extra)
    made_by = member.create_system << 8 | member.create_version
    needs = min(max(member.extract_version, 20), 45)
    return (
        _CENTRAL.pack(
            b"PK\x01\x02",
            made_by,
            needs,
            *_fitting(_facts(member, change)),
            len(name),
            len(extra),
            len(member.comment),
            0,
            member.internal_attr,
            member.external_attr,
            _fits(offset),
        )
        + name
        + extra
        + member.comment
    )


def _fitting(facts: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(_fits(fact) for fact in facts)


def _fits(number: int) -> int:
    if number >= _LIMIT:
        raise SheetError(
            phrase("The workbook would grow beyond 4 GB."),
            code="workbook_too_large",
            hint=phrase("Split it into several workbooks."),
        )
    return number


def _put_end(out: BinaryIO, directory: list[bytes], comment: bytes, where: str) -> None:
    start = out.tell()
    out.writelines(directory)
    count = len(directory)
    if count >= 0xFFFF:
        raise damaged(where)
    size = out.tell() - start
    out.write(
        _END.pack(b"PK\x05\x06", 0, 0, count, count, _fits(size), _fits(start), len(comment))
    )
    out.write(comment)


def _raw_name(member: zipfile.ZipInfo) -> bytes:
    """The name's own bytes; what is not marked as UTF-8 was decoded as code page 437."""
    return member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8 else "cp437")


def _without_zip64(extra: bytes) -> bytes:
    """The extra fields but the one with 64-bit sizes; left alone from where it makes no sense."""
    kept, at = b"", 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at : at + 4 + size]
        if kind != _ZIP64:
            kept += field
        at += 4 + size
    return kept + extra[at:]
