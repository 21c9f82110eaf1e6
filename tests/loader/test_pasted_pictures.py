"""Pictures in a workbook are found at their cells, whoever put them there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest
from openpyxl.drawing.image import Image as Drawn
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D

from batch_runner.core.columns import map_columns
from batch_runner.core.model import ReadOptions
from batch_runner.core.values import image_refs
from batch_runner.loader.load import load
from tests.app.pictured import paste, picture, place_in_cells

HEADERS = ["prompt", "image_urls", "Note"]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A workbook with three rows and no picture."""
    path = tmp_path / "campaign.xlsx"
    made = openpyxl.Workbook()
    page = made.worksheets[0]
    for line in (HEADERS, ["One."], ["Two."], ["Three."]):
        page.append(line)
    made.save(path)
    return path


def read(path: Path) -> tuple[dict[int, tuple[str, ...]], Callable[[str], bytes]]:
    """Row -> the pictures it names, and a way to their content."""
    (table,) = load(path, ReadOptions())
    columns, _ = map_columns(table.headers, {}, frozenset())
    found = {row.number: image_refs(row, columns) for row in table.rows}

    def content(ref: str) -> bytes:
        assert table.media is not None
        inside = table.media.read(ref.removeprefix("pasted:"), 10**6)
        assert inside is not None
        return inside

    return {number: refs for number, refs in found.items() if refs}, content


def patched(
    path: Path, changes: Mapping[str, Callable[[str], str]], added: Mapping[str, bytes]
) -> None:
    """Change parts of a workbook as text, and add some."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    for name, change in changes.items():
        parts[name] = change(parts[name].decode()).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, data in {**parts, **added}.items():
            new.writestr(name, data)


def test_pictures_of_one_cell_come_from_left_to_right(book: Path) -> None:
    """Order matters to models that take a first and a last frame."""
    loaded = openpyxl.load_workbook(book)
    page = loaded.worksheets[0]
    for shade, left in ((1, 500_000), (2, 0)):
        image = Drawn(io.BytesIO(picture(shade)))
        corner = AnchorMarker(col=1, colOff=left, row=1, rowOff=0)
        image.anchor = OneCellAnchor(_from=corner, ext=XDRPositiveSize2D(100_000, 100_000))
        page.add_image(image)
    loaded.save(book)
    found, content = read(book)
    assert [content(ref) for ref in found[2]] == [picture(2), picture(1)]


def test_only_pictures_in_columns_for_pictures_count(book: Path) -> None:
    """A logo over the table and a picture beside it belong to no row."""
    paste(book, {"B1": picture(1), "C2": picture(2), "B3": picture(3), "B9": picture(4)})
    found, content = read(book)
    assert {row: [content(ref) for ref in refs] for row, refs in found.items()} == {
        3: [picture(3)],
        9: [picture(4)],
    }


def test_a_picture_in_a_cell_is_no_error_value(book: Path) -> None:
    """The error that stands for it is not told; an error of another cell is."""
    place_in_cells(book, {"B2": picture(1), "B4": picture(2)})
    found, content = read(book)
    assert [content(*found[row]) for row in (2, 4)] == [picture(1), picture(2)]
    (table,) = load(book, ReadOptions())
    assert [row.problems for row in table.rows] == [(), (), ()]


def test_the_formulas_of_excel_and_wps_for_pictures_are_understood(book: Path) -> None:
    """IMAGE names a link; DISPIMG an id that leads to a picture of the workbook."""

    def with_formulas(sheet: str) -> str:
        image = '<c r="B2" t="e"><f>_xlfn.IMAGE("https://a.example/x.png")</f><v>#NAME?</v></c>'
        inside = '<c r="B3" t="str"><f>_xlfn.DISPIMG("ID_7",1)</f><v>=DISPIMG("ID_7",1)</v></c>'
        for row, cell in (("2", image), ("3", inside)):
            start = sheet.index(f'<row r="{row}"')
            end = sheet.index("</row>", start)
            sheet = f"{sheet[:end]}{cell}{sheet[end:]}"
        return sheet

    kind = "http://www.wps.cn/officeDocument/2020/cellImage"
    link = f'<Relationship Id="wps" Type="{kind}" Target="cellimages.xml"/></Relationships>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    patched(
        book,
        {
            "xl/worksheets/sheet1.xml": with_formulas,
            "xl/_rels/workbook.xml.rels": lambda text: text.replace("</Relationships>", link),
        },
        {
            "xl/media/wps.png": picture(5),
            "xl/cellimages.xml": f'<etc:cellImages xmlns:etc="urn:e" xmlns:xdr="urn:x" xmlns:a="urn:a" '
            f'xmlns:r="{office}"><etc:cellImage><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="2" name="ID_7"/>'
            '</xdr:nvPicPr><xdr:blipFill><a:blip r:embed="rId1"/></xdr:blipFill></xdr:pic>'
            "</etc:cellImage></etc:cellImages>".encode(),
            "xl/_rels/cellimages.xml.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org'
            b'/package/2006/relationships"><Relationship Id="rId1" Type="x/image" '
            b'Target="media/wps.png"/></Relationships>',
        },
    )
    found, content = read(book)
    assert found[2] == ("https://a.example/x.png",)
    assert content(*found[3]) == picture(5)


def test_a_workbook_without_pictures_reads_none(book: Path) -> None:
    """Nothing is opened again for it."""
    (table,) = load(book, ReadOptions())
    assert table.media is None
    assert not any(row.pictures for row in table.rows)
