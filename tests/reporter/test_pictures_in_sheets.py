from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from PIL import Image

from batch_runner.core.model import OutCell, Problem, Thumbnail, WritePlan
from batch_runner.reporter import pictures_patch
from batch_runner.reporter.pictures_patch import ROW_HEIGHT
from batch_runner.reporter.xlsx_file import shown_marks

MakePlan = Callable[..., WritePlan]
MakeBook = Callable[..., bytes]
Patch = Callable[..., tuple[bytes, tuple[Problem, ...]]]
Part = Callable[..., str]
Shows = Callable[..., WritePlan]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
AA, BB, CC, DD = ("aa" * 6, "bb" * 6, "cc" * 6, "dd" * 6)
SHEET = (
    f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"/><row r="2"/><row r="3" ht="90"/>'
    '<row r="4" ht="20" customHeight="1"/></sheetData><pageMargins left="1"/>%s</worksheet>'
)


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Thumbnail]:
    """A picture in one colour, by its mark."""

    def make(mark: str, colour: str = "red", size: tuple[int, int] = (160, 90)) -> Thumbnail:
        path = tmp_path / f"{mark}.jpg"
        Image.new("RGB", size, colour).save(path, "JPEG")
        return Thumbnail(mark=mark, path=path, width=size[0], height=size[1])

    return make


@pytest.fixture
def shows(make_plan: MakePlan) -> Shows:
    """A plan of pictures in column C of some rows; ``None``: none is to be there."""

    def make(pictures: dict[int, Thumbnail | None], **more: Any) -> WritePlan:
        cells = {row: {2: OutCell(value=None, picture=one)} for row, one in pictures.items()}
        return make_plan(cells, {2: "preview"}, "Videos", preview_column=2, **more)

    return make


def names(book: bytes) -> set[str]:
    """All parts of a workbook."""
    return set(zipfile.ZipFile(io.BytesIO(book)).namelist())


def marks(book: bytes, folder: Path) -> dict[tuple[int, int], str]:
    """The pictures that are known as ours."""
    path = folder / "read.xlsx"
    path.write_bytes(book)
    return dict(shown_marks(path, "Videos"))


def test_a_picture_stands_in_its_row(
    make_book: MakeBook, patch: Patch, part: Part, picture: Any, shows: Shows
) -> None:
    """Other readers find it in its cell, within it, and the worksheet's parts are in order."""
    book, _ = patch(
        make_book(SHEET % '<legacyDrawing r:id="rId9" xmlns:r="x"/>'),
        shows({2: picture(AA), 4: picture(BB, "blue", (90, 160))}),
    )
    sheet: Any = openpyxl.load_workbook(io.BytesIO(book))["Videos"]
    anchors = [one.anchor for one in sheet._images]
    assert [(a._from.row, a._from.col, a.to.row, a.to.col) for a in anchors] == [
        (1, 2, 1, 2),
        (3, 2, 3, 2),
    ]
    assert anchors[0].to.rowOff <= ROW_HEIGHT * 12_700
    assert anchors[1].to.rowOff <= 20 * 12_700
    shape = [(a.to.colOff - a._from.colOff) / (a.to.rowOff - a._from.rowOff) for a in anchors]
    assert shape == [pytest.approx(160 / 90, rel=0.01), pytest.approx(90 / 160, rel=0.01)]
    assert re.search(r"<pageMargins[^>]*><drawing[^>]*><legacyDrawing", part(book))
    types = part(book, "[Content_Types].xml")
    assert 'Extension="jpeg" ContentType="image/jpeg"' in types
    assert 'PartName="/xl/drawings/drawing1.xml"' in types


def test_a_drawing_that_is_lost_gives_way(
    make_book: MakeBook, patch: Patch, part: Part, picture: Any, shows: Shows, tmp_path: Path
) -> None:
    """A worksheet has one drawing at most, even where the one it names is not there."""
    lost = '<drawing xmlns:r="x" r:id="rId7"/>'
    book, _ = patch(make_book(SHEET % lost), shows({2: picture(AA)}))
    assert part(book).count("<drawing") == 1
    assert marks(book, tmp_path) == {(2, 2): AA}


def test_rows_become_taller_unless_their_owner_set_a_height(
    make_book: MakeBook, patch: Patch, part: Part, picture: Any, shows: Shows
) -> None:
    """Only where a picture comes, and not at all where looks are turned off."""
    pictures = {row: picture(f"{row:012x}") for row in (2, 3, 4)}
    before = make_book(SHEET % "")
    heights = [
        re.findall(r"<row [^>]*>", part(patch(before, shows(pictures, style=style))[0]))
        for style in (True, False)
    ]
    assert heights[0][1:] == [
        f'<row r="2" ht="{ROW_HEIGHT}" customHeight="1">',
        '<row r="3" ht="90">',
        '<row r="4" ht="20" customHeight="1">',
    ]
    assert heights[1][1:] == [
        '<row r="2">',
        '<row r="3" ht="90">',
        '<row r="4" ht="20" customHeight="1">',
    ]


