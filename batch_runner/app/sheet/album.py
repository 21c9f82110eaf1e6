"""The pictures that rows name and that are not on the web: found, looked at, and known by content.

The way of a row goes through here after templates made what they make, and before it is judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from batch_runner.core.images import PASTED, is_web_link
from batch_runner.core.language import phrase
from batch_runner.core.localrefs import is_local
from batch_runner.core.model import ColumnMap, Media, Problem, Severity, SheetRow
from batch_runner.core.picture import LARGEST_SHRUNK, Flaw, flaws, uploadable
from batch_runner.core.share_links import share_page
from batch_runner.core.supplement import Supplement, Supplied, as_links, counting, given
from batch_runner.core.text import quoted
from batch_runner.core.uploads import key_of_file, key_of_link, placeholder
from batch_runner.core.values import NO_CONTENTS, PICTURES, refs_in
from batch_runner.ledger.picture_cache import PictureCache
from batch_runner.ledger.picture_places import PicturePlace, PicturePlaces, PlaceKind
from batch_runner.loader.local_files import NoFileError, find, sha256_of

_MAYBE_SHARED = re.compile(
    r"drive\.google|dropbox\.com|1drv\.ms|onedrive|sharepoint|photos\.", re.IGNORECASE
)


_ONE_LINK = re.compile(r"https?://[^\s|]+", re.IGNORECASE)

_Cell = tuple[int, int | None]
"""Line and column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRules:
    """What the settings say about pictures."""

    folders: tuple[Path, ...] = ()  # where local ones may be; the sheet's own comes first
    shrink: bool = False  # too large ones are scaled down
    fetch: bool = False  # those on the web are fetched and uploaded
    note: bool = False  # those on the web are noted, to be looked at
    cache: Path | None = None  # folder of what is remembered of pictures


NO_RULES = PictureRules()
"""Of sheets without a place: no local picture is found."""


@dataclass(frozen=True, slots=True)
class Found:
    """A reference, followed."""

    key: str | None = None  # of the picture; None: nobody knows what it shows
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True, slots=True)
class OfRow:
    """What a row's pictures are."""

    supplement: Supplement
    contents: Mapping[str, str] = field(default_factory=lambda: NO_CONTENTS)


