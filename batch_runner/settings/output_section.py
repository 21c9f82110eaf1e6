"""The ``output`` section of a campaign config: how results show in the sheet."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from batch_runner.core.language import phrase
from batch_runner.core.outcolumns import ALL_COLUMNS
from batch_runner.settings.section import Section, TimeZone


class Output(Section):
    """How results show in the sheet."""

    columns: dict[str, str] = Field(
        default={}, description="Our column name: the header to use for it."
    )
    prefix: str = Field(
        default="batch_", description="Put before our name where the sheet has its own."
    )
    time_zone: TimeZone | None = Field(
        default=None, description="Such as Asia/Tokyo; default: this machine's."
    )
    style: bool = Field(
        default=True,
        description="Shade status cells by state, set widths, dress headers; in workbooks.",
    )
    grow_tables: bool = Field(
        default=True,
        description="Let an Excel table or filter that ends at our columns take them in.",
    )
    preview: bool = Field(
        default=False,
        description="A column with a picture of each video, in workbooks; makes rows taller.",
    )
    variants: Literal["columns", "rows"] = Field(
        default="columns",
        description="Further variants: in numbered columns, or as rows of NAME.variants.csv.",
    )
    break_signature: bool = Field(
        default=False, description="Write into a signed workbook; its signature becomes invalid."
    )

    @field_validator("columns")
    @classmethod
    def _ours(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in ALL_COLUMNS:
                raise ValueError(
                    phrase(
                        "'{name}' must be one of {names}", name=name, names=", ".join(ALL_COLUMNS)
                    )
                )
        return value
