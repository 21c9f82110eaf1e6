from __future__ import annotations

import contextlib
import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from batch_runner.core.errors import SheetError
from batch_runner.core.model import ReadOptions
from batch_runner.loader.archive import Archive
from batch_runner.loader.load import load

SaveBook = Callable[[Workbook], Path]
Rewrite = Callable[[Path, Mapping[str, Callable[[str], str]]], Path]
SHEET1 = "xl/worksheets/sheet1.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refused(path: Path) -> SheetError:
    """The error that a file is refused with."""
    with pytest.raises(SheetError) as caught:
        load(path, ReadOptions())
    return caught.value


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "damaged"),
        (b"prompt,id\na,1\n", "damaged"),
        (b"PK\x03\x04 but no archive", "damaged"),
        (OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (OLE + b"\0" * 600 + "Workbook".encode("utf-16-le"), "unsupported_format"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    """Encrypted, old or damaged files each get their own word and a remedy."""
    path = tmp_path / "campaign.xlsx"
    path.write_bytes(data)
    error = refused(path)
    assert error.code == code
    assert error.hint


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A part that unpacks to hundreds of times its size is no sheet."""
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        with archive.open(SHEET1, "w") as part:
            for _ in range(101):
                part.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    assert refused(path).code == "workbook_too_large"


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    """A workbook has dozens of parts, not tens of thousands."""
    path = tmp_path / "parts.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_001):
            archive.writestr(str(number), b"")
    assert refused(path).code == "workbook_too_large"


def test_a_size_that_is_stated_wrongly_is_found(book: Workbook, save: SaveBook) -> None:
    """An archive that states less than it holds does not get past the limits."""
    path = save(book)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        true_size = archive.getinfo(SHEET1).file_size
    name = data.rfind(SHEET1.encode())  # the entry in the directory at the end
    place = name - 46 + 24  # the unpacked size within such an entry
    assert struct.unpack_from("<I", data, place)[0] == true_size
    struct.pack_into("<I", data, place, 100)
    path.write_bytes(data)
    assert refused(path).code == "damaged"


def test_an_encrypted_member_is_refused(book: Workbook, save: SaveBook) -> None:
    """ZIP's own encryption is no workbook's."""
    path = save(book)
    data = bytearray(path.read_bytes())
    entry = data.rfind(SHEET1.encode()) - 46
    data[entry + 8] |= 1
    path.write_bytes(data)
    assert refused(path).code == "encrypted"


@pytest.mark.parametrize("part", [SHEET1, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_document_types_and_entities_are_refused(
    book: Workbook, save: SaveBook, rewrite: Rewrite, part: str
) -> None:
    """No workbook has them, and they are how XML bombs are made."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'

    def with_bomb(xml: str) -> str:
        head, mark, rest = xml.partition("?>")
        return head + mark + bomb + rest if mark else bomb + xml

    assert refused(rewrite(save(book), {part: with_bomb})).code == "damaged"


def test_broken_xml_is_refused(book: Workbook, save: SaveBook, rewrite: Rewrite) -> None:
    """Cut off in the middle, for instance."""
    path = rewrite(save(book), {SHEET1: lambda xml: xml[: len(xml) // 2]})
    assert refused(path).code == "damaged"


@pytest.mark.parametrize("reference", [" 2", "2", "Ａ2", "-1", "A"])
def test_an_address_that_is_none_is_refused(
    book: Workbook, save: SaveBook, rewrite: Rewrite, reference: str
) -> None:
    """A damaged cell address neither hangs the scan nor shifts a cell."""
    path = rewrite(save(book), {SHEET1: lambda xml: xml.replace('r="B2"', f'r="{reference}"')})
    assert refused(path).code in {"damaged", "workbook_unreadable"}


def test_a_cell_at_the_end_of_the_world_is_named(book: Workbook, save: SaveBook) -> None:
    """The engine would make room for 17 billion cells."""
    sheet = book["Sheet"]
    sheet["XFD1048576"] = "slip"
    error = refused(save(book))
    assert error.code == "worksheet_too_large"
    assert "XFD1048576" in error.hint
    assert error.where == "campaign.xlsx!Sheet"


def test_a_row_beyond_excels_last_is_refused(
    book: Workbook, save: SaveBook, rewrite: Rewrite
) -> None:
    """Nothing can stand there."""
    path = rewrite(
        save(book),
        {SHEET1: lambda xml: xml.replace('<row r="2"', '<row r="1048577"')},
    )
    assert refused(path).code == "worksheet_too_large"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
@example(place=0.953125, value=0)  # in the list of parts: a name there is not that of the part
def test_a_flipped_byte_never_ends_in_a_traceback(
    tmp_path: Path, book: Workbook, place: float, value: int
) -> None:
    """A damaged file is read right or refused with a sentence."""
    out = io.BytesIO()
    book.save(out)
    data = bytearray(out.getvalue())
    data[int(place * len(data))] = value
    path = tmp_path / "flipped.xlsx"
    path.write_bytes(data)
    with contextlib.suppress(SheetError):
        load(path, ReadOptions())


def test_parts_are_found_however_their_names_are_written() -> None:
    """Slashes, backslashes and case do not matter, as Excel has it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        written.writestr("XL\\Workbook.xml", b"<workbook/>")
    archive = Archive(out.getvalue(), "x")
    assert "xl/workbook.xml" in archive
    assert b"".join(archive.chunks("/xl/workbook.XML")) == b"<workbook/>"
    with pytest.raises(SheetError):
        list(archive.chunks("xl/none.xml"))