def test_written_again_nothing_is_doubled_and_nothing_old_stays(
    make_book: MakeBook, patch: Patch, tmp_path: Path, picture: Any, shows: Shows
) -> None:
    """A new video's picture takes the place of the old one; a row without video loses its own."""
    book, _ = patch(
        make_book(SHEET % ""),
        shows({2: picture(AA), 3: picture(BB), 4: picture(DD, "green")}),
    )
    assert marks(book, tmp_path) == {(2, 2): AA, (3, 2): BB, (4, 2): DD}
    assert len([name for name in names(book) if "media" in name]) == 2  # equal ones once
    book, _ = patch(book, shows({2: picture(CC, "blue"), 4: None}))
    assert marks(book, tmp_path) == {(2, 2): CC, (3, 2): BB}
    sheet: Any = openpyxl.load_workbook(io.BytesIO(book))["Videos"]
    assert len(sheet._images) == 2
    assert len([name for name in names(book) if "media" in name]) == 2  # the green one is gone
    again, _ = patch(book, shows({2: picture(CC, "blue")}))
    assert names(again) == names(book)


def test_pictures_go_as_they_came(
    make_book: MakeBook, patch: Patch, part: Part, picture: Any, shows: Shows
) -> None:
    """Without our column the worksheet, its rows and the parts are what they were."""
    before = make_book(SHEET % "")
    book, _ = patch(before, shows({row: picture(f"{row:012x}") for row in (2, 3, 4)}))
    after, _ = patch(
        book, shows(dict.fromkeys((2, 3)), remove=True)
    )  # row 4 is known by its column
    listing = "xl/worksheets/_rels/sheet1.xml.rels"
    assert names(after) == names(before) | {listing}
    assert "drawing" not in part(after) + part(after, listing) + part(after, "[Content_Types].xml")
    rows = re.findall(r"<row [^>]*>", part(after))
    assert rows == [
        '<row r="1">',
        '<row r="2">',
        '<row r="3" ht="90">',
        '<row r="4" ht="20" customHeight="1">',
    ]


def test_the_users_own_drawing_is_kept(
    tmp_path: Path, patch: Patch, part: Part, picture: Any, shows: Shows
) -> None:
    """Ours come behind their shapes; theirs stay byte for byte, also when ours go again."""
    path = tmp_path / "shapes.xlsx"
    logo = picture("10f010f010f0", "black")
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet("Videos")
        sheet.write_column(0, 0, ["prompt", "one", "two"])
        chart = made.add_chart({"type": "column"})
        chart.add_series({"values": "=Videos!$B$2:$B$3"})
        sheet.insert_chart("H10", chart)
        sheet.insert_image("H1", str(logo.path))
    before = path.read_bytes()
    drawing, listing = "xl/drawings/drawing1.xml", "xl/drawings/_rels/drawing1.xml.rels"
    book, _ = patch(before, shows({2: picture(AA), 3: logo}))
    theirs = part(before, drawing).removesuffix("</xdr:wsDr>")
    assert part(book, drawing).startswith(theirs)
    ids = [int(one) for one in re.findall(r'cNvPr id="(\d+)"', part(book, drawing))]
    assert len(set(ids)) == len(ids) == 4
    assert part(book).count("<drawing") == 1
    after, _ = patch(book, shows(dict.fromkeys((2, 3)), remove=True))
    assert part(after, drawing) == part(before, drawing)
    assert part(after, listing) == part(before, listing)
    assert names(after) == names(before)


def test_an_image_that_another_shape_needs_stays(
    make_book: MakeBook, patch: Patch, part: Part, picture: Any, shows: Shows
) -> None:
    """Excel stores equal images once; what ours shared with a shape of the user's is not taken."""
    book, _ = patch(make_book(SHEET % ""), shows({2: picture(AA), 3: picture(BB)}))
    drawing = "xl/drawings/drawing1.xml"
    theirs = part(book, drawing).replace(f"preview {AA}", "Copy of a picture")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, theirs if name == drawing else old.read(name))
    after, _ = patch(out.getvalue(), shows({3: None}, remove=True))
    sheet: Any = openpyxl.load_workbook(io.BytesIO(after))["Videos"]
    assert [one.anchor._from.row for one in sheet._images] == [1]


def test_too_many_pictures_are_left_out_and_said(
    make_book: MakeBook,
    patch: Patch,
    tmp_path: Path,
    picture: Any,
    shows: Shows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worksheet takes so many; those it has count, too."""
    monkeypatch.setattr("batch_runner.reporter.xlsx_file.MAX_PICTURES", 2)
    book, told = patch(make_book(SHEET % ""), shows({2: picture(AA)}))
    assert not told
    book, told = patch(book, shows({3: picture(BB), 4: picture(CC)}))
    assert sorted(marks(book, tmp_path).values()) == [AA, BB]
    assert [problem.code for problem in told] == ["too_many_pictures"]
    assert pictures_patch.MAX_PICTURES > 2


def test_strict_and_prefixed_workbooks_get_their_own_words(
    make_book: MakeBook, patch: Patch, part: Part, tmp_path: Path, picture: Any, shows: Shows
) -> None:
    """The drawing of a Strict workbook is Strict; an element has its family's prefix."""
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    sheet = (
        f'<x:worksheet xmlns:x="{strict}"><x:sheetData><x:row r="2"/></x:sheetData></x:worksheet>'
    )
    book, _ = patch(make_book(sheet), shows({2: picture(AA)}))
    assert re.search(
        r'<x:drawing xmlns:r="http://purl[^"]*" r:id="rId1"/></x:worksheet>', part(book)
    )
    assert "schemas.openxmlformats.org" not in part(book, "xl/drawings/drawing1.xml")
    assert "purl.oclc.org" in part(book, "xl/drawings/_rels/drawing1.xml.rels")
    assert marks(book, tmp_path) == {(2, 2): AA}
