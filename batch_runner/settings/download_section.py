"""The config's section about where videos are kept."""

from __future__ import annotations

from pydantic import Field

from batch_runner.settings.places import PlaceText
from batch_runner.settings.section import BytesPerSecond, Count, Section


class Download(Section):
    """Whether and where videos are stored."""

    enabled: bool = Field(default=True, description="false: only the links go into the sheet.")
    folder: PlaceText | None = Field(
        default=None,
        description="Where to: a folder (from this file's), or a URL such as s3://bucket/folder.",
    )
    name: str | None = Field(
        default=None,
        description="Of each video, within that folder: a template such as {{ sku }}_{{ row }}.",
    )
    concurrency: Count = Field(default=4, description="Downloads at the same time.")
    rate: BytesPerSecond | None = Field(
        default=None, description="Bytes a second of all downloads together, such as 20MB/s."
    )
