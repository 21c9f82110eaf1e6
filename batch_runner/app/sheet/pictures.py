"""``check --images``: the pictures of a sheet, looked at before they are paid for."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from batch_runner.app.campaign import Campaign
from batch_runner.app.sheet.intake import Intake
from batch_runner.core.images import is_web_link
from batch_runner.core.model import Problem, Table
from batch_runner.core.text import quoted
from batch_runner.core.values import pictures
from batch_runner.loader.load import load

Cell = tuple[int, int]
"""Line and column."""


async def picture_problems(campaign: Campaign, intakes: Sequence[Intake]) -> list[list[Problem]]:
    """For each worksheet: what is wrong with the pictures of the rows that would be sent.

    Raises:
        SheetError: the sheet cannot be read any more.
    """
    from batch_runner.provider.pictures import look_at

    tables = await asyncio.to_thread(load, campaign.source, campaign.rules.options)
    cells = [_cells(table, intake) for table, intake in zip(tables, intakes, strict=True)]
    found = await look_at(
        (link for places in cells for link in places), campaign.settings.base_url
    )
    return [
        [
            Problem(
                code=flaw.code,
                message=f"{quoted(link)}: {flaw.message}",
                hint=flaw.hint,
                row=row,
                column=column,
            )
            for link, places in by_link.items()
            for flaw in found[link]
            for row, column in places
        ]
        for by_link in cells
    ]


def _cells(table: Table, intake: Intake) -> dict[str, list[Cell]]:
    """Link -> the cells it stands in, of rows that the rules let through."""
    fine = set(intake.rows.sendable())
    places: dict[str, list[Cell]] = defaultdict(list)
    for row in table.rows:
        if row.number in fine:
            for column, link in _links(pictures(row, intake.columns)):
                places[link].append((row.number, column))
    return places


def _links(found: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
    return dict.fromkeys((column, ref) for column, ref in found if is_web_link(ref))
