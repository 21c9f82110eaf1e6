"""What a workbook loses when a campaign is run in it: our command, beside openpyxl.

``python -m tests.bench.fidelity FOLDER`` takes every workbook of a folder. A campaign (two
columns) is put right of what the first worksheet has in use, ``batch-runner run`` runs it against
the sandbox, and all that is not ours is compared with the workbook as it was; then ``restore``
takes the results out again. Other programs read what came out: openpyxl, python-calamine,
LibreOffice where it is installed, and the schema checker openxml-audit (``pip install`` it).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl

from batch_runner.core.cellrefs import Area, area, column_of
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.model import OutCell, WritePlan
from batch_runner.core.ooxml import Worksheet, normal_name, relations, worksheets
from batch_runner.core.outcolumns import ALL_COLUMNS
from batch_runner.loader.archive import Archive
from batch_runner.loader.scan import scan_worksheet
from batch_runner.reporter.xlsx_file import write_workbook
from tests.bench import workbook_readers as readers
from tests.bench.workbook_losses import losses

ROWS = 20
COMMAND = (sys.executable, "-m", "batch_runner")
CAMPAIGN = ("prompt", "image_urls")
NEITHER = "nor can the original be read"
IMAGE = "https://images.example.com/cat.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A workbook with a campaign in it."""

    path: Path
    before: bytes  # the workbook as it came
    sheet: Worksheet
    plan: WritePlan  # the campaign's own two columns

    @property
    def ours(self) -> frozenset[int]:
        """The campaign's columns and those of its results."""
        first = min(self.plan.headers)
        return frozenset(range(first, first + len(CAMPAIGN) + len(ALL_COLUMNS)))


def put_campaign(source: Path, folder: Path, *, preview: bool) -> Case:
    """Write a copy of a workbook that has a campaign right of everything in use.

    With pictures, looks are off: they would make rows taller, which counts as a change here.

    Raises:
        BatchRunnerError, IndexError: it cannot be read, or has no worksheet.
    """
    data = source.read_bytes()
    archive = Archive(data, "")
    sheet = worksheets(archive, "")[0]
    scan = scan_worksheet(lambda: archive.chunks(sheet.part), {}, "")
    first = max(scan.columns, scan.other_columns)
    top = next((one.top for one in _tables(archive, sheet) if one.right == first - 1), 1)
    plan = WritePlan(
        worksheet=sheet.name,
        header_row=top,
        headers={first + i: name for i, name in enumerate(CAMPAIGN)},
        cells={
            row: {first: OutCell(value=f"A cat, row {row}"), first + 1: OutCell(value=IMAGE)}
            for row in range(top + 1, top + 1 + min(max(scan.rows - top, 3), ROWS))
        },
        break_signature=True,
    )
    path = folder / source.name
    write_workbook(io.BytesIO(data), [plan], path)
    looks = ", preview: true, style: false" if preview else ""
    config = f"header_row: {top}\noutput: {{break_signature: true{looks}}}\n"
    path.with_name(f"{path.name}.yaml").write_text(config, encoding="utf-8")
    return Case(path=path, before=data, sheet=sheet, plan=plan)


def _tables(archive: Archive, sheet: Worksheet) -> Iterator[Area]:
    for one in relations(archive, sheet.part, "").values():
        if one.kind == "table" and one.target in archive:
            root = ET.fromstring(b"".join(archive.chunks(one.target)))
            place = area(root.get("ref") or "")
            if place is not None:
                yield place


