"""Where a sheet's videos are kept, and where their lasting links lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.place.publisher import VideoPublisher
from batch_runner.app.place.shared_shelf import SharedShelf
from batch_runner.app.place.shelf import VideoShelf
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.runs import PUBLISHES
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.settings.publish_section import Publish
from batch_runner.settings.settings import Settings
from batch_runner.storage.place import open_place

REHEARSED = "sandbox"
"""The folder, within a place of others, that a rehearsal puts its videos into."""


def check_stores(settings: Settings) -> None:
    """Before anything is done: is there what the places for videos need?

    Raises:
        ConfigError: something is not installed, or a URL means nothing.
    """
    if isinstance(settings.video_folder, str):
        open_place(settings.video_folder)
    if settings.publish is None or settings.publish.to is None:
        return
    open_place(settings.publish.to)
    if isinstance(settings.video_folder, str):
        raise ConfigError(
            phrase(
                "videos that are kept in {place} cannot be published into another place, too.",
                place=settings.video_folder,
            ),
            code="published_twice",
            where=str(settings.config),
            hint=phrase("Leave publish.to out: base_url then says where they are opened."),
        )


def advice(settings: Settings) -> str:
    """What is to be said of settings that do not go together; nothing: they do."""
    if settings.publish is None or settings.download:
        return ""
    return phrase(
        "Only videos that are downloaded are published: rows made now show the provider's links, which expire."
    )


def video_folder(campaign: Campaign) -> Path | str:
    """Where this sheet's videos go: a folder, or the URL of a place.

    A rehearsal has a folder of its own there, so that none of its videos bears the name of a paid
    one.
    """
    place = campaign.settings.video_folder or campaign.sidecar.videos
    return f"{place}/{REHEARSED}" if campaign.sandbox and isinstance(place, str) else place


def incoming_folder(campaign: Campaign) -> Path:
    """Where videos are on this computer while they come."""
    place = video_folder(campaign)
    return campaign.sidecar.home / "incoming" if isinstance(place, str) else place


def shelf_of(campaign: Campaign, ledger: Ledger) -> VideoShelf | SharedShelf:
    """What names and keeps this sheet's videos."""
    place = video_folder(campaign)
    if isinstance(place, Path):
        return VideoShelf(place, campaign.sheet, ledger)
    return SharedShelf(place, open_place(place), incoming_folder(campaign), ledger)


def unreachable(trouble: str) -> StopReason:
    """The place for videos cannot be reached: nothing is bought that could not be put there.

    What was bought before is still brought to this computer.
    """
    return StopReason(
        code="storage_unreachable",
        message=phrase(
            "the place for videos cannot be used ({reason}), so nothing is sent.",
            reason=trouble.rstrip("."),
        ),
    )


async def ready_shelf(campaign: Campaign, ledger: Ledger, halt: Halt) -> VideoShelf | SharedShelf:
    """What keeps the videos of a run: if its place cannot be reached, nothing is bought.

    It is only asked where videos are to come.
    """
    shelf = shelf_of(campaign, ledger)
    if isinstance(shelf, SharedShelf) and campaign.settings.download:
        totals = await ledger.totals()
        waits = totals.unsent or totals.video_missing or totals.states.get("running")
        if waits and (trouble := await shelf.reach()):
            halt.stop_submits(unreachable(trouble))
    return shelf


async def ready_publisher(
    campaign: Campaign, ledger: Ledger, notice: Callable[[str, str], None]
) -> VideoPublisher | None:
    """What publishes the videos of a run; it is said if earlier runs did, and this one does not."""
    publisher = publisher_of(campaign)
    if publisher is not None:
        await ledger.set_meta(PUBLISHES, publisher.base)
    elif await ledger.meta(PUBLISHES) is not None:
        said = phrase(
            "Rows of this sheet have links that last, but this run is not told where to publish: what it makes gets the provider's links, which expire. Name the config with 'publish' by --config."
        )
        notice("not_published", said)
    return publisher


def publisher_of(campaign: Campaign) -> VideoPublisher | None:
    """What gives videos their lasting links; ``None``: the provider's are shown.

    A rehearsal's go into a folder of their own, too.
    """
    publish = campaign.settings.publish
    if publish is None:
        return None
    if campaign.sandbox:
        publish = _rehearsed(publish, shared=isinstance(campaign.settings.video_folder, str))
    return VideoPublisher(
        base_url=publish.base_url,
        videos=video_folder(campaign),
        sheet_folder=campaign.sheet.parent,
        place=None if publish.to is None else open_place(publish.to),
    )


def _rehearsed(publish: Publish, *, shared: bool) -> Publish:
    to = publish.to
    if to is None and not shared:
        return publish  # the videos are where all of this sheet's are
    inner = to / REHEARSED if isinstance(to, Path) else to and f"{to}/{REHEARSED}"
    return replace(publish, to=inner, base_url=f"{publish.base_url}/{REHEARSED}")
