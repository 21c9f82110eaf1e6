"""A workbook without its macro sheets and the like: the table engine refuses all of it for them."""

from __future__ import annotations

import io
import re
import zipfile

from batch_runner.core.ooxml import normal_name, relations, workbook_part
from batch_runner.loader.archive import Archive

_SHEET = re.compile(rb"""<(?:[^\s/<>:]+:)?sheet\s(?:[^<>"']|"[^"]*"|'[^']*')*/>""")
_ID = re.compile(rb"""[^\s:]+:id\s*=\s*["']([^"']*)["']""")


def only_worksheets(data: bytes, archive: Archive, where: str) -> bytes:
    """A copy for reading, in which the workbook lists only what is a worksheet.

    Raises:
        SheetError: The workbook's structure is damaged.
    """
    workbook = workbook_part(archive, where)
    kinds = {number: one.kind for number, one in relations(archive, workbook, where).items()}

    def kept(sheet: re.Match[bytes]) -> bytes:
        number = _ID.search(sheet[0])
        other = number is not None and kinds.get(number[1].decode()) != "worksheet"
        return b"" if other else sheet[0]

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            content = old.read(member)
            if normal_name(member.filename) == normal_name(workbook):
                content = _SHEET.sub(kept, content)
            new.writestr(member.filename, content)
    return out.getvalue()
