"""The pictures that a run uploads: from where the sheet's reading found them, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from batch_runner.app.sheet.album import PictureRules
from batch_runner.app.sheet.choose import Choice
from batch_runner.app.sheet.intake import Intake
from batch_runner.core.errors import SheetError
from batch_runner.core.jobs import Candidate
from batch_runner.core.language import joined, phrase
from batch_runner.core.lifecycle import State
from batch_runner.core.picture import LARGEST_SHRUNK, LARGEST_UPLOAD, Flaw, flaws, uploadable
from batch_runner.core.uploads import NoPicture, PictureFile, key_of_file, pictures_in
from batch_runner.core.wording import picture_unusable
from batch_runner.ledger.picture_places import PicturePlace, PlaceKind
from batch_runner.loader.local_files import sha256_of

_UNSENT = frozenset({State.QUEUED, State.INVALID, State.SKIPPED, State.FAILED})
_EXTENSIONS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}

Places = Callable[[str], PicturePlace | None]
"""Where the rows as they were read last say that a picture is."""


class PictureStore:
    """Gives each picture by its key, as it was when its row was read, or says why it cannot."""

    def __init__(self, places: Places, kept: Path, rules: PictureRules, origin: str) -> None:
        """Prepare.

        Args:
            places: where pictures are.
            kept: the folder of copies from the workbook.
            rules: what the settings say.
            origin: the API's: its host may be asked wherever it is.
        """
        self._places = places
        self._kept = kept
        self._rules = rules
        self._origin = origin

    async def picture(self, key: str) -> PictureFile | NoPicture:
        """The picture of a key; see :class:`core.ports.Pictures`."""
        place = self._places(key)
        if place is None:  # no row names it any more: the sheet was edited just now
            return _gone(phrase("a picture"), phrase("no row names it any more."), passing=True)
        if place.kind is PlaceKind.LINK:
            return await self._from_link(place)
        return await asyncio.to_thread(self._from_disk, place)

    def _from_disk(self, place: PicturePlace) -> PictureFile | NoPicture:
        path = (
            Path(place.place) if place.kind is PlaceKind.FILE else copy_of(self._kept, place.key)
        )
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_SHRUNK + 1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            why = phrase("it is no longer there ({reason}).", reason=reason)
            return _gone(place.called, why)
        if key_of_file(sha256_of(content)) != place.key:
            return _gone(place.called, phrase("it was changed since the sheet was read."))
        return self._ready(place, content)

    async def _from_link(self, place: PicturePlace) -> PictureFile | NoPicture:
        from batch_runner.provider.pictures import fetch_picture

        found = await fetch_picture(place.place, self._origin)
        if isinstance(found, bytes):
            return await asyncio.to_thread(self._ready, place, found)
        return _unusable(place.called, (found.flaw,), passing=found.passing)

    def _ready(self, place: PicturePlace, content: bytes) -> PictureFile | NoPicture:
        """What is uploaded of a picture: itself, or a smaller one where that is wanted."""
        from batch_runner.provider.examine import examine
        from batch_runner.provider.shrink import shrink

        picture = examine(content)
        wrong = tuple(flaws(picture, largest=uploadable(shrink=self._rules.shrink)))
        if wrong:
            return _unusable(place.called, wrong)
        if len(content) > LARGEST_UPLOAD:
            smaller = shrink(content)
            if smaller is None:
                flaw = Flaw(
                    code="image_too_large", message=phrase("it cannot be made small enough.")
                )
                return _unusable(place.called, (flaw,))
            content, picture = smaller, examine(smaller)
        # Anybody who is given the link sees the name: it tells nothing of the user's.
        name = f"{place.key[5:17]}{_EXTENSIONS[picture.format]}"
        return PictureFile(content=content, name=name, called=place.called)


def _gone(called: str, why: str, *, passing: bool = False) -> NoPicture:
    flaw = Flaw(
        code="image_gone", message=why, hint=phrase("Put it back, or run again as it is now.")
    )
    return _unusable(called, (flaw,), passing=passing)


def _unusable(called: str, wrong: Sequence[Flaw], *, passing: bool = False) -> NoPicture:
    said = joined(*(text for flaw in wrong for text in (flaw.message, flaw.hint)))
    return NoPicture(code=wrong[0].code, message=picture_unusable(called, said), passing=passing)


def copy_of(kept: Path, key: str) -> Path:
    """Where the copy of a picture from the workbook lies."""
    return kept / key


def keep_pasted(intakes: Sequence[Intake], choices: Sequence[Choice] | None, kept: Path) -> None:
    """Copy pictures out of the workbook that are to be uploaded, for it may be edited meanwhile.

    Args:
        intakes: the worksheets as they were read.
        choices: which of their rows are sent; ``None``: whichever.
        kept: the folder of the copies.

    Raises:
        SheetChangedError: the workbook was saved since it was read.
        SheetError: they cannot be copied.
    """
    if choices is not None:
        _sweep(intakes, kept)
    for number, intake in enumerate(intakes):
        if not intake.rows.pictures or intake.table.media is None:
            continue
        choice = None if choices is None else choices[number]
        wanted = {
            key
            for candidate in intake.rows.candidates()
            if _may_be_sent(candidate, choice)
            for key in pictures_in(candidate.spec.body)
        }
        try:
            _copy(intake, wanted, kept)
        except OSError as error:
            raise SheetError(
                phrase(
                    "The pictures in the workbook cannot be copied ({reason}).",
                    reason=error.strerror or error,
                ),
                code="pictures_not_kept",
                where=str(kept),
                hint=phrase("Make room on the disk, and run again."),
            ) from error
        finally:
            intake.table.media.close()


def _sweep(intakes: Sequence[Intake], kept: Path) -> None:
    """Remove copies that earlier runs left of pictures no row names any more."""
    for path in kept.glob("*"):
        if all(intake.rows.pictures.find(path.name) is None for intake in intakes):
            with contextlib.suppress(OSError):
                path.unlink()


def _copy(intake: Intake, wanted: Collection[str], kept: Path) -> None:
    assert intake.table.media is not None
    for place in intake.rows.pictures.pasted():
        target = copy_of(kept, place.key)
        if place.key in wanted and not target.exists():
            content = intake.table.media.read(place.place, LARGEST_SHRUNK)
            assert content is not None, "it was read before"
            _store(content, target)


def _may_be_sent(candidate: Candidate, choice: Choice | None) -> bool:
    if choice is not None and not choice.mark(candidate).wanted:
        return False
    if choice is not None and candidate.job is not None and candidate.job.id in choice.again:
        return True
    return candidate.job is None or candidate.job.state in _UNSENT


def _store(content: bytes, target: Path) -> None:
    """Whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        beside.write_bytes(content)
        beside.replace(target)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    sys.audit("batch_runner.app.picture_kept")
