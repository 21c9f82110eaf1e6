"""What a workbook loses when results are written into it: ours beside openpyxl.

``python tests/bench/fidelity.py FOLDER`` takes every workbook of a folder, puts eight result
columns right of what its first worksheet has in use, and compares everything else: zip members,
the worksheet's elements, cells, formulas, stored values, styles. It prints a table.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
from python_calamine import CalamineWorkbook

from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.model import OutCell, WritePlan
from batch_runner.core.ooxml import Worksheet, relations, relations_part, worksheets
from batch_runner.core.outcolumns import OUT_COLUMNS
from batch_runner.loader.archive import Archive
from batch_runner.loader.scan import scan_worksheet
from batch_runner.reporter.xlsx_file import write_workbook

ROWS = 200


def plan_for(data: bytes) -> tuple[WritePlan, Worksheet]:
    """Results for up to 200 rows, right of everything in use."""
    archive = Archive(data, "")
    sheet = worksheets(archive, "")[0]
    scan = scan_worksheet(lambda: archive.chunks(sheet.part), {}, "")
    first = max(scan.columns, scan.other_columns)
    top = 1
    rows = range(top + 1, min(max(scan.rows, top + 3), top + ROWS) + 1)
    plan = WritePlan(
        worksheet=sheet.name,
        header_row=top,
        headers={first + i: name for i, name in enumerate(OUT_COLUMNS)},
        cells={row: dict(enumerate(_results(row), start=first)) for row in rows},
        status_column=first,
    )
    return plan, sheet


def _results(row: int) -> tuple[OutCell, ...]:
    url = f"https://cdn.example/v/{row}.mp4?sig=a%2Fb&x={row}"
    file = f"sheet.xlsx.batch/videos/{row}_0123abcd.mp4"
    return (
        OutCell(value="succeeded" if row % 3 else "failed"),
        OutCell(value=url, link=url),
        OutCell(value=file, link=file),
        OutCell(value=f"task_{row}"),
        OutCell(value=0.24),
        OutCell(value='<b>"quoted" & 日本語 =1+1'),
        OutCell(value="2026-11-23T10:00:00+01:00"),
        OutCell(value=f"{row:012x}"),
    )


def losses(before: bytes, after: bytes, plan: WritePlan, sheet: Worksheet) -> list[str]:
    """All that differs outside of our columns."""
    old, new = zipfile.ZipFile(io.BytesIO(before)), zipfile.ZipFile(io.BytesIO(after))
    found: list[str] = []
    parts = relations(Archive(before, ""), sheet.part, "").values()
    tables = {one.target.lower() for one in parts if one.kind == "table"}
    touched = {sheet.part.lower(), relations_part(sheet.part).lower(), *tables}
    names = {_name(one.filename): one for one in new.infolist()}
    for member in old.infolist():
        name = _name(member.filename)
        if name not in names:
            found.append(f"part gone: {name}")
        elif name in touched or name.endswith(("styles.xml", "workbook.xml")):
            continue
        elif _raw(before, member) != _raw(after, names[name]):
            same = old.read(member) == new.read(names[name])
            found.append(f"part {'packed anew' if same else 'changed'}: {name}")
    found += _sheet_losses(
        _root(old, sheet.part), _root(new, names[sheet.part.lower()].filename), plan
    )
    for name in sorted(tables):
        before_ids = [
            one.get("id") for one in _root(old, name).iter() if _local(one) == "tableColumn"
        ]
        after_ids = [
            one.get("id") for one in _root(new, name).iter() if _local(one) == "tableColumn"
        ]
        if after_ids[: len(before_ids)] != before_ids or len(set(after_ids)) != len(after_ids):
            found.append(f"table columns changed: {name}")
    for member in old.infolist():
        if member.filename.lower().endswith("styles.xml"):
            found += _style_losses(_root(old, member.filename), _root(new, member.filename))
    return found


def _name(filename: str) -> str:
    return filename.replace("\\", "/").lower()


def _raw(data: bytes, member: zipfile.ZipInfo) -> bytes:
    at = member.header_offset
    name, extra = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (26, 28))
    start = at + 30 + name + extra
    return data[start : start + member.compress_size]


def _root(package: zipfile.ZipFile, name: str) -> ET.Element:
    found = next(one for one in package.infolist() if _name(one.filename) == _name(name))
    return ET.fromstring(package.read(found))


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _sheet_losses(old: ET.Element, new: ET.Element, plan: WritePlan) -> Iterator[str]:
    ours = set(plan.headers)
    kinds = [_local(one) for one in old]
    added = [_local(one) for one in new if _local(one) not in kinds]
    if set(added) - {"hyperlinks", "cols"}:
        yield f"elements added: {added}"
    theirs = {_local(one): one for one in new if _local(one) != "sheetData"}
    for one in old:
        kind = _local(one)
        if kind == "sheetData":
            yield from _cell_losses(one, next(x for x in new if _local(x) == kind), ours)
        elif kind in {"dimension", "cols", "hyperlinks", "autoFilter"}:
            continue
        elif kinds.count(kind) == 1 and (
            kind not in theirs or ET.tostring(one).strip() != ET.tostring(theirs[kind]).strip()
        ):
            yield f"element changed: {kind}"
    several = [kind for kind in kinds if kinds.count(kind) > 1]
    if [k for k in map(_local, new) if k in several] != several:
        yield "elements gone"
    links = [_link(one) for one in old.iter() if _local(one) == "hyperlink"]
    if [_link(one) for one in new.iter() if _local(one) == "hyperlink"][: len(links)] != links:
        yield "links changed"


def _link(element: ET.Element) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(element.attrib.items()))


def _cells(data: ET.Element) -> Iterator[tuple[int, int, str]]:
    number = 0
    for row in data:
        number = int(row.get("r") or number + 1)
        column = -1
        for cell in row:
            if _local(cell) != "c":
                continue
            letters = (cell.get("r") or "").rstrip("0123456789")
            column = _column(letters) if letters else column + 1
            cell.tail = None
            yield number, column, ET.tostring(cell).decode()


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number - 1


def _cell_losses(old: ET.Element, new: ET.Element, ours: set[int]) -> Iterator[str]:
    before, after = ([one for one in _cells(x) if one[1] not in ours] for x in (old, new))
    if before != after:
        yield "cells changed"
    rows = {row.get("r"): _attributes(row) for row in new}
    if any(rows.get(row.get("r")) != _attributes(row) for row in old if row.get("r")):
        yield "rows changed"


def _attributes(row: ET.Element) -> dict[str, str]:
    return {name: value for name, value in row.attrib.items() if name != "spans"}


def _style_losses(old: ET.Element, new: ET.Element) -> Iterator[str]:
    theirs = {_local(one): one for one in new}
    for section in old:
        kind = _local(section)
        before = [ET.tostring(one).strip() for one in section]
        after = [ET.tostring(one).strip() for one in theirs[kind]] if kind in theirs else []
        if after[: len(before)] != before:
            yield f"styles changed: {kind}"


def _read_back(after: bytes, plan: WritePlan) -> str:
    """Whether other readers see our cells."""
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(after)).get_sheet_by_name(
            plan.worksheet or ""
        )
        rows = sheet.to_python(skip_empty_area=False)
    except Exception as error:  # noqa: BLE001 - readers have their own limits; they are counted
        return f"calamine: {type(error).__name__}"
    for row, cells in plan.cells.items():
        for column, cell in cells.items():
            if rows[row - 1][column] != cell.value:
                return f"calamine: {rows[row - 1][column]!r} at {row},{column}"
    return ""


def ours(data: bytes, plan: WritePlan) -> bytes:
    """Our writer's copy."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.xlsx"
        write_workbook(io.BytesIO(data), [plan], out)
        return out.read_bytes()


