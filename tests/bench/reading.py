"""Reading a sheet: ``python -m tests.bench.reading READER PATH`` prints seconds, rows and MB."""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

WORDS = (
    "a boat on a lake at dawn",
    "夜明けの湖に浮かぶ舟、ゆっくりと",
    'she said "go"\nand they went',
)
HEADERS = ("prompt", "image_urls", "model", "duration", "resolution", "seed", "note", "team")


def row(n: int) -> tuple[object, ...]:
    """One line of the sheets that are read; one in twenty has quotes and a line end."""
    words = WORDS[2] if n % 20 == 0 else WORDS[n % 3 == 1]
    image = f"https://cdn.example.com/p/{n}.jpg"
    return f"{words}, take {n}", image, "viduq3", 5, "720p", n, f"note {n}", "north"


def make(folder: Path, rows: int) -> tuple[Path, Path]:
    """The same rows as a CSV and as a workbook."""
    import xlsxwriter  # type: ignore[import-untyped]

    text, book = folder / f"{rows}.csv", folder / f"{rows}.xlsx"
    with text.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        writer.writerows(map(row, range(rows)))
    # A worksheet takes 65,530 links; beyond, the writer says so for each cell.
    options = {"constant_memory": True, "strings_to_urls": rows <= 65_530}
    with xlsxwriter.Workbook(str(book), options) as made:
        sheet = made.add_worksheet("Sheet1")
        sheet.write_row(0, 0, HEADERS)
        for n in range(rows):
            sheet.write_row(n + 1, 0, row(n))
    return text, book


def ours(path: Path) -> int:
    """The loader, with addresses, links, hidden rows and formulas looked after."""
    from batch_runner.core.model import ReadOptions
    from batch_runner.loader.load import load

    return len(load(path, ReadOptions())[0].rows)


def calamine(path: Path) -> int:
    """python-calamine, values only."""
    from python_calamine import CalamineWorkbook

    return len(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()) - 1


def pandas_openpyxl(path: Path) -> int:
    """What most scripts do."""
    import pandas as pd

    return len(pd.read_excel(path, engine="openpyxl"))


def pandas_csv(path: Path) -> int:
    """What most scripts do with a CSV."""
    import pandas as pd

    return len(pd.read_csv(path, dtype=str))


READERS: dict[str, Callable[[Path], int]] = {
    made.__name__: made for made in (ours, calamine, pandas_openpyxl, pandas_csv)
}


def main() -> None:
    """Read once; imports count apart."""
    name, path = sys.argv[1:]
    if name.startswith("pandas"):
        import pandas as pd

        del pd
    if name == "ours":
        import batch_runner.loader.csv_file
        import batch_runner.loader.workbook

        del batch_runner
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun = time.perf_counter()
    rows = READERS[name](Path(path))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"seconds": seconds, "rows": rows, "above": peak - before}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
