"""The sheets that a board shows: found anew each time, each with an id that is no path."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.campaign import Campaign, open_campaign
from batch_runner.app.place.find_sheets import Wanted, each_once, find_sheets
from batch_runner.app.place.home import sidecar_of
from batch_runner.app.place.sidecar import is_sandbox_copy, sandbox_copy
from batch_runner.core.errors import BatchRunnerError, UsageError
from batch_runner.core.language import phrase
from batch_runner.settings.find import user_data_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sheet of the user's, or the rehearsal of one."""

    id: str
    path: Path  # the sheet, or the copy that the rehearsal works on
    source: Path  # the user's own sheet
    rehearsal: bool


@dataclass(frozen=True, kw_only=True)
class Board:
    """All that one board shows."""

    places: Sequence[Path]  # folders and sheets that were named
    options: Mapping[str, object]
    environ: Mapping[str, str]

    @property
    def folders(self) -> list[Path]:
        """Those of the places that take new sheets."""
        return [place for place in self.places if place.is_dir()]

    @property
    def data(self) -> Path:
        """The folder of what all sheets of the user share."""
        return user_data_dir(self.environ)

    def entries(self) -> list[Entry]:
        """The sheets as they lie there now, each before its rehearsal.

        A folder or sheet that is gone shows none.
        """
        found: list[Wanted] = []
        for place in self.places:
            try:
                found += [Wanted(path) for path in find_sheets(place, self.data).sheets]
            except BatchRunnerError:
                continue
        entries = []
        for wanted in each_once(found):
            source = Path(os.path.realpath(wanted.path))
            if not source.is_file():
                continue
            entries.append(_entry(source, source))
            copy = sandbox_copy(source)
            if copy != source and sidecar_of(copy, None, self.data).folder.is_dir():
                entries.append(_entry(copy, source))
        return entries

    def entry(self, mark: str) -> Entry:
        """The sheet of an id.

        Raises:
            UsageError: it is not, or no longer, among them.
        """
        found = next((entry for entry in self.entries() if entry.id == mark), None)
        if found is None:
            raise UsageError(
                phrase("this sheet is not here any more."),
                code="no_such_sheet",
                hint=phrase("It may have been moved or renamed; load the page again."),
            )
        return found

    def campaign(self, entry: Entry) -> Campaign:
        """All that is settled about a sheet.

        Raises:
            BatchRunnerError: its settings cannot be used.
        """
        # A rehearsal's copy may be gone while what is known of it is still there.
        return open_campaign(entry.path, self.options, self.environ, lost=entry.rehearsal)


def _entry(path: Path, source: Path) -> Entry:
    mark = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Entry(id=mark, path=path, source=source, rehearsal=is_sandbox_copy(path))
