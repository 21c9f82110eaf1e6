"""The part of a campaign config that says which rows are submitted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from batch_runner.settings.section import Condition, Count, Lines, Section


class Filter(Section):
    """Which rows are submitted; accepted tasks are always seen to their end."""

    only: Lines | None = Field(
        default=None, description="new, failed, or line numbers such as 5,8-12."
    )
    where: Condition | None = Field(
        default=None, description="A condition over columns: priority == 'high' and stock > 0."
    )
    limit: Count | None = Field(default=None, description="New submits of one run, at most.")
    hidden: Literal["run", "skip"] = Field(
        default="run", description="Hidden and filtered-out rows."
    )
