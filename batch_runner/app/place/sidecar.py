"""The sidecar: the folder beside a sheet that holds everything the sheet does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".batch"
LEDGER = "ledger.sqlite"
SANDBOX_MARK = ".sandbox"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """``<sheet file name>.batch/`` and what lies in it.

    Where the sheet lies in a synchronised folder, what only this computer may write lies at home:
    in the user's own data folder. Several computers may see such a sheet.
    """

    folder: Path
    local: Path | None = None  # where ledger, lock and log are, if not in the folder itself

    @property
    def home(self) -> Path:
        """Where ledger, lock and log are."""
        return self.local or self.folder

    @property
    def ledger(self) -> Path:
        """The durable store of every job."""
        return self.home / LEDGER

    @property
    def videos(self) -> Path:
        """Where videos go unless a setting says otherwise."""
        return self.folder / "videos"

    @property
    def previews(self) -> Path:
        """Small pictures of the videos, for workbooks that show them."""
        return self.folder / "previews"

    @property
    def pictures(self) -> Path:
        """Copies of pictures from the workbook that are to be uploaded."""
        return self.home / "pictures"

    @property
    def log(self) -> Path:
        """JSON lines, one for everything that happened."""
        return self.home / "run.log"

    @property
    def sandbox(self) -> Path:
        """What the sandbox remembers between rehearsals."""
        return self.home / "sandbox"


def sheet_of(sidecar: Path) -> Path:
    """The sheet that a sidecar folder beside it belongs to."""
    return sidecar.with_name(sidecar.name.removesuffix(SUFFIX))


def sandbox_copy(sheet: Path) -> Path:
    """Where a rehearsal of this sheet works: ``campaign.xlsx`` -> ``campaign.sandbox.xlsx``."""
    if is_sandbox_copy(sheet):
        return sheet
    return sheet.with_name(f"{sheet.stem}{SANDBOX_MARK}{sheet.suffix}")


def is_sandbox_copy(sheet: Path) -> bool:
    """Whether this is a rehearsal's copy of a sheet."""
    return sheet.stem.endswith(SANDBOX_MARK)


def config_owner(sheet: Path) -> Path:
    """The sheet whose config a sheet uses: a rehearsal uses that of the real one."""
    if is_sandbox_copy(sheet):
        return sheet.with_name(f"{sheet.stem.removesuffix(SANDBOX_MARK)}{sheet.suffix}")
    return sheet


def shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
