"""``check --images``: the pictures of a sheet, looked at before they are paid for."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from batch_runner.app.campaign import Campaign
from batch_runner.app.sheet.intake import Intake
from batch_runner.core.language import phrase, plural
from batch_runner.core.model import Problem, Severity
from batch_runner.core.picture import Flaw
from batch_runner.core.text import quoted
from batch_runner.ledger.picture_cache import PictureCache

REMEMBERED = 24 * 3600.0  # seconds that a picture in order is not looked at again

Cell = tuple[int, int | None]
"""Line and column."""


async def picture_problems(campaign: Campaign, intakes: Sequence[Intake]) -> list[list[Problem]]:
    """For each worksheet: what is wrong with the pictures of the rows that would be sent.

    The rows must have been read by rules that note pictures (``PictureRules.note``).
    """
    cells = [_cells(intake) for intake in intakes]
    found = await _look(campaign, {link for places in cells for link in places})
    return [list(_problems(by_link, found)) for by_link in cells]


async def _look(campaign: Campaign, links: Iterable[str]) -> Mapping[str, Sequence[Flaw]]:
    """What is wrong with each; those that were in order a while ago are not asked for again."""
    from batch_runner.provider.pictures import look_at

    cache = PictureCache(campaign.data)
    try:
        since = time.time() - REMEMBERED
        known = {link for link in links if cache.flaws(link, since) == ()}
        found = await look_at(sorted(set(links) - known), campaign.settings.base_url)
        with cache.at_once():
            for link, wrong in found.items():
                if not wrong:  # what is wrong is mended soon, and looked at then
                    cache.remember_look(link, time.time(), ())
    finally:
        cache.close()
    return {**found, **dict.fromkeys(known, ())}


def _problems(
    by_link: Mapping[str, Sequence[Cell]], found: Mapping[str, Sequence[Flaw]]
) -> Iterator[Problem]:
    """Said at each cell; what there was no time for, once."""
    for link, places in by_link.items():
        for flaw in found.get(link, ()):
            for row, column in places:
                yield Problem(
                    code=flaw.code,
                    message=phrase("{what}: {why}", what=quoted(link), why=flaw.message),
                    hint=flaw.hint,
                    row=row,
                    column=column,
                )
    left = sum(link not in found for link in by_link)
    if left:
        yield Problem(
            code="images_not_looked_at",
            severity=Severity.WARNING,
            message=plural(
                "{count} picture could not be looked at in the time there is.",
                "{count} pictures could not be looked at in the time there is.",
                left,
            ),
            hint=phrase("Check again: what was in order is remembered for a day."),
        )


def _cells(intake: Intake) -> dict[str, list[Cell]]:
    """Link -> the cells it stands in, of rows that the rules let through."""
    places: dict[str, list[Cell]] = defaultdict(list)
    for link, row, column in intake.rows.pictures.links():
        places[link].append((row, column))
    return places
