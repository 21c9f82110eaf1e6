from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from batch_runner.core.model import OutCell, Problem, WritePlan

MakePlan = Callable[..., WritePlan]
MakeBook = Callable[..., bytes]
Patch = Callable[..., tuple[bytes, tuple[Problem, ...]]]
Part = Callable[..., str]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
RELS = "xl/worksheets/_rels/sheet1.xml.rels"
URL = "https://x/1.mp4"


def worksheet(after: str = "", root: str = f'xmlns="{MAIN}"') -> str:
    """A worksheet with one row, and with something behind its rows."""
    return f'<worksheet {root}><sheetData><row r="1"/></sheetData>{after}</worksheet>'


def links_of(sheet: str, listing: str) -> dict[str, str]:
    """Cell -> target, as a reader would follow it."""
    targets = {one.get("Id"): one.get("Target") for one in ET.fromstring(listing)}
    found = {}
    for one in ET.fromstring(sheet).iter():
        if one.tag.endswith("}hyperlink"):
            number = next(value for key, value in one.attrib.items() if key.endswith("}id"))
            place = one.get("location")
            target = str(targets[number])
            found[str(one.get("ref"))] = f"{target}#{place}" if place else target
    return found


@pytest.fixture
def linked(make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part) -> Any:
    """Links put into a worksheet: the worksheet, its relationships, and what was said."""

    def run(
        sheet: str, links: dict[int, str | None], parts: dict[str, str] | None = None, **more: Any
    ) -> tuple[str, str, tuple[Problem, ...]]:
        cells = {row: {1: OutCell(value=link, link=link)} for row, link in links.items()}
        plan = make_plan(cells, {}, "Videos")
        after, problems = patch(make_book(sheet, parts=parts), plan, **more)
        return part(after), part(after, RELS), problems

    return run


BEHIND = [
    "",
    '<sheetProtection sheet="1"/><mergeCells count="1"><mergeCell ref="Y8:Z9"/></mergeCells>',
    '<conditionalFormatting sqref="A1"/><dataValidations count="0"/>',
]
AFTERWARDS = [
    '<printOptions/><pageMargins left="1"/>',
    '<mc:AlternateContent xmlns:mc="m"><mc:Choice><controls/></mc:Choice></mc:AlternateContent>',
    '<drawing/><legacyDrawing/><tableParts count="0"/><extLst><ext/></extLst>',
    "<!-- <hyperlinks> --><rowBreaks/>",
]


@pytest.mark.parametrize("before", BEHIND)
@pytest.mark.parametrize("behind", AFTERWARDS)
def test_links_stand_where_the_format_wants_them(linked: Any, before: str, behind: str) -> None:
    """After protection, merges, formats and validations; before page setup, drawings, the rest."""
    sheet, listing, _ = linked(worksheet(before + behind), {1: URL})
    assert re.search(f"</sheetData>{re.escape(before)}<hyperlinks>.*</hyperlinks>", sheet)
    assert sheet.endswith(f"</hyperlinks>{behind}</worksheet>")
    assert links_of(sheet, listing) == {"B1": URL}


def test_root_and_its_extensions_stay_as_they_are(linked: Any) -> None:
    """The link's namespace is declared where it is used, so that the root tag is untouched."""
    root = f'xmlns="{MAIN}" xmlns:mc="m" mc:Ignorable="x14ac" xmlns:x14ac="a"'
    sheet, _, _ = linked(worksheet(root=root), {1: URL})
    assert sheet.startswith(f"<worksheet {root}>")
    assert f'<hyperlink xmlns:r="{OFFICE}" ref="B1" r:id="rId1"/>' in sheet


def test_declared_namespace_is_used(linked: Any) -> None:
    """Where the root declares the namespace, its own prefix serves."""
    root = f'xmlns="{MAIN}" xmlns:rel="{OFFICE}"'
    sheet, listing, _ = linked(worksheet(root=root), {1: URL})
    assert '<hyperlink ref="B1" rel:id="rId1"/>' in sheet
    assert links_of(sheet, listing) == {"B1": URL}


def test_strict_workbook_gets_strict_links(linked: Any) -> None:
    """The Strict form of the format has namespaces of its own."""
    root = f'xmlns="{STRICT_MAIN}" xmlns:r="{STRICT_OFFICE}"'
    sheet, listing, _ = linked(worksheet(root=root), {1: URL})
    assert links_of(sheet, listing) == {"B1": URL}
    assert f'Type="{STRICT_OFFICE}/hyperlink"' in listing