def openpyxls(data: bytes, plan: WritePlan) -> bytes:
    """The copy by openpyxl: load, set the same cells, save."""
    macros = b"vbaProject.bin" in data
    book = openpyxl.load_workbook(io.BytesIO(data), rich_text=True, keep_vba=macros)
    sheet = book[plan.worksheet or ""]
    for column, name in plan.headers.items():
        sheet.cell(plan.header_row, column + 1).value = name
    for row, cells in plan.cells.items():
        for column, cell in cells.items():
            sheet.cell(row, column + 1).value = cell.value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--openpyxl", action="store_true", help="the same with openpyxl")
    parser.add_argument("--out", type=Path, help="keep our copies here")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    for path in sorted(given.folder.glob("*.xls[xm]")):
        data = path.read_bytes()
        try:
            plan, sheet = plan_for(data)
        except (BatchRunnerError, IndexError) as error:
            counts["not readable"] += 1
            _say(f"| {path.name} | not readable: {error} |")
            continue
        for name, write in (("ours", ours), ("openpyxl", openpyxls))[: 1 + given.openpyxl]:
            try:
                after = write(data, plan)
                found = losses(data, after, plan, sheet)
                unread = _read_back(after, plan)
            except Exception as error:  # noqa: BLE001 - whatever openpyxl raises is its result
                found, unread = [f"failed: {type(error).__name__}: {error}"], ""
            if name == "ours" and given.out:
                (given.out / path.name).write_bytes(after)
            verdict = "; ".join(found) or "nothing lost"
            counts[f"{name}: {'nothing lost' if not found else 'loses'}"] += 1
            counts[f"{name}: {unread or 'read back'}"] += 1
            if found or unread:
                _say(f"| {path.name} | {name} | {verdict[:300]} | {unread} |")
    for key, count in sorted(counts.items()):
        _say(f"{count:4} {key}")


if __name__ == "__main__":
    main()
