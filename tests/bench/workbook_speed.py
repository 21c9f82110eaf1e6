"""How long a write into a large workbook takes, and how much memory: ours beside openpyxl.

``python tests/bench/workbook_speed.py --rows 1000 10000 100000`` prints a table. Each write runs
in a process of its own; the memory is that process's peak, the plan of what to write included. Times are of
the processor, so that other work on the machine matters less. ``interval``: every hundredth row of
a sheet that holds results and links everywhere, as during a run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from batch_runner.core.model import OutCell, WritePlan
from batch_runner.core.outcolumns import OUT_COLUMNS

COLUMNS = 12
URL = "https://cdn.example/files/video/2026/11/23/{row:08d}/result.mp4?Expires=1795430400&Signature=0a1b2c3d"


def make(path: Path, rows: int) -> None:
    """A sheet of prompts, addresses, numbers and texts."""
    import xlsxwriter  # type: ignore[import-untyped]

    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Videos")
        sheet.write_row(
            0, 0, ["prompt", "image_urls", *(f"column {i}" for i in range(2, COLUMNS))]
        )
        for row in range(1, rows + 1):
            sheet.write_string(row, 0, f"A cat number {row} walks along the beach at sunset")
            sheet.write_string(row, 1, f"https://images.example/{row}.png")
            for column in range(2, 7):
                sheet.write_number(row, column, row * column / 7)
            for column in range(7, COLUMNS):
                sheet.write_string(row, column, f"text {row % 1000} {column}")


def plan(rows: int, *, links: bool, every: int = 1) -> WritePlan:
    """Eight results a row."""
    return WritePlan(
        worksheet="Videos",
        header_row=1,
        headers={COLUMNS + i: name for i, name in enumerate(OUT_COLUMNS)},
        cells={row: _results(row, links=links) for row in range(2, rows + 2, every)},
        status_column=COLUMNS,
    )


def _results(row: int, *, links: bool) -> dict[int, OutCell]:
    url, file = URL.format(row=row), f"campaign.xlsx.batch/videos/{row}_0123abcd.mp4"
    values = (
        OutCell(value="succeeded" if row % 3 else "failed"),
        OutCell(value=url, link=url if links else None),
        OutCell(value=file, link=file if links else None),
        OutCell(value=f"task_{row:032d}"),
        OutCell(value=0.24),
        OutCell(value=None),
        OutCell(value="2026-11-23T10:00:00+01:00"),
        OutCell(value=f"{row:012x}"),
    )
    return dict(enumerate(values, start=COLUMNS))


def write_ours(path: Path, wanted: WritePlan, out: Path) -> None:
    """Our writer."""
    from batch_runner.reporter.xlsx_file import write_workbook

    with path.open("rb") as file:
        write_workbook(file, [wanted], out)


def write_openpyxl(path: Path, wanted: WritePlan, out: Path) -> None:
    """openpyxl: load, set the same cells, save."""
    import openpyxl

    book = openpyxl.load_workbook(path, rich_text=True)
    sheet = book["Videos"]
    for column, name in wanted.headers.items():
        sheet.cell(wanted.header_row, column + 1).value = name
    links = 0
    for row, cells in wanted.cells.items():
        for column, cell in cells.items():
            target = sheet.cell(row, column + 1)
            target.value = cell.value
            if cell.link and links < 65_530:
                target.hyperlink = cell.link
                links += 1
    book.save(out)


_CHILD = (sys.executable, __file__, "--child")
WRITERS = {"ours": write_ours, "openpyxl": write_openpyxl}


def child(writer: str, path: Path, rows: int, *, links: bool, every: int) -> None:
    """One write, measured; its figures go to standard output."""
    wanted = plan(rows, links=links, every=every)
    before = time.perf_counter(), time.process_time()
    out = path.with_name(f"{writer}.xlsx")
    WRITERS[writer](path, wanted, out)
    figures = {
        "seconds": time.perf_counter() - before[0],
        "cpu": time.process_time() - before[1],
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "size": out.stat().st_size / 1e6,
    }
    sys.stdout.write(json.dumps(figures))


def measured(writer: str, path: Path, rows: int, kind: str) -> dict[str, float]:
    """The figures of one write in a process of its own."""
    words = [*_CHILD, writer, str(path), str(rows), kind]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        writer, path, rows, kind = given.child
        if writer == "make":
            make(Path(path), int(rows))
            return
        every = 100 if kind == "interval" else 1
        child(writer, Path(path), int(rows), links=kind != "plain", every=every)
        return
    _say(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    _say(
        "| rows | results | writer | processor seconds | peak MB | file MB | faster | less memory |"
    )
    _say("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for rows in given.rows:
            path = Path(folder) / f"{rows}.xlsx"
            # In a process of its own: a child's peak begins at its parent's.
            subprocess.run([*_CHILD, "make", str(path), str(rows), ""], check=True)
            for kind in ("plain", "links", "interval"):
                both = {writer: measured(writer, path, rows, kind) for writer in WRITERS}
                if kind == "links":
                    path.with_name("ours.xlsx").replace(path)
                theirs = both["openpyxl"]
                for writer, one in both.items():
                    _say(
                        f"| {rows} | {kind} | {writer} | {one['cpu']:.2f} | {one['mb']:.0f} | "
                        f"{one['size']:.1f} | {theirs['cpu'] / one['cpu']:.1f}x | "
                        f"{theirs['mb'] / one['mb']:.1f}x |"
                    )


if __name__ == "__main__":
    main()
