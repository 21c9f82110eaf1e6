"""``share``: the gallery, its videos and a plain copy of the sheet in one archive, to be sent."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from batch_runner.app.campaign import Campaign
from batch_runner.app.gallery.cards import Shown
from batch_runner.app.gallery.gallery import Wish, check_ran
from batch_runner.app.gallery.write import Written, check_place, pack_gallery, replacing
from batch_runner.app.place.ledger_place import reading
from batch_runner.app.place.sidecar import shown
from batch_runner.app.status import known_or_refused
from batch_runner.ledger.runs import PUBLISHES
from batch_runner.reporter.plain_table import Value, plain_table

_NAMES = {
    "row": "line",
    "prompt": "prompt",
    "model": "model",
    "status": "state",
    "video_file": "video",
    "video_url": "link",
    "cost_usd": "cost",
    "error": "error",
    "finished_at": "finished",
    "task_id": "task",
}
"""Header in the shared sheet -> what the page calls it."""


def share_place(campaign: Campaign) -> Path:
    """Where an archive goes if nobody says where: beside the sheet."""
    return shown(campaign.sheet.with_name(f"{campaign.sheet.stem}.share.zip"))


async def share(campaign: Campaign, place: Path, wish: Wish) -> Written:
    """Pack a sheet's gallery with its videos and a sheet that anybody may see.

    The sheet is a new one: nothing that the user's own file holds beside its rows goes with it,
    no comments, no hidden worksheets, no names of people.

    Raises:
        SheetError: the sheet was never run.
        UsageError: the archive cannot be written, or a video not be brought into it.
    """
    await check_ran(campaign)
    check_place(place)
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".csv" if campaign.sheet.suffix.lower() in {".csv", ".tsv"} else ".xlsx"
        sheet = Path(folder) / f"{campaign.sheet.stem}{suffix}"
        headers = _headers(wish.what, links=await _has_links(campaign))
        with replacing(place) as out, zipfile.ZipFile(out, "w") as archive:
            with plain_table(sheet, headers) as lines:
                each = replace(wish, each=lambda row: lines.add(_line(row, headers)))
                written = await pack_gallery(campaign, archive, place, each)
            archive.write(sheet, sheet.name, zipfile.ZIP_DEFLATED)
    return written


async def _has_links(campaign: Campaign) -> bool:
    """Whether rows may have links that last: others are of no use to whoever gets the archive."""
    async with reading(campaign.ledger) as found:
        return await known_or_refused(found, campaign).meta(PUBLISHES) is not None


def _headers(what: Shown, *, links: bool) -> Sequence[str]:
    withheld = {
        *(() if links else ("video_url",)),
        *(() if what.prompts else ("prompt",)),
        *(() if what.costs else ("cost_usd",)),
        *(() if what.ids else ("task_id",)),
    }
    return [name for name in _NAMES if name not in withheld]


def _line(row: Mapping[str, object], headers: Sequence[str]) -> list[Value]:
    told = row if row.get("lasting") else {**row, "link": None}
    values = (told.get(_NAMES[name]) for name in headers)
    return [_value(name, value) for name, value in zip(headers, values, strict=True)]


def _value(name: str, value: object) -> Value:
    if name == "video_file" and isinstance(value, str):
        return unquote(value)
    return value if isinstance(value, str | int | float) or value is None else str(value)
