"""Makes ``samples/campaign.xlsx`` from ``samples/campaign.csv``: the same rows, dressed up.

Run it after a change to the CSV: ``python tests/samples/make_samples.py [FOLDER]``.
XlsxWriter is used because it stores the formulas' values, as Excel does.
"""

# mypy: disable-error-code="import-untyped"
# XlsxWriter brings no types.

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

SAMPLES = Path(__file__).parents[2] / "samples"
MADE = datetime(2026, 1, 15, 9, 0, tzinfo=UTC).replace(tzinfo=None)  # the same file every time
PLANNED_USD = 0.12  # per second of video, the marketer's own guess

WIDTHS = {
    "Campaign": 16,
    "prompt": 64,
    "image_urls": 46,
    "model": 13,
    "duration": 10,
    "resolution": 12,
    "aspect_ratio": 13,
    "seed": 9,
    "Owner": 10,
    "Notes": 34,
}
NOTES = {
    "prompt": "What happens and how the camera moves. Up to 5000 characters.",
    "image_urls": "Reference images, one address a line. viduq3 and viduq3-mix need 1 to 7.",
    "duration": "Seconds. viduq3: 3 to 16. viduq3-mix: 1 to 16.",
    "aspect_ratio": "Kept as text, or Excel turns 16:9 into a time.",
}
CHOICES = {
    "model": ["viduq3", "viduq3-mix", "viduq3-pro"],
    "resolution": ["540p", "720p", "1080p"],
    "aspect_ratio": ["16:9", "9:16", "4:3", "3:4", "1:1"],
}
NUMBERS = {"duration", "seed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Styles:
    """The looks in use."""

    title: Format
    ours: Format
    text: Format
    plain: Format
    money: Format
    link: Format


def make_styles(book: Workbook) -> Styles:
    """Add the looks to the workbook."""
    body = {"valign": "top", "text_wrap": True, "bottom": 1, "bottom_color": "#D9D9D9"}
    head = {"bold": True, "font_color": "#FFFFFF", "valign": "vcenter", "border": 1}
    return Styles(
        title=book.add_format({**head, "bg_color": "#595959"}),
        ours=book.add_format({**head, "bg_color": "#1F4E78"}),
        text=book.add_format({**body, "num_format": "@"}),
        plain=book.add_format(body),
        money=book.add_format({**body, "num_format": '"$"0.00'}),
        link=book.add_format({**body, "font_color": "#0563C1", "underline": 1}),
    )


def write_campaign(sheet: Worksheet, styles: Styles, table: Sequence[Sequence[str]]) -> None:
    """The videos: one row each, as in the CSV."""
    headers, *rows = table
    for column, name in enumerate(headers):
        own = styles.ours if name in WIDTHS and name.islower() else styles.title
        sheet.write_string(0, column, name, own)
        text_column = styles.text if name == "aspect_ratio" else None
        sheet.set_column(column, column, WIDTHS[name], text_column)
        if name in NOTES:
            sheet.write_comment(0, column, NOTES[name], {"x_scale": 2, "author": "Mia"})
        if name in CHOICES:
            rule = {"validate": "list", "source": CHOICES[name], "error_type": "warning"}
            sheet.data_validation(1, column, 499, column, rule)
    for number, values in enumerate(rows, start=1):
        for column, value in enumerate(values):
            write_cell(sheet, (number, column), value, headers[column], styles)
    sheet.set_row(0, 26)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(rows), len(headers) - 1)


def write_cell(
    sheet: Worksheet, place: tuple[int, int], value: str, name: str, styles: Styles
) -> None:
    """One cell; a cell with a single address is a link, as Excel makes it."""
    if not value:
        sheet.write_blank(*place, None, styles.plain)
    elif name in NUMBERS:
        sheet.write_number(*place, int(value), styles.plain)
    elif name == "image_urls" and "\n" not in value:
        sheet.write_url(*place, value, styles.link, value)
    else:
        sheet.write_string(*place, value, styles.text if name in CHOICES else styles.plain)


def write_budget(
    book: Workbook, sheet: Worksheet, styles: Styles, table: Sequence[Sequence[str]]
) -> None:
    """The marketer's own sums, by formulas over the first worksheet, with a chart."""
    headers, *rows = table
    seconds_at = headers.index("duration")
    campaigns = list(dict.fromkeys(row[0] for row in rows))
    last = len(rows) + 1
    for column, name in enumerate(("Name", "Videos", "Seconds", "Planned USD")):
        sheet.write_string(0, column, name, styles.title)
    for line, name in enumerate(campaigns, start=2):
        seconds = [int(row[seconds_at]) for row in rows if row[0] == name]
        sheet.write_string(line - 1, 0, name, styles.plain)
        names = f"Campaign!$A$2:$A${last}"
        count = f"=COUNTIF({names},A{line})"
        total = f"=SUMIF({names},A{line},Campaign!$E$2:$E${last})"
        sheet.write_formula(line - 1, 1, count, styles.plain, len(seconds))
        sheet.write_formula(line - 1, 2, total, styles.plain, sum(seconds))
        usd = round(sum(seconds) * PLANNED_USD, 2)
        sheet.write_formula(line - 1, 3, f"=C{line}*{PLANNED_USD}", styles.money, usd)
    end = len(campaigns) + 1
    whole = round(sum(int(row[seconds_at]) for row in rows) * PLANNED_USD, 2)
    sheet.write_string(end, 0, "Total", styles.title)
    sheet.write_formula(end, 3, f"=SUM(D2:D{end})", styles.money, whole)
    sheet.set_column(0, 3, 16)
    chart = book.add_chart({"type": "column"})
    names, sums = f"=Budget!$A$2:$A${end}", f"=Budget!$D$2:$D${end}"
    chart.add_series({"name": "Planned USD", "categories": names, "values": sums})
    chart.set_title({"name": "What each campaign may cost"})
    chart.set_legend({"none": True})
    sheet.insert_chart("F2", chart)


def main(folder: Path) -> None:
    """Write the workbook into a folder."""
    with (SAMPLES / "campaign.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(file))
    with Workbook(folder / "campaign.xlsx") as book:
        book.set_properties({"title": "Video campaign", "author": "Mia", "created": MADE})
        styles = make_styles(book)
        write_campaign(book.add_worksheet("Campaign"), styles, table)
        write_budget(book, book.add_worksheet("Budget"), styles, table)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
