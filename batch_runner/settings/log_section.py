"""The part of a campaign config about the run's log: where it goes, and how much is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from batch_runner.settings.section import Bytes, Section


class Log(Section):
    """The log of runs, JSON lines."""

    folder: str | None = Field(
        default=None,
        description="Where it goes, as <sheet file name>.log, instead of run.log in the sidecar; "
        "from this file's folder; only from a config given by --config.",
    )
    size: Bytes = Field(
        default=10_000_000, description="Beyond it a new file is begun, such as 10MB."
    )
    files: Annotated[int, Field(strict=True, ge=0, le=100)] = Field(
        default=5, description="Full files that are kept beside the one that is written."
    )
