"""Pictures that lie on this computer, found by what a cell says and read with limits."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from batch_runner.core.language import phrase
from batch_runner.core.localrefs import paths_of, within
from batch_runner.core.model import FileStamp
from batch_runner.core.picture import LARGEST_SHRUNK as LARGEST

_LISTED = 5_000  # names of a folder that are looked at for a similar one


class NoFileError(Exception):
    """A reference leads to no file that may be used."""

    def __init__(self, code: str, message: str, hint: str = "", path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path  # where it would be, as far as that is known
        self.code = code
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file as it was at one moment."""

    path: Path
    stamp: FileStamp

    def read(self) -> bytes:
        """Its content.

        Raises:
            NoFileError: it cannot be read, or is another one by now.
        """
        try:
            with self.path.open("rb") as file:
                content = file.read(LARGEST + 1)
                unchanged = FileStamp.of(os.fstat(file.fileno())) == self.stamp
        except OSError as error:
            raise NoFileError(
                "image_unreadable", phrase("it cannot be read ({why}).", why=_why(error))
            ) from error
        if not unchanged or len(content) != self.stamp.size:
            raise NoFileError(
                "image_changed", phrase("it was changed while it was read."), phrase("Run again.")
            )
        return content


def sha256_of(content: bytes) -> str:
    """By what a picture is known."""
    return hashlib.sha256(content).hexdigest()


def find(ref: str, folders: Sequence[Path]) -> LocalFile:
    """The file that a reference means.

    Args:
        ref: what the cell says.
        folders: the sheet's own first, then others where pictures may be; full paths.

    Raises:
        NoFileError: it leads out of these folders, there is no such file, or it is none.
    """
    roots = [folder.as_posix() for folder in folders]
    places = [place for path in paths_of(ref) for place in within(path, roots)]
    if not places:
        raise NoFileError(
            "image_outside",
            phrase("it lies outside of the sheet's folder."),
            phrase(
                "Put the picture into the sheet's folder, or name its folder under 'images.folders' in a config that is given by --config."
            ),
        )
    real = [Path(os.path.realpath(folder)) for folder in folders]
    for spelled in dict.fromkeys(form for place in places for form in _spellings(place)):
        found = _look(Path(spelled), real)
        if found is not None:
            return found
    near = _similar(Path(places[0]), real)
    if near:
        hint = phrase("Did you mean '{near}'?", near=near)
    else:
        hint = phrase("Paths begin at the sheet's folder.")
    gone = Path(os.path.realpath(places[0]))
    raise NoFileError("image_not_found", phrase("there is no such file."), hint, gone)


def _spellings(place: str) -> Iterator[str]:
    """A name as it stands, and as other systems write its accents."""
    yield place
    yield unicodedata.normalize("NFC", place)
    yield unicodedata.normalize("NFD", place)


def _look(path: Path, roots: Sequence[Path]) -> LocalFile | None:
    """The file at a path; ``None``: there is nothing."""
    try:
        real = Path(os.path.realpath(path))
        found = real.stat()
    except (OSError, ValueError):  # a name that no system can have
        return None
    if not any(root in real.parents for root in roots):
        raise NoFileError(
            "image_outside",
            phrase("a link of the file system leads out of the sheet's folder."),
            phrase("Put the picture itself into the sheet's folder."),
        )
    if not stat.S_ISREG(found.st_mode):
        message = phrase("it is a folder, not a file.")
        raise NoFileError("image_no_file", message, phrase("Name the picture in it."))
    if found.st_size > LARGEST:
        message = phrase("it has {size} MB.", size=f"{found.st_size / 1e6:.0f}")
        raise NoFileError("image_too_large", message, phrase("Save it smaller."))
    return LocalFile(path=real, stamp=FileStamp.of(found))


def _similar(path: Path, roots: Sequence[Path]) -> str:
    """A name in the same folder that was likely meant; "" if none is alike."""
    folder = Path(os.path.realpath(path.parent))
    if not any(root == folder or root in folder.parents for root in roots):
        return ""
    names = {name.casefold(): name for name in _names(folder)}
    near = get_close_matches(path.name.casefold(), names, n=1, cutoff=0.7)
    return names[near[0]] if near else ""


@lru_cache(maxsize=64)
def _names(folder: Path) -> tuple[str, ...]:
    try:
        with os.scandir(folder) as entries:
            return tuple(entry.name for entry, _ in zip(entries, range(_LISTED), strict=False))
    except OSError:
        return ()


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
