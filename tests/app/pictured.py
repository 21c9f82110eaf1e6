"""Pictures for tests, and workbooks that hold them as spreadsheet programs write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import openpyxl
from openpyxl.drawing.image import Image as Drawn
from PIL import Image

RICH = "http://schemas.microsoft.com/office/spreadsheetml/2017/richdata"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CONTENT = "application/vnd.ms-excel.rdrichvalue+xml"


def picture(shade: int = 0, size: tuple[int, int] = (160, 128), kind: str = "PNG") -> bytes:
    """A picture that satisfies all rules; each shade is another one."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.putpixel((0, 0), (shade % 256, shade // 256, 7))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def paste(book: Path, cells: Mapping[str, bytes]) -> None:
    """Lay pictures on cells, as pasting them does."""
    loaded = openpyxl.load_workbook(book)
    page = loaded.worksheets[0]
    for place, content in cells.items():
        page.add_image(Drawn(io.BytesIO(content)), place)
    loaded.save(book)


def place_in_cells(book: Path, cells: Mapping[str, bytes]) -> None:
    """Put pictures into cells, as Excel's "place in cell" does."""
    with zipfile.ZipFile(book) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    for number, (place, content) in enumerate(cells.items(), start=1):
        parts[f"xl/media/cell{number}.png"] = content
        sheet = _with_error(sheet, place, number)
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    for name, text in _rich_parts(len(cells)).items():
        parts[name] = text.encode()
    links = parts["xl/_rels/workbook.xml.rels"].decode()
    added = "".join(
        f'<Relationship Id="rich{i}" Type="{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(
            [
                (f"{OFFICE}/sheetMetadata", "metadata.xml"),
                (
                    "http://schemas.microsoft.com/office/2017/06/relationships/rdRichValue",
                    "richData/rdrichvalue.xml",
                ),
                (
                    "http://schemas.microsoft.com/office/2017/06/relationships/rdRichValueStructure",
                    "richData/rdrichvaluestructure.xml",
                ),
                (
                    "http://schemas.microsoft.com/office/2022/10/relationships/richValueRel",
                    "richData/richValueRel.xml",
                ),
            ]
        )
    )
    parts["xl/_rels/workbook.xml.rels"] = links.replace(
        "</Relationships>", f"{added}</Relationships>"
    ).encode()
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, data)


def _with_error(sheet: str, place: str, mark: int) -> str:
    """The cell that stands for a picture: an error value with a mark."""
    cell = f'<c r="{place}" t="e" vm="{mark}"><v>#VALUE!</v></c>'
    row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    start = sheet.index(f'<row r="{row}"')
    end = sheet.index("</row>", start)
    return f"{sheet[:end]}{cell}{sheet[end:]}"


def _rich_parts(count: int) -> dict[str, str]:
    """The parts that lead from a mark to a picture."""
    numbers = range(count)
    blocks = "".join(
        f'<bk><extLst><ext uri="{{3e2802c4-a4d2-4d8b-9148-e3be6c30e623}}"><xlrd:rvb i="{n}"/></ext>'
        "</extLst></bk>"
        for n in numbers
    )
    marks = "".join(f'<bk><rc t="1" v="{n}"/></bk>' for n in numbers)
    values = "".join(f'<rv s="0"><v>{n}</v><v>5</v></rv>' for n in numbers)
    links = "".join(f'<rel r:id="rId{n}"/>' for n in numbers)
    targets = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/image" Target="../media/cell{n + 1}.png"/>'
        for n in numbers
    )
    return {
        "xl/metadata.xml": f'<metadata xmlns="{MAIN}" xmlns:xlrd="{RICH}"><metadataTypes count="1">'
        '<metadataType name="XLRICHVALUE" minSupportedVersion="120000"/></metadataTypes>'
        f'<futureMetadata name="XLRICHVALUE" count="{count}">{blocks}</futureMetadata>'
        f'<valueMetadata count="{count}">{marks}</valueMetadata></metadata>',
        "xl/richData/rdrichvalue.xml": f'<rvData xmlns="{RICH}" count="{count}">{values}</rvData>',
        "xl/richData/rdrichvaluestructure.xml": f'<rvStructures xmlns="{RICH}" count="1">'
        '<s t="_localImage"><k n="_rvRel:LocalImageIdentifier" t="i"/><k n="CalcOrigin" t="i"/></s>'
        "</rvStructures>",
        "xl/richData/richValueRel.xml": '<richValueRels xmlns="http://schemas.microsoft.com/office/'
        f'spreadsheetml/2022/richvaluerel" xmlns:r="{OFFICE}">{links}</richValueRels>',
        "xl/richData/_rels/richValueRel.xml.rels": f'<Relationships xmlns="{PACKAGE}">{targets}'
        "</Relationships>",
    }
