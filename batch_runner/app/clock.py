"""Wall time, and how people of one place write it."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

from batch_runner.app.sheet.projection import Localise
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


def localiser(zone: str | None) -> Localise:
    """Turns a time into that of a zone; ``None``: the machine's own.

    Raises:
        ConfigError: no such zone.
    """
    if zone is None:
        return lambda at: at.astimezone()
    try:
        info = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            phrase("there is no time zone {zone!r}.", zone=zone),
            code="unknown_time_zone",
            hint=phrase("Use a name such as Europe/Berlin, Asia/Tokyo or UTC."),
        ) from error
    return lambda at: at.astimezone(info)
