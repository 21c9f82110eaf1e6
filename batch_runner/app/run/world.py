"""Puts the outside world of one run together: service, ledger, sheet, log, screen."""

from __future__ import annotations

import contextlib
import glob
import random
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.clock import now
from batch_runner.app.place.parts import sweep_parts
from batch_runner.app.place.stores import incoming_folder
from batch_runner.app.sheet.desk import Desk
from batch_runner.app.sheet.previews import Previews
from batch_runner.core.decide import Policy
from batch_runner.core.dialect import APIMART
from batch_runner.core.errors import SheetBusyError
from batch_runner.core.language import phrase
from batch_runner.ledger.ledger import Ledger
from batch_runner.loader.listing import is_listing
from batch_runner.provider.client import HttpProvider
from batch_runner.reporter.copies import listing_path, original_path, results_path
from batch_runner.scheduler.world import Limits

SANDBOX_KEY = "sandbox-key"  # the sandbox takes any
_dice = random.Random()  # noqa: S311 - only for distances in time


def jitter() -> float:
    """A number in 0..1."""
    return _dice.random()


def policy_of(campaign: Campaign) -> Policy:
    """How jobs are sent, looked at and downloaded."""
    s = campaign.settings
    return Policy(
        replay=s.replay,
        resend_503=s.resend_503,
        failed_tasks=s.failed_tasks,
        policy_failures=s.policy_failures,
        input_failures=s.input_failures,
        max_tries=s.submit_attempts,
        poll_first=s.poll_first,
        poll_min=s.poll_min,
        poll_max=s.poll_max,
        task_deadline=s.task_deadline,
        download=s.download,
    )


def limits_of(campaign: Campaign, *, terminal: bool) -> Limits:
    """What may be used; off a terminal a provider that is down is waited for till the deadline."""
    s = campaign.settings
    patience = s.patience
    if patience is None:
        patience = 1800.0 if terminal or s.run_deadline is None else s.run_deadline
    return Limits(
        rate=s.rate,
        slots=s.concurrency,
        probes=s.probes,
        looks=s.polls,
        downloads=s.download_concurrency,
        patience=patience,
        deadline=s.run_deadline,
    )


@contextlib.asynccontextmanager
async def service(campaign: Campaign, key: str) -> AsyncIterator[HttpProvider]:
    """The provider of a run: the real one, or the sandbox, started for as long as it is needed."""
    async with contextlib.AsyncExitStack() as stack:
        origin, dialect = campaign.settings.base_url, campaign.settings.dialect
        if campaign.sandbox:
            from batch_runner.sandbox.options import SandboxOptions
            from batch_runner.sandbox.server import Sandbox

            options = SandboxOptions(state=campaign.sidecar.sandbox)
            origin = (await stack.enter_async_context(Sandbox(options))).origin
            dialect = APIMART
        rate = campaign.settings.download_rate
        provider = HttpProvider(
            origin=origin,
            key=key,
            language=campaign.settings.language,
            dialect=dialect,
            download_rate=rate,
        )
        yield await stack.enter_async_context(provider)


def refresh_copy(campaign: Campaign) -> None:
    """A rehearsal works on the sheet as it is now.

    Raises:
        SheetBusyError: the copy cannot be replaced, since it is open somewhere.
    """
    if not campaign.is_copy:
        return
    fresh = campaign.sheet.with_name(f".{campaign.sheet.name}.fresh.tmp")
    try:
        shutil.copyfile(campaign.source, fresh)
        fresh.replace(campaign.sheet)
        _refresh_listing(listing_path(campaign.source), listing_path(campaign.sheet))
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise SheetBusyError(
            phrase(
                "the rehearsal's copy cannot be written ({reason}).",
                reason=error.strerror or error,
            ),
            code="copy_not_writable",
            where=str(campaign.sheet),
            hint=phrase("Close it if it is open, or copy the sheet to a folder of your own."),
        ) from error


def _refresh_listing(real: Path, copy: Path) -> None:
    """What is listed beside the sheet goes with it."""
    if is_listing(copy):
        copy.unlink()
    if is_listing(real) and not copy.exists():
        shutil.copyfile(real, copy)


def desk_of(campaign: Campaign, ledger: Ledger, notice: Callable[[str, str], None]) -> Desk:
    """What a sheet is read and written with."""
    settings = campaign.settings
    return Desk(
        sheet=campaign.sheet,
        sidecar=campaign.sidecar.home,
        rules=campaign.rules,
        ledger=ledger,
        origin=campaign.origin,
        pictures=campaign.sidecar.pictures,
        localise=campaign.localise,
        now=now,
        output=campaign.output,
        style=settings.output_style,
        grow_tables=settings.grow_tables,
        break_signature=settings.break_signature,
        previews=(
            Previews(folder=campaign.sidecar.previews, ledger=ledger) if settings.preview else None
        ),
        notice=notice,
    )


async def sweep(campaign: Campaign, ledger: Ledger) -> None:
    """Remove half-written files that a killed run left; only while the lock is held."""
    sheet, sidecar = campaign.sheet, campaign.sidecar.folder
    copy = results_path(sheet)
    beside = (copy, listing_path(sheet), campaign.sidecar.home / copy.name)
    for file in (sheet, *beside, original_path(sheet, sidecar)):
        for path in file.parent.glob(f".{glob.escape(file.name)}.*.tmp"):
            path.unlink(missing_ok=True)
    await sweep_parts(incoming_folder(campaign), ledger)
