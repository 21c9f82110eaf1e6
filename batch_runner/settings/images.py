"""``images``: where pictures may be that rows name, and what is done with them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from batch_runner.settings.section import Section, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSettings:
    """What is settled about pictures."""

    folders: tuple[Path, ...] = ()  # where local ones may be besides the sheet's folder
    shrink: bool = False  # whether too large ones are scaled down
    fetch: bool = False  # whether those on the web are fetched and uploaded


class Images(Section):
    """Pictures that are not on the web, or should not be asked for there."""

    folders: Texts = Field(
        default=(),
        description="Where pictures may be besides the sheet's folder, from this file's folder; "
        "only from a config given by --config.",
    )
    shrink: bool = Field(
        default=False, description="Scale down pictures that are too large to be uploaded."
    )
    fetch: bool = Field(
        default=False,
        description="Fetch pictures from their links and upload them, for servers that show them "
        "to nobody else.",
    )

    def settled(self, config: Path | None) -> PictureSettings:
        """As the settings have it; folders from that of the config."""
        base = Path() if config is None else config.parent
        found = (base / Path(name).expanduser() for name in self.folders)
        folders = tuple(Path(os.path.realpath(folder)) for folder in found)
        return PictureSettings(folders=folders, shrink=self.shrink, fetch=self.fetch)