class Album:
    """The pictures of one worksheet as they are while it is read."""

    def __init__(self, rules: PictureRules, media: Media | None, places: PicturePlaces) -> None:
        self._rules = rules
        self._media = media
        self._places = places
        self._cache: PictureCache | None = None
        self._known: dict[str, Found] = {}  # by reference: many rows may name one picture

    def close(self) -> None:
        """The worksheet is read.

        Raises:
            SheetChangedError: somebody saved the workbook meanwhile.
        """
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        if self._media is not None:
            self._media.close()

    def of_row(self, row: SheetRow, columns: ColumnMap, supplement: Supplement) -> OfRow:
        """Put what stands for its content in the place of each picture that is not on the web."""
        contents: dict[str, str] = {}
        over: dict[str, Supplied] = {}
        problems: dict[str, tuple[Problem, ...]] = {}
        for name in PICTURES:
            if name not in columns.columns and not supplement.speaks_of(name):
                continue
            if self._is_plain(row, columns.columns.get(name, ()), supplement, name):
                continue
            refs = as_links(given(row, columns, name, supplement))
            if not any(map(self._concerns, refs)):
                continue
            told: list[Problem] = []
            cells = [(row.number, _column_of(ref, row, columns, name)) for ref in refs]
            values = tuple(
                self._value(ref, contents, told, cell)
                for ref, cell in zip(refs, cells, strict=True)
            )
            problems[name] = tuple(told)
            if values != refs:
                made = counting(row, columns, name, supplement)
                over[name] = replace(made, value=values) if made else Supplied(value=values)
        if not over and not any(problems.values()):
            return OfRow(supplement)
        return OfRow(supplement.also(Supplement(over=over, problems=problems)), contents)

    def _is_plain(
        self, row: SheetRow, places: Sequence[int], supplement: Supplement, name: str
    ) -> bool:
        """Whether nothing but one link stands in each cell, as in most rows: quickly seen."""
        rules = self._rules
        if rules.fetch or rules.note or row.pictures or supplement.speaks_of(name):
            return False
        for place in places:
            value = row.value(place)
            if place in row.links or not isinstance(value, str | None):
                return False
            if value and (not _ONE_LINK.fullmatch(value) or _MAYBE_SHARED.search(value)):
                return False
        return True

    def _concerns(self, ref: str) -> bool:
        """Whether there is anything to find out about a reference."""
        if is_web_link(ref):
            rules = self._rules
            return rules.fetch or rules.note or _MAYBE_SHARED.search(ref) is not None
        return ref.startswith(PASTED) or is_local(ref)

    def _value(self, ref: str, contents: dict[str, str], told: list[Problem], cell: _Cell) -> str:
        """What a request says for a reference: a placeholder, or the reference itself."""
        if is_web_link(ref):
            told += _about_shared(ref, cell)
            if self._rules.note:
                self._places.see(ref, *cell)
            return self._fetched(ref) if self._rules.fetch else ref
        if not ref.startswith(PASTED) and not is_local(ref):
            return ref
        found = self._known.get(ref)
        if found is None:
            found = self._known[ref] = self._look(ref)
        for flaw in found.flaws:
            message = phrase("{what}: {why}", what=_called(ref), why=flaw.message)
            told.append(_problem(flaw.code, message, flaw.hint, cell))
        if found.key is None:
            return ref
        contents[ref] = placeholder(found.key)
        return contents[ref]

    def _fetched(self, link: str) -> str:
        key = key_of_link(link)
        place = PicturePlace(key=key, kind=PlaceKind.LINK, place=link, called=quoted(link))
        self._places.add(place)
        return placeholder(key)

    def _look(self, ref: str) -> Found:
        if ref.startswith(PASTED):
            return self._look_inside(ref.removeprefix(PASTED))
        cache = self._remembered
        path = None
        try:
            file = find(ref, self._rules.folders)
            path = file.path
            sha256 = cache.sha256(path, file.stamp)
            content = None
            if sha256 is None or cache.picture(sha256) is None:
                content = file.read()
                sha256 = sha256_of(content)
                cache.remember_file(path, file.stamp, sha256)
        except NoFileError as error:
            # Who made a video of it before is still known by it.
            before = cache.sha256(error.path, None) if error.path is not None else None
            flaw = Flaw(code=error.code, message=error.message, hint=error.hint)
            return Found(key_of_file(before) if before else None, (flaw,))
        key = key_of_file(sha256)
        place = PicturePlace(key=key, kind=PlaceKind.FILE, place=str(path), called=quoted(ref))
        self._places.add(place)
        return Found(key, self._judge(sha256, content))

    def _look_inside(self, part: str) -> Found:
        content = None if self._media is None else self._media.read(part, LARGEST_SHRUNK)
        if content is None:
            flaw = Flaw(
                code="image_too_large",
                message=phrase("it cannot be read."),
                hint=phrase("Save it smaller."),
            )
            return Found(None, (flaw,))
        sha256 = sha256_of(content)
        key = key_of_file(sha256)
        place = PicturePlace(key=key, kind=PlaceKind.PASTED, place=part, called=_called(PASTED))
        self._places.add(place)
        return Found(key, self._judge(sha256, content))

    def _judge(self, sha256: str, content: bytes | None) -> tuple[Flaw, ...]:
        """What is wrong with a picture; ``None`` for the content: it is known already."""
        from batch_runner.provider.examine import examine

        picture = self._remembered.picture(sha256)
        if picture is None:
            assert content is not None, "what is not known was read"
            picture = examine(content)
            self._remembered.remember_picture(sha256, picture)
        return tuple(flaws(picture, largest=uploadable(shrink=self._rules.shrink)))

    @property
    def _remembered(self) -> PictureCache:
        if self._cache is None:
            self._cache = PictureCache(self._rules.cache)
        return self._cache


def _column_of(ref: str, row: SheetRow, columns: ColumnMap, name: str) -> int | None:
    """The column in which a reference stands; the first of its name where a template made it."""
    places = columns.columns.get(name, ())
    own = (column for column in places if ref in refs_in(row, column))
    return next(own, places[0] if places else None)


def _called(ref: str) -> str:
    return phrase("the picture in the cell") if ref.startswith(PASTED) else quoted(ref)


def _about_shared(link: str, cell: _Cell) -> Sequence[Problem]:
    """A hint for links that open a page around the picture."""
    page = share_page(link)
    if page is None:
        return ()
    if page.direct:
        hint = phrase(
            "The picture itself is at {link}, if anybody with the link may see it.",
            link=page.direct,
        )
    else:
        hint = phrase("Download the picture, put it beside the sheet and name it by its path.")
    message = phrase(
        "{link} opens a page of {service}, not the picture itself.",
        link=quoted(link),
        service=page.service,
    )
    problem = _problem("image_share_link", message, hint, cell)
    return (replace(problem, severity=Severity.WARNING),)


def _problem(code: str, message: str, hint: str, cell: _Cell) -> Problem:
    row, column = cell
    return Problem(code=code, message=message, hint=hint, row=row, column=column)
