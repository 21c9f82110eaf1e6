"""Where a sheet's videos are kept, and where their lasting links lead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.place.publisher import VideoPublisher
from batch_runner.core.language import phrase
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
    if settings.publish is not None and settings.publish.to is not None:
        open_place(settings.publish.to)


def advice(settings: Settings) -> str:
    """What is to be said of settings that do not go together; nothing: they do."""
    if settings.publish is None or settings.download:
        return ""
    return phrase(
        "Only videos that are downloaded are published: rows made now show the provider's links, which expire."
    )


def video_folder(campaign: Campaign) -> Path:
    """Where this sheet's videos go."""
    return campaign.settings.video_folder or campaign.sidecar.videos


def publisher_of(campaign: Campaign) -> VideoPublisher | None:
    """What gives videos their lasting links; ``None``: the provider's are shown.

    A rehearsal's go into a folder of their own, so that they never bear the name of a paid one.
    """
    publish = campaign.settings.publish
    if publish is None:
        return None
    if campaign.sandbox and publish.to is not None:
        publish = _rehearsed(publish)
    return VideoPublisher(
        base_url=publish.base_url,
        videos=video_folder(campaign),
        sheet_folder=campaign.sheet.parent,
        place=None if publish.to is None else open_place(publish.to),
    )


def _rehearsed(publish: Publish) -> Publish:
    to = publish.to
    inner = to / REHEARSED if isinstance(to, Path) else f"{to}/{REHEARSED}"
    return replace(publish, to=inner, base_url=f"{publish.base_url}/{REHEARSED}")
