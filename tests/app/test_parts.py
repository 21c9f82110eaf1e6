"""Half-downloaded videos: kept as long as somebody will go on with them, and only ours removed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from batch_runner.app.place.ledger_place import LedgerFile, reading
from batch_runner.app.place.parts import PartNames
from batch_runner.app.place.sidecar import Sidecar
from batch_runner.provider.notes import notes_of
from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Sheet


def _part_of(sheet: Sheet, prompt: str) -> Path:
    """Where the video of a row is while it comes."""

    async def name() -> str:
        async with reading(LedgerFile(Sidecar(sheet.sidecar).ledger)) as ledger:
            assert ledger is not None
            return (await PartNames.of(ledger)).name(sheet.row(prompt)["task_id"])

    return sheet.sidecar / "videos" / asyncio.run(name())


@pytest.mark.parametrize("downloads", [True, False])
def test_a_part_stays_while_its_video_is_to_come(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    downloads: bool,  # noqa: FBT001
) -> None:
    """Gone once the video is there; files of others are never touched."""
    sheet = new_sheet("csv", ["One."])
    assert cli("run", sheet, *([] if downloads else ["--no-download"])).code == 0
    part = _part_of(sheet, "One.")
    part.parent.mkdir(exist_ok=True)
    others = [part.with_name(name) for name in ("0123456789abcdef.part", "mine.part", "2_ab.part")]
    for path in (part, notes_of(part), *others):
        path.write_bytes(b"half")

    assert cli("run", sheet, "--no-download").code == 0

    assert part.exists() == notes_of(part).exists() == (not downloads)
    assert cli("run", sheet).code == 0
    assert not part.exists()
    assert not notes_of(part).exists()
    assert all(path.read_bytes() == b"half" for path in others)
    assert sheet.shows_its_own_video(sheet.row("One."))
    assert len(service.accepted()) == 1
