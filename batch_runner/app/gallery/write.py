"""``report``: the gallery into its file, or into an archive with all that it shows."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from batch_runner.app.campaign import Campaign
from batch_runner.app.gallery.files import Packed, Within
from batch_runner.app.gallery.gallery import (
    Made,
    Wish,
    beside,
    check_ran,
    page_place,
    write_gallery,
)
from batch_runner.core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where a gallery is, and what it shows."""

    place: Path
    made: Made
    files: int = 0  # videos and posters that were packed


async def write_page(campaign: Campaign, *, embed: bool, wish: Wish) -> Written:
    """Write the page into the sidecar; ``embed``: with the small videos in it.

    Raises:
        SheetError: the sheet was never run.
        UsageError: the file cannot be written.
    """
    check_ran(campaign)
    place = page_place(campaign)
    place.parent.mkdir(exist_ok=True)
    near = beside(campaign)
    with replacing(place) as out:
        made = await write_gallery(campaign, out, Within(beside=near) if embed else near, wish)
    return Written(place=place, made=made)


async def write_archive(campaign: Campaign, place: Path, wish: Wish) -> Written:
    """Pack the page with its videos and posters.

    Raises:
        SheetError: the sheet was never run.
        UsageError: the file cannot be written.
    """
    check_ran(campaign)
    links = Packed(beside=beside(campaign))
    with replacing(place) as out, zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("report.html", date_time=_EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as page:
            made = await write_gallery(campaign, cast("BinaryIO", page), links, wish)
        for name, path in links.members.items():
            archive.write(path, name, zipfile.ZIP_STORED)  # videos do not get smaller
    return Written(place=place, made=made, files=len(links.members))


_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows


@contextmanager
def replacing(place: Path) -> Iterator[BinaryIO]:
    """A file that takes its place when it is whole.

    Raises:
        UsageError: it cannot be written there.
    """
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as out:
            yield out
        beside.replace(place)
    except OSError as error:
        raise UsageError(
            f"it cannot be written ({error.strerror or error}).",
            code="gallery_not_written",
            where=str(place),
            hint="Close it in other programs; is there room on the disk?",
        ) from error
    finally:
        beside.unlink(missing_ok=True)
