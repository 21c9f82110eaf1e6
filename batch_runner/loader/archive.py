"""The ZIP file that a workbook is, opened with limits.

A few kilobytes can unpack to terabytes ("zip bomb"), so sizes are checked before anything is
unpacked. Sizes that an archive states wrongly are found by its checksums.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.ooxml import SAVE_AGAIN, damaged, normal_name

MAX_MEMBERS = 20_000
MAX_UNPACKED = 2 << 30
"""Bytes of all parts together: 2 GiB. A hundred thousand rows are about 70 MB."""

_LARGE = 100 << 20  # a part above this ...
_MAX_RATIO = 200  # ... may not be packed better than this; sheets reach about 30
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What ``zipfile`` raises for broken archives, by where the damage lies."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Archive:
    """The parts of a workbook by name; names are compared as Excel does, without case."""

    def __init__(self, data: bytes, where: str) -> None:
        """Open and check.

        Raises:
            SheetError: It is encrypted, no workbook, damaged, or unreasonably large.
        """
        self._where = where
        if data.startswith(_OLE):
            raise _ole(data, where)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGE as error:
            raise damaged(where) from error
        members = self._zip.infolist()
        _check_sizes(members, where)
        self._members = {normal_name(member.filename): member for member in members}

    def __contains__(self, name: str) -> bool:
        return normal_name(name) in self._members

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part, unpacked bit by bit; its checksum is verified at the end.

        Raises:
            SheetError: It is missing or damaged.
        """
        member = self._members.get(normal_name(name))
        if member is None:
            raise damaged(self._where)
        try:
            with self._zip.open(member) as part:
                while chunk := part.read(1 << 20):
                    yield chunk
        except DAMAGE as error:
            raise damaged(self._where) from error

    def verify(self, apart: Collection[str] = ()) -> None:
        """Unpack all XML once, so that what it states of its sizes is known to be true.

        Args:
            apart: parts that are unpacked before they are used anyway.

        Raises:
            SheetError: A part is damaged.
        """
        left = set(self._members) - set(map(normal_name, apart))
        for name in sorted(left):
            if name.endswith((".xml", ".rels")):
                for _ in self.chunks(name):
                    pass


def _ole(data: bytes, where: str) -> SheetError:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return SheetError(
            phrase("The workbook is protected by a password."),
            code="encrypted",
            hint=phrase(
                "Open it in Excel, remove the password (File > Info > Protect Workbook) and save it."
            ),
            where=where,
        )
    return SheetError(
        phrase("The file is an old .xls workbook under a new name."),
        code="unsupported_format",
        hint=SAVE_AGAIN,
        where=where,
    )


def _check_sizes(members: list[zipfile.ZipInfo], where: str) -> None:
    total = sum(member.file_size for member in members)
    swollen = any(
        member.file_size > _LARGE and member.file_size > _MAX_RATIO * max(1, member.compress_size)
        for member in members
    )
    if len(members) > MAX_MEMBERS or total > MAX_UNPACKED or swollen:
        raise SheetError(
            phrase(
                "The workbook unpacks to {total:.0f} MB in {number} parts, far more than a sheet needs.",
                total=total / 1e6,
                number=len(members),
            ),
            code="workbook_too_large",
            hint=SAVE_AGAIN,
            where=where,
        )
    if any(member.flag_bits & 0x1 for member in members):
        raise SheetError(
            phrase("The workbook is an encrypted archive."),
            code="encrypted",
            hint=phrase("Save it without a password."),
            where=where,
        )