@contextlib.contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """The look-alike of the API in a process of its own; its origin."""
    command = [*COMMAND, "sandbox", "--quiet", "--with-parent", "--seconds", "0.1-0.2"]
    with subprocess.Popen(
        [*command, "--state", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["origin"]
        finally:
            process.kill()


def call(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The real command, with a key and books that are nobody's."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, "APIMART_API_KEY": "sk-bench", "BATCH_RUNNER_DATA": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )


def shown(data: bytes, case: Case) -> readers.Values:
    """What stands in our columns of the worksheet, by its XML."""
    package = zipfile.ZipFile(io.BytesIO(data))
    part = normal_name(case.sheet.part)
    name = next(one for one in package.namelist() if normal_name(one) == part)
    found: dict[int, dict[int, str]] = {}
    for cell in ET.fromstring(package.read(name)).iter():
        place = cell.get("r") or ""
        letters = place.rstrip("0123456789")
        if letters and letters != place and column_of(letters) in case.ours:
            text = "".join(cell.itertext())
            row = found.setdefault(int(place[len(letters) :]), {})
            row.update({column_of(letters): text} if text else {})
    return {row: cells for row, cells in found.items() if cells}


def run(case: Case, origin: str, place: Path) -> tuple[dict[str, str], readers.Values]:
    """Run and restore; measure -> what is wrong, blank if nothing is; and what was written.

    The workbook as it was after the run is left in ``place``.
    """
    books, campaign = place / "books", case.path.read_bytes()
    ran = call(books, "run", case.path, "--sheet", case.sheet.name, "--base-url", origin, "--yes")
    after = case.path.read_bytes()
    shutil.copy(case.path, place)
    values = shown(after, case)
    done = sum("succeeded" in cells.values() for cells in values.values())
    finished = ran.returncode == 0 and done == len(case.plan.cells)
    restored = call(books, "restore", case.path)
    left = losses(campaign, case.path.read_bytes(), case.sheet, frozenset())
    verdict = {
        "ran": "" if finished else f"exit {ran.returncode}, {done} done: {ran.stderr[-300:]}",
        "nothing lost": "; ".join(losses(case.before, after, case.sheet, case.ours)),
        "restored": "; ".join(left) if restored.returncode == 0 else restored.stderr[-300:],
        "read by calamine": _read(readers.by_calamine, case, after, values),
        "read by openpyxl": _read(readers.by_openpyxl, case, after, values),
        "no new schema error": "; ".join(readers.new_errors(case.path, place / case.path.name)),
    }
    return verdict, values


def _read(
    reader: Callable[[bytes, str, readers.Values], str],
    case: Case,
    after: bytes,
    values: readers.Values,
) -> str:
    wrong = reader(after, case.sheet.name, values)
    return NEITHER if wrong and reader(case.before, case.sheet.name, {}) else wrong


def openpyxls(case: Case) -> str:
    """What is lost if openpyxl writes the same: load, set the cells, save."""
    macros = b"vbaProject.bin" in case.before
    try:
        book = openpyxl.load_workbook(io.BytesIO(case.before), rich_text=True, keep_vba=macros)
        sheet = book[case.sheet.name]
        for row, cells in case.plan.cells.items():
            for column in case.ours:
                sheet.cell(row, column + 1).value = cells.get(column, OutCell(value="x")).value
        out = io.BytesIO()
        book.save(out)
        return "; ".join(losses(case.before, out.getvalue(), case.sheet, case.ours))
    except Exception as error:  # noqa: BLE001 - whatever it raises is its result
        return f"failed: {type(error).__name__}"


def measure(
    source: Path, origin: str, place: Path, counts: Counter[str], *, preview: bool
) -> readers.Values | None:
    """One workbook; ``None`` if no campaign can be put into it."""
    inside = place / "campaign"
    inside.mkdir(parents=True)
    try:
        case = put_campaign(source, inside, preview=preview)
    except (BatchRunnerError, IndexError) as error:
        counts["no campaign possible"] += 1
        say(f"| {source.name} | no campaign possible | {error} |")
        return None
    verdict, values = run(case, origin, place)
    verdict["nothing lost by openpyxl"] = openpyxls(case)
    for what, wrong in verdict.items():
        counts[f"{what}: {_word(wrong)}"] += 1
        if wrong not in {"", NEITHER} and what != "nothing lost by openpyxl":
            say(f"| {source.name} | not {what} | {' '.join(wrong.split())[:300]} |")
    return values


def _word(wrong: str) -> str:
    return wrong if wrong == NEITHER else "NO" if wrong else "yes"


def say(text: str) -> None:
    """One line of the table."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Print what is wrong, and how many are right."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="with .xlsx and .xlsm files")
    parser.add_argument("--only", default="*", help="a pattern of names, such as 1*")
    parser.add_argument("--preview", action="store_true", help="with pictures of the videos")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    written: dict[Path, readers.Values] = {}
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder, "sandbox")) as origin:
        for source in sorted(given.folder.glob(f"{given.only}.xls[xm]")):
            place = Path(folder, source.stem)
            values = measure(source, origin, place, counts, preview=given.preview)
            if values is not None:
                written[place / source.name] = values
        seen = readers.by_libreoffice(written)
        originals = readers.by_libreoffice(
            {given.folder / name: {} for name, wrong in seen.items() if wrong}
        )
        for name, wrong in seen.items():
            told = NEITHER if originals.get(name) else wrong
            counts[f"shown by LibreOffice: {_word(told)}"] += 1
            if told not in {"", NEITHER}:
                say(f"| {name} | not shown by LibreOffice | {told} |")
    for what, count in sorted(counts.items()):
        say(f"{count:4} {what}")


if __name__ == "__main__":
    main()
