"""``report``: the gallery into its file, or into an archive with all that it shows."""

from __future__ import annotations

import secrets
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from batch_runner.app.campaign import Campaign
from batch_runner.app.gallery.bring import bring_videos
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
from batch_runner.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where a gallery is, and what it shows."""

    place: Path
    made: Made
    files: int = 0  # videos and posters that were packed
    elsewhere: int = 0  # videos in a shared place, which were not


async def write_page(campaign: Campaign, *, embed: bool, wish: Wish) -> Written:
    """Write the page into the sidecar; ``embed``: with the small videos in it.

    Raises:
        SheetError: the sheet was never run.
        UsageError: the file cannot be written.
    """
    await check_ran(campaign)
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
        UsageError: the file cannot be written, or is none of ours.
    """
    await check_ran(campaign)
    check_place(place)
    with replacing(place) as out, zipfile.ZipFile(out, "w") as archive:
        return await pack_gallery(campaign, archive, place, wish)


async def pack_gallery(
    campaign: Campaign, archive: zipfile.ZipFile, place: Path, wish: Wish
) -> Written:
    """Put page, videos and posters into an archive, which will be at ``place``."""
    with tempfile.TemporaryDirectory() as folder:
        brought = await bring_videos(campaign, Path(folder)) if wish.bring else {}
        return await _pack(campaign, archive, place, wish, brought)


async def _pack(
    campaign: Campaign,
    archive: zipfile.ZipFile,
    place: Path,
    wish: Wish,
    brought: Mapping[str, Path],
) -> Written:
    links = Packed(beside=beside(campaign), brought=brought)
    info = zipfile.ZipInfo(PAGE, date_time=_EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as page:
        made = await write_gallery(campaign, cast("BinaryIO", page), links, wish)
    for name, path in links.members.items():
        archive.write(path, name, zipfile.ZIP_STORED)  # videos do not get smaller
    packed, elsewhere = len(links.members), len(links.elsewhere)
    return Written(place=place, made=made, files=packed, elsewhere=elsewhere)


def check_place(place: Path) -> None:
    """An archive takes the place of nothing but an earlier one.

    Raises:
        UsageError: another file is there, or no folder for it.
    """
    if place.suffix.lower() != ".zip":
        message = phrase("the name of an archive must end in .zip.")
        hint = phrase("Such as {name}.", name=f"{place.stem}.zip")
    elif not place.absolute().parent.is_dir():
        message, hint = phrase("its folder does not exist."), phrase("Make it first.")
    elif place.exists() and not _is_ours(place):
        message = phrase("this file exists and is no gallery.")
        hint = phrase("Name one that does not exist.")
    else:
        return
    raise UsageError(message, code="bad_archive", where=str(place), hint=hint)


def _is_ours(place: Path) -> bool:
    try:
        with zipfile.ZipFile(place) as archive:
            return archive.namelist()[:1] == [PAGE]
    except (OSError, zipfile.BadZipFile):
        return False


PAGE = "report.html"
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
            phrase("it cannot be written ({reason}).", reason=error.strerror or error),
            code="gallery_not_written",
            where=str(place),
            hint=phrase("Close it in other programs; is there room on the disk?"),
        ) from error
    finally:
        beside.unlink(missing_ok=True)