def test_links_of_the_user_stay_and_ids_do_not_clash(linked: Any) -> None:
    """Ours join the list that is there, under ids that are free."""
    own = '<hyperlink ref="A1" r:id="rId7" tooltip="x"/>'
    theirs = (
        f'<Relationship Id="rId7" Type="{OFFICE}/hyperlink" Target="https://own" '
        'TargetMode="External"/><Relationship Id="RID9" Type="x" Target="../drawing.xml"/>'
    )
    listing = f'<Relationships xmlns="{PACKAGE}">{theirs}</Relationships>'
    root = f'xmlns="{MAIN}" xmlns:r="{OFFICE}"'
    sheet = worksheet(f"<hyperlinks>{own}</hyperlinks>", root)
    after, after_listing, _ = linked(sheet, {1: URL, 3: "a/b.mp4"}, {RELS: listing})
    assert f"<hyperlinks>{own}" in after
    assert after_listing.startswith(listing.removesuffix("</Relationships>"))
    assert links_of(after, after_listing) == {"A1": "https://own", "B1": URL, "B3": "a/b.mp4"}
    ids = re.findall(r'\bId="([^"]+)"', after_listing)
    assert len({one.lower() for one in ids}) == len(ids) == 4


def test_old_link_of_a_cell_is_exchanged(
    make_book: MakeBook, make_plan: MakePlan, patch: Patch, part: Part
) -> None:
    """Writing again leaves no second link, no relationship that nothing needs, no empty list."""
    data = make_book(worksheet())
    for link in (URL, "https://x/2.mp4", None):
        cell = OutCell(value="a", link=link)
        data, _ = patch(data, make_plan({1: {1: cell}}, {}, "Videos"))
        sheet, listing = part(data), part(data, RELS)
        assert links_of(sheet, listing) == ({"B1": link} if link else {})
        assert listing.count("<Relationship ") == (1 if link else 0)
    assert "hyperlinks" not in sheet


def test_relationship_that_another_link_uses_is_kept(linked: Any) -> None:
    """Two cells may share one target."""
    root = f'xmlns="{MAIN}" xmlns:r="{OFFICE}"'
    both = '<hyperlink ref="A1" r:id="rId1"/><hyperlink ref="B1" r:id="rId1"/>'
    listing = (
        f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/hyperlink" '
        'Target="https://own" TargetMode="External"/></Relationships>'
    )
    sheet = worksheet(f"<hyperlinks>{both}</hyperlinks>", root)
    after, after_listing, _ = linked(sheet, {1: URL}, {RELS: listing})
    assert links_of(after, after_listing) == {"A1": "https://own", "B1": URL}


def test_self_closed_lists_are_opened(linked: Any) -> None:
    """A list that is there but empty takes entries."""
    listing = f'<Relationships xmlns="{PACKAGE}"/>'
    after, after_listing, _ = linked(worksheet("<hyperlinks/>"), {1: URL}, {RELS: listing})
    assert links_of(after, after_listing) == {"B1": URL}
    assert after.count("<hyperlinks") == 1


def test_links_that_excel_does_not_take_are_text_and_said(linked: Any) -> None:
    """Past the limit a link is plain text; how many are, is said once."""
    sheet, listing, problems = linked(
        worksheet(), {row: f"https://x/{row}" for row in range(1, 9)}, max_links=5
    )
    assert len(links_of(sheet, listing)) == 5
    assert sheet.count("https://x/") == 8
    assert [one.code for one in problems] == ["too_many_links"]
    assert "3 more" in problems[0].message


def test_long_and_odd_addresses(linked: Any) -> None:
    """Signed addresses are kept whole; what stands behind # goes where Excel puts it."""
    signed = "https://x/v.mp4?Expires=1&Signature=" + "aB%2F" * 300
    sheet, listing, _ = linked(
        worksheet(), {1: signed, 2: 'https://x/a"b#t=1', 3: URL + "?" * 2100}
    )
    assert links_of(sheet, listing) == {"B1": signed, "B2": "https://x/a%22b#t=1"}
    assert 'Target="https://x/a%22b"' in listing
    assert URL + "?" * 2100 in sheet
