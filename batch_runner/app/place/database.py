"""A ledger in a database that machines share, and how a sheet remembers its campaign there.

``fleet.json`` in the sidecar holds the campaign's id, and never the database's address: whoever
may write into the sheet's folder must not say where results go.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from batch_runner.app.place.ledger_place import LedgerPlace, ledger_file
from batch_runner.app.place.sidecar import Sidecar
from batch_runner.core.errors import ConfigError, LedgerError, LockedError, UsageError
from batch_runner.core.language import phrase
from batch_runner.ledger.files import write_whole
from batch_runner.ledger.ledger import Ledger

if TYPE_CHECKING:  # its drivers are an extra
    from batch_runner.ledger.postgres.fleet import Fleet

VARIABLE = "BATCH_RUNNER_LEDGER"
ID_FILE = "fleet.json"
SOON = 10.0  # seconds that a short command waits for a database that is away
LONG = 600.0  # seconds that a run or a worker does
_ID = re.compile(r"[0-9a-f]{32}")
_NOTE = "The ledger of this sheet is in a database, under this id. Leave this file."


@dataclass(frozen=True, slots=True)
class LedgerDatabase:
    """The ledger of one campaign among those of a database."""

    url: str = field(repr=False)  # may hold a password
    campaign: str | None = None  # its id; None: this sheet has none there, as far as is known
    typed: bool = False  # as an option, which the next command needs again

    def __str__(self) -> str:
        from batch_runner.ledger.postgres.address import Address

        return str(Address.of(self.url))

    @property
    def again(self) -> str | None:
        """The address as the next command is to be typed; never with a password."""
        try:
            parts = urlsplit(self.url)
        except ValueError:  # none that could be used, which is told elsewhere
            return None
        open_word = parts.password is None and "password" not in parts.query
        return self.url if self.typed and open_word else None

    def exists(self) -> bool:
        """Whether the sheet is known to have a campaign there."""
        return self.campaign is not None

    async def make_ready(self) -> None:
        """Bring its tables to this program's version."""
        (await self._open(SOON)).close()

    async def rename(self, sheet: str) -> None:
        """By this name it is found again from other machines."""
        from batch_runner.ledger.postgres import campaigns

        async with opened(self.url, SOON) as fleet:
            await fleet.change(campaigns.rename, self.campaign, sheet)

    async def for_run(self) -> Ledger:
        """A database that goes away is waited for."""
        return await self._open(LONG)

    async def for_command(self) -> Ledger:
        """A database that is away is told of soon."""
        return await self._open(SOON)

    async def for_reading(self) -> Ledger:
        """For looking only."""
        return await self._open(SOON)

    async def _open(self, patience: float) -> Ledger:
        from batch_runner.ledger.postgres import campaigns

        async with opened(self.url, patience) as fleet:
            if self.campaign is None or await fleet.ask(campaigns.get, self.campaign) is None:
                raise not_known(fleet.where)
            return await fleet.ledger(self.campaign)


def not_known(where: str) -> LedgerError:
    """The error for a campaign that is not in this database."""
    return LedgerError(
        phrase("this database does not know the campaign of the sheet."),
        code="no_such_campaign",
        where=where,
        hint=phrase("Name the database that it was run with."),
    )


def written_elsewhere(holder: object, where: str) -> LockedError:
    """The error for a sheet that has a writer; ``holder`` says who."""
    return LockedError(
        phrase("another run writes this sheet ({holder}).", holder=holder),
        code="locked",
        where=where,
        hint=phrase("Wait for it or stop it; 'batch-runner status SHEET' shows how it goes."),
    )


def check_installed() -> None:
    """See that there is what a ledger in a database needs.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        for name in ("psycopg", "psycopg_pool", "procrastinate"):
            import_module(name)
    except ImportError as error:
        raise ConfigError(
            phrase(
                "a ledger in a database needs more than is installed ({reason}).", reason=error
            ),
            code="fleet_missing",
            hint=phrase("Install it: pip install 'batch-runner[fleet]'"),
        ) from error


@asynccontextmanager
async def opened(url: str, patience: float) -> AsyncIterator[Fleet]:
    """A database, for as long as the block runs.

    Raises:
        ConfigError: this is no address, or what is needed to use one is not installed.
        LedgerError: the database cannot be used.
    """
    check_installed()
    from batch_runner.ledger.postgres.fleet import Fleet

    fleet = await Fleet.open(url, patience=patience)
    try:
        yield fleet
    finally:
        await asyncio.to_thread(fleet.close)


def database_of(
    sidecar: Sidecar, options: Mapping[str, object], environ: Mapping[str, str]
) -> LedgerDatabase | None:
    """Where the ledger is, if not in a file: as the option says, else the environment.

    A sheet that has a ledger in a file already stays with it, unless the option says otherwise.

    Raises:
        UsageError: the sheet's ledger is elsewhere.
    """
    typed = str(options.get("ledger") or "").strip()
    url, campaign = typed or environ.get(VARIABLE, "").strip(), campaign_id(sidecar)
    if url and campaign is None and sidecar.ledger.exists():
        if not typed:
            return None
        raise UsageError(
            phrase("this sheet has a ledger of its own already."),
            code="ledger_in_file",
            where=str(sidecar.ledger),
            hint=phrase("Run it without --ledger: what it has paid is known there only."),
        )
    if url:
        return LedgerDatabase(url, campaign, typed=bool(typed))
    if campaign is not None:
        raise UsageError(
            phrase("the ledger of this sheet is in a database."),
            code="ledger_in_database",
            where=str(sidecar.folder / ID_FILE),
            hint=phrase(
                "Say which, by --ledger postgresql://... or in the variable {variable}.",
                variable=VARIABLE,
            ),
        )
    return None


def ledger_of(
    sidecar: Sidecar, options: Mapping[str, object], environ: Mapping[str, str]
) -> LedgerPlace:
    """Where the ledger that belongs to a sidecar is.

    Raises:
        UsageError: it is in a database that is not named.
    """
    database = database_of(sidecar, options, environ)
    if database is None or database.campaign is None:
        return ledger_file(sidecar)
    return database


def beside(database: LedgerDatabase, sidecar: Sidecar) -> LedgerPlace:
    """The ledger of a sidecar where this database is used: there, or in a file."""
    known = campaign_id(sidecar)
    return ledger_file(sidecar) if known is None else replace(database, campaign=known)


def campaign_id(sidecar: Sidecar) -> str | None:
    """The campaign that a sheet has in a database, if it is known to have one.

    Raises:
        LedgerError: its note cannot be understood; without it the sheet could be paid twice.
    """
    place = sidecar.folder / ID_FILE
    try:
        told = json.loads(place.read_text(encoding="utf-8"))["campaign"]
        if _ID.fullmatch(told):
            return str(told)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise LedgerError(
        phrase("the note of the database that keeps the ledger of this sheet cannot be read."),
        code="fleet_note",
        where=str(place),
        hint=phrase(
            "Delete it and run with --ledger and that database: the campaign is found again by its rows."
        ),
    )


def remember_campaign(sidecar: Sidecar, campaign: str) -> None:
    """Keep the id of a sheet's campaign beside it.

    Raises:
        OSError: it cannot be written.
    """
    sidecar.folder.mkdir(parents=True, exist_ok=True)
    place: Path = sidecar.folder / ID_FILE
    write_whole(place, json.dumps({"campaign": campaign, "note": _NOTE}))
